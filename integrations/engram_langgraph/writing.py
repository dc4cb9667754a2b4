"""Writing items and their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgvector import HalfVector

from engram_core import load_queries
from engram_langgraph.indexing import Vector
from engram_langgraph.items import Written, shard_key

SQL = load_queries("store", __package__)
#: Characters of an item's texts that its words are taken from: Postgres keeps up to a megabyte of words.
MOST_WORDS = 100_000


class Writer:
    """Writes for one tenant, inside a transaction of the caller.

    Args:
        connection: Of the caller's transaction.
        language: The text search configuration that words are read by; None keeps no words.
    """

    def __init__(self, connection: Any, tenant: str, language: str | None) -> None:
        self._connection = connection
        self._tenant = tenant
        self._language = language

    async def write(self, puts: Mapping[tuple[str, str], Written | None], vectors: Mapping[str, Vector]) -> None:
        """Write what is to be at each namespace and key, or remove what is there (None)."""
        gone = [place for place, item in puts.items() if item is None]
        items = [item for item in puts.values() if item is not None]
        if gone and items:
            # What goes is written over first: so all rows are locked in one pass and one order, whether they are there
            # or not. In two passes, this would wait for others, and they for this, in a circle.
            items = [item or Written.empty(*place) for place, item in puts.items()]
        await self.put(items, vectors)
        await self.delete(gone)

    async def put(self, items: Sequence[Written], vectors: Mapping[str, Vector]) -> None:
        """Write items, each with the vectors that its texts have; what they had before goes."""
        for shard, group in self._by_shard(items):
            await self._put_shard(shard, group, vectors)

    async def delete(self, places: Sequence[tuple[str, str]]) -> None:
        """Remove items by namespace and key."""
        shards: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for place in sorted(places):
            shards[self._shard(place[0])].append(place)
        for shard, group in sorted(shards.items()):
            await self._drop(shard, SQL.delete, self._tenant, *_columns(group, 2))

    async def sweep(self) -> int:
        """Remove what has expired; return how many items."""
        count = 0
        for row in await self._connection.fetch(SQL.expired, self._tenant):
            count += await self._drop(row["shard_key"], SQL.sweep, self._tenant)
        return count

    async def _drop(self, shard: int, statement: str, *values: object) -> int:
        """Remove items by a statement, and then their vectors; return how many items."""
        gone = await self._connection.fetch(statement, shard, *values)
        await self._put_vectors(shard, [(row["namespace"], row["id"], 0) for row in gone], [])
        return len(gone)

    async def _put_shard(self, shard: int, items: Sequence[Written], vectors: Mapping[str, Vector]) -> None:
        rows = [(i.namespace, i.key, i.value, i.exact, i.ttl, self._words(i)) for i in items]
        kept = await self._connection.fetch(SQL.put, shard, self._tenant, self._language, *_columns(rows, 6))
        found = {(row["namespace"], row["key"]): row for row in kept}
        new: list[tuple[str, int, int, HalfVector]] = []
        old: list[tuple[str, int, int]] = []
        for item in items:
            row = found[item.namespace, item.key]
            own = [vectors[text] for text in item.texts if text in vectors]
            new.extend((item.namespace, row["id"], part, HalfVector(vector)) for part, vector in enumerate(own))
            if not row["is_new"]:
                old.append((item.namespace, row["id"], len(own)))
        await self._put_vectors(shard, old, new)

    async def _put_vectors(
        self, shard: int, kept: Sequence[tuple[str, int, int]], new: Sequence[tuple[str, int, int, HalfVector]]
    ) -> None:
        """Write vectors; of the items in `kept` (namespace, id, how many), remove those beyond."""
        if kept or new:
            dimension = new[0][3].dimensions() if new else 0
            columns = *_columns(kept, 3), dimension, *_columns(new, 4)
            await self._connection.execute(SQL.put_vectors, shard, *columns)

    def _by_shard(self, items: Sequence[Written]) -> Iterable[tuple[int, list[Written]]]:
        shards: dict[int, list[Written]] = defaultdict(list)
        for item in items:
            shards[self._shard(item.namespace)].append(item)
        return sorted(shards.items())

    def _shard(self, namespace: str) -> int:
        return shard_key(self._tenant, namespace[: namespace.index(".")])

    def _words(self, item: Written) -> str | None:
        if self._language is None or not item.texts:
            return None
        return "\n".join(item.texts)[:MOST_WORDS].replace("\0", " ").encode("utf-8", "replace").decode()


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    """Turn rows into columns, as arrays are sent."""
    return list(zip(*rows, strict=True)) if rows else [() for _ in range(width)]
