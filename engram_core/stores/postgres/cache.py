"""Indexes in memory of the owners searched last: complete up to a version, brought up to date by what came after it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter

import anyio
import anyio.to_thread
import numpy as np
from asyncpg import Record
from numpy.typing import NDArray

from engram_core.stores.index.batch import KIND_CODES, Batch, microseconds
from engram_core.stores.index.index import ShardIndex
from engram_core.stores.postgres.database import Database
from engram_core.stores.postgres.keys import salted
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import tokens_of
from engram_core.stores.postgres.spaces import Serving
from engram_core.stores.postgres.writing import analysis_key

SQL = load_queries("search")
#: More news than this, and an index is read anew, beside the event loop.
MOST_NEWS = 2000
_BYTES_PER_ENTRY = 20_000


@dataclass(slots=True)
class State:
    """How an owner stands in the store."""

    shard_key: int
    version: int
    epoch: int


@dataclass(slots=True)
class Entry:
    """An owner's index. It holds every write up to `version` within `epoch`; epoch 0 is none."""

    index: ShardIndex
    version: int = 0
    epoch: int = 0
    held: int = 0
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    def covers(self, state: State) -> bool:
        """Tell whether nothing is missing and nothing was removed."""
        return self.epoch == state.epoch and self.version >= state.version


class IndexCache:
    """Keeps the indexes of the owners searched last, `cache_bytes` at most.

    Args:
        database: Open.
        serving: The space that is read.
        cache_bytes: What all of them may hold together.
    """

    def __init__(self, database: Database, serving: Serving, cache_bytes: int) -> None:
        self._database = database
        self._serving = serving
        self._cache_bytes = cache_bytes
        self._held = 0
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._analysis = analysis_key(serving.analysis)

    def __len__(self) -> int:
        """Count the owners that are kept."""
        return len(self._entries)

    async def indexes(self, states: Sequence[State]) -> list[ShardIndex]:
        """Return indexes that hold at least what the states say, in their order.

        They may be read until the caller next awaits.
        """
        entries = [self._entry(state.shard_key) for state in states]
        pairs = list(zip(entries, states, strict=True))
        if cold := [(entry, state) for entry, state in pairs if entry.epoch != state.epoch]:
            await self._load(cold)
        for entry, state in pairs:
            if not entry.covers(state):
                await self._refresh(entry, state)
        for entry, state in pairs:
            self._weigh(entry, state.shard_key)
        self._evict()
        return [entry.index for entry in entries]

    def _entry(self, shard_key: int) -> Entry:
        entry = self._entries.get(shard_key)
        if entry is None:
            entry = self._entries[shard_key] = Entry(ShardIndex(self._serving.space.dimension))
        self._entries.move_to_end(shard_key)
        return entry

    async def _load(self, wanted: Sequence[tuple[Entry, State]]) -> None:
        """Read whole owners; of those who want the same one at once, the first does it for all."""
        async with AsyncExitStack() as locks:
            for entry, _ in sorted(wanted, key=lambda pair: pair[1].shard_key):
                await locks.enter_async_context(entry.lock)
            cold = [(entry, state) for entry, state in wanted if entry.epoch != state.epoch]
            if not cold:
                return
            shards = [state.shard_key for _, state in cold]
            async with self._database.connection() as connection:
                rows = await connection.fetch(SQL.load, shards, self._serving.id, self._analysis)
            built = await anyio.to_thread.run_sync(self._build, rows)
            for entry, state in cold:
                entry.index = built.get(state.shard_key) or ShardIndex(self._serving.space.dimension)
                entry.version, entry.epoch = state.version, state.epoch

    async def _refresh(self, entry: Entry, state: State) -> None:
        """Read what was written since; of many who want it at once, the first reads it for all."""
        async with entry.lock:
            if entry.covers(state):
                return
            if entry.epoch == state.epoch and await self._put_news(entry, state):
                return
            entry.epoch = 0
        await self._load([(entry, state)])

    async def _put_news(self, entry: Entry, state: State) -> bool:
        """Bring an index up to date, unless there is so much news that it is better read anew."""
        arguments = (state.shard_key, self._serving.id, self._analysis, entry.version, MOST_NEWS + 1)
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.changed, *arguments)
        if len(rows) > MOST_NEWS:
            return False
        entry.index.put(self._batch(rows))
        entry.version = state.version
        return True

    def _weigh(self, entry: Entry, shard_key: int) -> None:
        """Count what an entry holds, if it is still kept."""
        if self._entries.get(shard_key) is entry:
            held = entry.index.nbytes + _BYTES_PER_ENTRY
            self._held += held - entry.held
            entry.held = held

    def _evict(self) -> None:
        while self._held > self._cache_bytes and self._entries:
            _, entry = self._entries.popitem(last=False)
            self._held -= entry.held

    def _build(self, rows: Sequence[Record]) -> dict[int, ShardIndex]:
        built = {}
        for shard_key, mine in groupby(rows, key=itemgetter("shard_key")):
            built[shard_key] = ShardIndex(self._serving.space.dimension)
            built[shard_key].put(self._batch(list(mine)))
        return built

    def _batch(self, rows: Sequence[Record]) -> Batch:
        """Turn rows of one owner into columns."""
        vectors = np.zeros((len(rows), self._serving.space.dimension), np.float32)
        embedded = np.array([row["embedding"] is not None for row in rows], np.bool_)
        if embedded.any():
            vectors[embedded] = [row["embedding"].to_numpy() for row in rows if row["embedding"] is not None]
        terms = [row["terms"] or () for row in rows]
        return Batch(
            ids=[str(row["id"]) for row in rows],
            users=[row["user_id"] for row in rows],
            agents=[row["agent_id"] for row in rows],
            sessions=[row["session_id"] for row in rows],
            kinds=np.array([KIND_CODES[row["kind"]] for row in rows], np.int8),
            valid_from=_times(rows, "valid_from"),
            valid_to=_times(rows, "valid_to"),
            retired_at=_times(rows, "retired_at"),
            expires_at=_times(rows, "expires_at"),
            seq=np.array([row["seq"] for row in rows], np.int64),
            vectors=vectors,
            embedded=embedded,
            offsets=np.cumsum([0, *map(len, terms)]),
            terms=_unsalted(rows, terms),
            freqs=np.array([*chain.from_iterable(row["freqs"] or () for row in rows)], np.int32),
            lengths=np.array([row["length"] or 0 for row in rows], np.int32),
            speakers=[row["speaker"] for row in rows],
            assistant=np.array([row["role"] == "assistant" for row in rows], np.bool_),
            signs=np.array([row["signs"] or 0 for row in rows], np.int32),
            tokens=[tokens_of(row) for row in rows],
        )


def _unsalted(rows: Sequence[Record], terms: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Join the terms of rows of one owner, without its salt, as the analysis gave them."""
    joined = np.array([*chain.from_iterable(terms)], np.int64)
    return salted(joined, rows[0]["shard_key"]) if len(rows) else joined


def _times(rows: Sequence[Record], name: str) -> NDArray[np.int64]:
    return np.array([microseconds(row[name]) for row in rows], np.int64)
