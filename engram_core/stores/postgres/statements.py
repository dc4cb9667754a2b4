"""What is known about subjects, what was learned from turns, and how memories are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ports import Use
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.keys import scope_key
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of

SQL = load_queries("statements")


class Statements:
    """Reads statements, and keeps count of uses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def about(self, scope: Scope, subjects: Collection[str], now: datetime, *, closed: bool) -> list[Memory]:
        """Return the current, or the closed, statements of exactly this scope about the subjects."""
        sql = SQL.once_about if closed else SQL.about
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql, scope.shard_key, scope_key(scope), list(subjects), now)
        return [memory for memory in map(memory_of, rows) if memory.scope == scope]

    async def learned_from(self, scope: Scope, turns: Sequence[str]) -> list[Memory]:
        """Return the statements that have one of these turns among their sources."""
        if not turns:
            return []
        async with self._database.connection() as connection:
            owners = await _owners(connection, scope, turns)
            rows = await connection.fetch(SQL.learned_from, owners, list(turns))
        return [memory for memory in map(memory_of, rows) if _wide(scope).contains(memory.scope)]

    async def successors(self, scope: Scope, ids: Sequence[str]) -> dict[str, Memory]:
        """Return the last version of each line, by the id it began from."""
        if not ids:
            return {}
        async with self._database.connection() as connection:
            owners = await _owners(connection, scope, ids)
            rows = await connection.fetch(SQL.successors, owners, list(ids))
        found = {str(row["first"]): memory_of(row) for row in rows}
        return {id: memory for id, memory in found.items() if _wide(scope).contains(memory.scope)}

    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """Add accesses."""
        async with self._database.connection() as connection:
            await connection.execute(SQL.use, tenant, list(accesses), list(accesses.values()), at)

    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """Tell how memories were used."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.uses, tenant, list(ids))
        return {str(row["id"]): Use(row["accesses"], row["last_at"], row["stated"]) for row in rows}

    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """Set the present importance of memories."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL.keep_stated, tenant, list(importance))
            await connection.execute(SQL.weigh, tenant, list(importance), list(importance.values()))


def _wide(scope: Scope) -> Scope:
    return Scope(scope.tenant, scope.user_id)


async def _owners(connection: Connection, scope: Scope, ids: Sequence[str]) -> list[int]:
    """Return where these memories are kept: known without asking where the scope names a user."""
    if scope.user_id is not None:
        return [scope.shard_key]
    return [row["shard_key"] for row in await connection.fetch(SQL.owners_of, scope.tenant, list(ids))]
