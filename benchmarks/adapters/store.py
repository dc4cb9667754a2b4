"""`EngramStore` beside `AsyncPostgresStore`: the same items and vectors, as many connections, the same durability."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import Any

import numpy as np
from langgraph.store.base import BaseStore, PutOp
from langgraph.store.postgres import AsyncPostgresStore
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from benchmarks.adapters.pairs import Row, Work, paired
from engram_core import AsyncEngram
from engram_langgraph import EngramStore

DIMENSION = 384
BATCH = 100
NAMESPACE = ("benchmark", "ada")
TOPICS = ("travel", "food", "music", "work", "sports", "family", "books", "health")
SEARCHES: dict[str, dict[str, Any]] = {
    "by a question": {},
    "by a question and a filter that 1 in 8 pass": {"filter": {"topic": "food"}},
    "by that filter alone": {"filter": {"topic": "food"}, "query": None},
}


async def measure(url: str, *, items: int = 10_000, calls: int = 200) -> list[Row]:
    """Measure both on one Postgres: filling it, then putting and searching among `items`.

    Args:
        url: Of a Postgres that may be written to; ours are in the schema `engram`, theirs in `public`.
        items: Items to fill each with, in batches of 100.
        calls: Calls of each kind.
    """
    async with _ours(url) as (ours, pool_size), _theirs(url, pool_size) as theirs:
        rows = [
            await paired(f"put {BATCH} items in a batch", _of(_fill, ours), _of(_fill, theirs), calls=items // BATCH)
        ]
        for what, work, number in (("put a new item", _put, items), ("put an item again", _put, 0), ("get", _get, 0)):
            rows.append(await paired(what, _of(work, ours, number), _of(work, theirs, number), calls=calls))
        rows.append(
            await paired("put 16 items at once", _of(_together, ours), _of(_together, theirs), calls=calls // 10)
        )
        await ours.asearch(NAMESPACE[:1], query=item(0)["text"])
        await ours.settle()
        for what, options in SEARCHES.items():
            search = partial(_search, options)
            rows.append(await paired(f"search {what}", _of(search, ours), _of(search, theirs), calls=calls))
        return rows


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Embed texts, the same for both: a direction of its own a word, added up; lists of `DIMENSION` floats."""
    rows = [np.sum([_direction(word) for word in text.split()], axis=0) for text in texts]
    vectors: list[list[float]] = (np.asarray(rows) / np.linalg.norm(rows, axis=1, keepdims=True)).tolist()
    return vectors


def item(number: int) -> dict[str, Any]:
    """Make an item of some 200 characters, of which twelve words are embedded."""
    rng = np.random.default_rng(number)
    words = [f"word{n}" for n in rng.zipf(1.3, 12) % 5000]
    topic = TOPICS[number % len(TOPICS)]
    return {"text": " ".join([topic, *words]), "topic": topic, "number": number, "source": {"name": "benchmark"}}


@lru_cache(maxsize=8192)
def _direction(word: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    seed = hashlib.blake2b(word.encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(DIMENSION)


def _of(work: Callable[[BaseStore, int], Awaitable[object]], store: BaseStore, first: int = 0) -> Work:
    """Bind work to a store; its numbers begin at `first`."""
    return lambda number: work(store, first + number)


async def _fill(store: BaseStore, batch: int) -> None:
    numbers = range(batch * BATCH, (batch + 1) * BATCH)
    await store.abatch([PutOp(NAMESPACE, f"item {n}", item(n)) for n in numbers])


async def _put(store: BaseStore, number: int) -> None:
    await store.aput(NAMESPACE, f"item {number}", item(number))


async def _get(store: BaseStore, number: int) -> None:
    await store.aget(NAMESPACE, f"item {number}")


async def _search(options: dict[str, Any], store: BaseStore, number: int) -> None:
    await store.asearch(NAMESPACE[:1], **{"query": item(number * 37)["text"], **options})


async def _together(store: BaseStore, number: int) -> None:
    await asyncio.gather(*(_put(store, 100_000 + number * 16 + n) for n in range(16)))


@asynccontextmanager
async def _ours(url: str) -> AsyncIterator[tuple[EngramStore, int]]:
    async with AsyncEngram(database_url=url) as engine:
        store = EngramStore(engine, index={"dims": DIMENSION, "embed": embed, "fields": ["text"]})
        await store.asetup()
        yield store, engine.settings.pool_size


@asynccontextmanager
async def _theirs(url: str, pool_size: int) -> AsyncIterator[BaseStore]:
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(url, min_size=1, max_size=pool_size, kwargs=options) as opened:
        pool: AsyncConnectionPool[Any] = opened
        store = AsyncPostgresStore(pool, index={"dims": DIMENSION, "embed": embed, "fields": ["text"]})
        await store.setup()
        yield store
