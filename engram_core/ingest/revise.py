"""Changes that a caller asks for by id: correcting and retiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engram_core.domain.change import Change, Op, retirement
from engram_core.domain.checks import check_metadata, check_text, check_time
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.errors import ConflictError, InvalidInputError

_FIELDS = "text, metadata, importance or expires_at"


@dataclass(frozen=True, slots=True)
class Revision:
    """What `update` is to change; None leaves a field as it is."""

    text: str | None
    metadata: Mapping[str, Any] | None
    importance: float | None
    expires_at: datetime | str | None

    def checked(self) -> dict[str, Any]:
        """Return the fields to set.

        Raises:
            InvalidInputError: A field is not acceptable, or none is given.
        """
        fields: dict[str, Any] = {}
        if self.text is not None:
            fields["text"] = check_text("text", self.text)
        if self.metadata is not None:
            fields["metadata"] = check_metadata("metadata", self.metadata)
        if self.importance is not None:
            fields["importance"] = _check_importance(self.importance)
        if self.expires_at is not None:
            fields["expires_at"] = check_time("expires_at", self.expires_at)
        if not fields:
            raise InvalidInputError("update", None, _FIELDS)
        return fields


def revise(memory: Memory, revision: Revision, now: datetime, reason: str | None) -> Change:
    """Make the change that closes a version and opens the next one at the same instant.

    A turn stays in the log word for word. New words for it are a statement that points back to it.

    Raises:
        ConflictError: The version is not the current one.
        InvalidInputError: The revision is not acceptable.
    """
    fields = revision.checked()
    require_open(memory, now)
    if memory.kind == "turn" and "text" in fields:
        fields |= {"kind": "fact", "role": None, "speaker": None, "sources": (memory.id,)}
    after = replace(
        memory,
        id=new_id(),
        valid_from=max(now, memory.valid_from),
        recorded_at=now,
        supersedes=memory.id,
        **fields,
    )
    # One that was yet to hold never does; one that holds stops at the instant at which its successor begins.
    before = replace(memory, retired_at=now) if memory.valid_from > now else replace(memory, valid_to=now)
    return Change(new_id(), Op.UPDATE, before, after, _reason(reason, "corrected by the caller"), "user", now)


def deletion(memory: Memory, now: datetime, reason: str | None) -> Change:
    """Make the change that retires a memory."""
    require_open(memory, now)
    return retirement(memory, now, _reason(reason, "deleted by the caller"), "user")


def require_open(memory: Memory, now: datetime) -> None:
    """Raise `ConflictError` for a version that was closed or retired."""
    if memory.retired_at is not None:
        raise ConflictError(f"memory {memory.id} was deleted at {memory.retired_at.isoformat()}")
    if memory.valid_to is not None and memory.valid_to <= now:
        raise ConflictError(f"memory {memory.id} was superseded; its history names the version that holds")


def with_origin(changes: Sequence[Change], memory: Memory) -> list[Change]:
    """Put the ADD of a turn before its later changes: the log of turns itself is that part of history."""
    first = (changes[0].before or changes[0].after or memory) if changes else memory
    if changes and changes[0].op is Op.ADD:
        return list(changes)
    born = replace(first, valid_to=None, retired_at=None)
    reason = "stored as it was said" if first.kind == "turn" else "imported"
    return [Change(first.id, Op.ADD, None, born, reason, first.origin, first.recorded_at), *changes]


def _check_importance(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInputError("importance", value, "a number from 0 to 1")
    return float(value)


def _reason(given: str | None, default: str) -> str:
    return default if given is None else check_text("reason", given)
