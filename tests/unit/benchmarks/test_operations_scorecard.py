"""Playing dialogues to an engine, and what is printed and written of them."""

import json
from datetime import UTC, datetime

import pytest

from benchmarks.__main__ import main
from benchmarks.operations import data, scorecard
from benchmarks.operations.playing import play
from engram_core import AddResult, AsyncEngram, Change, Claim, Memory, Op, Scope, Usage
from engram_core.testing import FakeEmbedder

NOW = datetime(2024, 3, 4, tzinfo=UTC)
LISBON = {"op": "ADD", "subject": "user", "says": ["Lisbon"], "since": "2024-03-04"}
MOVED = {"op": "UPDATE", "subject": "user", "says": ["Porto"], "instead_of": ["Lisbon"]}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def engine():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


def call(text, *expect, at="2024-03-04T09:00:00Z", **message):
    return {"at": at, "messages": [{"role": "user", "content": text, **message}], "expect": list(expect)}


def dialogue(id, *calls, category="supersession"):
    return {"id": id, "category": category, "calls": list(calls)}


def write(path, *dialogues):
    path.write_text("".join(json.dumps(one) + "\n" for one in dialogues), encoding="utf-8")
    return path


def read(tmp_path, *dialogues):
    return data.read(write(tmp_path / "own.jsonl", *dialogues))


GOOD = dialogue("good", call("I live in Lisbon.", LISBON), call("I moved to Porto.", MOVED, at="2024-05-01T09:00:00Z"))
BAD = dialogue("bad", call("I live in Lisbon. [bold]", {**LISBON, "subject": "anna"}), category="people")


async def test_each_call_is_one_add_at_its_time_and_each_dialogue_starts_empty(tmp_path, engine):
    [good] = read(tmp_path, GOOD)
    for user in ("a", "b"):
        played = await play(engine, good, user)
        ops = [[(made.change.op.value, f"{made.change.after.valid_from:%F}") for made in call] for call in played.calls]
        assert ops == [[("ADD", "2024-03-04")], [("UPDATE", "2024-05-01")]]
        assert played.unlearned == 0


async def test_a_named_speaker_is_the_user_in_what_is_said_of_the_speaker(tmp_path, engine):
    texts = ["I live in Lisbon.", "My sister Anna lives in Berlin."]
    [found] = read(tmp_path, dialogue("d", *(call(text, name="Grace") for text in texts)))
    played = await play(engine, found, "someone")
    assert played.calls[0][0].subjects == {"user", "grace"}
    assert {made.subjects for made in played.calls[1]} >= {frozenset({"anna"})}


async def test_withheld_turns_are_not_among_the_changes(tmp_path, engine):
    [found] = read(tmp_path, dialogue("d", call("My dog is called Rex."), call("Sorry, it's Max, not Rex.")))
    played = await play(engine, found, "someone")
    assert [made.change.op.value for made in played.calls[1]] == ["DELETE", "ADD"]


class Waiting:
    """An engine whose model fails at the first call and learns from both at the second."""

    def __init__(self):
        self.turns = []

    async def add(self, messages, *, user_id, occurred_at):
        scope = Scope("default", user_id)
        self.turns.append(Memory(f"t{len(self.turns)}", scope, "turn", messages[0].content, NOW, NOW, role="user"))
        if len(self.turns) == 1:
            return AddResult((self.turns[-1],), (), unlearned=1)
        return AddResult((self.turns[-1],), tuple(self.learned(turn, scope) for turn in self.turns))

    def learned(self, turn, scope):
        after = Memory(f"m-{turn.id}", scope, "fact", turn.text, NOW, NOW, claim=Claim("user", "home", turn.text))
        return Change(f"c-{turn.id}", Op.ADD, None, after, "new", "model", NOW, (turn.id,))


async def test_what_had_to_wait_counts_for_the_call_that_said_it(tmp_path):
    [found] = read(tmp_path, dialogue("d", call("Lisbon"), call("Porto")))
    played = await play(Waiting(), found, "someone")
    assert [[made.change.after.text for made in call] for call in played.calls] == [["Lisbon"], ["Porto"]]
    assert played.unlearned == 1


async def test_a_run_prints_tables_and_writes_numbers_without_texts(tmp_path, engine, capsys):
    path = write(tmp_path / "own.jsonl", GOOD, BAD)
    await scorecard.run(engine, [path], json_path=tmp_path / "out.json")
    printed = capsys.readouterr().out
    assert "own.jsonl, rules" in printed
    assert "2 dialogues, 1 of them flawless; 0 false supersessions among 1 UPDATEs and DELETEs" in printed
    assert "I live in Lisbon" not in printed
    written = (tmp_path / "out.json").read_text()
    assert "Lisbon" not in written
    document = json.loads(written)
    [result] = document["results"]
    assert (document["benchmark"], document["learner"], result["file"]) == ("operations", "rules", "own.jsonl")
    assert result["operations"]["ADD"]["right"] == result["operations"]["ADD"]["wrong"] == 1
    assert result["since"]["value"] == 1
    assert set(result["categories"]) == {"people", "supersession"}
    assert [one["id"] for one in result["mistakes"]] == ["bad"]


async def test_mistakes_show_what_was_said_made_and_expected(tmp_path, engine, capsys):
    await scorecard.run(engine, [write(tmp_path / "own.jsonl", GOOD, BAD)], mistakes=True)
    printed = capsys.readouterr().out
    assert "bad [people]" in printed
    assert "user: I live in Lisbon. [bold]" in printed
    assert "wrong: ADD 'User lives in Lisbon.'" in printed
    assert "MISSED: ADD subject=anna says=Lisbon since=2024-03-04" in printed
    assert "good [supersession]" not in printed


@pytest.mark.parametrize("shown", [False, True])
async def test_texts_of_the_held_out_split_need_a_word_more(tmp_path, engine, capsys, monkeypatch, shown):
    path = write(tmp_path / "held.jsonl", GOOD, BAD)
    monkeypatch.setattr(data, "HELD_OUT", path)
    await scorecard.run(engine, [path], mistakes=True, show_held_out=shown)
    printed = capsys.readouterr().out
    assert ("User lives in Lisbon" in printed) is ("I live in Lisbon" in printed) is shown
    assert ("--show-held-out" in printed) is not shown
    assert ("bad [people]: wrong ADD; missed ADD" in printed) is not shown


async def test_the_counters_of_a_model_and_calls_not_learned_from_are_told(tmp_path, capsys):
    class Counting(Waiting):
        settings = type("Settings", (), {"llm": "ollama:small"})

        async def usage(self):
            return Usage(calls=len(self.turns), input_tokens=1000 * len(self.turns), cost=0.5 * len(self.turns))

    path = write(tmp_path / "own.jsonl", dialogue("d", call("Lisbon"), call("Porto")))
    await scorecard.run(Counting(), [path])
    printed = capsys.readouterr().out
    assert "own.jsonl, ollama:small" in printed
    assert "calls 2, repairs 0, failures 0, input_tokens 2,000" in printed
    assert "NOT LEARNED FROM, because the model failed: 1 calls" in printed


def test_the_command_line(tmp_path, capsys):
    path = write(tmp_path / "own.jsonl", BAD, GOOD)
    assert main(["operations", "--split", str(path), "--limit", "1", "--mistakes"]) == 0
    assert "1 dialogues, 0 of them flawless" in capsys.readouterr().out
    assert main(["operations", "--split", str(tmp_path / "none.jsonl")]) == 2
    assert "dev, test, or a file of dialogues" in capsys.readouterr().err
