"""One engine for callers with and without `await`: what adapters to frameworks stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from engram_core.errors import ConfigError, InvalidInputError, StoreError
from engram_core.factory import AsyncEngram
from engram_core.sync import Engram, OwnLoop

if TYPE_CHECKING:
    from engram_core.stores.postgres import Database

T = TypeVar("T")


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

    @property
    def engine(self) -> AsyncEngram:
        """The engine, for use on its own loop: what `call` and `acall` hand to the work."""
        return self._given._engine if isinstance(self._given, Engram) else self._given

    @property
    def tenant(self) -> str:
        """The account that the engine is bound to."""
        return self._given.tenant

    def call(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work and wait for it.

        Raises:
            StoreError: It was called on the very loop that would have to do the work, or that loop is gone.
        """
        home = self._home() or self._started()
        if home is _running():
            raise StoreError(
                "called without await on the event loop that the engine runs on, which cannot wait for itself: use the "
                "async method, or make the adapter from an Engram, which has a loop of its own"
            )
        return self._submitted(work, home).result()

    async def acall(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work, whichever loop the caller runs on. Cancelling the caller cancels the work.

        Raises:
            StoreError: The engine's loop is gone.
        """
        home = self._home()
        if home is None or home is asyncio.get_running_loop():
            return await work(self.engine)
        return await asyncio.wrap_future(self._submitted(work, home))

    async def database(self) -> Database:
        """Return the engine's database, opened, for a package that keeps tables of its own in it.

        It is used on the engine's loop, inside of work. `Database.migrate` runs the package's migrations.

        Raises:
            ConfigError: The engine keeps its memories in this process (`memory://`).
        """
        from engram_core.stores.postgres import PostgresStore

        store = (await self.engine._backend.opened()).store
        if not isinstance(store, PostgresStore):
            raise ConfigError("database_url: memory:// has no tables; accepted: a PostgreSQL, or none for embedded")
        return store.database

    def close(self) -> None:
        """End the loop that the bridge started, if it had to. The engine stays open, unless it ran there."""
        own, self._own = self._own, None
        if own is not None and not own.is_lost:
            own.portal().call(self.engine.close)
            own.stop()

    def _home(self) -> asyncio.AbstractEventLoop | None:
        if isinstance(self._given, Engram):
            return self._given._loop.loop()
        return self._given._backend.loop

    def _started(self) -> asyncio.AbstractEventLoop:
        """Start a loop for an `AsyncEngram` that belongs to none yet."""
        self._own = self._own or OwnLoop()
        return self._own.loop()

    def _submitted(
        self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]], home: asyncio.AbstractEventLoop
    ) -> Future[T]:
        if not home.is_running():
            raise StoreError("the event loop that this engine belongs to has ended: make a new engine")
        return asyncio.run_coroutine_threadsafe(work(self.engine), home)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
