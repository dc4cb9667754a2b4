"""What callers pass, and when two turns are the same."""

from datetime import UTC, datetime

import pytest

from engram_core import InvalidInputError, Message, Scope
from engram_core.ingest.occurrences import Occurrences
from engram_core.ingest.turns import content_digest, make_turns, occurrence_key, read_messages

ADA = Scope(user_id="ada")
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
THEN = datetime(2023, 1, 1, 9, tzinfo=UTC)


def keys(messages, scope=ADA, idempotency_key=None):
    return [turn.key for turn in make_turns(messages, scope, NOW, idempotency_key)]


def test_a_string_is_one_message_of_the_user():
    (message,) = read_messages("hello", occurred_at=None, metadata=None)
    assert message == Message("hello", role="user")


def test_a_mapping_may_carry_every_field_of_a_message():
    given = {
        "role": "assistant",
        "content": "hi",
        "name": "Bot",
        "occurred_at": "2023-01-01T10:00:00+01:00",
        "session_id": "s",
        "metadata": {"a": 1},
    }
    (message,) = read_messages([given], occurred_at=NOW, metadata={"a": 0, "b": 2})
    assert message == Message("hi", "assistant", "Bot", THEN, "s", {"a": 1, "b": 2})


def test_the_time_of_the_call_is_for_messages_without_one():
    first, second = read_messages(["a", Message("b", occurred_at=THEN)], occurred_at=NOW, metadata=None)
    assert (first.occurred_at, second.occurred_at) == (NOW, THEN)


def test_a_naive_time_is_taken_as_utc():
    (message,) = read_messages("a", occurred_at=datetime(2024, 5, 1, 12), metadata=None)
    assert message.occurred_at == NOW


@pytest.mark.parametrize(
    ("messages", "argument"),
    [
        ([], "messages"),
        (7, "messages"),
        (None, "messages"),
        ([None], "messages"),
        ([["nested"]], "messages"),
        ("", "content"),
        ("  \n", "content"),
        ("a\x00b", "content"),
        ("\ud800", "content"),
        ({"role": "user"}, "messages"),
        ({"content": None}, "content"),
        ({"content": ["parts"]}, "content"),
        ({"content": "a", "role": "robot"}, "role"),
        ({"content": "a", "name": {"x": 1}}, "name"),
        ({"content": "a", "surprise": 1}, "messages"),
        ({"content": "a", "occurred_at": "yesterday"}, "occurred_at"),
        ({"content": "a", "metadata": {"x": {1, 2}}}, "metadata.x"),
        ({"content": "a", "metadata": {"x": float("nan")}}, "metadata.x"),
        ({"content": "a", "metadata": {1: "x"}}, "metadata"),
    ],
)
def test_odd_messages_are_refused_by_name(messages, argument):
    with pytest.raises(InvalidInputError) as caught:
        read_messages(messages, occurred_at=None, metadata=None)
    assert caught.value.argument == argument


def test_one_bad_message_refuses_the_whole_call():
    with pytest.raises(InvalidInputError):
        read_messages(["good", ""], occurred_at=None, metadata=None)


def test_a_turn_keeps_what_was_said():
    (turn,) = make_turns([Message("hi", "assistant", "Bot", THEN, "s", {"a": 1})], ADA, NOW, None)
    memory = turn.memory
    assert (memory.kind, memory.text, memory.role, memory.speaker) == ("turn", "hi", "assistant", "Bot")
    assert (memory.valid_from, memory.recorded_at, memory.origin) == (THEN, NOW, "assistant")
    assert memory.scope == Scope(user_id="ada", session_id="s")


def test_without_a_stated_time_a_turn_is_always_new():
    assert keys([Message("yes")]) == [None]


def test_with_a_stated_time_the_same_turn_has_the_same_key():
    message = Message("yes", occurred_at=THEN)
    assert keys([message]) == keys([message])
    assert keys([message]) != keys([Message("no", occurred_at=THEN)])
    assert keys([message]) != keys([message], scope=Scope(user_id="bob"))
    assert keys([message]) != keys([message], scope=Scope("acme", user_id="ada"))


def test_the_second_ok_of_one_call_is_a_turn_of_its_own():
    message = Message("ok", occurred_at=THEN)
    first, second = keys([message, message])
    assert first != second


def test_an_idempotency_key_identifies_by_position():
    assert keys([Message("a"), Message("b")], idempotency_key="k") == keys(
        [Message("a"), Message("b")], idempotency_key="k"
    )
    first, second = keys([Message("a"), Message("a")], idempotency_key="k")
    assert first != second
    assert keys([Message("a")], idempotency_key="k") != keys([Message("a")], idempotency_key="l")


def test_an_idempotency_key_must_be_a_name():
    with pytest.raises(InvalidInputError, match="idempotency_key"):
        keys([Message("a")], idempotency_key="")


def test_occurrences_count_across_batches():
    digest = content_digest(Message("ok"), ADA)
    other = content_digest(Message("no"), ADA)
    with Occurrences() as seen:
        assert seen.count([digest, other, digest]) == [0, 0, 1]
        assert seen.count([digest]) == [2]
    assert occurrence_key(digest, 0) != occurrence_key(digest, 1)
