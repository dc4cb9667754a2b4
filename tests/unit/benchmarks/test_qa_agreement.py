"""Word agreement of answers, and what counts as declining."""

import math

import pytest

from benchmarks.qa.agreement import bleu_1, declines, normalised, token_f1


def test_case_punctuation_and_articles_do_not_count():
    assert normalised("The U.S., an old_map & a cat!") == ["us", "oldmap", "cat"]


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("the red bike", "Red bike.", 1),
        ("a red car", "red bike", 0.5),
        ("red red", "red", 2 / 3),
        ("blue", "red", 0),
        ("", "red", 0),
        ("the", "a", 1),
    ],
)
def test_token_f1(answer, gold, expected):
    assert token_f1(answer, gold) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("red bike", "the red bike", 1),
        ("red red", "red bike", 0.5),
        ("red", "red bike", math.exp(-1)),
        ("red bike of Ada", "red bike", 0.5),
        ("", "red", 0),
        ("", "", 1),
    ],
)
def test_bleu_1_clips_and_punishes_what_is_too_short(answer, gold, expected):
    assert bleu_1(answer, gold) == pytest.approx(expected)


@pytest.mark.parametrize("answer", ["", "Not known.", "unknown", "No information available", "I don't know", "N/A"])
def test_declining(answer):
    assert declines(answer)


@pytest.mark.parametrize("answer", ["Lisbon", "the unknown soldier", "not Lisbon", "not known before 2023"])
def test_answers_are_not_declining(answer):
    assert not declines(answer)
