"""One engine for callers with and without `await`: what adapters to frameworks stand on."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

from engram_core.errors import ConfigError, InvalidInputError, StoreError
from engram_core.factory import AsyncEngram
from engram_core.ports import Embedder
from engram_core.sync import Engram, OwnLoop

if TYPE_CHECKING:
    from engram_core.stores.postgres import Database

T = TypeVar("T")
_ENDED = "the engine was closed, or its event loop ended, before the work was done"


class Bridge:
    """Serves callers with and without `await`, from any thread and any event loop, with one engine.

    The work runs on the event loop that the engine belongs to: that of its thread for an `Engram`; for an
    `AsyncEngram`, the loop it was first used on, or one of the bridge's own when the first call comes without `await`.

    ```python
    bridge = Bridge(memory)                                              # Engram or AsyncEngram
    bridge.call(lambda engine: engine.search("What can Ada eat?", user_id="ada"))
    await bridge.acall(lambda engine: engine.search("What can Ada eat?", user_id="ada"))
    ```

    Args:
        engine: Stays its owner's: closing the bridge does not close it.

    Raises:
        InvalidInputError: It is no engine.
    """

    def __init__(self, engine: Engram | AsyncEngram) -> None:
        if not isinstance(engine, (Engram, AsyncEngram)):
            raise InvalidInputError("engine", engine, "an Engram or an AsyncEngram")
        self._given = engine
        self._own: OwnLoop | None = None
        self._starting = threading.Lock()
        self._process = os.getpid()

    @property
    def engine(self) -> AsyncEngram:
        """The engine, for use on its own loop: what `call` and `acall` hand to the work."""
        return self._given._engine if isinstance(self._given, Engram) else self._given

    @property
    def tenant(self) -> str:
        """The account that the engine is bound to."""
        return self._given.tenant

    def call(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work and wait for it. Ctrl-C ends the work too.

        Raises:
            StoreError: It was called on the very loop that would have to do the work, or that loop is gone.
        """
        home = self._home() or self._started()
        if home is _running():
            raise StoreError(
                "called without await on the event loop that the engine runs on, which cannot wait for itself: use the "
                "async method, or make the adapter from an Engram, which has a loop of its own"
            )
        future = self._submitted(work, home)
        try:
            return future.result()
        except CancelledError:
            raise StoreError(_ENDED) from None
        except BaseException:
            future.cancel()
            raise

    async def acall(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work, whichever loop the caller runs on. Cancelling the caller cancels the work.

        Raises:
            StoreError: The engine's loop is gone.
        """
        home = self._home() or self.engine._backend.claim()
        if home is asyncio.get_running_loop():
            return await work(self.engine)
        try:
            return await asyncio.wrap_future(self._submitted(work, home))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise StoreError(_ENDED) from None

    async def database(self) -> Database:
        """Return the engine's database, opened, for a package that keeps tables of its own in it.

        Memories are not opened by that: they may be of another embedding model. Closing the engine closes it.

        It is used on the engine's loop, inside of work. `Database.migrate` runs the package's migrations.

        Raises:
            ConfigError: The engine keeps its memories in this process (`memory://`).
        """
        from engram_core.stores.postgres import PostgresStore

        store = (await self.engine._backend.built()).store
        if not isinstance(store, PostgresStore):
            raise ConfigError("database_url: memory:// has no tables; accepted: a PostgreSQL, or none for embedded")
        return await store.connect()

    async def embedder(self) -> Embedder:
        """Return the engine's embedder, its owner's still, for use on the engine's loop."""
        return (await self.engine._backend.built()).embedder

    def close(self) -> None:
        """End the loop that the bridge started, if it had to. The engine stays open, unless it ran there.

        Raises:
            StoreError: It was called from work on that loop.
        """
        own = self._own
        if own is None or own.is_lost:
            return
        if own.loop() is _running():
            raise StoreError("a bridge cannot be closed from work on its own event loop")
        self._own = None
        own.portal().call(self.engine.close)
        own.stop()

    def _home(self) -> asyncio.AbstractEventLoop | None:
        if isinstance(self._given, Engram):
            return self._given._loop.loop()
        home = self._given._backend.loop
        if home is not None and os.getpid() != self._process:
            raise StoreError("this engine was opened before the process was forked: make a new one in the child")
        return home

    def _started(self) -> asyncio.AbstractEventLoop:
        """Start a loop for an `AsyncEngram` that belongs to none yet."""
        with self._starting:
            self._own = self._own or OwnLoop()
            return self._own.portal().call(self.engine._backend.claim)

    def _submitted(
        self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]], home: asyncio.AbstractEventLoop
    ) -> Future[T]:
        own = self._given._loop if isinstance(self._given, Engram) else self._own
        try:
            if own is not None and own.loop() is home:
                # A portal that ends takes no more work, and does what it took.
                return own.portal().start_task_soon(work, self.engine)
            if home.is_running():
                return asyncio.run_coroutine_threadsafe(work(self.engine), home)
        except RuntimeError as exc:  # it ended this very moment
            raise StoreError(_ENDED) from exc
        raise StoreError("the event loop that this engine belongs to has ended: make a new engine")


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
