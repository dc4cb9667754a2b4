"""Values to rows and back, without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from asyncpg import Record

from engram_core.domain.change import Change, Op, observed
from engram_core.domain.claim import Claim
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ports import Tokens
from engram_core.stores.postgres.keys import part_key, scope_key

MEMORY_COLUMNS = (
    "shard_key", "id", "seq", "version", "scope_key", "tenant", "user_id", "agent_id", "session_id", "kind", "text",
    "role", "speaker", "origin", "valid_from", "valid_to", "recorded_at", "retired_at", "expires_at", "sources",
    "supersedes", "importance", "metadata", "metadata_text", "dedup_key", "subject", "attribute",
    "value", "holds",
)  # fmt: skip
TERM_COLUMNS = ("shard_key", "memory_id", "analysis", "terms", "freqs", "length", "signs")
VECTOR_COLUMNS = ("shard_key", "space", "memory_id", "version", "embedding")
TOKEN_COLUMNS = ("shard_key", "space", "memory_id", "width", "tokens")
CHANGE_COLUMNS = (
    "shard_key", "id", "seq", "op", "before", "before_valid_to", "before_retired_at", "after", "after_valid_to",
    "after_retired_at", "reason", "actor", "at", "evidence", "cause", "undoes",
)  # fmt: skip


def memory_row(memory: Memory, seq: int, version: int, key: bytes | None) -> tuple[Any, ...]:
    """Return a memory as the columns of `memories`."""
    scope = memory.scope
    metadata, exact = _json(memory.metadata)
    return (
        scope.shard_key, memory.id, seq, version, scope_key(scope), scope.tenant, scope.user_id, scope.agent_id,
        scope.session_id, memory.kind, memory.text, memory.role, memory.speaker, memory.origin, memory.valid_from,
        memory.valid_to, memory.recorded_at, memory.retired_at, memory.expires_at, memory.sources, memory.supersedes,
        memory.importance, metadata, exact, key, *_claim(memory.claim),
    )  # fmt: skip


def memory_of(row: Record) -> Memory:
    """Return a row of `memories` as a memory."""
    return Memory(
        id=str(row["id"]),
        scope=scope_of(row),
        kind=row["kind"],
        text=row["text"],
        valid_from=row["valid_from"],
        recorded_at=row["recorded_at"],
        role=row["role"],
        speaker=row["speaker"],
        origin=row["origin"],
        valid_to=row["valid_to"],
        retired_at=row["retired_at"],
        sources=tuple(map(str, row["sources"])),
        supersedes=_text(row["supersedes"]),
        importance=row["importance"],
        metadata=json.loads(row["metadata_text"] or row["metadata"]),
        expires_at=row["expires_at"],
        claim=_claim_of(row),
    )


def scope_of(row: Record) -> Scope:
    """Return the scope that a row carries."""
    return Scope(row["tenant"], row["user_id"], row["agent_id"], row["session_id"])


def scope_row(scope: Scope) -> tuple[Any, ...]:
    """Return a full scope as the columns of `scopes`."""
    return (
        scope.shard_key, scope_key(scope), scope.tenant, scope.user_id, scope.agent_id, scope.session_id,
        part_key("agent_id", scope), part_key("session_id", scope),
    )  # fmt: skip


def change_row(change: Change, seq: int) -> tuple[Any, ...]:
    """Return a change as the columns of `changes`."""
    return (
        change.memory.scope.shard_key, change.id, seq, change.op.value, *_ends(change.before), *_ends(change.after),
        change.reason, change.actor, change.at, change.evidence, change.cause, change.undoes,
    )  # fmt: skip


def change_of(row: Record, memories: Mapping[str, Memory]) -> Change:
    """Return a row of `changes` as a change, given the versions it speaks of."""
    change = Change(
        id=str(row["id"]),
        op=Op(row["op"]),
        before=_as_then(row, "before", memories),
        after=_as_then(row, "after", memories),
        reason=row["reason"],
        actor=row["actor"],
        at=row["at"],
        evidence=tuple(map(str, row["evidence"])),
        cause=_text(row["cause"]),
        undoes=_text(row["undoes"]),
    )
    return observed(change)


def _claim(claim: Claim | None) -> tuple[Any, ...]:
    return (None,) * 4 if claim is None else (claim.subject, claim.attribute, claim.value, claim.holds)


def _claim_of(row: Record) -> Claim | None:
    if row["subject"] is None:
        return None
    return Claim(row["subject"], row["attribute"], row["value"], row["holds"])


def _text(id: object) -> str | None:
    return None if id is None else str(id)


def _ends(memory: Memory | None) -> tuple[Any, ...]:
    return (None, None, None) if memory is None else (memory.id, memory.valid_to, memory.retired_at)


def _as_then(row: Record, side: str, memories: Mapping[str, Memory]) -> Memory | None:
    memory = memories.get(str(row[side]))
    if memory is None:
        return None
    return replace(memory, valid_to=row[f"{side}_valid_to"], retired_at=row[f"{side}_retired_at"])


def _json(metadata: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return metadata for jsonb, and as it is where jsonb would turn a float such as 1e+22 into a whole number."""
    text = json.dumps(metadata, ensure_ascii=False, default=dict)
    return text, text if "e+" in text else None


def tokens_of(row: Record) -> Tokens | None:
    """Read the vectors of tokens (k, width); None where there are none."""
    if row["tokens"] is None:
        return None
    return np.frombuffer(row["tokens"], np.int8).reshape(-1, row["width"])
