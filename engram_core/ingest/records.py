"""The shape of an export: JSON Lines, one memory or one change a line, lossless."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from engram_core.domain.change import Change, Op, observed
from engram_core.domain.checks import MAX_NAME, check_characters, check_metadata, check_name, check_text, check_time
from engram_core.domain.claim import Claim
from engram_core.domain.ids import check_id
from engram_core.domain.memory import Kind, Memory, Origin
from engram_core.domain.message import Role
from engram_core.domain.scope import Scope
from engram_core.errors import InvalidInputError

FORMAT = "engram"
VERSION = 1

Id = Annotated[str, AfterValidator(lambda value: check_id("id", value))]


def _time(value: datetime) -> datetime | None:
    try:
        return check_time("records", value)
    except InvalidInputError as exc:
        raise ValueError(exc.accepted) from None  # pydantic adds the place


def _words(value: str) -> str:
    try:
        return check_characters("records", value)
    except InvalidInputError as exc:
        raise ValueError(exc.accepted) from None


Time = Annotated[AwareDatetime, AfterValidator(_time)]
Words = Annotated[str, AfterValidator(_words)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Header(_Record):
    """The first line."""

    type: Literal["header"] = "header"
    format: Literal["engram"] = "engram"
    version: int = VERSION


class ClaimRecord(_Record):
    """What a statement says, taken apart."""

    subject: Words = Field(max_length=MAX_NAME)
    attribute: Words = Field(max_length=MAX_NAME)
    value: Words = Field(min_length=1, pattern=r"\S")
    holds: bool = True


class MemoryRecord(_Record):
    """One version of one memory; `key` is what makes a turn the same when it comes again, as hexadecimal."""

    type: Literal["memory"] = "memory"
    id: Id
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    kind: Kind
    text: str
    role: Role | None = None
    speaker: str | None = None
    origin: Origin = "user"
    valid_from: Time
    valid_to: Time | None = None
    recorded_at: Time
    retired_at: Time | None = None
    sources: list[Id] = []
    supersedes: Id | None = None
    importance: float = Field(0.5, ge=0, le=1)
    metadata: dict[str, Any] = {}
    expires_at: Time | None = None
    claim: ClaimRecord | None = None
    key: str | None = Field(None, pattern="^[0-9a-f]{64}$")

    @classmethod
    def of(cls, memory: Memory, key: bytes | None) -> MemoryRecord:
        """Write a memory as a record."""
        scope = memory.scope
        names = [name for name in cls.model_fields if name not in ("type", "key", "user_id", "agent_id", "session_id")]
        values = {name: getattr(memory, name) for name in names} | {"sources": list(memory.sources)}
        values["claim"] = None if memory.claim is None else ClaimRecord(**asdict(memory.claim))
        return cls(
            user_id=scope.user_id,
            agent_id=scope.agent_id,
            session_id=scope.session_id,
            key=key.hex() if key else None,
            **values,
        )

    def memory(self, tenant: str) -> Memory:
        """Read the memory back, into a tenant."""
        values = self.model_dump(exclude={"type", "key", "user_id", "agent_id", "session_id", "metadata"})
        check_text("text", self.text)
        check_name("speaker", self.speaker)
        values["metadata"] = check_metadata("metadata", self.metadata)
        values["sources"] = tuple(self.sources)
        values["claim"] = None if self.claim is None else Claim(**self.claim.model_dump())
        scope = Scope(tenant, self.user_id, self.agent_id, self.session_id).required()
        return Memory(scope=scope, **values)

    @property
    def key_bytes(self) -> bytes | None:
        """The key as the store keeps it."""
        return bytes.fromhex(self.key) if self.key else None


class ChangeRecord(_Record):
    """One entry of history: memories by id, with their two ends as they were then."""

    type: Literal["change"] = "change"
    id: Id
    op: Op
    before: Id | None = None
    before_valid_to: Time | None = None
    before_retired_at: Time | None = None
    after: Id | None = None
    after_valid_to: Time | None = None
    after_retired_at: Time | None = None
    reason: Words
    actor: Words
    at: Time
    evidence: list[Id] = []
    cause: Id | None = None
    undoes: Id | None = None

    @classmethod
    def of(cls, change: Change) -> ChangeRecord:
        """Write a change as a record."""
        before, after = change.before, change.after
        return cls(
            id=change.id,
            op=change.op,
            before=before.id if before else None,
            before_valid_to=before.valid_to if before else None,
            before_retired_at=before.retired_at if before else None,
            after=after.id if after else None,
            after_valid_to=after.valid_to if after else None,
            after_retired_at=after.retired_at if after else None,
            reason=change.reason,
            actor=change.actor,
            at=change.at,
            evidence=list(change.evidence),
            cause=change.cause,
            undoes=change.undoes,
        )

    def change(self, memories: Mapping[str, Memory]) -> Change:
        """Read the change back, given the memories it is about.

        Raises:
            InvalidInputError: It is about no memory, or about one that is not given.
        """
        if self.before is None and self.after is None:
            raise InvalidInputError("records", self.id, "changes with before, after or both")
        before = _version(memories, self.before, self.before_valid_to, self.before_retired_at)
        after = _version(memories, self.after, self.after_valid_to, self.after_retired_at)
        evidence = tuple(self.evidence)
        parts = (self.id, self.op, before, after, self.reason, self.actor, self.at, evidence, self.cause, self.undoes)
        return observed(Change(*parts))


def _version(
    memories: Mapping[str, Memory], id: str | None, valid_to: datetime | None, retired_at: datetime | None
) -> Memory | None:
    if id is None:
        return None
    if id not in memories:
        raise InvalidInputError("records", id, "changes of memories that came before them")
    return replace(memories[id], valid_to=valid_to, retired_at=retired_at)


Record = Header | MemoryRecord | ChangeRecord
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="type")])


def write_record(record: Record) -> dict[str, Any]:
    """Turn a record into what `json.dumps` takes, leaving out what is empty."""
    written: dict[str, Any] = record.model_dump(mode="json", exclude_defaults=True) | {"type": record.type}
    if isinstance(record, Header):
        written |= {"format": FORMAT, "version": VERSION}
    return written


def read_record(given: object, number: int) -> Record:
    """Read one line of an export.

    Args:
        given: The line as text, or already parsed.
        number: Its number, for errors.

    Raises:
        InvalidInputError: It is not a record of this format and version.
    """
    where = f"records[{number}]"
    try:
        record = _RECORD.validate_python(json.loads(given) if isinstance(given, (str, bytes)) else given)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInputError(f"{where}.{place}", first.get("input"), first["msg"]) from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError(where, given, "a line of JSON") from exc
    if isinstance(record, Header) and record.version > VERSION:
        raise InvalidInputError(where, record.version, f"format version {VERSION} or lower")
    return record
