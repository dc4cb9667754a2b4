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
        self._writing: asyncio.Task[None] | None = None

    def note(self, tenant: str, hits: Iterable[Hit]) -> None:
        """Count one access of each memory."""
        ids = [hit.memory.id for hit in hits]
        if not ids:
            return
        self._counts.setdefault(tenant, Counter()).update(ids)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def flush(self) -> None:
        """Write what was gathered; what cannot be written is given up."""
        counts, self._counts = self._counts, {}
        for tenant, accesses in counts.items():
            try:
                await self._store.used(tenant, accesses, datetime.now(UTC))
            except EngramError as exc:
                logger.warning("%d accesses were not counted: %s", accesses.total(), exc)

    async def close(self) -> None:
        """Write what is left."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self.flush()

    async def _write_later(self) -> None:
        await asyncio.sleep(self._gathered)
        await self.flush()
