"""The reading verbs that do not search."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncpg import Record

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.results import Page
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import InvalidInputError
from engram_core.stores.postgres.conditions import compile_selection
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.history import changes_of, changes_page, decision
from engram_core.stores.postgres.owners import shards_of
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of

SQL = load_queries("reading")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 500
Place = tuple[datetime, int, int]


class Reader:
    """Reads memories by id, in lists, and their history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """Return memories of a tenant in the order of their ids."""
        if not ids:
            return []
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.with_ids, tenant, list(ids))
        found = {memory.id: memory for memory in map(memory_of, rows)}
        return [found[id] for id in ids if id in found]

    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of turns by id."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.keys, tenant, list(ids))
        return {str(row["id"]): row["dedup_key"] for row in rows}

    async def count(self, selection: Selection) -> int:
        """Count selected memories."""
        condition = compile_selection(selection)
        async with self._database.connection() as connection:
            shards = await shards_of(connection, selection.scope)
            sql = SQL.count.format(admitted=condition.sql)
            return int(await connection.fetchval(sql, *condition.parameters, shards))

    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """Return memories that have expired and are neither retired nor closed."""
        parts = (scope.tenant, scope.user_id, scope.agent_id, scope.session_id)
        async with self._database.connection() as connection:
            shards = await shards_of(connection, scope)
            rows = await connection.fetch(SQL.expired, shards, *parts, now, limit)
        return list(map(memory_of, rows))

    async def listing(self, selection: Selection, limit: int, after: str | None) -> Page:
        """List selected memories, oldest first."""
        place = None if after is None else _place(after)
        async with self._database.connection() as connection:
            shards = await shards_of(connection, selection.scope)
            rows = await self._page(connection, selection, shards, place, limit + 1)
        more = len(rows) > limit
        return Page(tuple(map(memory_of, rows[:limit])), _cursor(rows[limit - 1]) if more else None)

    async def history(self, tenant: str, id: str) -> list[Change]:
        """Return the changes of a memory and its kin."""
        async with self._database.connection() as connection:
            return await changes_of(connection, tenant, id)

    async def decision(self, tenant: str, id: str) -> list[Change]:
        """Return a change and those it caused."""
        async with self._database.connection() as connection:
            return await decision(connection, tenant, id)

    async def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """Iterate over the history in a scope; no connection is held between pages."""
        after: Record | None = None
        while True:
            async with self._database.connection() as connection:
                shards = await shards_of(connection, scope)
                page, after = await changes_page(connection, scope, shards, after, _PAGE)
            for change in page:
                yield change
            if len(page) < _PAGE:
                return

    async def _page(
        self, connection: Connection, selection: Selection, shards: list[int], place: Place | None, limit: int
    ) -> list[Record]:
        condition = compile_selection(selection)
        at, shard_key, seq = place or (None, None, None)
        one = len(shards) == 1
        sql = (SQL.page_of_one if one else SQL.page).format(admitted=condition.sql)
        own: tuple[Any, ...] = (shards[0], at, seq) if one else (shards, at, shard_key, seq)
        rows: list[Record] = await connection.fetch(sql, *condition.parameters, *own, limit)
        return rows


def _cursor(row: Record) -> str:
    passed = (row["recorded_at"] - _EPOCH) // timedelta(microseconds=1)
    text = json.dumps([passed, row["shard_key"], row["seq"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        passed, shard_key, seq = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not all(type(number) is int and abs(number) < 1 << 63 for number in (passed, shard_key, seq)):
            raise ValueError("not three numbers of 64 bits")
        return _EPOCH + timedelta(microseconds=passed), shard_key, seq
    except (ValueError, TypeError, OverflowError, AttributeError) as exc:
        raise InvalidInputError("after", cursor, "the cursor of a page of this listing") from exc
