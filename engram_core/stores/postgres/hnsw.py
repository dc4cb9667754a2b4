"""HNSW indexes: one for each large owner, built in the background when it is first searched."""

from __future__ import annotations

import asyncio
import logging

from engram_core.errors import StoreError
from engram_core.stores.postgres.database import Database
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.spaces import Serving

logger = logging.getLogger(__name__)
SQL = load_queries("large")
#: pgvector indexes `halfvec` up to this dimension.
MOST_DIMENSIONS = 4000


class HnswIndexes:
    """Knows which owners have an index, and builds those that are missing.

    Args:
        database: Open.
        serving: The space that is indexed.
    """

    def __init__(self, database: Database, serving: Serving) -> None:
        self._database = database
        self._serving = serving
        self._ready: set[int] = set()
        self._builds: dict[int, asyncio.Task[None]] = {}

    async def ready(self, shard_key: int) -> bool:
        """Tell whether an owner's index can be used; begins to build it where it is missing."""
        if self._serving.space.dimension > MOST_DIMENSIONS:
            return False
        if shard_key not in self._ready:
            async with self._database.connection() as connection:
                if await connection.fetchval(SQL.index_state, self._name(shard_key)):
                    self._ready.add(shard_key)
        if shard_key in self._ready:
            return True
        if shard_key not in self._builds:
            task = asyncio.create_task(self._build(shard_key))
            self._builds[shard_key] = task
            task.add_done_callback(lambda _: self._builds.pop(shard_key, None))
        return False

    async def settle(self) -> None:
        """Wait for the builds under way."""
        await asyncio.gather(*self._builds.values())

    async def close(self) -> None:
        """Stop the builds under way; another process, or a later one, begins anew."""
        tasks = list(self._builds.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _build(self, shard_key: int) -> None:
        name = self._name(shard_key)
        parts = {"dimension": self._serving.space.dimension, "shard_key": shard_key, "space": self._serving.id}
        try:
            async with self._database.connection() as connection:
                if not await connection.fetchval(SQL.try_lock, name):
                    return
                try:
                    if await connection.fetchval(SQL.index_state, name) is False:
                        await connection.execute(SQL.drop_index.format(name=name))
                    await connection.execute(SQL.build_memory)
                    await connection.execute(SQL.build_index.format(name=name, **parts))
                finally:
                    await connection.reset()
        except StoreError as exc:
            logger.warning("no HNSW index yet, searching exactly: %s", exc)

    def _name(self, shard_key: int) -> str:
        return f"vectors_hnsw_{self._serving.id}_{shard_key & (1 << 64) - 1:016x}"
