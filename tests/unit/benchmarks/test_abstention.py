"""Calibration and abstention, computed by hand."""

import pytest

from benchmarks.abstention import calibration_error, silence


def test_the_calibration_error_is_the_mean_distance_by_bins():
    # 0.95 and right: 0.05 away; 0.85 and wrong: 0.85; 0.15 and wrong: 0.15.
    assert calibration_error([0.95, 0.85, 0.15], [True, False, False]) == pytest.approx(1.05 / 3)


def test_scores_of_one_bin_are_compared_together():
    assert calibration_error([0.5, 0.5, 0.52, 0.52], [True, False, True, False]) == pytest.approx(0.01)
    assert calibration_error([0.7] * 10, [True] * 7 + [False] * 3) == pytest.approx(0)
    assert calibration_error([0.59, 0.61], [True, False]) == pytest.approx((0.41 + 0.61) / 2)


def test_the_ends_of_the_range_have_bins():
    assert calibration_error([1.0, 0.0], [True, False]) == 0
    assert calibration_error([1.0, 0.0], [False, True]) == 1
    assert calibration_error([1.0, 0.9], [True, False]) == pytest.approx(0.45)


def test_without_scores_there_is_no_error_to_tell():
    assert calibration_error([], []) is None


def test_silence_is_counted_on_both_sides():
    found = silence([0.0, 0.5, 0.9, 0.9], [0, 1, 1, 1], [0.0, 0.0, 0.4])
    assert (found.elsewhere, found.lost) == (pytest.approx(2 / 3), 0.25)


def test_the_curve_gives_up_the_lowest_scores_first():
    # Ten questions found in full at 0.1 … 1.0. All kept: the bar is 0.1; a tenth given up: 0.2.
    best = [n / 10 for n in range(1, 11)]
    found = silence(best, [1.0] * 10, [0.05, 0.15, 0.15, 0.25])
    assert found.curve == {"100%": 0.25, "99%": 0.25, "97%": 0.25, "95%": 0.25, "90%": 0.75}


def test_a_question_of_which_nothing_was_found_costs_nothing_to_leave_out():
    found = silence([0.6, 0.2, 0.8], [1.0, 0.0, 0.5], [0.5, 0.6, 0.7])
    assert found.curve["100%"] == pytest.approx(1 / 3), "the bar is 0.6: what is at it is not below it"


def test_questions_of_one_score_are_kept_or_left_together():
    # 95 % allows only one of the two at 0.5 to go, and they go together: the bar stays at 0.5.
    found = silence([0.5, 0.5, *[0.9] * 18], [1.0] * 20, [0.4, 0.6])
    assert found.curve["95%"] == 0.5
    assert found.curve["90%"] == 1.0


def test_the_order_of_the_questions_does_not_matter():
    best, recalls, elsewhere = [0.3, 0.9, 0.6, 0.1], [1.0, 0.5, 0.0, 1.0], [0.2, 0.7]
    assert silence(best, recalls, elsewhere) == silence(best[::-1], recalls[::-1], elsewhere[::-1])


@pytest.mark.parametrize(("best", "elsewhere"), [([], [0.1]), ([0.1], []), ([], [])])
def test_there_is_nothing_to_compare_with_one_side_alone(best, elsewhere):
    assert silence(best, [1.0] * len(best), elsewhere) is None
