"""Reading conversations."""

import gzip
import json

import pytest

from benchmarks.datasets import read
from engram_core import InvalidInputError


def conversation(**changes):
    turn = {"session": "1", "speaker": "Ada", "role": "user", "time": "2024-05-01T10:00:00"}
    question = {"question": "Who?", "answer": None, "category": 4, "evidence": ["a"], "before": "b"}
    return {
        "dataset": "made-up",
        "id": "c1",
        "speakers": ["Ada"],
        "turns": [{**turn, "id": "a", "text": "Hello"}, {**turn, "id": "b", "text": ""}],
        "questions": [{**question, "id": "q1"}],
        **changes,
    }


def write(path, *conversations):
    lines = "".join(json.dumps(c) + "\n" for c in conversations)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz"])
def test_reads_plain_and_gzipped(tmp_path, name):
    [read_back] = read(write(tmp_path / name, conversation()))
    assert [(t.id, t.position, t.text, t.spoken) for t in read_back.turns] == [
        ("a", 0, "Hello", "Ada: Hello"),
        ("b", 1, "", "Ada: "),
    ]
    [question] = read_back.questions
    assert (question.category, question.answer, question.before) == ("4", "", "b")
    assert question.evidence == {"a"}


def test_limit_counts_conversations(tmp_path):
    path = write(tmp_path / "data.jsonl", *(conversation(id=f"c{i}") for i in range(3)))
    assert [c.id for c in read(path, limit=2)] == ["c0", "c1"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match=r"nowhere\.jsonl"):
        list(read(tmp_path / "nowhere.jsonl"))


@pytest.mark.parametrize(
    "broken",
    [
        {"turns": [{"id": "a"}]},
        {"questions": None},
        {"turns": []},
        {"questions": [{"id": "q", "question": "?", "category": "1", "evidence": ["zz"]}]},
        {"questions": [{"id": "q", "question": "?", "category": "1", "evidence": ["a"], "before": "zz"}]},
    ],
)
def test_a_line_of_another_shape_is_refused_with_its_place(tmp_path, broken):
    path = write(tmp_path / "data.jsonl", conversation(), conversation(**broken))
    with pytest.raises(InvalidInputError, match="line 2"):
        list(read(path))


def test_a_file_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "data.jsonl").write_text("hello\n")
    with pytest.raises(InvalidInputError, match="line 1"):
        list(read(tmp_path / "data.jsonl"))


def test_repeated_turn_ids_are_refused(tmp_path):
    doubled = conversation()
    doubled["turns"] *= 2
    with pytest.raises(InvalidInputError, match="unique"):
        list(read(write(tmp_path / "data.jsonl", doubled)))
