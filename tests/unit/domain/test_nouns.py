"""Messages, ids, memories, selections."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from engram_core.domain.change import Op, retirement
from engram_core.domain.ids import check_id, new_id
from engram_core.domain.memory import Memory
from engram_core.domain.message import Message
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection, check_kinds
from engram_core.errors import InvalidInputError

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def a_memory(**fields):
    return Memory(**{"id": new_id(), "scope": Scope(user_id="ada"), "kind": "turn", "text": "tea", **fields})


def test_a_message_is_kept_as_given():
    message = Message(" hi ", name="Ada", occurred_at=datetime(2024, 1, 1), metadata={"a": (1,)})
    assert (message.content, message.role, message.occurred_at.tzinfo) == (" hi ", "user", UTC)
    assert message.metadata == {"a": [1]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", ""),
        ("content", None),
        ("role", "human"),
        ("name", {"first": "Ada"}),
        ("session_id", ""),
        ("occurred_at", "soon"),
        ("metadata", [1]),
    ],
)
def test_a_message_names_what_it_refuses(field, value):
    with pytest.raises(InvalidInputError) as refused:
        Message(**{"content": "hi", field: value})
    assert refused.value.argument == field


def test_ids_of_one_millisecond_are_in_the_order_in_which_they_were_made():
    ids = [new_id() for _ in range(5000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_made_after_the_clock_was_set_back_goes_on_from_the_last(monkeypatch):
    before = new_id()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    assert new_id() > before


def test_new_ids_are_version_7_and_ordered_by_time():
    first = uuid.UUID(new_id())
    time.sleep(0.002)
    second = uuid.UUID(new_id())
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
    assert first < second
    assert abs((first.int >> 80) / 1000 - time.time()) < 60
    assert len({new_id() for _ in range(1000)}) == 1000


def test_ids_are_made_canonical():
    id = uuid.uuid4()
    for form in (id, str(id), str(id).upper(), id.hex, f"{{{id}}}"):
        assert check_id("id", form) == str(id)


@pytest.mark.parametrize("value", ["", "1", 5, None, b"x", "\x00", "g" * 32])
def test_what_is_no_id_is_refused(value):
    with pytest.raises(InvalidInputError):
        check_id("id", value)


def test_intervals_are_half_open():
    memory = a_memory(valid_from=NOON, recorded_at=NOON, valid_to=NOON + TICK * 10)
    assert not memory.held_at(NOON - TICK)
    assert memory.held_at(NOON)
    assert memory.held_at(NOON + TICK * 9)
    assert not memory.held_at(NOON + TICK * 10)
    assert memory.is_current(NOON + TICK * 9)
    assert not memory.is_current(NOON + TICK * 10)


def test_a_retired_memory_is_never_current_and_was_held_before():
    memory = a_memory(valid_from=NOON, recorded_at=NOON, retired_at=NOON + TICK)
    assert not memory.is_current(NOON)
    assert memory.held_at(NOON)
    assert not memory.held_at(NOON + TICK)


def test_a_memory_is_open_that_is_neither_retired_nor_given_an_end():
    assert a_memory(valid_from=NOON, recorded_at=NOON, expires_at=NOON).is_open
    assert not a_memory(valid_from=NOON, recorded_at=NOON, valid_to=NOON + TICK).is_open
    assert not a_memory(valid_from=NOON, recorded_at=NOON, retired_at=NOON).is_open


def test_a_retirement_deletes_a_memory_at_its_own_instant():
    memory = a_memory(valid_from=NOON, recorded_at=NOON)
    change = retirement(memory, NOON + TICK, "too old", "expiry", evidence=("a",), cause="b")
    assert (change.op, change.after, change.at) == (Op.DELETE, None, NOON + TICK)
    assert change.before == a_memory(id=memory.id, valid_from=NOON, recorded_at=NOON, retired_at=NOON + TICK)
    assert (change.reason, change.actor, change.evidence, change.cause) == ("too old", "expiry", ("a",), "b")


def test_a_selection_admits_by_scope_kind_time_and_metadata():
    memory = a_memory(valid_from=NOON, recorded_at=NOON, metadata={"a": 1})
    assert Selection(Scope(user_id="ada"), NOON).admits(memory)
    assert not Selection(Scope(user_id="bob"), NOON).admits(memory)
    assert not Selection(Scope(), NOON, kinds=frozenset({"fact"})).admits(memory)
    assert not Selection(Scope(), NOON, as_of=NOON - TICK).admits(memory)
    assert Selection(Scope(), NOON, as_of=NOON - TICK, past=True).admits(memory)


@pytest.mark.parametrize("kinds", ["facts", [], ["turn", "x"], 5, [None], {"turn": 1}])
def test_unknown_kinds_are_refused(kinds):
    with pytest.raises(InvalidInputError):
        check_kinds(kinds)
    assert check_kinds("turn") == check_kinds(["turn"]) == {"turn"}


def test_a_turn_is_spoken_with_its_speaker():
    assert a_memory(valid_from=NOON, recorded_at=NOON, speaker="Ada", role="user").spoken == "Ada: tea"
    assert a_memory(valid_from=NOON, recorded_at=NOON, role="user").spoken == "user: tea"
    assert a_memory(valid_from=NOON, recorded_at=NOON, kind="fact").spoken == "tea"
