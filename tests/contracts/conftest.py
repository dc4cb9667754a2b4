"""Backends for the contract suites, and what the suites are made of.

A backend is one entry of `BACKENDS`: a context manager that yields a maker of unopened stores, all of which share the
same, empty data. One that cannot run here is skipped with its reason; with ENGRAM_REQUIRE_SERVICES=1 it fails.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engram_core.domain.change import Change, Op
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory, Space
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import ConfigError
from engram_core.ports import MemoryStore, Turn, View
from engram_core.stores.inmemory import InMemoryStore

Maker = Callable[..., MemoryStore]


@contextmanager
def _inmemory(_: Path) -> Iterator[Maker]:
    stores: list[MemoryStore] = []

    def make(**options: float) -> MemoryStore:
        if stores:
            pytest.skip("a store in memory has one user")
        stores.append(InMemoryStore(**options))
        return stores[0]

    yield make


def _postgres(version: int) -> Callable[[Path], Iterator[Maker]]:
    @contextmanager
    def backend(folder: Path) -> Iterator[Maker]:
        from engram_core.stores.postgres import Database, PostgresStore
        from engram_core.stores.postgres.embedded import EmbeddedServer

        schema = f"test_{uuid.uuid4().hex}"

        def make(**options: float) -> MemoryStore:
            server = EmbeddedServer(folder, version=version)
            return PostgresStore(Database(server=server, pool_size=4, schema=schema), **options)

        yield make

    return backend


BACKENDS = {"inmemory": _inmemory, "postgres-18": _postgres(18), "postgres-16": _postgres(16)}


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """The name of a backend and a folder of its own; a server on it runs until the end."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    if name == "inmemory":
        yield name, folder
        return
    from engram_core.stores.postgres.embedded import EmbeddedServer

    try:
        server = EmbeddedServer(folder, version=int(name.rpartition("-")[2]))
        server.acquire()
    except ConfigError as exc:
        if os.environ.get("ENGRAM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(str(exc))
    yield name, folder
    server.release()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def open_store(backend):
    """Make stores that share the same data; opened for `space` unless it is None, closed after the test."""
    name, folder = backend
    opened: list[MemoryStore] = []
    with BACKENDS[name](folder) as make:

        async def open_one(space: Space | None = Suite.space, **options: float) -> MemoryStore:
            store = make(**options)
            opened.append(store)
            if space is not None:
                await store.open(space)
            return store

        yield open_one
        for store in opened:
            await store.close()


@pytest.fixture
async def store(open_store) -> MemoryStore:
    return await open_store()


@dataclass
class Suite:
    """Makes memories, vectors and selections of one tenant, and reads views by id."""

    space = Space("test", 8)
    now = datetime(2024, 6, 1, 12, tzinfo=UTC)
    ada = Scope("acme", user_id="ada")

    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def memory(self, text: str = "I like tea", scope: Scope = ada, *, minutes: float = 0, **fields) -> Memory:
        """A turn, said and stored so many minutes after `now`."""
        at = self.now + timedelta(minutes=minutes)
        fields = {"kind": "turn", "valid_from": at, "recorded_at": at, **fields}
        if fields["kind"] == "turn":
            fields.setdefault("role", "user")
        return Memory(id=new_id(), scope=scope, text=text, **fields)

    def vector(self, dimension: int = 8) -> np.ndarray:
        vector = self.random.standard_normal(dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)

    def selection(self, scope: Scope = ada, **fields) -> Selection:
        return Selection(scope, **{"now": self.now + timedelta(days=1), **fields})

    def added(self, memory: Memory, **fields) -> Change:
        return Change(new_id(), Op.ADD, None, memory, "said so", "rules", memory.recorded_at, **fields)

    def updated(self, memory: Memory, text: str, *, minutes: float = 10) -> Change:
        at = self.now + timedelta(minutes=minutes)
        after = replace(memory, id=new_id(), text=text, valid_from=at, recorded_at=at, supersedes=memory.id)
        return Change(new_id(), Op.UPDATE, replace(memory, valid_to=at), after, "corrected", "user", at)

    def deleted(self, memory: Memory, *, minutes: float = 20) -> Change:
        at = self.now + timedelta(minutes=minutes)
        return Change(new_id(), Op.DELETE, replace(memory, retired_at=at), None, "forget it", "user", at)

    async def record(
        self, store: MemoryStore, *memories: Memory, vectors: bool = True, tokens: dict[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Store turns or others without keys, with random vectors; return these by id."""
        recorded = await store.record([Turn(memory, None) for memory in memories])
        by_id = {memory.id: self.vector() for memory in memories} if vectors else {}
        if vectors:
            await store.embedded(by_id, recorded.unembedded, recorded.job, tokens=tokens)
        return by_id

    def tokens(self, count: int, width: int = 4) -> np.ndarray:
        """Vectors of so many tokens."""
        return self.random.integers(-127, 128, (count, width)).astype(np.int8)

    async def ids(self, view: View, rows) -> list[str]:
        return [memory.id for memory in await view.hydrate(rows) if memory is not None]

    async def dense(self, store: MemoryStore, selection: Selection, query=None, limit: int = 10_000) -> list[str]:
        """Ids that the dense leg finds, best first."""
        view = await store.view(selection)
        leg = await view.dense(self.vector() if query is None else query, limit)
        return await self.ids(view, leg.rows)

    async def lexical(self, store: MemoryStore, selection: Selection, query: str, limit: int = 10_000) -> list[str]:
        """Ids that the lexical leg finds, best first."""
        view = await store.view(selection)
        return await self.ids(view, (await view.lexical(query, limit)).rows)

    async def listed(self, store: MemoryStore, selection: Selection) -> list[Memory]:
        """All that a listing returns, page by page."""
        found, cursor = [], None
        while True:
            page = await store.listing(selection, limit=7, after=cursor)
            found += page.items
            assert len({memory.id for memory in found}) == len(found), "a page came twice"
            if (cursor := page.cursor) is None:
                return found


@pytest.fixture
def suite() -> Suite:
    return Suite()
