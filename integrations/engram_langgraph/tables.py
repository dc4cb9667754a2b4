"""The tables of this package, in the engine's own database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engram_core import AsyncEngram, Bridge, Database, Engram, load_migrations

T = TypeVar("T")

PACKAGE = "engram_langgraph"


class Tables:
    """Reaches the package's tables over the engine's pool, migrated at their first use.

    Args:
        engram: The engine; it stays its owner's.
    """

    def __init__(self, engram: Engram | AsyncEngram) -> None:
        self.bridge = Bridge(engram)
        self._database: Database | None = None
        self._migrating: asyncio.Lock | None = None

    @property
    def tenant(self) -> str:
        """The account that rows belong to."""
        return self.bridge.tenant

    async def database(self) -> Database:
        """Return the database with the tables in it; to be called and used on the engine's loop.

        Raises:
            ConfigError: The engine has no database (`memory://`).
            SchemaMismatchError: The tables were made by a newer version.
        """
        if self._database is None:
            self._migrating = self._migrating or asyncio.Lock()
            async with self._migrating:
                database = await self.bridge.database()
                await database.migrate(PACKAGE, load_migrations(PACKAGE))
                self._database = database
        return self._database

    def call(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do work on the engine's loop, and wait for it."""
        return self.bridge.call(lambda _: self._done(work))

    async def acall(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do work on the engine's loop, whichever loop the caller runs on."""
        return await self.bridge.acall(lambda _: self._done(work))

    async def _done(self, work: Callable[[Database], Awaitable[T]]) -> T:
        return await work(self._database or await self.database())
