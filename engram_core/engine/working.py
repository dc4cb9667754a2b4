"""Verbs about work that is done later, and what models were used for."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from engram_core.domain.checks import check_flag, check_limit
from engram_core.domain.ids import check_id
from engram_core.domain.results import DeadLetter, Queue, Usage
from engram_core.engine.base import EngineBase
from engram_core.engine.learning import Worker
from engram_core.errors import InvalidInputError

_LETTERS = 1000


class Working(EngineBase):
    """`work`, `queue`, `dead_letters`, `replay` and `usage`."""

    async def work(
        self, *, until_idle: bool = False, stop: threading.Event | None = None, concurrency: int = 4
    ) -> None:
        """Learn what was deferred, of every tenant of the store: what `engram worker` runs.

        Any number of workers may run, in any number of processes; every turn is learned from once, those of one user
        in order. A model that is away is waited for; answers that cannot be used end as dead letters.

        Args:
            until_idle: Return when nothing is due.
            stop: A `threading.Event`: set it from anywhere, and this returns when what is under way is finished.
            concurrency: Lessons at once, 1 to 100.

        Raises:
            StoreError: The store failed. One that cannot be reached is waited for, unless `until_idle`.
        """
        check_limit("concurrency", concurrency, most=100)
        check_flag("until_idle", until_idle)
        stop = _check_stop(stop)
        backend = await self._backend.opened()
        await Worker(backend.lessons, stop, concurrency=concurrency).run(until_idle=until_idle)

    async def queue(self) -> Queue:
        """Count the tenant's turns that wait to be learned from."""
        backend = await self._backend.opened()
        return await backend.store.queue(self._tenant)

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """List the tenant's lessons that were given up, oldest first; `limit` is 1 to 1,000."""
        check_limit("limit", limit, most=_LETTERS)
        backend = await self._backend.opened()
        return await backend.store.dead_lessons(self._tenant, limit)

    async def replay(self, ids: Sequence[str] | None = None) -> int:
        """Make dead letters due again, these or all of the tenant's; return how many."""
        if isinstance(ids, str) or not (ids is None or isinstance(ids, Sequence)):
            raise InvalidInputError("ids", ids, "a list of ids of dead letters, or None for all")
        wanted = None if ids is None else [check_id("ids", id, "a dead letter") for id in ids]
        backend = await self._backend.opened()
        return await backend.store.replay(self._tenant, wanted)

    async def usage(self) -> Usage:
        """Tell what the language model was used for since the engine was made: calls, tokens, cost."""
        return (await self._backend.built()).meter.snapshot()


def _check_stop(stop: object) -> threading.Event:
    if stop is None:
        return threading.Event()
    if not isinstance(stop, threading.Event):
        raise InvalidInputError("stop", stop, "a threading.Event or None")
    return stop
