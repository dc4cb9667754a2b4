"""Writing memories: turns as they come in, their vectors, and what is decided about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.results import EraseReceipt
from engram_core.domain.scope import Scope
from engram_core.ports.lessons import Learn
from engram_core.ports.models import Tokens, Vector


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to be stored.

    Attributes:
        memory: The turn as a memory of kind `turn`.
        key: What makes it the same turn when it comes again (32 bytes), or None: always a new one.
    """

    memory: Memory
    key: bytes | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` did.

    Attributes:
        turns: The stored turns in the order given: the earlier one where a key was there before.
        fresh: Ids of those stored now.
        unembedded: Those that have no vector in the serving space, fresh or not.
        job: The durable note that they need one; None when none does.
        lessons: The jobs that say that fresh turns are to be learned from, one an owner.
    """

    turns: tuple[Memory, ...]
    fresh: frozenset[str]
    unembedded: tuple[Memory, ...]
    job: str | None
    lessons: tuple[str, ...] = ()


class MemoryWriter(ABC):
    """Stores turns, their vectors and decisions; `MemoryStore` says what holds for all that is written."""

    @abstractmethod
    async def record(self, turns: Sequence[Turn], *, learn: Learn | None = None) -> Recorded:
        """Store turns, of any number of owners, leaving out those whose key (per owner) is there already.

        Args:
            turns: At least one.
            learn: Write a lesson for the fresh turns of each owner, in the same transaction: `now` leaves it to the
                caller, who holds its lease; `later` makes it due at once for whoever claims it.
        """

    @abstractmethod
    async def embedded(
        self,
        vectors: Mapping[str, Vector],
        memories: Sequence[Memory],
        job: str | None,
        *,
        tokens: Mapping[str, Tokens] | None = None,
    ) -> None:
        """Store the vectors of memories (by id), with the vectors of their tokens as far as given; strike the job.

        A memory that was erased meanwhile, or has its vector already, is passed over.

        Raises:
            SchemaMismatchError: The store has switched to another space since `open`.
        """

    @abstractmethod
    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """Lease the oldest job whose vectors are due, of any tenant, with the memories that still lack one,
        which are one at least.

        A job is due some time after it was written or last claimed, so that two processes do not do the same work.
        None when nothing is due.
        """

    @abstractmethod
    async def apply(
        self,
        changes: Sequence[Change],
        vectors: Mapping[str, Vector],
        *,
        tokens: Mapping[str, Tokens] | None = None,
        lesson: str | None = None,
    ) -> bool:
        """Carry out changes and write their history; strike the lesson that they were learned in.

        ADD stores `after`; UPDATE closes `before` as given there and stores `after`; DELETE closes `before` as given
        there; NOOP writes history, and gives the version in `after`, where there is one, the `sources` it has there.
        A change that `undoes` another finds its `after` in the store and sets the ends and the sources that it has
        there; its `before` gets the ends given there, too. `vectors` and `tokens` hold those of the new memories by
        id, as far as known.

        Returns:
            False, with nothing written, when the lesson is there no more: somebody else has learned it.

        Raises:
            ConflictError: A `before` is no longer the current version, or is gone; a turn that an ADD or an UPDATE
                names as evidence is retired or gone; what is to be undone was undone, or built upon, before. Nothing
                is written.
        """

    @abstractmethod
    async def retire_all(self, scope: Scope, changes: Sequence[Change]) -> int:
        """Apply DELETE changes, passing over memories that are no longer current; return how many were retired."""

    @abstractmethod
    async def erase(self, scope: Scope) -> EraseReceipt:
        """Remove physically all that the scope contains: memories, vectors, terms, history, jobs, labels.

        Statements outside the scope that were learned from turns inside it alone go with them; those that have other
        sources too forget the ones that are gone.
        """

    @abstractmethod
    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """Store exported versions and history with the ids they had; what is there already stays as it is.

        Raises:
            ConflictError: An id is in use by a memory of another scope. Nothing is written.
        """
