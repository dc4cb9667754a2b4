"""Counting what searches find, without making them wait."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from engram_core.domain.results import Hit
from engram_core.errors import EngramError
from engram_core.ports import MemoryStore

logger = logging.getLogger(__name__)

#: Seconds that counts are gathered before they are written.
GATHERED = 5.0


class UseLog:
    """Gathers accesses and writes them together: a statistic, of which a killed process loses the last seconds.

    Args:
        store: Open when the first is noted.
        gathered: Seconds between the first that is noted and the writing.
    """

    def __init__(self, store: MemoryStore, *, gathered: float = GATHERED) -> None:
        self._store = store
        self._gathered = gathered
        self._counts: dict[str, Counter[str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, tenant: str, hits: Iterable[Hit]) -> None:
        """Count one access of each memory."""
        ids = [hit.memory.id for hit in hits]
        if not ids:
            return
        self._counts.setdefault(tenant, Counter()).update(ids)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gathered, self._begin)

    async def flush(self) -> None:
        """Write what was gathered, and wait for what is being written; what cannot be written is given up."""
        self._begin()
        # Whoever waits may be cancelled. What is taken out of the counts is written all the same, once.
        await asyncio.shield(asyncio.gather(*self._writing))

    async def close(self) -> None:
        """Write what is left."""
        await self.flush()

    def _begin(self) -> None:
        """Begin to write what was gathered, in a task of its own."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._counts:
            counts, self._counts = self._counts, {}
            writing = asyncio.create_task(self._write(counts))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def _write(self, counts: dict[str, Counter[str]]) -> None:
        for tenant, accesses in counts.items():
            try:
                await self._store.used(tenant, accesses, datetime.now(UTC))
            except EngramError as exc:
                logger.warning("%d accesses were not counted: %s", accesses.total(), exc)
