"""How packed texts are measured, over a small conversation and the real engine."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.context import measure, summarise
from benchmarks.datasets import read
from engram_core import AsyncEngram
from engram_core.testing import FakeEmbedder

TURNS = [
    ("1", "Rui", "Which market has the old teapots?"),
    ("2", "Ada", "The one by the river in Porto"),
    ("3", "Rui", "I water my garden at night"),
    ("4", "Ada", "A storm broke my fence " + "and more of the fence " * 60),
]
QUESTIONS = [
    {
        "id": "q1",
        "question": "market old teapots",
        "answer": "the river in Porto",
        "category": "1",
        "evidence": ["1", "2"],
    },
    {"id": "q2", "question": "garden night", "answer": "", "category": "1", "evidence": ["4"], "before": "4"},
    {"id": "q3", "question": "garden night", "answer": "never", "category": "1", "evidence": []},
]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def file(tmp_path):
    turns = [
        {"id": id, "session": "s", "speaker": who, "role": "user", "time": f"2024-05-01T10:0{id}:00", "text": text}
        for id, who, text in TURNS
    ]
    path = tmp_path / "talk.jsonl"
    lines = [{"dataset": "x", "id": name, "speakers": [], "turns": turns, "questions": QUESTIONS} for name in "ab"]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


async def packed(file, budgets):
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder(), ranker="sum") as engine:
        return await measure(engine, next(read(file)), budgets, lambda text: len(text.split()))


async def test_each_question_with_evidence_is_packed_with_and_without_neighbours(file):
    found = await packed(file, [60, 2000])
    assert [(one.question, one.budget, one.neighbours) for one in found] == [
        (question, budget, neighbours)
        for question in ("q1", "q2")
        for budget in (60, 2000)
        for neighbours in (False, True)
    ]


async def test_what_is_measured(file):
    found = {(one.question, one.budget): one.measures for one in await packed(file, [60, 2000]) if one.neighbours}
    whole = sum(len(f"{who}: {text}".split()) for _, who, text in TURNS)
    everything = found["q1", 2000]
    assert (everything["answer"], everything["evidence"], everything["entries"]) == (1, 1, 4)
    assert everything["tokens"] == whole + 2 * len(TURNS)  # a date and a time before each
    assert everything["share"] == pytest.approx(everything["tokens"] / whole)
    assert found["q1", 60]["entries"] < 4
    # Its evidence comes too late to be seen; there is no answer to measure by.
    assert (found["q2", 2000]["answer"], found["q2", 2000]["evidence"], found["q2", 2000]["entries"]) == (None, 0, 3)


async def test_the_gain_is_paired_by_question(file):
    one = await packed(file, [60])
    changed = [p for p in one if p.question == "q1"]
    for p in changed:
        p.measures["answer"] = 0.75 if p.neighbours else 0.5
    (summary,) = summarise(one)
    assert summary["gain"]["answer"]["value"] == pytest.approx(0.25)
    assert summary["gain"]["evidence"]["count"] == 2
    assert summary["without"]["answer"]["value"] == 0.5
    assert summary["with"]["answer"]["value"] == 0.75


def test_the_command_prints_a_table_and_writes_json(file, tmp_path, capsys):
    out = tmp_path / "out.json"
    options = ["--data", str(file), "--budgets", "60", "2000", "--database-url", "memory://", "--json", str(out)]
    assert main(["context", *options]) == 0
    written = json.loads(out.read_text())["results"][0]
    assert [one["budget"] for one in written["packed"]] == [60, 2000]
    assert [one["with"]["answer"]["count"] for one in written["packed"]] == [2, 2]
    assert written["whole_answer"]["value"] == 1
    for way, curve in written["curves"].items():
        assert curve["recall"] == [pytest.approx(one[way]["evidence"]["value"]) for one in written["packed"]]
        assert curve["tokens"] == [pytest.approx(one[way]["tokens"]["value"]) for one in written["packed"]]
        assert curve["share"] == [pytest.approx(one[way]["share"]["value"]) for one in written["packed"]]
    printed = capsys.readouterr().out
    assert "gain in answer" in printed
    assert "with neighbours: 88% of the evidence" in printed
