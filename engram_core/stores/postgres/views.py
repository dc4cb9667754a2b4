"""Views: small scopes are searched exactly in memory, large ones in the database."""

from __future__ import annotations

from collections.abc import Sequence

from asyncpg import Record

from engram_core.domain.memory import Memory
from engram_core.domain.selection import Selection
from engram_core.ports import View
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.view import IndexView
from engram_core.stores.postgres.cache import IndexCache, State
from engram_core.stores.postgres.conditions import compile_selection
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.hnsw import HnswIndexes
from engram_core.stores.postgres.large import LargeView, Owner
from engram_core.stores.postgres.owners import SQL as OWNERS
from engram_core.stores.postgres.owners import shards_of
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of, scope_of
from engram_core.stores.postgres.spaces import Serving, no_longer

SQL = load_queries("search")
#: What a memory in an index takes beside its vector, roughly.
_BYTES_PER_MEMORY = 1000


class Views:
    """Opens views.

    Args:
        database: Open.
        analyzer: Makes the terms of questions.
        serving: The space that is searched.
        cache_bytes: What the indexes in memory may hold.
        exact_limit: Memories up to which a scope's owners are searched in memory.
    """

    def __init__(
        self, database: Database, analyzer: Analyzer, serving: Serving, *, cache_bytes: int, exact_limit: int
    ) -> None:
        self._database = database
        self._analyzer = analyzer
        self._serving = serving
        self._cache = IndexCache(database, serving, cache_bytes)
        #: Indexes of owners that are too large for memory.
        self.hnsw = HnswIndexes(database, serving)
        fitting = cache_bytes // (4 * serving.space.dimension + _BYTES_PER_MEMORY)
        self._exact_limit = min(exact_limit, fitting)

    async def view(self, selection: Selection) -> View:
        """Open a consistent reading."""
        admitted = None
        async with self._database.connection() as connection:
            owners = await self._owners(connection, selection)
            small = sum(owner["memories"] for owner in owners) <= self._exact_limit
            if small and selection.condition is not None:
                admitted = await _admitted(connection, selection, owners)
        if not small:
            return self._large(selection, owners)
        states = [State(owner["shard_key"], owner["version"], owner["epoch"]) for owner in owners]
        return await self._exact(selection, states, admitted)

    async def _exact(self, selection: Selection, states: list[State], admitted: set[str] | None) -> View:
        indexes = await self._cache.indexes(states)
        parts = [(index, index.mask(selection, admitted)) for index in indexes]
        shards = [state.shard_key for state in states]

        async def hydrate(ids: list[str]) -> list[Memory | None]:
            return await self._hydrate(shards, ids)

        return IndexView(parts, self._analyzer, hydrate)

    def _large(self, selection: Selection, rows: Sequence[Record]) -> View:
        owners = [Owner(row["shard_key"], row["memories"], row["length"]) for row in rows]
        condition = compile_selection(selection)
        return LargeView(self._database, self._analyzer, self._serving, owners, condition, self.hnsw)

    async def _owners(self, connection: Connection, selection: Selection) -> list[Record]:
        """Return the owners concerned, those of the selection's tenant alone."""
        scope = selection.scope
        shards = await shards_of(connection, scope)
        rows = await connection.fetch(OWNERS.state, shards, self._serving.id, self._serving.analysis)
        if not rows:
            raise no_longer(self._serving)
        wanted = scope.owner if scope.user_id is not None else None
        return [row for row in rows if row["tenant"] == scope.tenant and (wanted is None or scope_of(row) == wanted)]

    async def _hydrate(self, shards: Sequence[int], ids: list[str]) -> list[Memory | None]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.hydrate, shards, ids)
        found = {memory.id: memory for memory in map(memory_of, rows)}
        return [found.get(id) for id in ids]


async def _admitted(connection: Connection, selection: Selection, owners: Sequence[Record]) -> set[str]:
    condition = compile_selection(selection)
    shards = [owner["shard_key"] for owner in owners]
    rows = await connection.fetch(SQL.admitted_ids.format(admitted=condition.sql), *condition.parameters, shards)
    return {str(row["id"]) for row in rows}
