"""Checks: what is accepted, and that refusals say which argument it was."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from engram_core.domain import checks
from engram_core.errors import InvalidInputError


@pytest.mark.parametrize("text", ["a", " padded ", "🍕", "\u200b", "line\nbreak", "x" * checks.MAX_TEXT])
def test_text_is_kept_as_given(text):
    assert checks.check_text("text", text) == text


@pytest.mark.parametrize("text", ["", " \t\n", None, 5, b"bytes", "a\x00b", "\udfff", "x" * (checks.MAX_TEXT + 1)])
def test_text_that_cannot_be_kept_is_refused(text):
    with pytest.raises(InvalidInputError) as refused:
        checks.check_text("content", text)
    assert refused.value.argument == "content"
    assert len(str(refused.value)) < 500


def test_a_naive_time_is_utc_and_others_are_moved_there():
    naive = datetime(2024, 1, 2, 3, 4, 5, 6)
    assert checks.check_time("at", naive) == naive.replace(tzinfo=UTC)
    moved = checks.check_time("at", datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))))
    assert (moved.hour, moved.tzinfo) == (1, UTC)
    assert checks.check_time("at", "2024-01-02T03:00:00+02:00") == moved
    assert checks.check_time("at", None) is None


@pytest.mark.parametrize("value", ["yesterday", "", 1700000000, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(InvalidInputError):
        checks.check_time("occurred_at", value)


def test_metadata_is_a_copy():
    inner = ["x"]
    copy = checks.check_metadata("metadata", {"a": inner, "b": (1, 2)})
    inner.append("y")
    assert copy == {"a": ["x"], "b": [1, 2]}
    assert checks.check_metadata("metadata", None) == {}


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [1],
        {1: "x"},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": object()},
        {"a": {1, 2}},
        {"a": b"x"},
        {"a": "\x00"},
        {"\ud800": 1},
        {"a": 10**1000},
        {"a": "x" * checks.MAX_METADATA_BYTES},
        deep(checks.MAX_METADATA_DEPTH + 1),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_metadata_that_json_cannot_hold_is_refused(value):
    with pytest.raises(InvalidInputError) as refused:
        checks.check_metadata("metadata", value)
    assert refused.value.argument.startswith("metadata")


def test_a_refusal_names_the_place_within_metadata():
    with pytest.raises(InvalidInputError) as refused:
        checks.check_metadata("metadata", {"a": [{"b": object()}]})
    assert refused.value.argument == "metadata.a[0].b"


@pytest.mark.parametrize("end", [datetime.min, datetime.max, datetime.max.replace(tzinfo=UTC)])
def test_the_two_ends_of_time_are_refused_and_what_is_beside_them_is_not(end):
    with pytest.raises(InvalidInputError):
        checks.check_time("as_of", end)
    step = timedelta(microseconds=1 if end.year == 1 else -1)
    assert checks.check_time("as_of", end + step) == (end + step).replace(tzinfo=UTC)


class Broken(tzinfo):
    def utcoffset(self, moment):
        return 5


def test_a_broken_time_zone_is_refused():
    with pytest.raises(InvalidInputError):
        checks.check_time("occurred_at", datetime(2024, 1, 1, tzinfo=Broken()))


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no words")


def cyclic():
    value = {}
    value["self"] = value
    return value


@pytest.mark.parametrize("make", [Unprintable, cyclic, lambda: deep(100_000), lambda: 10**5000])
def test_a_refusal_survives_what_cannot_be_written(make):
    for check in (checks.check_text, checks.check_name, checks.check_time):
        with pytest.raises(InvalidInputError, match=r"^what: "):
            check("what", make())
    with pytest.raises(InvalidInputError, match=r"^what"):
        checks.check_metadata("what", {"a": make()})


@pytest.mark.parametrize("value", [0, -1, 101, True, 1.0, "5", None])
def test_a_limit_is_a_whole_number_in_range(value):
    with pytest.raises(InvalidInputError):
        checks.check_limit("limit", value, most=100)
    assert checks.check_limit("limit", 100, most=100) == 100
