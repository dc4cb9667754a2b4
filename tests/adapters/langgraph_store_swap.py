"""A pytest plugin: LangGraph's own store tests, with `EngramStore` in the place of the stores they are written for.

It is loaded by name (`-p langgraph_store_swap`) into a run of its own over an unpacked source distribution, with the
data folder of an embedded server in STORE_SWAP_DATA.
"""

import os
import sys
import types
import uuid
from contextlib import asynccontextmanager, contextmanager
from unittest import mock

import pytest

from engram_core import AsyncEngram, Engram
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramStore

OPTIONS = {"data_dir": os.environ["STORE_SWAP_DATA"], "embedder": FakeEmbedder()}

#: Tests of how another store is made, which no other can pass, and why.
OF_ANOTHER = {
    "test_nonnull_migrations": "reads the other store's list of migrations",
    "test_escape_glob_literal": "calls a private function of SqliteStore",
    "test_escape_like_literal": "calls a private function of PostgresStore",
    "test_vector_store_initialization": "looks for SQLite's tables",
    "test_namespace_match_pattern": "calls a private function of the other store",
    "test_list_namespaces_prefix_uses_indexable_condition": "reads the SQL that SqliteStore makes",
    "test_abatch_uses_single_pool_checkout": "counts calls of a private function of AsyncPostgresStore",
    "test_no_running_loop": "wants asyncio.InvalidStateError of the batching base class; EngramStore raises StoreError",
}


def fresh():
    return f"swap-{uuid.uuid4().hex}"


ENGINE = Engram(**OPTIONS)


def told(index):
    """SqliteStore says `text_fields` for LangGraph's `fields`."""
    if index is not None and "text_fields" in index:
        index = {**index, "fields": index["text_fields"]}
    return index


class Swapped(EngramStore):
    """In the place of a store that is used without `await`."""

    MIGRATIONS = ()

    def __init__(self, engine=None, *, index=None, ttl=None):
        super().__init__(engine or ENGINE.for_tenant(fresh()), index=index, ttl=ttl)

    @classmethod
    @contextmanager
    def from_conn_string(cls, conn_string, *, index=None, ttl=None, **_):
        store = cls(ENGINE.for_tenant(conn_string if "test_" in conn_string else fresh()), index=told(index), ttl=ttl)
        yield store
        store.close()

    @contextmanager
    def _cursor(self):
        def execute(statement, values=()):
            if "SET updated_at" in statement:  # any other drops a table that is not ours
                self._tables.call(sql(self, WRITTEN, f"{values[1]}.", values[2], values[0]))

        yield mock.Mock(execute=execute)


def sqlite(swapped):
    """SqliteStore refreshes at reads only where it is told to; LangGraph's default is to do so."""

    class Lazy(swapped):
        def __init__(self, *args, ttl=None, **kwargs):
            super().__init__(*args, ttl=ttl and {"refresh_on_read": False, **ttl}, **kwargs)

    return Lazy


class AsyncSwapped(EngramStore):
    """In the place of a store that is used with `await`: what differs in name only is named as there."""

    MIGRATIONS = ()
    setup = EngramStore.asetup
    sweep_ttl = EngramStore.asweep_ttl
    stop_ttl_sweeper = EngramStore.astop_ttl_sweeper

    def __init__(self, engine, *, index=None, ttl=None):
        super().__init__(engine, index=index, ttl=ttl)
        self._sweeper._sweep = lambda: EngramStore.sweep_ttl(self)

    @classmethod
    @asynccontextmanager
    async def from_conn_string(cls, conn_string, *, index=None, ttl=None, **_):
        tenant = conn_string if "test_" in conn_string else fresh()
        async with AsyncEngram(**OPTIONS, tenant=tenant) as engine:
            store = cls(engine, index=told(index), ttl=ttl)
            yield store
            await store.aclose()

    async def start_ttl_sweeper(self):
        return EngramStore.start_ttl_sweeper(self)

    @asynccontextmanager
    async def _cursor(self):
        async def execute(statement, values=()):
            if "SET updated_at" in statement:
                await self._tables.acall(sql(self, WRITTEN, f"{values[1]}.", values[2], values[0]))

        yield mock.Mock(execute=execute)


class NoServer:
    """In the place of psycopg's connections, by which databases are made and dropped that nobody needs here."""

    @staticmethod
    @contextmanager
    def connect(*_, **__):
        yield mock.Mock()


class NoAsyncServer:
    @staticmethod
    async def connect(*_, **__):
        connection = mock.AsyncMock()
        connection.__aenter__.return_value = connection
        return connection


def sql(store, statement, *values):
    async def done(database):
        async with database.connection() as connection:
            return await connection.fetchrow(statement, store._tables.tenant, *values)

    return done


EXPIRE = """UPDATE store_items SET expires_at = now() - interval '1 minute'
WHERE tenant = $1 AND namespace = $2 AND key = $3 RETURNING key"""
WRITTEN = """UPDATE store_items SET updated_at = now() - $4 * interval '1 second'
WHERE tenant = $1 AND namespace = $2 AND key = $3 RETURNING key"""
EXISTS = "SELECT count(*) AS n FROM store_items WHERE tenant = $1 AND namespace = $2 AND key = $3"
EXPIRES = "SELECT expires_at FROM store_items WHERE tenant = $1 AND namespace = $2 AND key = $3"


def looked(statement, read=lambda row: row):
    """The tests' own looks into their tables, into ours."""

    def look(store, ns, key):
        return read(store._tables.call(sql(store, statement, "".join(f"{label}." for label in ns), key)))

    async def alook(store, ns, key):
        return read(await store._tables.acall(sql(store, statement, "".join(f"{label}." for label in ns), key)))

    return look, alook


expire, aexpire = looked(EXPIRE)
exists, aexists = looked(EXISTS, lambda row: row["n"] == 1)
expires, aexpires = looked(EXPIRES, lambda row: row["expires_at"])
PUT_IN_PLACE = {
    "Connection": NoServer,
    "AsyncConnection": NoAsyncServer,
    "_expire_now": expire,
    "_aexpire_now": aexpire,
    "_row_exists": exists,
    "_arow_exists": aexists,
    "_stored_expires_at": expires,
    "_astored_expires_at": aexpires,
    "InMemoryStore": Swapped,
    "SqliteStore": sqlite(Swapped),
    "PostgresStore": Swapped,
    "AsyncSqliteStore": sqlite(AsyncSwapped),
    "AsyncPostgresStore": AsyncSwapped,
}


class Mocker:
    """What the tests use of pytest-mock."""

    def __init__(self, stack):
        self._stack = stack
        self.stub = mock.MagicMock

    def spy(self, owner, name):
        original = getattr(owner, name)
        spied = mock.MagicMock(side_effect=original)

        def called(*args, **kwargs):
            return spied(*args, **kwargs)

        self._stack.setattr(owner, name, called)
        return spied


sys.modules.setdefault("pytest_mock", types.SimpleNamespace(MockerFixture=Mocker))


@pytest.fixture
def mocker(monkeypatch):
    return Mocker(monkeypatch)


def pytest_configure(config):
    config.addinivalue_line("markers", "flaky(retries): of a plugin that is not needed here")


def pytest_collection_modifyitems(items):
    modules = {item.module for item in items} | {module for name, module in sys.modules.items() if "conftest" in name}
    for module in modules:
        for name in PUT_IN_PLACE.keys() & vars(module).keys():
            setattr(module, name, PUT_IN_PLACE[name])
    for item in items:
        name = item.function.__name__
        is_another = name != "test_vector_store_initialization" or "SqliteStore" in vars(item.module)
        if is_another and (why := OF_ANOTHER.get(name)):
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_sessionfinish():
    ENGINE.close()
