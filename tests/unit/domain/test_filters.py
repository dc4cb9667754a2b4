"""Filters: what they mean, and what is refused."""

import pytest

from engram_core.domain.filters import matches, parse_filter
from engram_core.errors import InvalidInputError

DATA = {"topic": "food", "year": 2024, "ok": True, "none": None, "tags": ["a", 1], "who": {"name": "Ada", "age": 36.0}}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"topic": "food"},
        {"year": 2024.0},
        {"who.age": 36},
        {"who": {"age": 36, "name": "Ada"}},
        {"tags": ["a", 1.0]},
        {"none": None},
        {"none": {"$exists": True}},
        {"missing": {"$exists": False}},
        {"topic.deeper": {"$exists": False}},
        {"tags.0": {"$exists": False}},
        {"missing": {"$ne": 1}},
        {"missing": {"$nin": [1, None]}},
        {"ok": {"$ne": 1}},
        {"topic": {"$in": ["drink", "food"]}},
        {"year": {"$gt": 2023, "$lte": 2024}},
        {"topic": {"$gte": "food", "$lt": "foods"}},
        {"topic": {"$not": {"$gt": 5}}},
        {"$or": [{"topic": "drink"}, {"year": 2024}]},
        {"$and": [{"topic": "food"}, {"$not": {"year": 2023}}]},
    ],
    ids=str,
)
def test_holds(wanted):
    assert matches(parse_filter(wanted), DATA)


@pytest.mark.parametrize(
    "wanted",
    [
        {"topic": "Food"},
        {"ok": 1},
        {"year": "2024"},
        {"who": {"name": "Ada"}},
        {"tags": ["a"]},
        {"tags": "a"},
        {"missing": None},
        {"missing": {"$in": [None]}},
        {"topic": {"$in": []}},
        {"topic": {"$gt": 5}},
        {"ok": {"$gt": 0}},
        {"none": {"$lt": 5}},
        {"missing": {"$gt": 0}},
        {"year": {"$gt": 2024}},
        {"$or": [{"topic": "drink"}, {"year": 1}]},
        {"$not": {}},
        {"topic": "food", "year": 1},
    ],
    ids=str,
)
def test_does_not_hold(wanted):
    assert not matches(parse_filter(wanted), DATA)


def test_no_condition_is_none():
    assert parse_filter(None) is None
    assert parse_filter({}) is None
    assert matches(None, {})


def nested(levels):
    wanted = {"a": 1}
    for _ in range(levels):
        wanted = {"$not": wanted}
    return wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "topic",
        [("a", 1)],
        {1: 2},
        {"": 1},
        {"a..b": 1},
        {".a": 1},
        {"$nor": []},
        {"$and": []},
        {"$or": {"a": 1}},
        {"$and": [1]},
        {"$not": 1},
        {"a": {"$regex": "x"}},
        {"a": {"$gt": 1, "b": 2}},
        {"a": {"$in": "abc"}},
        {"a": {"$gt": None}},
        {"a": {"$gt": True}},
        {"a": {"$gt": [1]}},
        {"a": {"$gt": float("nan")}},
        {"a": {"$exists": 1}},
        {"a": {"$not": {"b": 1}}},
        {"a": {"$not": 1}},
        {"a": {"$not": {}}},
        {"a": {"$gt": 1, 5: 2}},
        {"a": object()},
        {"a": "\x00"},
        nested(40),
    ],
    ids=lambda wanted: ascii(wanted)[:30],
)
def test_what_is_not_known_is_refused_never_ignored(wanted):
    with pytest.raises(InvalidInputError) as refused:
        parse_filter(wanted)
    assert refused.value.argument.startswith("filters")


@pytest.mark.parametrize(
    "wanted", [{"$or": [{"a": n} for n in range(1001)]}, {str(n): n for n in range(1001)}, {".".join("a" * 1001): 1}]
)
def test_what_would_hold_up_a_database_is_refused(wanted):
    with pytest.raises(InvalidInputError, match=r"^filters: .*1,000 conditions"):
        parse_filter(wanted)


def test_one_condition_takes_any_number_of_values():
    assert matches(parse_filter({"year": {"$in": list(range(5000))}}), DATA)
