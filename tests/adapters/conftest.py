"""What adapters' tests share: a data folder with a Postgres that runs until the last of them ends, and a saver."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engram_core import AsyncEngram, ConfigError, Engram
from engram_core.testing import FakeEmbedder


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A folder whose embedded server runs until the end; one that cannot run here is skipped, or fails in CI."""
    folder = Path(tempfile.mkdtemp(prefix="engram-adapters-"))
    keeper = Engram(data_dir=folder, embedder=FakeEmbedder())
    try:
        keeper.open()
    except ConfigError as exc:
        if os.environ.get("ENGRAM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(str(exc))
    yield folder
    keeper.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def searches(monkeypatch):
    """Every question that an engine is asked."""
    asked = []
    context = AsyncEngram.context

    async def counted(self, query, **kwargs):
        asked.append(query)
        return await context(self, query, **kwargs)

    monkeypatch.setattr(AsyncEngram, "context", counted)
    return asked


@pytest.fixture(scope="module")
def engine(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def tenant(engine):
    """An engine bound to a tenant of this test's own."""
    return engine.for_tenant(uuid.uuid4().hex)


@pytest.fixture
def store(tenant):
    from engram_langgraph import EngramStore

    return EngramStore(tenant)


@pytest.fixture(scope="session")
def bench_saver():
    """The class of a LangGraph saver that checkpoints are added to by hand, and that counts its rows."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.base.id import uuid6

    from engram_langgraph import EngramSaver

    class BenchSaver(EngramSaver):
        tables = ("langgraph_checkpoints", "langgraph_blobs", "langgraph_writes")

        def add(self, parent, values, versions=None, *, name="t", ns="", new=None, id=None, **metadata):
            """Store a checkpoint after `parent`; each value is new unless `new` says which are."""
            checkpoint = empty_checkpoint()
            versions = dict.fromkeys(values, "1") if versions is None else versions
            step = metadata.setdefault("step", 0)
            checkpoint.update(id=id or str(uuid6(clock_seq=step)), channel_values=values, channel_versions=versions)
            place = {"thread_id": name, "checkpoint_ns": ns}
            if parent is not None:
                place["checkpoint_id"] = parent["configurable"]["checkpoint_id"]
            new_versions = {channel: versions[channel] for channel in (values if new is None else new)}
            metadata = {"source": "loop", "parents": {}, **metadata}
            return self.put({"configurable": place}, checkpoint, metadata, new_versions)

        def rows(self, name="t"):
            """How many rows of each table a thread has."""

            async def count(database):
                async with database.connection() as connection:
                    sql = "SELECT count(*) FROM {} WHERE tenant = $1 AND thread_id = $2"
                    tenant = self._tables.tenant
                    return [await connection.fetchval(sql.format(table), tenant, name) for table in self.tables]

            return self._tables.call(count)

        def ids(self, name="t", **options):
            """The ids of a thread's checkpoints, as a listing has them."""
            thread = {"configurable": {"thread_id": name, "checkpoint_ns": ""}}
            return [found.checkpoint["id"] for found in self.list(thread, **options)]

    return BenchSaver
