"""How memories are used: statistics beside the versions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Use:
    """How a memory was used.

    Attributes:
        accesses: How often it was among the hits of a search.
        last_at: When it was last.
        stated: The importance that it was given when it was written; the present one is made from it.
    """

    accesses: int
    last_at: datetime | None
    stated: float


class UseCounter(ABC):
    """Counts how often memories are found, and keeps the importance that follows from it."""

    @abstractmethod
    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """Add accesses to the count of memories, by id; unknown ids are passed over. It touches no version."""

    @abstractmethod
    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """Tell how memories were used, by id, those never used or weighed included."""

    @abstractmethod
    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """Set the present importance of memories, by id: a statistic, renewed in place without a new version."""
