"""What was decided about memories, and why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from engram_core.domain.change import Change
from engram_core.domain.scope import Scope


class ChangeLog(ABC):
    """Tells the changes that were carried out, with the versions as they were then."""

    @abstractmethod
    async def history(self, tenant: str, id: str) -> list[Change]:
        """Return the changes of a memory, of all it superseded and of all that superseded it, oldest first."""

    @abstractmethod
    async def decision(self, tenant: str, id: str) -> list[Change]:
        """Return a change by id and those it caused, in that order; nothing when the tenant has none with this id."""

    @abstractmethod
    def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """Iterate over the history of all that the scope contains (an empty scope is the tenant), oldest first."""
