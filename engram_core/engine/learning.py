"""Learning from stored turns: at once, or later by a worker."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence

from engram_core.domain.change import Change
from engram_core.errors import EngramError
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.pending import catch_up
from engram_core.ports import Embedder, Lesson, MemoryStore

logger = logging.getLogger(__name__)

#: Seconds that `add` waits for lessons of the same owner that somebody else is learning, before it leaves its own.
PATIENCE = 10.0
_LOOK_EVERY = 0.05


class Lessons:
    """Learns what the store's lessons say.

    Args:
        store: Open.
        embedder: For vectors that are still to come.
        learner: Learns one.
        patience: Seconds that `learn` waits for others.
    """

    def __init__(self, store: MemoryStore, embedder: Embedder, learner: Learner, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._embedder = embedder
        self._learner = learner
        self._patience = patience
        self._sweeping = False

    async def learn(self, jobs: Sequence[str]) -> tuple[list[Change], frozenset[str]]:
        """Learn these lessons, and those of their owners that come before them.

        Returns:
            What was decided, and the lessons that are still to be learned: a model failed, an earlier lesson is
            postponed, or somebody else holds one for too long.
        """
        changes: list[Change] = []
        for job in jobs:
            changes += await self._upto(job)
        return changes, await self._store.live_lessons(jobs) if jobs else frozenset()

    async def _upto(self, job: str) -> list[Change]:
        changes: list[Change] = []
        deadline = time.monotonic() + self._patience
        while (lesson := await self._claim(job)) is not None or await self._is_awaited(job, deadline):
            if lesson is None:
                await asyncio.sleep(_LOOK_EVERY)
                continue
            learned = await self._learn(lesson)
            changes += learned or ()
            if lesson.job == job:
                return changes
            if learned is None:
                break
        # Its lease is the caller's own, who is not about to learn it: nobody is to wait for that to end.
        await self._store.postpone_lesson(job, "lessons before it are still to be learned", 0.0)
        return changes

    async def _is_awaited(self, job: str, deadline: float) -> bool:
        """Tell whether a lesson will soon be the next: somebody is learning what comes before it."""
        if time.monotonic() > deadline or await self._store.is_put_off(job):
            return False
        return bool(await self._store.live_lessons([job]))

    async def _learn(self, lesson: Lesson) -> tuple[Change, ...] | None:
        """Learn a lesson and keep hold of it meanwhile: a model may take longer than the lease, a killed worker not."""
        holding = asyncio.create_task(self._hold(lesson))
        try:
            return await self._learner.learn(lesson)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

    async def _hold(self, lesson: Lesson) -> None:
        while True:
            await asyncio.sleep(lesson.lease / 3)
            try:
                await self._store.renew_lesson(lesson.job)
            except EngramError as exc:  # somebody else may learn it then; what is applied first counts
                logger.warning("the lease of a lesson was not renewed: %s", exc)

    async def _claim(self, upto: str | None = None) -> Lesson | None:
        """Claim a lesson; one that is claimed while this is cancelled is given back, not kept for its whole lease."""
        claim = asyncio.ensure_future(self._store.claim_lesson(upto))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            lesson = await claim
            if lesson is not None:
                await self._store.postpone_lesson(lesson.job, "interrupted", 0.0)
            raise

    async def work_off(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Do what is due, vectors and lessons, until nothing is or `stopping` says so; return how much was done."""
        done = await catch_up(self._store, self._embedder)
        while not stopping() and (lesson := await self._claim()) is not None:
            await self._try(lesson)
            done += 1
        return done

    @property
    def is_sweeping(self) -> bool:
        """Whether `sweep` is at it."""
        return self._sweeping

    async def sweep(self) -> None:
        """Do what is due; a worker that ends when nothing is waits for what this has in hand."""
        self._sweeping = True
        try:
            await self.work_off()
        finally:
            self._sweeping = False

    async def _try(self, lesson: Lesson) -> None:
        """Learn a lesson; one that fails and cannot even be given back comes again, and the others are gone on with."""
        try:
            await self._learn(lesson)
        except Exception as exc:
            if isinstance(exc, EngramError) and exc.retryable:
                raise
            logger.exception("a lesson was neither learned nor given back")


class Worker:
    """Does what is due: a plain asyncio worker on the store's job table.

    Any number of workers may run, in any number of processes. A lesson is learned once; lessons of one owner in order.

    Args:
        lessons: What it works off.
        stop: Set it, and what is under way is finished and nothing new begun.
        concurrency: Lessons at once, of different owners.
        look_every: Seconds between two looks when nothing is due.
    """

    def __init__(
        self, lessons: Lessons, stop: threading.Event, *, concurrency: int = 4, look_every: float = 0.5
    ) -> None:
        self._lessons = lessons
        self._stop = stop
        self._concurrency = concurrency
        self._look_every = look_every

    async def run(self, *, until_idle: bool = False) -> None:
        """Work until `stop` is set; with `until_idle` no longer than something is due.

        Raises:
            StoreError: The store failed. One that cannot be reached is waited for, unless this was to end anyway.
        """
        loops = [asyncio.create_task(self._work(until_idle)) for _ in range(self._concurrency)]
        try:
            await asyncio.gather(*loops)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _work(self, until_idle: bool) -> None:
        while not self._stop.is_set():
            done = 0
            try:
                done = await self._lessons.work_off(self._stop.is_set)
            except EngramError as exc:
                if until_idle or not exc.retryable:
                    raise
                logger.warning("the worker waits: %s", exc)
            if not done and until_idle and not self._lessons.is_sweeping:
                return
            if not done:
                await asyncio.sleep(_LOOK_EVERY if until_idle else self._look_every)
