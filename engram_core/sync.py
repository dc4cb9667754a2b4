"""The same verbs without `await`: a façade over `AsyncEngram` through one anyio portal, without logic of its own."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal
from pydantic import BaseModel

from engram_core.config import Settings
from engram_core.errors import StoreError
from engram_core.factory import AsyncEngram
from engram_core.ports import ChatModel, Embedder, Ranker

P = ParamSpec("P")
T = TypeVar("T")


class OwnLoop:
    """An event loop in a daemon thread, started at the first call.

    The thread is a daemon so that a program that never closes its engine still ends; nothing acknowledged is lost by
    that, and the embedded server stops when its last user is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process = 0

    @property
    def is_lost(self) -> bool:
        """Whether it runs in the process that this one was forked from."""
        return self._portal is not None and self._process != os.getpid()

    def portal(self) -> BlockingPortal:
        """Return the way in, started if need be."""
        with self._lock:
            if self.is_lost:
                raise StoreError("this engine was opened before the process was forked: make a new one in the child")
            if self._portal is None:
                self._process = os.getpid()
                ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]] = Future()
                self._thread = threading.Thread(target=anyio.run, args=(_serve, ready), name="engram", daemon=True)
                self._thread.start()
                self._portal, self._loop = ready.result()
            return self._portal

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop, running."""
        self.portal()
        assert self._loop is not None
        return self._loop

    def stop(self) -> None:
        """End the loop and its thread."""
        with self._lock:
            portal, self._portal = self._portal, None
            if portal is not None and self._thread is not None:
                portal.call(portal.stop)
                self._thread.join()


async def _serve(ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]]) -> None:
    async with BlockingPortal() as portal:
        ready.set_result((portal, asyncio.get_running_loop()))
        await portal.sleep_until_stopped()


def _twin(
    verb: Callable[Concatenate[AsyncEngram, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Engram, P], T]:
    """Make the blocking twin of a verb, with its signature and its documentation."""

    @functools.wraps(verb)
    def call(self: Engram, /, *args: P.args, **kwargs: P.kwargs) -> T:
        running: Future[T]
        running = self._loop.portal().start_task_soon(functools.partial(verb, self._engine, *args, **kwargs))
        try:
            return running.result()
        except BaseException:
            running.cancel()  # Ctrl-C ends the work, not only the waiting for it
            raise

    return call


def _twin_iterator(
    verb: Callable[Concatenate[AsyncEngram, P], AsyncIterator[T]],
) -> Callable[Concatenate[Engram, P], Iterator[T]]:
    """Make the blocking twin of a verb that yields."""

    @functools.wraps(verb)
    def iterate(self: Engram, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        portal = self._loop.portal()
        source = verb(self._engine, *args, **kwargs)
        while True:
            try:
                item: T = portal.call(source.__anext__)
            except StopAsyncIteration:
                return
            yield item

    return iterate


class Engram:
    """Long-term memory for AI agents. It opens at its first use.

    ```python
    memory = Engram()
    memory.add("I am vegetarian and avoid dairy", user_id="ada")
    for hit in memory.search("What can Ada eat?", user_id="ada"):
        print(hit.score, hit.memory.text)
    ```

    The verbs are those of `AsyncEngram`, without `await`; it may be used from several threads at once. A forked
    child makes an engine of its own.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
        graph_url: str | None = None,
        llm: str | ChatModel | None = None,
        embedder: str | Embedder | None = None,
        ranker: str | Ranker | None = None,
        custom_instructions: str | None = None,
        memory_schema: type[BaseModel] | None = None,
        tenant: str | None = None,
    ) -> None:
        """Bind the engine to its settings, as `AsyncEngram` does; nothing is opened yet."""
        self._engine = AsyncEngram(
            settings,
            data_dir=data_dir,
            database_url=database_url,
            graph_url=graph_url,
            llm=llm,
            embedder=embedder,
            ranker=ranker,
            custom_instructions=custom_instructions,
            memory_schema=memory_schema,
            tenant=tenant,
        )
        self._loop = OwnLoop()
        self._owns_loop = True

    @property
    def tenant(self) -> str:
        """The account that every verb is bound to."""
        return self._engine.tenant

    @property
    def settings(self) -> Settings:
        """What the engine was made from."""
        return self._engine.settings

    def for_tenant(self, tenant: str) -> Engram:
        """Return the same engine, on the same connections, bound to another tenant. Closing it closes nothing."""
        other = object.__new__(type(self))
        other._engine = self._engine.for_tenant(tenant)
        other._loop = self._loop
        other._owns_loop = False
        return other

    def open(self) -> Self:
        """Open now what would open at the first use."""
        self._loop.portal().call(self._engine.open)
        return self

    def close(self) -> None:
        """Give back everything that is held. Closing twice is harmless; afterwards the engine is of no use."""
        if self._owns_loop and not self._loop.is_lost:  # a forked child holds nothing
            try:
                self._loop.portal().call(self._engine.close)
            finally:
                self._loop.stop()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    add = _twin(AsyncEngram.add)
    add_many = _twin(AsyncEngram.add_many)
    search = _twin(AsyncEngram.search)
    context = _twin(AsyncEngram.context)
    process_turn = _twin(AsyncEngram.process_turn)
    feedback = _twin(AsyncEngram.feedback)
    tune_ranker = _twin(AsyncEngram.tune_ranker)
    train_ranker = _twin(AsyncEngram.train_ranker)
    get = _twin(AsyncEngram.get)
    get_all = _twin(AsyncEngram.get_all)
    update = _twin(AsyncEngram.update)
    delete = _twin(AsyncEngram.delete)
    delete_all = _twin(AsyncEngram.delete_all)
    history = _twin(AsyncEngram.history)
    undo = _twin(AsyncEngram.undo)
    consolidate = _twin(AsyncEngram.consolidate)
    expire = _twin(AsyncEngram.expire)
    queue = _twin(AsyncEngram.queue)
    dead_letters = _twin(AsyncEngram.dead_letters)
    replay = _twin(AsyncEngram.replay)
    work = _twin(AsyncEngram.work)
    usage = _twin(AsyncEngram.usage)
    erase = _twin(AsyncEngram.erase)
    export = _twin_iterator(AsyncEngram.export)
    import_ = _twin(AsyncEngram.import_)
    reembed = _twin(AsyncEngram.reembed)
