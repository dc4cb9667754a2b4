"""Reading memories."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.domain.results import Page
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ports.views import View


class MemoryReader(ABC):
    """Finds memories by id, by what is selected, and by what they name."""

    @abstractmethod
    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """Return the versions with these ids in the tenant, in the order given; unknown ids are left out."""

    @abstractmethod
    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of those turns that have one, by id."""

    @abstractmethod
    async def listing(self, selection: Selection, *, limit: int, after: str | None = None) -> Page:
        """List selected memories in the order of `recorded_at`, then arrival.

        Raises:
            InvalidInputError: `after` is not a cursor of this store.
        """

    @abstractmethod
    async def count(self, selection: Selection) -> int:
        """Count selected memories."""

    @abstractmethod
    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """Return memories that the scope contains whose `expires_at` has passed and that are neither retired nor
        closed, the longest expired first, `limit` at most."""

    @abstractmethod
    async def statements(
        self, scope: Scope, subjects: Collection[str], now: datetime, *, closed: bool = False
    ) -> list[Memory]:
        """Return the statements of exactly this scope that have a claim about one of the subjects, oldest first.

        Args:
            scope: Its own statements alone.
            subjects: As they stand in claims.
            now: The current ones are those at this time.
            closed: Those that were true once and are so no longer, instead of the current ones. Retired ones are
                neither.
        """

    @abstractmethod
    async def learned_from(self, scope: Scope, turns: Sequence[str]) -> list[Memory]:
        """Return every statement of their owners, whatever became of it, that has one of these turns among its sources.

        Args:
            scope: Where it names a user, only that user's are looked for; else the tenant's. The rest of it does not
                count.
            turns: Ids.
        """

    @abstractmethod
    async def successors(self, scope: Scope, ids: Sequence[str]) -> dict[str, Memory]:
        """Follow `supersedes` forward: the last version that is not retired, by the id it began from.

        Args:
            scope: As in `learned_from`.
            ids: Those that have no such version are left out.
        """

    @abstractmethod
    async def view(self, selection: Selection) -> View:
        """Open a consistent reading for one search."""
