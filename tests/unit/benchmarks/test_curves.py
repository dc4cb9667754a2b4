"""Recall against tokens, by hand."""

import pytest

from benchmarks.curves import Curve, curve_of, told


def curve(share, recall, whole=1000.0):
    return Curve(tuple(whole * part for part in share), tuple(share), tuple(recall), whole)


def test_questions_are_averaged_point_by_point_and_shares_question_by_question():
    found = curve_of([[10, 30], [20, 40]], [[0.0, 1.0], [0.5, 0.5]], [100, 400])
    assert found.tokens == (15, 35)
    assert found.recall == (0.25, 0.75)
    assert found.share == pytest.approx(((0.1 + 0.05) / 2, (0.3 + 0.1) / 2))
    assert found.whole == 250
    assert curve_of([], [], []) is None


def test_between_two_points_stands_a_straight_line():
    found = curve([0.1, 0.2], [0.8, 0.9])
    assert found.share_for(0.85) == pytest.approx(0.15)
    assert found.recall_at(0.15) == pytest.approx(0.85)
    assert found.share_for(0.9) == pytest.approx(0.2)


def test_before_the_first_point_the_line_comes_from_nothing():
    found = curve([0.1], [0.8])
    assert found.share_for(0.4) == pytest.approx(0.05)
    assert found.recall_at(0.025) == pytest.approx(0.2)
    assert found.recall_at(0.0) == 0


def test_what_is_never_reached_is_not_made_up():
    found = curve([0.01, 0.02], [0.5, 0.6])
    assert found.share_for(0.88) is None
    assert found.recall_at(0.5) == pytest.approx(0.6), "for more tokens there is no more than all that was found"
    assert told(found) == "88% of the evidence never (at most 60.0%); 60.0% for 3% of them"


def test_where_more_tokens_find_less_the_first_point_that_suffices_counts():
    assert curve([0.1, 0.2, 0.3], [0.9, 0.8, 0.9]).share_for(0.9) == pytest.approx(0.1)
    assert curve([0.1, 0.2, 0.3], [0.5, 0.5, 0.9]).share_for(0.5) == pytest.approx(0.1)


def test_what_is_asked_of_a_curve_is_in_its_json():
    written = curve([0.02, 0.04], [0.86, 0.90]).as_dict()
    assert written["share_for"]["0.88"] == pytest.approx(0.03)
    assert written["recall_at"]["0.03"] == pytest.approx(0.88)
    assert (written["full_context_tokens"], written["tokens"]) == (1000, [20, 40])
    assert told(curve([0.02, 0.04], [0.86, 0.90])) == (
        "88% of the evidence from 3.0% of the tokens on; 88.0% for 3% of them"
    )
