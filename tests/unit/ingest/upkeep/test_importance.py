"""The formula of importance, against values worked out from the sum that it approximates."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.upkeep.importance import activation, present_importance, value
from engram_core.ports import Use

NOW = datetime(2025, 1, 1, tzinfo=UTC)
UNUSED = Use(0, None, 0.5)


def said(days, **fields):
    return Memory(
        new_id(), Scope(user_id="ada"), fields.pop("kind", "fact"), "tea", NOW - timedelta(days), NOW, **fields
    )


def importance(days, use=UNUSED, last_said=None, **fields):
    return present_importance(said(days, **fields), use, last_said, NOW)


def test_one_presentation_is_the_power_law_itself():
    assert activation(1, 100, 100) == pytest.approx(math.log(100**-0.5))


def test_many_even_presentations_come_near_the_whole_sum():
    times = [365 * n / 100 for n in range(1, 101)]
    exact = math.log(sum(t**-0.5 for t in times))
    assert activation(100, times[-1], times[0]) == pytest.approx(exact, abs=0.2)


def test_what_was_said_today_keeps_what_it_was_given():
    assert importance(0) == 0.5
    assert importance(0, Use(0, None, 0.9)) == 0.9


def test_the_numbers_of_the_documentation():
    assert importance(365) == pytest.approx(0.19, abs=0.005)
    assert importance(365, Use(10, NOW, 0.5)) == pytest.approx(0.59, abs=0.005)


def test_saying_it_again_counts_and_when_matters():
    twice = ("a", "b")
    assert importance(365) < importance(365, sources=twice) < importance(365, last_said=NOW, sources=twice)


def test_a_time_in_the_future_counts_as_now():
    assert importance(-30) == 0.5


@given(
    days=st.floats(0, 20_000),
    more=st.floats(0, 20_000),
    accesses=st.integers(0, 10**6),
    last=st.floats(0, 1),
    stated=st.floats(0, 1),
)
def test_it_falls_with_age_rises_with_use_and_stays_a_share(days, more, accesses, last, stated):
    used = NOW - timedelta(days * last)
    here = importance(days, Use(accesses, used if accesses else None, stated))
    assert 0 <= here <= 1
    assert importance(days, Use(accesses + 1, used, stated)) >= here
    assert importance(days + more, Use(0, None, stated)) <= importance(days, Use(0, None, stated))


def test_statements_are_worth_more_than_turns_of_the_same_importance():
    assert value(said(1), 0.3) > value(said(1, kind="turn"), 0.5) > value(said(1, kind="turn"), 0.3)
