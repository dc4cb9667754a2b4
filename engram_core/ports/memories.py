"""The memory store: every port that one store of memories answers."""

from __future__ import annotations

from abc import abstractmethod

from engram_core.domain.memory import Space
from engram_core.ports.feedback import LabelStore
from engram_core.ports.history import ChangeLog
from engram_core.ports.lessons import LessonQueue
from engram_core.ports.reading import MemoryReader
from engram_core.ports.spaces import Refillable
from engram_core.ports.uses import UseCounter
from engram_core.ports.writing import MemoryWriter


class MemoryStore(MemoryWriter, MemoryReader, ChangeLog, LessonQueue, UseCounter, LabelStore, Refillable):
    """Keeps memories, their vectors, their terms and their history.

    Each writing method, of every part, is one transaction: all of it or nothing, durable on return. Writers to one
    owner are put in an order; what one has written, the next one sees. Ids are canonical UUID texts. Nothing returned
    can be changed by the caller. All methods raise `StoreUnavailableError` when the store cannot be reached.
    """

    @abstractmethod
    async def open(self, space: Space) -> None:
        """Make ready for vectors of this space; creates it in a store that has none.

        Raises:
            SchemaMismatchError: The store serves another space, or was written by a newer version.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back what is held. Closing twice is harmless."""
