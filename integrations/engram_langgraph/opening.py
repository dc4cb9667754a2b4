"""Opening an adapter on a database of its own, with or without `async`."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from engram_core import AsyncEngram, Engram


class Closable(Protocol):
    """What an adapter is opened and closed by."""

    def setup(self) -> None:
        """Connect, and make the tables."""

    async def asetup(self) -> None:
        """Likewise."""

    def close(self) -> None:
        """End what it runs by itself."""

    async def aclose(self) -> None:
        """Likewise."""


A = TypeVar("A", bound=Closable)


class Opening(Generic[A]):
    """An engine and an adapter on it, for as long as a `with` or an `async with` lasts.

    Args:
        url: Of the Postgres.
        tenant: The account; None for the one that the settings name.
        make: Makes the adapter on an engine.
    """

    def __init__(self, url: str, tenant: str | None, make: Callable[[Engram | AsyncEngram], A]) -> None:
        self._url = url
        self._tenant = tenant
        self._make = make
        self._entered: tuple[Engram, A] | None = None
        self._aentered: tuple[AsyncEngram, A] | None = None

    def __enter__(self) -> A:
        engine = Engram(database_url=self._url, tenant=self._tenant)
        try:
            # The tables alone: the memories of that database may be of another embedding model.
            self._entered = engine, self._make(engine)
            self._entered[1].setup()
        except BaseException:
            engine.close()
            raise
        return self._entered[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            engine, adapter = entered
            try:
                adapter.close()
            finally:
                engine.close()

    async def __aenter__(self) -> A:
        engine = AsyncEngram(database_url=self._url, tenant=self._tenant)
        try:
            self._aentered = engine, self._make(engine)
            await self._aentered[1].asetup()
        except BaseException:
            await engine.close()
            raise
        return self._aentered[1]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._aentered = self._aentered, None
        if entered is not None:
            engine, adapter = entered
            try:
                await adapter.aclose()
            finally:
                await engine.close()
