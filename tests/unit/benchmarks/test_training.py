"""Dialogues written for training, and labelled candidates as the engine gives them."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.datasets import Conversation, Question, Turn
from benchmarks.methods import LINEAR as LINEAR_FILE
from benchmarks.training import ranker
from benchmarks.training.ablation import PARTS, ablate, groups_without, without
from benchmarks.training.ablation import _of as belongs
from benchmarks.training.collect import groups_of
from benchmarks.training.dialogues import FOLDER, KINDS, dialogues, read_dialogue
from benchmarks.training.ranker import BARE, FULL, LINEAR, fits
from engram_core import AsyncEngram, Group, InvalidInputError
from engram_core.testing import FakeEmbedder

GOOD = """@ Nadia, Tomasz
@ about: old school friends

= 2023-03-04 19:12
1 N: I planted figs
2 T: Figs? Where: in pots?
= 2023-03-05 08:00
3 N: Yes | on the balcony
? one | What did Nadia plant? | figs | 1
? many | Where do they grow? | in pots - outside | 2 3
? none | What does Tomasz grow? | - | -
"""


def written(tmp_path, text):
    path = tmp_path / "a-01.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_dialogue_is_read(tmp_path):
    talk = read_dialogue(written(tmp_path, GOOD))
    assert (talk.dataset, talk.id) == ("dialogues", "a-01")
    assert talk.turns[1] == Turn("2", 1, "1", "Tomasz", "user", datetime(2023, 3, 4, 19, 12), "Figs? Where: in pots?")
    assert [(turn.session, turn.position) for turn in talk.turns] == [("1", 0), ("1", 1), ("2", 2)]
    assert talk.turns[2].text == "Yes | on the balcony"
    one, many, none = talk.questions
    assert (one.id, one.text, one.answer, one.category, one.before) == (
        "a-01:0",
        "What did Nadia plant?",
        "figs",
        "one",
        None,
    )
    assert (many.evidence, many.answer) == (frozenset("23"), "in pots - outside")
    assert (none.evidence, none.answer) == (frozenset(), "")


def test_an_assistant_speaks_as_one(tmp_path):
    talk = read_dialogue(written(tmp_path, "@ Ada, assistant\n= 2023-03-04 19:12\n1 A: Hi\n2 a: Hello"))
    assert [turn.role for turn in talk.turns] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("line", "bad", "accepted"),
    [
        (1, "@ Nadia, Nora", "different letters"),
        (1, "@ Nadia, ", "different letters"),
        (4, "= 4 March 2023", "format"),
        (4, "", "a time before"),
        (5, "2 N: I planted figs", "turn number 1"),
        (5, "I planted figs", "turn number 1"),
        (5, "1 N:", "turn number 1"),
        (5, "1 X: I planted figs", "Nadia, Tomasz"),
        (9, "? some | What? | figs | 1", "one of one, many"),
        (9, "? one | What? | figs | -", "with evidence unless it is none"),
        (9, "? none | What? | figs | 1", "with evidence unless it is none"),
        (9, "? one | What? | figs | 4", "from 1 to 3"),
        (9, "? one | What? | figs | 0", "from 1 to 3"),
        (9, "? one | What? | figs | 1-3", "from 1 to 3"),
        (9, "? one | What? | figs | first", "from 1 to 3"),
        (9, "? one | What? | figs", "between bars"),
        (9, "? one | What? | a | b | 1", "between bars"),
    ],
)
def test_a_bad_line_names_itself(tmp_path, line, bad, accepted):
    lines = GOOD.splitlines()
    lines[line - 1] = bad
    with pytest.raises(InvalidInputError, match=rf"a-01\.txt, line {line if bad else line + 1}:") as caught:
        read_dialogue(written(tmp_path, "\n".join(lines)))
    assert accepted in caught.value.accepted


@pytest.mark.parametrize("part", ["embedder", "ranker"])
def test_the_shipped_dialogues_are_of_their_shape(part):
    talks = list(dialogues(part))
    assert len(talks) == len(list((FOLDER / part).iterdir())) > 1
    for talk in talks:
        assert len({turn.speaker for turn in talk.turns}) > 1, talk.id
        times = [turn.time for turn in talk.turns]
        assert times == sorted(times), talk.id
        assert {question.category for question in talk.questions} <= set(KINDS)
        assert any(question.evidence for question in talk.questions), talk.id


def test_no_dialogue_is_in_both_parts():
    parts = [list(dialogues(part)) for part in ("embedder", "ranker")]
    names, turns = (
        [{one for talk in part for one in of(talk)} for part in parts]
        for of in (
            lambda talk: [talk.id],
            lambda talk: [turn.text for turn in talk.turns if len(turn.text) > 60],
        )
    )
    assert not names[0] & names[1]
    assert not turns[0] & turns[1]


def talk(id, *said, questions):
    turns = [
        Turn(f"t{i}", i, "s", name, "user", datetime(2023, 3, 4, 19, i), text)
        for i, (name, text) in enumerate(zip(["Ada", "Rui"] * 9, said, strict=False))
    ]
    asked = [
        Question(f"{id}:{i}", q, "", "one", frozenset(ids), before) for i, (q, ids, before) in enumerate(questions)
    ]
    return Conversation("made", id, tuple(turns), tuple(asked))


FIGS = talk(
    "figs",
    *("The figs are ripe", "And the grapes?", "They need rain"),
    questions=[
        ("What of the figs?", ["t0"], None),
        ("What do grapes need?", ["t1", "t2"], "t2"),
        ("Who sings?", [], None),
    ],
)
CATS = talk("cats", "The cat sleeps", "On the wall", questions=[("Where does the cat sleep?", ["t1"], None)])


async def collected(conversations, **fields):
    async with AsyncEngram(database_url="memory://", ranker="sum", embedder=FakeEmbedder()) as engine:
        return [one async for one in groups_of(engine, conversations, **fields)]


async def test_every_question_comes_with_its_labelled_candidates():
    found = {question.id: group for question, group in await collected([FIGS, CATS], weight=0.3)}
    assert set(found) == {"figs:0", "figs:0:elsewhere", "figs:1", "figs:2", "cats:0", "cats:0:elsewhere"}
    assert {group.weight for group in found.values()} == {0.3}
    assert [group.cluster for group in found.values()] == ["figs", "cats", "figs", "figs", "cats", "figs"]
    assert [int(found[id].labels.sum()) for id in ("figs:0", "figs:2", "cats:0")] == [1, 0, 1]
    assert [len(found[id].labels) for id in ("figs:0", "cats:0")] == [3, 2]


async def test_only_earlier_turns_are_candidates_where_the_question_says_so():
    found = {question.id: group for question, group in await collected([FIGS])}
    assert len(found["figs:1"].labels) == 2
    assert found["figs:1"].labels.sum() == 1


async def test_nothing_answers_a_question_asked_of_another_conversation():
    found = {question.id: group for question, group in await collected([FIGS, CATS])}
    for id in ("figs:0:elsewhere", "cats:0:elsewhere"):
        assert len(found[id].labels)
        assert not found[id].labels.any()
    assert not [question for question, _ in await collected([FIGS]) if question.category == "elsewhere"]


async def test_groups_hold_the_signals_and_not_what_a_ranker_made_of_them():
    (_, group), *_ = await collected([FIGS, CATS])
    assert {name for name in BARE if ":" not in name} | {"dense_raw"} <= set(group.signals)
    assert not [name for name in group.signals if name.endswith("_part")]
    best = int(np.argmax(group.signals["lexical"]))
    assert group.labels[best] == 1
    assert all(len(values) == len(group.labels) for values in group.signals.values())


def test_every_signal_that_is_used_belongs_to_a_part_of_the_ablation():
    assert [name for name in FULL if not any(belongs(name, prefixes) for prefixes in PARTS.values())] == []
    assert [part for part, prefixes in PARTS.items() if not any(belongs(name, prefixes) for name in FULL)] == []
    assert not belongs("times", PARTS["time"])


def test_the_ablation_tells_what_is_lost_without_the_part_that_tells():
    rng = np.random.default_rng(4)
    groups = []
    for i in range(12):
        labels = np.zeros(40, np.float32)
        labels[rng.integers(40)] = 1
        noise = rng.normal(size=40).astype(np.float32)
        groups.append(Group(f"c{i % 3}", {"dense": 5 * labels, "lexical": noise}, labels))
    rows = dict(ablate(groups, ["dense", "lexical"]))
    assert rows["whole"].startswith("100.00")
    assert float(rows["dense"].split()[0]) > 30
    assert rows["lexical"].startswith("+0.00")


def made_up(seed, *, late):
    """Make groups of two conversations in which every signal tells a little."""
    rng = np.random.default_rng(seed)
    names = [*(name for name in (FULL if late else BARE) if ":" not in name), "dense_raw"]
    groups = []
    for i in range(8):
        labels = np.zeros(12, np.float32)
        labels[: i % 4 > 0] = 1  # each fourth has no answer
        signals = {"chat": np.ones(12, np.float32), "length": np.full(12, 0.2 + 0.1 * i, np.float32)}
        signals |= {name: (labels + rng.normal(size=12)).astype(np.float32) for name in names}
        groups.append(Group(f"c{i % 2}", signals, labels))
    return groups


def test_each_part_is_left_out_of_a_fit_of_its_own(monkeypatch):
    monkeypatch.setattr(ranker, "PARTS", {part: PARTS[part] for part in ("late interaction", "time")})
    told, untold = made_up(1, late=True), made_up(2, late=False)
    found = dict(fits(told, untold, Path("all.json"), Path("parts"), None))
    assert [str(path) for path in found] == [
        "all.json",
        "parts/acan-without-late-interaction.json",
        "parts/acan-without-time.json",
    ]
    whole, late, time = (weights["full"] for weights in found.values())
    assert set(whole["signals"]) == set(FULL)
    assert {"late_raw", "dense_raw", "chat"} == set(whole["null"])
    assert set(FULL) - set(late["signals"]) == {name for name in FULL if name.rpartition(":")[2].startswith("late")}
    assert set(late["null"]) == {"dense_raw", "chat"}, "nor does the null slot read it"
    assert set(FULL) - set(time["signals"]) == {"time"}
    rest = [weight for name, weight in zip(whole["signals"], whole["weight"], strict=True) if name != "time"]
    assert rest != pytest.approx(time["weight"], abs=1e-3), "what is left is fitted anew"
    assert [weights["bare"]["signals"] for weights in found.values()][1] == BARE


def test_the_linear_fusion_reads_two_legs_and_nothing_else():
    told, untold = made_up(1, late=True), made_up(2, late=False)
    ((path, weights),) = fits(told, untold, None, None, Path("linear.json"))
    assert str(path) == "linear.json"
    for fitted in weights.values():
        assert (fitted["signals"], fitted["threshold"], set(fitted["null"])) == (LINEAR, 0, {"dense_raw"})
    assert {name.split("_")[0] for name in LINEAR} == {"dense", "lexical"}


def test_the_linear_fusion_that_is_kept_is_of_that_shape():
    kept = json.loads(LINEAR_FILE.read_text())
    assert [tuple(kept[which]["signals"]) for which in ("full", "bare")] == [LINEAR, LINEAR]
    assert [kept[which]["threshold"] for which in ("full", "bare")] == [0, 0]


def test_without_a_part_its_signals_are_gone_from_names_and_groups():
    assert without(["time", "times", "when_times"], "time") == ["times", "when_times"]
    (group, *_) = groups_without(made_up(1, late=True), "late window")
    assert set(group.signals) == {*(name for name in FULL if ":" not in name), "dense_raw", "chat", "length"} - {
        "late_window"
    }


def test_a_training_that_would_write_nothing_is_refused(capsys):
    assert main(["train-ranker"]) == 2
    assert "--without-parts" in capsys.readouterr().err
