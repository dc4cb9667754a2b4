"""Feedback becomes a ranker of this deployment's own, the same over both stores and through both faces."""

import pytest

from engram_core import Engram
from engram_core.testing import FakeEmbedder

DRINKS = ("tea", "coffee", "water", "milk", "juice", "cocoa", "soup", "cider")
TIMES = ("at home", "at work", "in town", "at sea")
QUESTIONS = [f"How much {drink} did I drink {time}?" for drink in DRINKS for time in TIMES]


@pytest.fixture
def judged(store, user):
    """The blocking twin, with feedback on six hits of each question: what says how much is of use."""
    with Engram(**store, embedder=FakeEmbedder(), tenant=user) as engine:
        turns = [f"I drank {much} cups of {drink} {time}" for drink in DRINKS for time in TIMES for much in (3, "some")]
        engine.add_many([{"role": "user", "content": turn} for turn in turns], user_id="ada", infer=False)
        for question in QUESTIONS:
            for hit in engine.search(question, user_id="ada", limit=6):
                engine.feedback(hit, useful="3" in hit.memory.text)
        yield engine


def useful(engine):
    hits = [hit for question in QUESTIONS for hit in engine.search(question, user_id="ada", limit=6)]
    return sum("3" in hit.memory.text for hit in hits)


def test_feedback_is_read_back_and_the_refit_finds_more_of_what_is_of_use(judged, store, user, tmp_path):
    path = tmp_path / "own.json"
    tuning = judged.tune_ranker(path)
    assert (tuning.questions, tuning.labels) == (len(QUESTIONS), 6 * len(QUESTIONS))
    assert tuning.kept
    before = useful(judged)
    if "data_dir" in store:  # a store in a process is gone with its engine
        with Engram(**store, embedder=FakeEmbedder(), tenant=user, ranker=str(path)) as engine:
            assert useful(engine) > before + len(QUESTIONS)
    judged.erase(user_id="ada")
    gone = judged.tune_ranker(path)
    assert (gone.questions, gone.kept) == (0, False)
