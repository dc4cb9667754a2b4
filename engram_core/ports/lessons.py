"""Turns that are to be learned from, and their queue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engram_core.domain.memory import Memory
from engram_core.domain.results import DeadLetter, Queue

Learn = Literal["now", "later"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Turns of one owner that are to be learned from together.

    Attributes:
        job: Names it.
        turns: In the order of arrival; those erased or retired meanwhile are left out, so there may be none.
        attempts: How often it was claimed, this time included.
        failures: How often an answer about it could not be used.
        lease: Seconds for which it is the claimer's, from the claim or the last renewal.
    """

    job: str
    turns: tuple[Memory, ...]
    attempts: int
    failures: int
    lease: float


class LessonQueue(ABC):
    """Gives lessons out and takes them back, those of one owner strictly in the order they were written.

    A lesson is written with its turns (`MemoryWriter.record`) and struck with what was learned from them
    (`MemoryWriter.apply`). A claim is a lease: a lesson that is neither struck nor given back in time is due again.
    """

    @abstractmethod
    async def claim_lesson(self, upto: str | None = None) -> Lesson | None:
        """Lease the oldest lesson that is due; lessons of one owner come strictly in the order they were written.

        A lesson is not given out while an earlier one of its owner, dead ones aside, is still to be learned.

        Args:
            upto: Only those of this lesson's owner, up to this one, whose lease counts as the caller's own.

        Returns:
            None when nothing is due, or (`upto`) somebody else holds an earlier one, or it is there no more.
        """

    @abstractmethod
    async def live_lessons(self, jobs: Sequence[str]) -> frozenset[str]:
        """Return those of these lessons that are still to be learned, dead ones aside."""

    @abstractmethod
    async def is_put_off(self, upto: str) -> bool:
        """Tell whether the lesson that `claim_lesson(upto)` would give out next is postponed to a later time.

        Waiting for it is of no use: nobody is learning it. One that is held, or that whoever wrote it is about to
        learn, is not put off; neither is one that is due, or one that is there no more.
        """

    @abstractmethod
    async def renew_lesson(self, job: str) -> None:
        """Begin the lease of a claimed lesson anew: whoever learns it is still at it."""

    @abstractmethod
    async def postpone_lesson(self, job: str, error: str, delay: float | None, *, failed: bool = False) -> None:
        """Give a claimed lesson back.

        Args:
            job: One that is there no more, or is dead, is passed over.
            error: What went wrong.
            delay: Seconds until it is due again; with None it is dead until `replay`.
            failed: An answer about it could not be used: counted in `Lesson.failures`.
        """

    @abstractmethod
    async def dead_lessons(self, tenant: str, limit: int) -> list[DeadLetter]:
        """Return the tenant's dead lessons, oldest first."""

    @abstractmethod
    async def replay(self, tenant: str, jobs: Sequence[str] | None = None) -> int:
        """Make dead lessons of a tenant due again, all or these, their attempts forgotten; return how many."""

    @abstractmethod
    async def queue(self, tenant: str) -> Queue:
        """Count the tenant's lessons."""
