"""Owners: their locks, their counters, and which of them a scope touches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncpg import Record

from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError
from engram_core.stores.postgres.database import Connection
from engram_core.stores.postgres.keys import part_key
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import scope_of, scope_row

SQL = load_queries("owners")


@dataclass(slots=True)
class Locked:
    """Owners whose lock this transaction holds: their new versions, and orders of arrival to give out."""

    versions: dict[int, int]
    next_seq: dict[int, int]

    def take(self, shard_key: int) -> int:
        """Give out the next order of arrival."""
        seq = self.next_seq[shard_key]
        self.next_seq[shard_key] = seq + 1
        return seq


async def lock_owners(connection: Connection, reserve: Mapping[Scope, int]) -> Locked:
    """Lock owners, new ones too, until the end of the transaction.

    Args:
        connection: Inside a transaction.
        reserve: For each owner, how many orders of arrival are needed.

    Raises:
        ConflictError: Two owners have the same key (a chance of 2⁻⁶⁴ a pair): they must not share a shard.
    """
    owners = list(reserve)
    rows = await connection.fetch(
        SQL.lock,
        [owner.shard_key for owner in owners],
        [owner.tenant for owner in owners],
        [owner.user_id for owner in owners],
        [owner.agent_id for owner in owners],
        [owner.session_id for owner in owners],
        [reserve[owner] for owner in owners],
    )
    _check(rows, owners)
    reserved = {owner.shard_key: count for owner, count in reserve.items()}
    return Locked(
        {row["shard_key"]: row["version"] for row in rows},
        {row["shard_key"]: row["last_seq"] - reserved[row["shard_key"]] + 1 for row in rows},
    )


async def lock_present(connection: Connection, shard_keys: Iterable[int]) -> Locked:
    """Lock those of the owners that there are."""
    rows = await connection.fetch(SQL.lock_present, sorted(set(shard_keys)))
    return Locked({row["shard_key"]: row["version"] for row in rows}, {})


def _check(rows: Iterable[Record], owners: Iterable[Scope]) -> None:
    wanted = {owner.shard_key: owner for owner in owners}
    for row in rows:
        if scope_of(row) != wanted[row["shard_key"]]:
            raise ConflictError(f"{wanted[row['shard_key']]} cannot be stored: its key is taken by another owner")


def count_owners(scopes: Iterable[Scope]) -> Counter[Scope]:
    """Count scopes by owner; two owners never share a key in one call."""
    counts = Counter(scope.owner for scope in scopes)
    if len({owner.shard_key for owner in counts}) != len(counts):
        raise ConflictError("two owners of one call have the same key")
    return counts


async def note_scopes(connection: Connection, scopes: Iterable[Scope]) -> None:
    """Remember full scopes, for readings that name no user."""
    rows = sorted({scope_row(scope) for scope in scopes}, key=lambda row: row[:2])
    if rows:
        await connection.execute(SQL.note_scopes, *map(list, zip(*rows, strict=True)))


async def shards_of(connection: Connection, scope: Scope) -> list[int]:
    """Return the keys of the owners that may have memories in a scope, in order."""
    if scope.user_id is not None:
        return [scope.shard_key]
    if scope.agent_id is not None:
        arguments = (part_key("agent_id", scope), scope.tenant, scope.agent_id, scope.session_id)
        rows = await connection.fetch(SQL.of_agent, *arguments)
    elif scope.session_id is not None:
        rows = await connection.fetch(SQL.of_session, part_key("session_id", scope), scope.tenant, scope.session_id)
    else:
        rows = await connection.fetch(SQL.of_tenant, scope.tenant)
    return [row["shard_key"] for row in rows]


async def grow(connection: Connection, memories: Mapping[int, int], lengths: Mapping[int, int]) -> None:
    """Count memories and the lengths of their terms that were written, by owner."""
    keys = sorted(memories.keys() | lengths.keys())
    if keys:
        counts = [memories.get(key, 0) for key in keys]
        await connection.execute(SQL.grow, keys, counts, [lengths.get(key, 0) for key in keys])
