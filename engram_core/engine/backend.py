"""What an engine runs on, opened at its first use."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engram_core.engine.learning import Lessons
from engram_core.engine.uses import UseLog
from engram_core.errors import EngramError, StoreError
from engram_core.ingest.learn.asking import Meter
from engram_core.ingest.upkeep.summaries import Summariser
from engram_core.ports import ChatModel, Embedder, MemoryStore, Proposer, Ranker, TokenCounter
from engram_core.retrieval.rankers import UNTRAINED

logger = logging.getLogger(__name__)

#: Seconds between two looks for work that was left undone.
SWEEP_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, and how many, memories are kept.

    Attributes:
        max_memories: Current memories of one user; 0: any number.
        ttl: How long memories last that name no end of their own; None: for ever.
    """

    max_memories: int = 10_000
    ttl: timedelta | None = None

    def expiry(self, given: datetime | None, now: datetime) -> datetime | None:
        """Return when what is written now expires: as the caller says, else by `ttl`."""
        return given if given is not None or self.ttl is None else now + self.ttl


@dataclass(frozen=True, slots=True)
class Backend:
    """What an engine runs on."""

    store: MemoryStore
    embedder: Embedder
    counter: TokenCounter
    lessons: Lessons
    meter: Meter
    uses: UseLog
    model: ChatModel | None = None
    summariser: Summariser | None = None
    limits: Limits = Limits()
    ranker: Ranker = UNTRAINED["sum"]
    proposers: tuple[Proposer, ...] = ()
    prompts_dir: Path | None = None

    async def close(self) -> None:
        """Close everything, the store last, whatever fails before it."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.store.close)
            stack.push_async_callback(self.embedder.close)
            if self.model is not None:
                stack.push_async_callback(self.model.close)
            stack.push_async_callback(self.uses.close)


class LazyBackend:
    """A backend that is built and opened at its first use, once, and shared by every tenant's engine.

    Args:
        build: Makes it; nothing is opened by that.
        sweep_every: Seconds between two looks for work that was left undone.
    """

    def __init__(self, build: Callable[[], Awaitable[Backend]], *, sweep_every: float = SWEEP_EVERY) -> None:
        self._build = build
        self._sweep_every = sweep_every
        self._lock = asyncio.Lock()
        self._built: Backend | None = None
        self._opened = False
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._claiming = threading.Lock()
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that it belongs to, from its first use on."""
        return self._loop

    def claim(self) -> asyncio.AbstractEventLoop:
        """Bind it to the loop that runs here, unless it belongs to one; return the one that it belongs to."""
        with self._claiming:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            return self._loop

    async def built(self) -> Backend:
        """Return the backend without opening the store."""
        self._check_loop()
        async with self._lock:
            return await self._get()

    async def opened(self) -> Backend:
        """Return the backend with its store open for the embedder's space.

        Raises:
            StoreError: It was opened on another event loop, or is closed.
        """
        self._check_loop()
        if self._opened and self._built is not None:
            return self._built
        async with self._lock:
            backend = await self._get()
            if not self._opened:
                await backend.store.open(await backend.embedder.space())
                self._opened = True
                self._start_sweeping(backend)
            return backend

    async def close(self) -> None:
        """Close everything. Closing twice is harmless."""
        self._check_loop()
        async with self._lock:
            self._closed, self._opened = True, False
            backend, self._built = self._built, None
            sweeping, self._sweeping = self._sweeping, None
            if sweeping is not None:
                sweeping.cancel()
                await asyncio.gather(sweeping, return_exceptions=True)
            if backend is not None:
                await backend.close()

    def _check_loop(self) -> None:
        """Connections and locks belong to the loop they were made on: on another, they fail in ways hard to read."""
        if self.claim() is not asyncio.get_running_loop() and not self._closed:
            raise StoreError(
                "this engine belongs to the event loop it was first used on: make one for each loop, "
                "or use Engram, which has a loop of its own"
            )

    async def _get(self) -> Backend:
        if self._closed:
            raise StoreError("this engine is closed; make a new one")
        if self._built is None:
            self._built = await self._build()
        return self._built

    def _start_sweeping(self, backend: Backend) -> None:
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep(backend))
            self._sweeping.add_done_callback(_log_end)

    async def _sweep(self, backend: Backend) -> None:
        """Do what failures, crashes and deferred adds left to do: at once, and for as long as the engine is open."""
        while True:
            try:
                await backend.lessons.sweep()
            except EngramError as exc:
                logger.warning("work that is still to be done was not done: %s", exc)
            except Exception:
                logger.exception("work that is still to be done was not done")
            await asyncio.sleep(self._sweep_every)


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("work that was left undone is not looked for any more", exc_info=error)
