"""What an engine runs on, opened at its first use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engram_core.errors import EngramError, StoreUnavailableError
from engram_core.ingest.pending import catch_up
from engram_core.ports import Embedder, MemoryStore, TokenCounter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backend:
    """What an engine runs on."""

    store: MemoryStore
    embedder: Embedder
    counter: TokenCounter


class LazyBackend:
    """A backend that is built and opened at its first use, once, and shared by every tenant's engine."""

    def __init__(self, build: Callable[[], Awaitable[Backend]]) -> None:
        self._build = build
        self._lock = asyncio.Lock()
        self._built: Backend | None = None
        self._opened = False
        self._closed = False
        self._catching_up: asyncio.Task[int] | None = None

    async def built(self) -> Backend:
        """Return the backend without opening the store."""
        async with self._lock:
            return await self._get()

    async def opened(self) -> Backend:
        """Return the backend with its store open for the embedder's space."""
        if self._opened and self._built is not None:
            return self._built
        async with self._lock:
            backend = await self._get()
            if not self._opened:
                await backend.store.open(await backend.embedder.space())
                self._opened = True
                self.catch_up()
            return backend

    def catch_up(self) -> None:
        """Embed in the background what earlier failures or crashes left without a vector."""
        if self._built is not None and (self._catching_up is None or self._catching_up.done()):
            task = asyncio.ensure_future(catch_up(self._built.store, self._built.embedder))
            task.add_done_callback(_log_failure)
            self._catching_up = task

    async def close(self) -> None:
        """Close everything. Closing twice is harmless."""
        async with self._lock:
            self._closed, self._opened = True, False
            backend, self._built = self._built, None
            if self._catching_up is not None:
                self._catching_up.cancel()
                await asyncio.gather(self._catching_up, return_exceptions=True)
            if backend is not None:
                await backend.embedder.close()
                await backend.store.close()

    async def _get(self) -> Backend:
        if self._closed:
            raise StoreUnavailableError("this engine is closed; make a new one")
        if self._built is None:
            self._built = await self._build()
        return self._built


def _log_failure(task: asyncio.Task[int]) -> None:
    if not task.cancelled() and isinstance(error := task.exception(), EngramError):
        logger.warning("vectors that are still to come were not made: %s", error)
