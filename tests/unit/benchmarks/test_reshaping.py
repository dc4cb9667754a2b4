"""Chats become dialogues of named people, and the compared formula is the engine's."""

from datetime import datetime

import numpy as np
import pytest

from benchmarks.datasets import Conversation, Question, Turn
from benchmarks.fusion_choice import Formula, rank
from benchmarks.reshaping import dialogues, in_third_person
from engram_core.ports import Evidence
from engram_core.retrieval.fuse import fuse


@pytest.mark.parametrize(
    ("first", "third"),
    [
        ("When does my first sprint end?", "When does Anna's first sprint end?"),
        ("Have I worked with Michael before?", "Has Anna worked with Michael before?"),
        ("What did I say I'm paying?", "What did Anna say Anna is paying?"),
        ("Is this in time?", "Is this in time?"),
    ],
)
def test_i_becomes_the_name(first, third):
    assert in_third_person(first, "Anna") == third


def chat(id, turns=30):
    said = [
        ("I moved to Lyon in May, and my rent there is 900 euros each month", "Good. That is not far from here at all.")
    ]
    said += [
        (f"I want to talk about plan number {i} and how it goes on", f"Sure. Here is what I think of {i} then.")
        for i in range(turns)
    ]
    texts = [text for pair in said for text in pair]
    turns = tuple(
        Turn(str(i), i, "1", role, role, datetime(2024, 5, 1), text)
        for i, text in enumerate(texts)
        for role in (("user", "assistant")[i % 2],)
    )
    question = Question("q", "What is my rent?", "900 euros", "fact", frozenset({"0"}), None)
    return Conversation("made", id, turns, (question, Question("r", "Show me?", "", "fact", frozenset({"1"}), None)))


@pytest.mark.parametrize("shape", ["replied", "interleaved", "split"])
def test_two_people_take_part_and_the_evidence_is_still_there(shape):
    (dialogue,) = dialogues([chat("a"), chat("b")], shape, 1)
    assert {turn.speaker for turn in dialogue.turns} == {"Anna", "Ben"}
    assert [turn.position for turn in dialogue.turns] == list(range(len(dialogue.turns)))
    assert [question.text for question in dialogue.questions] == ["What is Anna's rent?", "What is Ben's rent?"]
    said = {turn.id: turn for turn in dialogue.turns}
    for question, name in zip(dialogue.questions, ("Anna", "Ben"), strict=True):
        (evidence,) = question.evidence
        assert said[evidence].speaker == name
        assert "900 euros" in said[evidence].text


def test_the_first_formula_compared_is_the_engines():
    random = np.random.default_rng(1)
    dense, lexical = random.normal(size=40), random.gamma(1, 2, size=40) * (random.random(40) < 0.7)
    rows = np.arange(40)
    steps = {step: np.where((rows + step >= 0) & (rows + step < 40), rows + step, -1) for step in (-2, -1, 1, 2)}
    near = np.stack([steps[-1], steps[1], steps[-2], steps[2]], axis=1)
    lengths = random.integers(1, 200, size=40).astype(np.float64)
    fused = fuse(
        Evidence(
            dense.astype(np.float32),
            lexical.astype(np.float32),
            np.where(near < 0, np.nan, dense[near]).astype(np.float32),
            np.where(near < 0, 0, lexical[near]).astype(np.float32),
            lengths.astype(np.float32),
        )
    )
    assert list(rank(Formula(), dense, lexical, lengths, steps)) == list(np.argsort(-fused.scores, kind="stable"))
