"""From what callers pass to turns that can be stored: everything is checked before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from engram_core.domain.checks import check_metadata, check_name, check_time
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory, Origin
from engram_core.domain.message import Message, Role
from engram_core.domain.scope import Scope
from engram_core.errors import InvalidInputError
from engram_core.ports import Turn

MessageLike = str | Message | Mapping[str, object]

_ACCEPTED = "a string, a Message, a mapping with role and content, or a list of them"
_FIELDS = tuple(field.name for field in fields(Message))
# What a developer's instructions or a tool say is not something the user said about themselves.
_ORIGINS: dict[Role, Origin] = {"user": "user", "assistant": "assistant", "system": "tool", "tool": "tool"}


def read_messages(
    messages: MessageLike | Sequence[MessageLike], *, occurred_at: datetime | str | None, metadata: object
) -> list[Message]:
    """Read the messages of one call and give each the call's time and metadata where it has none of its own."""
    given = [messages] if isinstance(messages, (str, Message, Mapping)) else messages
    if not isinstance(given, (list, tuple)) or not given:
        raise InvalidInputError("messages", messages, _ACCEPTED + " that is not empty")
    moment = check_time("occurred_at", occurred_at)
    shared = check_metadata("metadata", metadata)
    read = (read_message(message) for message in given)
    return [
        replace(message, occurred_at=message.occurred_at or moment, metadata={**shared, **message.metadata})
        for message in read
    ]


def read_message(message: object) -> Message:
    """Read one message as callers write it."""
    if isinstance(message, Message):
        return message
    if isinstance(message, str):
        return Message(message)
    if not isinstance(message, Mapping):
        raise InvalidInputError("messages", message, _ACCEPTED)
    for key in message:
        if key not in _FIELDS:
            raise InvalidInputError("messages", key, f"the keys {', '.join(_FIELDS)}")
    if "content" not in message:
        raise InvalidInputError("messages", dict(message), "a mapping with content")
    return Message(**{key: value for key, value in message.items() if value is not None or key == "content"})


def make_turn(
    message: Message, scope: Scope, now: datetime, key: bytes | None, expires_at: datetime | None = None
) -> Turn:
    """Make the memory of kind `turn` that keeps a message."""
    memory = Memory(
        id=new_id(),
        scope=scope.narrowed(session_id=message.session_id),
        kind="turn",
        text=message.content,
        role=message.role,
        speaker=message.name,
        origin=_ORIGINS[message.role],
        valid_from=message.occurred_at or now,
        recorded_at=now,
        metadata=message.metadata,
        expires_at=expires_at,
    )
    return Turn(memory, key)


def make_turns(
    messages: Sequence[Message],
    scope: Scope,
    now: datetime,
    idempotency_key: str | None,
    expires_at: datetime | None = None,
) -> list[Turn]:
    """Make the turns of one `add`.

    A turn is the same when it comes again with the same idempotency key; or, where the caller stated its time, with
    the same words from the same speaker at the same time in the same scope. The second "ok" within one call is a
    turn of its own. A turn without a stated time and without a key is always new.
    """
    check_name("idempotency_key", idempotency_key)
    if idempotency_key is not None:
        keys: Iterable[bytes | None] = (
            _digest("key", _parts(scope), idempotency_key, position) for position in range(len(messages))
        )
    else:
        keys = _content_keys(messages, scope)
    return [make_turn(message, scope, now, key, expires_at) for message, key in zip(messages, keys, strict=True)]


def _content_keys(messages: Sequence[Message], scope: Scope) -> Iterator[bytes | None]:
    seen: Counter[bytes] = Counter()
    for message in messages:
        if message.occurred_at is None:
            yield None
            continue
        digest = content_digest(message, scope)
        yield occurrence_key(digest, seen[digest])
        seen[digest] += 1


def content_digest(message: Message, scope: Scope) -> bytes:
    """Hash what makes two messages the same: scope, role, speaker, words and stated time."""
    when = message.occurred_at.isoformat() if message.occurred_at else None
    where = scope.narrowed(session_id=message.session_id)
    return _digest("content", _parts(where), message.role, message.name, message.content, when)


def occurrence_key(digest: bytes, earlier: int) -> bytes:
    """Make the key of a message that came `earlier` times before in the same input."""
    return hashlib.blake2b(digest + earlier.to_bytes(8, "big"), digest_size=32).digest()


def _parts(scope: Scope) -> list[str | None]:
    return [scope.tenant, scope.user_id, scope.agent_id, scope.session_id]


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(json.dumps(parts, ensure_ascii=True).encode(), digest_size=32).digest()
