"""The retrieval benchmark over small conversations and the real engine: what is compared, printed and written."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.datasets import Question
from benchmarks.methods import LINEAR, Switch
from benchmarks.outcomes import Outcome, Run, difference
from engram_core import ConfigError, InvalidInputError

SAID = [
    ("Ada", "My sister keeps bees in Porto"),
    ("Rui", "How many hives has she?"),
    ("Ada", "Nine, and a tenth in spring"),
    ("Rui", "I mend clocks for a living"),
    ("Ada", "The piano needs tuning again"),
]
ASKED = [
    ("Where does the sister keep bees?", "Porto", "1", ["0"]),
    ("How many hives are there?", "nine", "1", ["1", "2"]),
    ("What does Rui mend?", "clocks", "4", ["3"]),
    ("Who sails?", "", "5", []),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(json.dumps(talk(name)) for name in "ab"))
    return path


def talk(id):
    turns = [
        {"id": str(i), "session": "s", "speaker": who, "role": "user", "time": f"2024-05-01T10:0{i}:00", "text": text}
        for i, (who, text) in enumerate(SAID)
    ]
    questions = [
        {"id": f"{id}{i}", "question": q, "answer": answer, "category": category, "evidence": evidence}
        for i, (q, answer, category, evidence) in enumerate(ASKED)
    ]
    return {"dataset": "x", "id": id, "speakers": [], "turns": turns, "questions": questions}


def test_rankers_are_compared_in_one_run(file, tmp_path, capsys):
    own = tmp_path / "mine.json"
    own.write_text(LINEAR.read_text())
    out, png = tmp_path / "out.json", tmp_path / "out.png"
    rankers = ["lexical", "dense", "rrf", "sum", "linear", "acan", str(own)]
    where = ["--database-url", "memory://", "--json", str(out), "--plot", str(png)]
    assert main(["retrieval", "--data", str(file), "--rankers", *rankers, *where]) == 0
    written = json.loads(out.read_text())
    assert written["rankers"] == ["lexical", "dense", "rrf", "sum", "linear", "acan", "mine"]
    results = {result["ranker"]: result for result in written["results"]}
    assert list(results) == written["rankers"]
    for result in results.values():
        metrics = result["groups"]["scored"]["metrics"]
        assert result["groups"]["scored"]["questions"] == 6
        curve = result["curve"]
        assert len(curve["recall"]) == len(curve["tokens"]) == 50
        assert curve["recall"][9] == pytest.approx(metrics["recall@10"]["value"])
        assert curve["recall"][0] == pytest.approx(metrics["recall@1"]["value"])
        assert curve["tokens"][19] == pytest.approx(metrics["tokens@20"]["value"])
        assert curve["recall"] == sorted(curve["recall"])
        assert result["latency_ms"]["total"]["count"] == 8
        gain = result["difference"]["recall@1"]["value"]
        whole = results["acan"]["groups"]["scored"]["metrics"]["recall@1"]["value"]
        assert gain == pytest.approx(metrics["recall@1"]["value"] - whole)
    assert results["mine"]["curve"] == results["linear"]["curve"], "the same weights rank alike"
    assert results["lexical"]["curve"] != results["dense"]["curve"]
    assert png.read_bytes()[:4] == b"\x89PNG"
    printed = capsys.readouterr().out
    assert "recall@10 less acan" in printed
    assert "88% for" in printed


def test_without_the_reference_there_is_no_difference(file, tmp_path, capsys):
    out = tmp_path / "out.json"
    where = ["--database-url", "memory://", "--json", str(out)]
    assert main(["retrieval", "--data", str(file), "--rankers", "sum", *where]) == 0
    assert json.loads(out.read_text())["results"][0]["difference"] is None
    assert "less acan" not in capsys.readouterr().out


def test_a_ranker_goes_by_its_name_or_its_file(tmp_path):
    path = tmp_path / "acan-without-time.json"
    path.write_text(LINEAR.read_text())
    assert Switch(["linear", str(path)]).names == ["linear", "acan-without-time"]
    same = tmp_path / "linear.json"
    same.write_text(LINEAR.read_text())
    with pytest.raises(InvalidInputError, match="'linear'"):
        Switch(["linear", str(same)])
    with pytest.raises(ConfigError, match="nonsense"):
        Switch(["nonsense"])


def outcome(conversation, id, recall, *, is_scored=True):
    question = Question(id, "?", "", "1", frozenset("1"), None)
    return Outcome(conversation, question, is_scored, {"recall@10": recall}, {})


def test_a_difference_is_taken_question_by_question():
    mine = Run("x", [outcome("a", "1", 1.0), outcome("a", "2", 0.5), outcome("b", "1", 0.0), outcome("b", "2", 1.0)])
    other = Run("x", [outcome("b", "1", 0.5), outcome("a", "1", 0.5), outcome("a", "2", 0.5)])
    found = difference(mine, other, "recall@10")
    assert found["count"] == 3, "what only one of them was asked is no pair"
    assert found["value"] == pytest.approx((0.5 + 0.0 - 0.5) / 3)
    # Two conversations: drawn anew, the mean is that of either one, or of both.
    assert (found["low"], found["high"]) == (pytest.approx(-0.5), pytest.approx(0.25))
    assert difference(Run("x", [outcome("a", "1", 1.0, is_scored=False)]), other, "recall@10") is None
