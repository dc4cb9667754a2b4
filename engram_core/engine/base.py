"""The life of an engine, and the steps that its verbs share."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from engram_core.domain.checks import check_time
from engram_core.domain.filters import parse_filter
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection, check_kinds
from engram_core.engine.backend import LazyBackend


class EngineBase:
    """Long-term memory for one tenant. It opens at its first use; use it as a context manager, or `close` it.

    Verbs take a scope as `user_id`, `agent_id` and `session_id`, of which at least one is required where the verb
    is about a scope. Those verbs that take an id reach any memory of the tenant; with a scope, only one inside it.
    """

    def __init__(self, backend: LazyBackend, tenant: str) -> None:
        self._backend = backend
        self._tenant = Scope(tenant).tenant
        self._owns_backend = True

    @property
    def tenant(self) -> str:
        """The account that every verb is bound to."""
        return self._tenant

    def for_tenant(self, tenant: str) -> Self:
        """Return the same engine, on the same connections, bound to another tenant. Closing it closes nothing."""
        other = copy.copy(self)
        other._tenant = Scope(tenant).tenant
        other._owns_backend = False
        return other

    async def open(self) -> Self:
        """Open now what would open at the first use.

        Raises:
            SchemaMismatchError: The store was written with another embedding model; the message says what to do.
            StoreUnavailableError: The store cannot be reached.
        """
        await self._backend.opened()
        return self

    async def close(self) -> None:
        """Give back everything that is held. Closing twice is harmless; afterwards the engine is of no use."""
        if self._owns_backend:
            await self._backend.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _scope(self, user_id: str | None, agent_id: str | None, session_id: str | None) -> Scope:
        return Scope(self._tenant, user_id, agent_id, session_id)

    def _selection(
        self,
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        kinds: str | Sequence[str] | None,
        filters: Mapping[str, Any] | None,
        as_of: datetime | str | None,
    ) -> Selection:
        return Selection(
            self._scope(user_id, agent_id, session_id).required(),
            utc_now(),
            kinds=check_kinds(kinds),
            condition=parse_filter(filters),
            as_of=check_time("as_of", as_of),
        )


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
