"""A real Postgres for the tests of SQL, and a schema of its own for each test."""

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory, Space
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import ConfigError
from engram_core.ports import Turn
from engram_core.stores.postgres import Database, PostgresStore

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
ADA = Scope("acme", user_id="ada")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """An embedded server that runs until the end."""
    from engram_core.stores.postgres.embedded import EmbeddedServer

    folder = tmp_path_factory.mktemp("sql")
    try:
        running = EmbeddedServer(folder)
        running.acquire()
    except ConfigError as exc:
        if os.environ.get("ENGRAM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(str(exc))
    yield lambda: EmbeddedServer(folder)
    running.release()


@pytest.fixture
async def new_database(server: Callable[[], object]) -> AsyncIterator[Callable[..., Database]]:
    """Make databases on one schema of its own; closed after the test."""
    schema = f"test_{uuid.uuid4().hex}"
    made: list[Database] = []

    def make(**options: object) -> Database:
        made.append(Database(server=server(), **{"schema": schema, "pool_size": 4, **options}))
        return made[-1]

    yield make
    for database in made:
        await database.close()


@pytest.fixture
async def database(new_database: Callable[..., Database]) -> Database:
    database = new_database()
    await database.open()
    return database


class Bench:
    """Opens stores on one schema and fills them."""

    def __init__(self, new_database: Callable[..., Database], dimension: int = 16) -> None:
        self.space = Space("test", dimension)
        self.new_database = new_database
        self.random = np.random.default_rng(7)
        self.stores: list[PostgresStore] = []

    async def open(self, *, pool_size: int = 4, **options: object) -> PostgresStore:
        store = PostgresStore(self.new_database(pool_size=pool_size), **options)
        self.stores.append(store)
        await store.open(self.space)
        return store

    def vectors(self, count: int) -> np.ndarray:
        vectors = self.random.standard_normal((count, self.space.dimension)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def turn(self, text: str, scope: Scope = ADA, *, minutes: float = 0, **fields: object) -> Memory:
        at = NOW + timedelta(minutes=minutes)
        fields = {"kind": "turn", "role": "user", "valid_from": at, "recorded_at": at, **fields}
        return Memory(id=new_id(), scope=scope, text=text, **fields)

    async def fill(self, store: PostgresStore, memories: list[Memory]) -> dict[str, np.ndarray]:
        recorded = await store.record([Turn(memory, None) for memory in memories])
        vectors = dict(zip((m.id for m in memories), self.vectors(len(memories)), strict=True))
        await store.embedded(vectors, recorded.unembedded, recorded.job)
        return vectors

    def selection(self, scope: Scope = ADA, **fields: object) -> Selection:
        return Selection(scope, **{"now": NOW + timedelta(days=1), **fields})


@pytest.fixture
async def bench(new_database: Callable[..., Database]) -> AsyncIterator[Bench]:
    bench = Bench(new_database)
    yield bench
    for store in bench.stores:
        await store.close()
