"""Metrics, by hand."""

import math
from datetime import datetime

import pytest

from benchmarks.datasets import Question, Turn
from benchmarks.metrics import NAMES, Found, Scorer, answer_coverage, ndcg, recall, session_found


def found(*turns, text=""):
    return Found(frozenset(turns), text)


def question(*evidence, answer=""):
    return Question("q", "?", answer, "1", frozenset(evidence), None)


RESULTS = [found("x"), found("a"), found("y"), found("b", "c")]


@pytest.mark.parametrize(("k", "share"), [(1, 0), (2, 1 / 3), (3, 1 / 3), (4, 1), (9, 1)])
def test_recall_is_the_share_of_the_evidence_among_the_first(k, share):
    assert recall(RESULTS, frozenset("abc"), k) == pytest.approx(share)


def test_a_fact_counts_for_the_turns_it_came_from():
    assert recall([found("a", "b")], frozenset("ab"), 1) == 1


def test_ndcg_discounts_by_rank():
    # Gains at ranks 2 and 4 of two that could have been at ranks 1 and 2.
    gained = 1 / math.log2(3) + 1 / math.log2(5)
    assert ndcg(RESULTS, frozenset("ab"), 10) == pytest.approx(gained / (1 + 1 / math.log2(3)))
    assert ndcg([found("a"), found("b")], frozenset("ab"), 10) == pytest.approx(1)
    assert ndcg([found("x")], frozenset("a"), 10) == 0


def test_ndcg_gains_nothing_for_the_same_turn_again():
    twice = [found("a"), found("a"), found("b")]
    assert ndcg(twice, frozenset("ab"), 10) == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_ndcg_of_more_evidence_than_depth_can_be_one():
    assert ndcg([found("a"), found("b")], frozenset("abc"), 2) == pytest.approx(1)


def test_sessions_count_once_in_the_order_of_their_first_result():
    sessions = {"a": "1", "b": "1", "c": "2", "d": "3"}
    results = [found("a"), found("b"), found("c"), found("d")]
    assert session_found(results, frozenset("d"), sessions, 2) == 0
    assert session_found(results, frozenset("d"), sessions, 3) == 1


def test_another_turn_of_the_right_session_finds_the_session():
    assert session_found([found("a")], frozenset("b"), {"a": "1", "b": "1"}, 1) == 1


def test_answer_coverage_counts_distinct_words_without_articles():
    results = [found(text="She went to Paris."), found(text="in MAY")]
    assert answer_coverage("The trip to Paris in May", results, 2) == pytest.approx(4 / 5)
    assert answer_coverage("The trip to Paris in May", results, 1) == pytest.approx(2 / 5)
    assert answer_coverage("the", results, 2) is None
    assert answer_coverage("", results, 2) is None


def turns():
    when = datetime(2024, 1, 1)
    texts = ["one two three", "four", "five six"]
    return [Turn(f"t{i}", i, str(i // 2), "Ada", "user", when, text) for i, text in enumerate(texts)]


def words(text):
    return len(text.split())


def test_all_metrics_of_one_question():
    scores = Scorer(turns(), words).score(
        question("t0", "t2", answer="six"), [found("t1", text="Ada: four"), found("t2", text="Ada: five six")]
    )
    assert list(scores) == list(NAMES)
    assert scores["recall@5"] == scores["recall@50"] == 0.5
    assert (scores["all@10"], scores["any@10"]) == (0, 1)
    assert (scores["session@5"], scores["tokens@10"], scores["answer@10"]) == (1, 5, 1)
    assert scores["share@10"] == pytest.approx(5 / 9)


def test_without_evidence_there_is_no_recall_but_there_are_tokens():
    scores = Scorer(turns(), words).score(question(), [found("t1", text="Ada: four")])
    assert scores["recall@10"] is None
    assert scores["session@5"] is None
    assert scores["tokens@10"] == 2


def test_nothing_found_scores_nothing():
    scores = Scorer(turns(), words).score(question("t0", answer="one"), [])
    assert [scores[name] for name in NAMES] == [0] * len(NAMES)
