"""Changing the embedding model: a second space is filled beside the one that serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from engram_core.domain.memory import Memory, Space
from engram_core.ports.models import Matrix, Tokens


@dataclass(frozen=True, slots=True)
class RefillBatch:
    """Some memories to embed anew, and how many were left before this batch."""

    memories: tuple[Memory, ...]
    left: int


class Refillable(ABC):
    """Takes vectors of another space while the present one serves, and then lets it serve instead."""

    @abstractmethod
    def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """Iterate over memories that lack a vector in `space` or terms of the present analysis, to fill it.

        The present space serves until `switch`. Each batch is to be answered by `fill` before the next is drawn;
        an interrupted refill goes on where it stopped. May be called on a store that serves another space.
        """

    @abstractmethod
    async def fill(
        self, space: Space, memories: Sequence[Memory], vectors: Matrix, *, tokens: Sequence[Tokens] = ()
    ) -> None:
        """Store vectors (n, dimension) in a space that is being filled, and renew the terms of these memories.

        Args:
            space: One that `refill` began.
            memories: (n,).
            vectors: (n, dimension).
            tokens: (n,) token vectors of each, or none at all.
        """

    @abstractmethod
    async def switch(self, space: Space) -> None:
        """Let a filled space serve and drop the one that served before.

        Raises:
            ConflictError: Memories still lack a vector in it.
        """
