"""History: the changes of memories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from asyncpg import Record

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.postgres.database import Connection
from engram_core.stores.postgres.owners import Locked
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import CHANGE_COLUMNS, change_of, change_row, memory_of
from engram_core.stores.postgres.writing import copy

SQL = load_queries("history")


async def insert_changes(connection: Connection, locked: Locked, changes: Sequence[Change]) -> None:
    """Write history, but for what is there already and for changes of memories that are not."""
    by_owner: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        by_owner[change.memory.scope.shard_key].append(change)
    records = []
    for shard_key, mine in by_owner.items():
        ids, memories = [change.id for change in mine], [change.memory.id for change in mine]
        for row in await connection.fetch(SQL.insertable, shard_key, ids, memories):
            records.append(change_row(mine[row["place"] - 1], locked.take(shard_key)))
    await copy(connection, "changes", CHANGE_COLUMNS, records)


async def changes_of(connection: Connection, tenant: str, id: str) -> list[Change]:
    """Return the changes of a memory, of all it superseded and of all that superseded it, oldest first."""
    shard_key = await connection.fetchval(SQL.owner_of, id, tenant)
    if shard_key is None:
        return []
    family = await connection.fetch(SQL.family, shard_key, id, tenant)
    rows = await connection.fetch(SQL.of_memories, shard_key, [row["id"] for row in family])
    return await _resolved(connection, rows)


async def decision(connection: Connection, tenant: str, id: str) -> list[Change]:
    """Return a change and those it caused."""
    shard_key = await connection.fetchval(SQL.decision_owner, id, tenant)
    if shard_key is None:
        return []
    return await _resolved(connection, await connection.fetch(SQL.decision, shard_key, id))


async def changes_page(
    connection: Connection, scope: Scope, shards: Sequence[int], after: Record | None, limit: int
) -> tuple[list[Change], Record | None]:
    """Return the next changes in a scope in the order of their time, and the last row among them."""
    place = (None, None, None) if after is None else (after["at"], after["shard_key"], after["seq"])
    parts = (scope.tenant, scope.user_id, scope.agent_id, scope.session_id)
    rows = await connection.fetch(SQL.page, list(shards), *parts, *place, limit)
    return await _resolved(connection, rows), rows[-1] if rows else None


async def _resolved(connection: Connection, rows: Iterable[Record]) -> list[Change]:
    """Put the versions into changes that their rows speak of."""
    ids: dict[int, set[object]] = defaultdict(set)
    for row in rows:
        ids[row["shard_key"]] |= {row["before"], row["after"]} - {None}
    memories: dict[str, Memory] = {}
    for shard_key, wanted in ids.items():
        for row in await connection.fetch(SQL.versions, shard_key, list(wanted)):
            memories[str(row["id"])] = memory_of(row)
    return [change_of(row, memories) for row in rows]
