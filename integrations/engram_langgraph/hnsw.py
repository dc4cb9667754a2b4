"""HNSW indexes: one for each large shard of vectors, built in the background when it is first searched."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from engram_core import Database, StoreError, load_queries

logger = logging.getLogger(__name__)
SQL = load_queries("store", __package__)
#: Vectors below a namespace up to which it is searched exactly.
EXACT_LIMIT = 5_000
#: Results up to which an index is of use.
MOST_RESULTS = 400
#: pgvector indexes `halfvec` up to this dimension.
MOST_DIMENSIONS = 4_000
#: Seconds between two looks at how much there is below a namespace.
LOOK_EVERY = 10.0
_OPERATORS = {"<#>": "ip", "<->": "l2"}


@dataclass(frozen=True, slots=True)
class Part:
    """What an index is for: the vectors of one shard and dimension, put in order by one operator."""

    shard: int
    dimension: int
    operator: str

    @property
    def name(self) -> str:
        """The index's name."""
        return f"store_hnsw_{_OPERATORS[self.operator]}_{self.dimension}_{self.shard & (1 << 64) - 1:016x}"


class HnswIndexes:
    """Knows which namespaces are large and have an index, and builds those indexes that are missing."""

    def __init__(self) -> None:
        self._looked: dict[tuple[Part, str, str], tuple[float, bool]] = {}
        self._builds: dict[Part, asyncio.Task[None]] = {}

    async def is_ready(self, database: Database, part: Part, low: str, high: str) -> bool:
        """Tell whether what lies between two namespaces is best searched by an index, and there is one.

        Begins to build it where it is missing; on the engine's loop.
        """
        if part.dimension > MOST_DIMENSIONS:
            return False
        place = part, low, high
        at, is_ready = self._looked.get(place, (-LOOK_EVERY, False))
        if time.monotonic() - at < LOOK_EVERY:
            return is_ready
        async with database.connection() as connection:
            values = part.shard, part.dimension, low, high, EXACT_LIMIT, part.name
            found = await connection.fetchrow(SQL.size, *values)
        is_large = found["size"] > EXACT_LIMIT
        self._looked[place] = time.monotonic(), is_large and bool(found["is_valid"])
        if is_large and not found["is_valid"] and part not in self._builds:
            task = asyncio.create_task(self._build(database, part))
            self._builds[part] = task
            task.add_done_callback(lambda _: self._built(part))
        return self._looked[place][1]

    async def settle(self) -> None:
        """Wait for the builds under way."""
        await asyncio.gather(*self._builds.values())

    def _built(self, part: Part) -> None:
        self._builds.pop(part, None)
        self._looked = {place: look for place, look in self._looked.items() if place[0] != part}

    async def _build(self, database: Database, part: Part) -> None:
        try:
            async with database.connection() as connection:
                if not await connection.fetchval(SQL.try_lock, part.name):
                    return  # another process builds it
                try:
                    await connection.execute(SQL.drop_index.format(name=part.name))  # what an interrupted build left
                    await connection.execute(SQL.build_memory)
                    await connection.execute(self._statement(part))
                finally:
                    await connection.reset()
        except StoreError as exc:
            logger.warning("no HNSW index yet, searching exactly: %s", exc)

    @staticmethod
    def _statement(part: Part) -> str:
        statement: str = SQL.build_index.format(
            name=part.name, dimension=part.dimension, operators=_OPERATORS[part.operator], shard_key=part.shard
        )
        return statement
