"""LangGraph's long-term store in Engram's Postgres."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, cast

from langgraph.store.base import BaseStore, IndexConfig, Op, Result, TTLConfig

from engram_core import AsyncEngram, Database, Engram, InvalidInputError, StoreUnavailableError
from engram_langgraph.batches import Batch, Joiner
from engram_langgraph.hnsw import HnswIndexes
from engram_langgraph.indexing import EngramIndexConfig, Indexing
from engram_langgraph.items import LONGEST, copied
from engram_langgraph.opening import Opening
from engram_langgraph.searching import Reader
from engram_langgraph.sweeping import DEFAULT_INTERVAL, Sweeper
from engram_langgraph.tables import Tables
from engram_langgraph.writing import Writer

#: How often a batch is written before a deadlock is the caller's to handle.
ATTEMPTS = 4
#: What Postgres calls one.
DEADLOCK = "40P01"


class EngramStore(BaseStore):
    """A LangGraph store on the database of an engine, bound to the engine's tenant.

    ```python
    store = EngramStore(Engram(), index={"embed": "engram", "fields": ["text"]})
    store.put(("users", "ada"), "diet", {"text": "Ada is vegetarian"})
    store.search(("users", "ada"), query="What can Ada eat?")
    ```

    It serves callers with and without `await` from any thread and any event loop; called without `await` on the very
    loop that an `AsyncEngram` runs on, it raises `StoreError`. Tables are made at the first use. Embeddings are made
    where the caller is: `aput` awaits them on the caller's loop.

    In a batch, reads come before writes, and of several puts to one key the last one wins.

    Args:
        engram: The engine; it stays its owner's. It must have a database: not `memory://`.
        index: What is found by meaning. Without it, `search(query=…)` returns items as it does without a query.
        ttl: Times to live: `default_ttl` (minutes), `refresh_on_read`, `omit_expired`, `sweep_interval_minutes`.

    Raises:
        InvalidInputError: An argument cannot be used.
    """

    supports_ttl = True

    def __init__(
        self,
        engram: Engram | AsyncEngram,
        *,
        index: IndexConfig | EngramIndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        self._tables = Tables(engram)
        self._indexing = None if index is None else Indexing(index, self._tables.bridge)
        self.index_config = None if self._indexing is None else self._indexing.config
        self.embeddings = None if self._indexing is None else self._indexing.embeddings
        self.ttl_config = _checked_config(ttl)
        self._sweeper = Sweeper(self.sweep_ttl)
        self._joiner = Joiner(self._run)
        self._indexes = HnswIndexes()

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        index: IndexConfig | EngramIndexConfig | None = None,
        ttl: TTLConfig | None = None,
        tenant: str | None = None,
    ) -> Opening[EngramStore]:
        """Open a store on a Postgres, for `with` or `async with`; everything is closed with the block.

        Args:
            conn_string: Such as `postgresql://user:password@host:5432/name`.
            index: As for the class.
            ttl: As for the class.
            tenant: The account; None for the one that the settings name.
        """
        return Opening(conn_string, tenant, lambda engine: cls(engine, index=index, ttl=ttl))

    def setup(self) -> None:
        """Make the tables now. They are made at the first use in any case."""
        self._tables.call(_nothing)

    async def asetup(self) -> None:
        """Make the tables now. They are made at the first use in any case."""
        await self._tables.acall(_nothing)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several operations at once: reads first, then writes, which succeed or fail together.

        Raises:
            InvalidInputError: An operation cannot be done; nothing was.
            InvalidNamespaceError: Likewise.
        """
        batch = Batch.of(ops, self._indexing)
        if self._indexing is not None:
            batch.vectors = self._indexing.embed(batch.texts)
            batch.questions = {query: self._indexing.embed_query(query).get(query) for query in batch.queries}
        return self._tables.call(lambda database: self._done(database, batch))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several operations at once: reads first, then writes, which succeed or fail together.

        What callers ask for at the same moment is done in one go; a failure of one is not the others'.

        Raises:
            InvalidInputError: An operation cannot be done; nothing was.
            InvalidNamespaceError: Likewise.
        """
        return await self._joiner.run(Batch.of(ops, self._indexing))

    def sweep_ttl(self) -> int:
        """Remove the tenant's items that have expired; return how many."""
        return self._tables.call(self._sweep)

    async def asweep_ttl(self) -> int:
        """Remove the tenant's items that have expired; return how many."""
        return await self._tables.acall(self._sweep)

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Future[None]:
        """Sweep every so often in a thread of its own, until it is stopped. It does not block.

        Args:
            sweep_interval_minutes: Minutes between two sweeps; None for the configuration's, else 5.

        Returns:
            Done when the sweeper has ended; at once without a `ttl` configuration, which is what makes items expire.
        """
        if self.ttl_config is None:
            ended: Future[None] = Future()
            ended.set_result(None)
            return ended
        minutes = sweep_interval_minutes or self.ttl_config.get("sweep_interval_minutes") or DEFAULT_INTERVAL
        return self._sweeper.start(_checked_minutes("sweep_interval_minutes", minutes))

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stop sweeping and wait for a sweep under way.

        Args:
            timeout: Seconds to wait; None for as long as it takes.

        Returns:
            Whether it has ended.
        """
        return self._sweeper.stop(timeout)

    async def astart_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Future[None]:
        """Start the sweeper, as `start_ttl_sweeper` does."""
        return self.start_ttl_sweeper(sweep_interval_minutes)

    async def astop_ttl_sweeper(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - LangGraph's signature
        """Stop the sweeper, as `stop_ttl_sweeper` does; the loop goes on meanwhile."""
        return await asyncio.to_thread(self._sweeper.stop, timeout)

    async def settle(self) -> None:
        """Wait for the indexes under way; a search of a large namespace begins one, and does without meanwhile."""
        await self._tables.acall(lambda _: self._indexes.settle())

    def close(self) -> None:
        """Stop the sweeper, and the event loop that was started for callers without `await`, if there is one.

        The engine is its owner's and stays open, unless it ran there: an `AsyncEngram` that had no loop of its own yet.
        """
        self._sweeper.stop()
        self._tables.bridge.close()

    async def aclose(self) -> None:
        """Stop the sweeper, and the event loop of this store, as `close` does; the caller's loop goes on meanwhile."""
        await asyncio.to_thread(self.close)

    async def _run(self, batch: Batch) -> list[Result]:
        if self._indexing is not None:
            batch.vectors = await self._indexing.aembed(batch.texts)
            found = await asyncio.gather(*map(self._indexing.aembed_query, batch.queries))
            batch.questions = {query: vector.get(query) for query, vector in zip(batch.queries, found, strict=True)}
        return await self._tables.acall(lambda database: self._done(database, batch))

    async def _done(self, database: Database, batch: Batch) -> list[Result]:
        """Do a batch whose texts are embedded, on the engine's loop."""
        results: list[Result] = [None] * batch.size
        if batch.reads:
            omits_expired = bool(self.ttl_config and self.ttl_config.get("omit_expired"))
            reader = Reader(database, self._tables.tenant, self._indexing, self._indexes, omits_expired)
            answers = await reader.read([read for read, _ in batch.reads.values()], batch.questions)
            for (_, places), answer in zip(batch.reads.values(), answers, strict=True):
                results[places[0]] = answer
                for place in places[1:]:
                    results[place] = copied(answer)
        if batch.puts:
            await self._write(database, batch)
        return results

    async def _write(self, database: Database, batch: Batch) -> None:
        """Do the writes of a batch, again if others that lock in an order of their own were in its way."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with database.transaction() as connection:
                    await Writer(connection, self._tables.tenant, self._language).write(batch.puts, batch.vectors)
                return
            except StoreUnavailableError as exc:
                if attempt == ATTEMPTS or getattr(exc.__cause__, "sqlstate", None) != DEADLOCK:
                    raise

    @property
    def _language(self) -> str | None:
        return self._indexing.language if self._indexing is not None and self._indexing.hybrid else None

    async def _sweep(self, database: Database) -> int:
        async with database.transaction() as connection:
            return await Writer(connection, self._tables.tenant, None).sweep()


async def _nothing(_: Database) -> None:
    """Have the tables made."""


def _checked_config(ttl: Any) -> TTLConfig | None:
    if ttl is None:
        return None
    if not isinstance(ttl, dict):
        raise InvalidInputError("ttl", ttl, "a dict such as {'default_ttl': 60}, in minutes, or None")
    for name in ("default_ttl", "sweep_interval_minutes"):
        if ttl.get(name) is not None:
            _checked_minutes(name, ttl[name])
    return cast(TTLConfig, dict(ttl))


def _checked_minutes(name: str, minutes: object) -> float:
    is_number = isinstance(minutes, (int, float)) and not isinstance(minutes, bool)
    if not is_number or not 0 < minutes < math.inf:  # type: ignore[operator]
        raise InvalidInputError(f"ttl['{name}']", minutes, "minutes, more than 0")
    return float(min(minutes, LONGEST))  # type: ignore[call-overload]
