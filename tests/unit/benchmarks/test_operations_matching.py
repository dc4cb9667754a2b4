"""Words in statements, and the best pairing of what was made with what was wanted."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.operations.matching import best_matching, contains


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("User lives in Lisbon.", ["lisbon"]),
        ("User lives in LISBON.", ["Lisbon"]),
        ("User's home is Porto, in Portugal", ["Portugal", "Porto"]),
        ("User lives in Porto.", ["Portugal|Porto"]),
        ("User lives in the United Kingdom.", ["UK|United Kingdom"]),
        ("On 12 May user married.", ["May 12"]),
        ("User is allergic to peanuts.", ["peanut"]),
        ("User is left-handed.", ["left-handed|left"]),
        ("User's mail is ada@example.org.", ["ada@example.org"]),
        ("User writes C++.", ["C++"]),
        ("User likes O’Brien’s pub.", ["O'Brien"]),
        ("User lives in Bogota\u0301.", ["Bogotá"]),
        ("ユーザーは東京に住んでいる", ["東京"]),
        ("서울에 산다", ["서울"]),
    ],
)
def test_words_that_are_there(text, words):
    assert contains(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("User lives in Lisbon.", ["Porto"]),
        ("User lives in Lisbon.", ["Lisbon", "Portugal"]),
        ("User lives in Bogota.", ["Bogotá"]),
        ("User is on the team.", ["tea"]),
        ("User likes steamed rice.", ["team"]),
        ("User is 50 years old.", ["5"]),
        ("User is born in 19901.", ["1990"]),
        ("User is called Anna.", ["Ann"]),
        ("User likes the United States.", ["United Kingdom"]),
    ],
)
def test_words_that_are_not(text, words):
    assert not contains(text, words)


def test_a_pairing_does_not_depend_on_what_comes_first():
    # Taken in order, the first row would leave the second without a column.
    assert best_matching([{0: 1, 1: 1}, {0: 1}]) == {0: 1, 1: 0}
    assert best_matching([{0: 1}, {0: 1, 1: 1}]) == {0: 0, 1: 1}


def test_a_row_gives_way_to_one_that_weighs_more():
    assert best_matching([{0: 1}, {0: 5}]) == {1: 0}
    assert best_matching([{0: 5}, {0: 1}]) == {0: 0}


def test_nothing_to_pair():
    assert best_matching([]) == {}
    assert best_matching([{}, {}]) == {}


def total(weights, pairs):
    return sum(weights[row][column] for row, column in pairs.items())


def by_trying_all(weights):
    best = 0
    for chosen in itertools.product(*([*row, None] for row in weights)):
        taken = [column for column in chosen if column is not None]
        if len(taken) == len(set(taken)):
            best = max(best, sum(row[c] for row, c in zip(weights, chosen, strict=True) if c is not None))
    return best


ROWS = st.lists(st.dictionaries(st.integers(0, 4), st.sampled_from([1, 2, 3, 100, 101]), max_size=4), max_size=5)


@given(ROWS)
def test_no_pairing_is_better(weights):
    pairs = best_matching(weights)
    assert len(set(pairs.values())) == len(pairs)
    assert total(weights, pairs) == by_trying_all(weights)
