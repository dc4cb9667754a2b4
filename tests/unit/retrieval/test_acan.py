"""The trained ranker: scores, parts, and when it says that nothing answers."""

import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engram_core import AsyncEngram, ConfigError
from engram_core.ports import Evidence, Outline, Reading
from engram_core.retrieval.acan import AcanRanker, Weights, load_weights
from engram_core.retrieval.acan.model import FULL_CANDIDATES, LEAST_CANDIDATES, LEVELS, PARTS, matrix_of, part_of
from engram_core.retrieval.late import Late
from engram_core.retrieval.signals import Seen, signals_of
from engram_core.testing import FakeEmbedder

NAMES = ("dense", "lexical_before", "late_window", "late_raw", "speaker", "times")
PLAIN = {
    "signals": NAMES,
    "mean": (0.1, -0.2, 0.3, 0.25, 0.5, 0.4),
    "scale": (1.1, 0.9, 1.2, 0.1, 0.5, 0.3),
    "weight": (0.8, 0.3, 1.5, 0.4, 0.6, -0.2),
    "null": {"late_raw": 2.0, "dense_raw": -0.5},
    "bias": 1.5,
    "sharpness": 0.7,
    "threshold": 0.2,
}


def fitted(**fields):
    return Weights(**{**PLAIN, **fields})


def ranker(full=None, bare=None):
    return AcanRanker(full or fitted(), bare or fitted(null={"dense_raw": -0.5}, threshold=0.0))


def reading(has_tokens=True, **signals):
    columns = {name: np.array(values, np.float32) for name, values in signals.items()}
    nothing = np.zeros(len(next(iter(columns.values()))), np.float32)
    near = np.zeros((len(nothing), 4), np.float32)
    return Reading(Evidence(nothing, nothing, near, near, nothing), columns, has_tokens)


def drawn(n=5, seed=1, **fields):
    rng = np.random.default_rng(seed)
    return reading(**{name: rng.normal(size=n) for name in (*NAMES, "dense_raw")}, **fields)


def by_definition(weights, asked):
    """The probability of each candidate, in the words of the model: standardise, weigh, compare with the null slot."""
    found = []
    null = weights.bias + sum(w * max(asked.signals[name]) for name, w in weights.null.items() if name in asked.signals)
    for i in range(len(asked.evidence.dense)):
        columns = zip(weights.signals, weights.mean, weights.scale, weights.weight, strict=True)
        fused = sum(w * (asked.signals[name][i] - mean) / scale for name, mean, scale, w in columns)
        found.append(1 / (1 + np.exp(-weights.sharpness * (fused - null))))
    return found


@given(n=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
def test_scores_are_what_the_definition_says(n, seed):
    asked = drawn(n, seed)
    ranked = ranker().rank(asked)
    assert ranked.scores == pytest.approx(by_definition(fitted(), asked), abs=1e-4)
    assert ranked.scores.dtype == np.float32


@given(n=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
def test_parts_sum_to_the_margin_over_the_null_slot(n, seed):
    ranked = ranker().rank(drawn(n, seed))
    assert set(ranked.parts) == {*PARTS, "null"}
    margin = np.sum(list(ranked.parts.values()), axis=0)
    assert ranked.scores == pytest.approx(1 / (1 + np.exp(-0.7 * margin)), abs=1e-4)


@pytest.mark.parametrize("high", [1e6, -1e6])
def test_scores_are_probabilities_however_far_the_signals_go(high):
    ranked = ranker().rank(reading(**{name: [high, 0.0] for name in NAMES}, dense_raw=[0.0, 0.0]))
    assert np.isfinite(ranked.scores).all()
    assert ((ranked.scores >= 0) & (ranked.scores <= 1)).all()


def test_the_null_slot_moves_all_candidates_alike():
    asked = drawn(20)
    usual, lower = (ranker(fitted(bias=bias)).rank(asked).scores for bias in (1.5, 0.5))
    assert np.argsort(usual).tolist() == np.argsort(lower).tolist()
    assert (lower > usual).all()
    logit = np.log(lower / (1 - lower)) - np.log(usual / (1 - usual))
    assert logit == pytest.approx(np.full(20, 0.7), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_added_to_a_signal_changes_no_order(name):
    asked = drawn(20)
    moved = reading(**{**asked.signals, name: asked.signals[name] + 1})
    before, after = (ranker().rank(r).scores for r in (asked, moved))
    assert np.argsort(before).tolist() == np.argsort(after).tolist()
    assert before.tolist() != after.tolist()


@pytest.mark.parametrize(
    ("chat", "length", "factors"),
    [(0, 0.9, (1, 0, 0)), (1, 0.9, (1, 1, 0.9)), (1, 0.2, (1, 1, 0.2)), (None, None, (1, 0, 0)), (1, None, (1, 1, 0))],
)
def test_in_chats_and_for_long_questions_there_signals_count_once_more(chat, length, factors):
    told = {"dense": np.array([1, -2, 3], np.float32)}
    for name, value in (("chat", chat), ("length", length)):
        if value is not None:
            told[name] = np.full(3, value, np.float32)
    matrix = matrix_of(told, ("dense", "chat:dense", "long:dense", "chat:never_read", "unknown:dense"))
    assert matrix[:, :3] == pytest.approx(np.outer(told["dense"], factors))
    assert not matrix[:, 3].any()


def test_a_signal_that_was_not_read_is_an_average_one():
    asked = drawn()
    others = {name: values for name, values in asked.signals.items() if name != "speaker"}
    zero = reading(**others, speaker=np.zeros(5))
    assert ranker().rank(reading(**others)).scores.tolist() == ranker().rank(zero).scores.tolist()
    levels = {name: values for name, values in asked.signals.items() if name != "dense_raw"}
    without = ranker().rank(reading(**levels)).scores
    assert without == pytest.approx(ranker(fitted(null={"late_raw": 2.0})).rank(asked).scores)


def test_a_question_alike_to_nothing_is_harder_to_answer_where_the_level_says_so():
    low, high = ({**drawn().signals, "dense_raw": np.full(5, level)} for level in (0.1, 0.9))
    weights = fitted(null={"dense_raw": 2.0})
    assert (ranker(weights).rank(reading(**low)).scores > ranker(weights).rank(reading(**high)).scores).all()


def at(score, candidates, threshold=0.5):
    """Whether a best score among so many candidates counts as an answer."""
    weights = fitted(
        signals=("dense",), mean=(0,), scale=(1,), weight=(1,), null={}, bias=0, sharpness=1, threshold=threshold
    )
    dense = np.full(candidates, -9.0)
    dense[-1] = np.log(score / (1 - score))
    return ranker(weights).rank(reading(dense=dense)).is_relevant


@pytest.mark.parametrize(
    ("candidates", "bar"),
    [
        (FULL_CANDIDATES, 0.5),
        (2 * FULL_CANDIDATES, 0.5),
        (FULL_CANDIDATES // 2, 0.25),
        (LEAST_CANDIDATES, 0.5 * LEAST_CANDIDATES / FULL_CANDIDATES),
    ],
)
def test_the_threshold_holds_in_full_among_many_candidates_and_in_part_among_few(candidates, bar):
    assert at(bar + 0.001, candidates)
    assert not at(bar - 0.001, candidates)


@pytest.mark.parametrize("candidates", [1, LEAST_CANDIDATES - 1])
def test_of_a_handful_nothing_is_withheld(candidates):
    assert at(1e-12, candidates)


def test_a_threshold_of_zero_never_abstains():
    assert at(1e-12, 500, threshold=0.0)


def test_without_tokens_the_bare_weights_rank_and_never_abstain():
    bare = fitted(bias=20.0, null={}, threshold=0.0)
    both = ranker(fitted(threshold=1.0), bare)
    asked = drawn(200, has_tokens=False)
    ranked = both.rank(asked)
    assert ranked.scores == pytest.approx(by_definition(bare, asked), abs=1e-4)
    assert ranked.is_relevant
    assert not both.rank(drawn(200)).is_relevant


@pytest.mark.parametrize(
    ("signal", "part"),
    [
        *[("dense_beside", "dense"), ("lexical", "lexical"), ("late_window", "late"), ("late_raw", "late")],
        *[("speaker", "speaker"), ("other_speaker", "speaker"), ("assistant", "speaker")],
        *[("time", "time"), ("times", "text"), ("when_times", "text"), ("words_squared", "text"), ("asks", "text")],
    ],
)
def test_each_signal_belongs_to_a_part(signal, part):
    assert part_of(signal) == part


BAD = {
    "not json": "{",
    "not utf-8": b"\xff\xfe",
    "a list": "[]",
    "a number": "3",
    "nothing": "{}",
    "no bare": {"bare": None},
    "one weight too few": {"full": {"weight": PLAIN["weight"][1:]}},
    "no signals": {"full": {"signals": (), "mean": (), "scale": (), "weight": ()}},
    "a spread of zero": {"full": {"scale": (0.0, *PLAIN["scale"][1:])}},
    "a weight that is no number": {"full": {"weight": (float("nan"), *PLAIN["weight"][1:])}},
    "an endless bias": {"bare": {"bias": float("inf")}},
    "a level that nobody reads": {"full": {"null": {"lexical": 1.0}}},
    "a threshold above one": {"full": {"threshold": 1.5}},
    "blunt": {"full": {"sharpness": 0}},
}


@pytest.mark.parametrize("bad", BAD)
def test_a_file_that_cannot_be_read_is_named(tmp_path, bad):
    path = tmp_path / "mine.json"
    given = BAD[bad]
    if isinstance(given, dict):
        sets = {"full": PLAIN, "bare": PLAIN}
        given = json.dumps(
            {
                name: {**sets[name], **given[name]} if given.get(name) else sets[name]
                for name in sets
                if given.get(name, 1) is not None
            }
        )
    path.write_bytes(given if isinstance(given, bytes) else given.encode())
    with pytest.raises(ConfigError, match=r"mine\.json"):
        load_weights(path)
    with pytest.raises(ConfigError, match=r"absent\.json"):
        load_weights(tmp_path / "absent.json")


def test_a_file_of_ones_own_ranks_as_its_weights_do(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"full": fitted().model_dump(), "bare": fitted(threshold=0).model_dump()}))
    asked = drawn()
    assert load_weights(path).rank(asked).scores.tolist() == ranker().rank(asked).scores.tolist()


def test_weights_of_two_lengths_are_refused():
    with pytest.raises(ValidationError, match="one length"):
        fitted(mean=(1.0,))


def known_signals(late):
    column = np.zeros(2, np.float32)
    near = np.zeros((2, 4), np.float32)
    numbers = np.zeros(2, np.int64)
    outline = Outline(numbers.astype(np.int8), numbers, [None] * 2, column > 0, numbers.astype(np.int32))
    interacted = Late(column, near, column) if late else None
    return set(
        signals_of(Seen("", (), Evidence(column, column, near, near, column), outline, column, column > 0, interacted))
    )


def shipped():
    raw = json.loads(files("engram_core.retrieval.acan").joinpath("weights.json").read_text("utf-8"))
    return {name: Weights.model_validate(raw[name]) for name in ("full", "bare")}


def test_the_shipped_weights_read_only_signals_that_there_are():
    for name, weights in shipped().items():
        there = known_signals(late=name == "full")
        assert {signal.rpartition(":")[2] for signal in weights.signals} | set(weights.null) <= there
        assert {signal.rpartition(":")[0] for signal in weights.signals} == {"", "chat", "long"}
        assert len(set(weights.signals)) == len(weights.signals)
        assert set(weights.null) <= set(LEVELS)


def test_the_shipped_weights_abstain_only_with_tokens():
    weights = shipped()
    assert 0 < weights["full"].threshold < 0.5
    assert weights["bare"].threshold == 0
    assert "late_raw" not in weights["bare"].null


async def test_the_shipped_ranker_finds_what_was_said_and_tells_why():
    texts = ["The cat sleeps on the wall", "Figs are ripe in August", "My train was late", "We painted the door blue"]
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder(), ranker="acan") as memory:
        for text in texts:
            await memory.add(text, user_id="u")
        recall = await memory.search("Where does the cat sleep?", user_id="u")
    assert recall[0].memory.text == texts[0]
    assert all(0 <= hit.score <= 1 for hit in recall)
    for hit in recall:
        margin = sum(value for name, value in hit.signals.items() if name.endswith("_part"))
        sharpness = shipped()["bare"].sharpness
        assert hit.score == pytest.approx(1 / (1 + np.exp(-sharpness * margin)), abs=1e-4)
