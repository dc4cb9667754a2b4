"""One Postgres, one pool, the tables of several packages."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote

import anyio
import anyio.to_thread
import asyncpg
from asyncpg.exceptions._base import ClientConfigurationError
from pgvector.asyncpg import register_vector

from engram_core.errors import ConfigError, StoreError
from engram_core.stores.postgres.failures import UNAVAILABLE, translated
from engram_core.stores.postgres.migrate import Migration, apply_migrations
from engram_core.stores.postgres.queries import load_queries

SQL = load_queries("database")
LEAST_POSTGRES = 160000
LEAST_PGVECTOR = (0, 7)
CONNECT_TIMEOUT = 30.0
_SESSION = {
    "application_name": "engram",
    "synchronous_commit": "on",
    # Owners differ by orders of magnitude, and a plan made while a table was empty would be kept: plan for each call.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "timezone": "UTC",
}

#: What statements run on.
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class Address(Protocol):
    """Where a server listens."""

    @property
    def host(self) -> str:
        """A host name, or the folder of a Unix socket."""

    @property
    def port(self) -> int: ...  # noqa: D102
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def password(self) -> str | None: ...  # noqa: D102
    @property
    def database(self) -> str: ...  # noqa: D102


class Server(Protocol):
    """A server that is started for us; its methods block."""

    def acquire(self) -> Address:
        """Start it, or join its other users."""

    def release(self) -> None:
        """Leave it; the last user stops it."""

    def ensure_running(self) -> Address:
        """Start it again if it died; it may have moved."""


class Database:
    """A pool of connections to one schema of one database.

    Args:
        url: Such as `postgresql://user:password@host:5432/name`.
        server: Instead of a URL, a server to be started and stopped with this object.
        pool_size: Connections at most.
        schema: The schema that the tables live in; created when it is missing.

    Raises:
        ConfigError: Neither a URL nor a server is given, or both are.
    """

    def __init__(
        self, url: str | None = None, *, server: Server | None = None, pool_size: int = 8, schema: str = "engram"
    ) -> None:
        if (url is None) == (server is None):
            raise ConfigError("a database needs either a URL or a server")
        self._url = url
        self._server = server
        self._address: Address | None = None
        self._pool_size = pool_size
        self._schema = schema
        self._pool: asyncpg.Pool | None = None
        self._lock = anyio.Lock()
        #: Version of pgvector, known once open.
        self.pgvector: tuple[int, ...] = ()
        #: Version of the server as a number such as 180004, known once open.
        self.server_version = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a pool."""
        return self._pool is not None

    @property
    def url(self) -> str:
        """How another client reaches it, its password included; of a server of our own, once open.

        Raises:
            StoreError: It is not open.
        """
        if self._url is not None:
            return self._url
        at = self._address
        if at is None:
            raise StoreError("the database is not open")
        password = f":{quote(at.password, safe='')}" if at.password else ""
        where = f"{quote(at.user, safe='')}{password}@/{quote(at.database, safe='')}"
        return f"postgresql://{where}?host={quote(at.host, safe='')}&port={at.port}"

    async def open(self) -> None:
        """Connect, check the server and make ready. Opening twice is harmless.

        Raises:
            ConfigError: The server is too old or is not encoded in UTF-8, or the URL cannot be read.
            StoreUnavailableError: The server cannot be reached.
        """
        async with self._lock:
            if self._pool is None:
                self._address = None if self._server is None else await _blocking(self._server.acquire)
                try:
                    self._pool = await self._connect()
                except BaseException:
                    await self._release()
                    raise

    async def close(self) -> None:
        """Close the pool and leave the server. Closing twice is harmless."""
        async with self._lock:
            pool, self._pool = self._pool, None
            if pool is None:
                return
            with anyio.CancelScope(shield=True):
                try:
                    await _close_pool(pool)
                finally:
                    await self._release()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; each statement is its own transaction. Session state set on it must be reset on it."""
        with translated():
            pool, connection = await self._borrow()
            try:
                yield connection
            finally:
                with anyio.CancelScope(shield=True):
                    await pool.release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction: committed at the end, rolled back on any error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def migrate(self, package: str, migrations: Sequence[Migration]) -> None:
        """Run the migrations of a package that were not run yet, each once whatever runs beside it.

        Raises:
            SchemaMismatchError: The store has migrations that this code does not know, or others under the same number.
        """
        async with self.transaction() as connection:
            await apply_migrations(connection, package, migrations)

    async def _borrow(self) -> tuple[asyncpg.Pool, Connection]:
        if self._pool is None:
            raise StoreError("the database is not open")
        try:
            return self._pool, await self._pool.acquire()
        except UNAVAILABLE:
            if self._server is None:
                raise
        pool = await self._revive(self._server)
        return pool, await pool.acquire()

    async def _revive(self, server: Server) -> asyncpg.Pool:
        """Bring a server of our own back after it died; it may have moved."""
        async with self._lock:
            address = await _blocking(server.ensure_running)
            if self._pool is None:
                raise StoreError("the database is closed")
            if address != self._address:
                self._address, old = address, self._pool
                self._pool = await self._connect()
                old.terminate()
            return self._pool

    async def _release(self) -> None:
        if self._server is not None:
            await _blocking(self._server.release)

    async def _connect(self) -> asyncpg.Pool:
        where = self._target()
        with translated():
            try:
                extension_schema = await self._prepare_server(where)
                setup = functools.partial(register_vector, schema=extension_schema)
                path = ", ".join(_quoted(name) for name in (self._schema, extension_schema))
                pool: asyncpg.Pool = await asyncpg.create_pool(
                    **where,
                    min_size=0,
                    max_size=self._pool_size,
                    init=setup,
                    reset=_reset,
                    server_settings={**_SESSION, "search_path": path},
                )
                return pool
            except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as exc:
                raise ConfigError(f"database_url: {exc}") from exc

    def _target(self) -> dict[str, Any]:
        common: dict[str, Any] = {"timeout": CONNECT_TIMEOUT}
        address = self._address
        if address is None:
            return {"dsn": self._url, **common}
        return {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "database": address.database,
            "ssl": False,
            **common,
        }

    async def _prepare_server(self, where: dict[str, Any]) -> str:
        """Check the server, make the extension and the schema where they are missing; return the extension's schema."""
        try:
            connection = await asyncpg.connect(**where)
        except (ValueError, ClientConfigurationError) as exc:
            raise ConfigError(
                "database_url cannot be read: expected postgresql://user:password@host:port/name"
            ) from exc
        try:
            server = await connection.fetchrow(SQL.server)
            self.server_version = server["version"]
            if self.server_version < LEAST_POSTGRES:
                raise ConfigError(f"PostgreSQL 16 or newer is needed; the server is {self.server_version // 10000}")
            if server["encoding"] != "UTF8":
                raise ConfigError(f"the database must be encoded in UTF8; this one is in {server['encoding']}")
            async with connection.transaction():
                await connection.execute(SQL.lock_setup)
                extension_schema = await self._ensure_extension(connection)
                if not await connection.fetchval(SQL.schema_exists, self._schema):
                    await connection.execute(SQL.create_schema.format(schema=_quoted(self._schema)))
            return extension_schema
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)

    async def _ensure_extension(self, connection: asyncpg.Connection) -> str:
        extension = await connection.fetchrow(SQL.extension)
        if extension is None:
            try:
                await connection.execute(SQL.create_extension)
            except (
                asyncpg.InsufficientPrivilegeError,
                asyncpg.FeatureNotSupportedError,
                asyncpg.UndefinedFileError,
            ) as exc:
                raise ConfigError(
                    f"the server lacks pgvector and this user cannot add it ({exc}); install pgvector 0.7 or newer and "
                    "run as a superuser in this database: CREATE EXTENSION vector"
                ) from exc
            extension = await connection.fetchrow(SQL.extension)
        self.pgvector = tuple(int(part) for part in extension["version"].split(".")[:2])
        if self.pgvector < LEAST_PGVECTOR:
            raise ConfigError(
                f"pgvector 0.7 or newer is needed; the database has {extension['version']}: install a newer one and "
                "run ALTER EXTENSION vector UPDATE"
            )
        schema: str = extension["schema"]
        return schema


async def _blocking(call: Any) -> Any:
    return await anyio.to_thread.run_sync(call)


async def _reset(connection: asyncpg.Connection) -> None:
    """Spare a round trip: what is lent here leaves no session state behind, unless it was cut off."""
    if connection.is_in_transaction():
        await connection.reset(timeout=CONNECT_TIMEOUT)


async def _close_pool(pool: asyncpg.Pool) -> None:
    """Let running statements end; after a while, cut them off."""
    with anyio.move_on_after(10) as waiting, translated():
        await pool.close()
    if waiting.cancelled_caught:
        pool.terminate()


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
