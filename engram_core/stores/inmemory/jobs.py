"""Notes of memories that need vectors. A claim is a lease: the job comes back when it is not struck in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from engram_core.domain.ids import new_id


@dataclass(slots=True)
class Job:
    """Ids of memories that need vectors, and when they are due (monotonic seconds)."""

    ids: list[str]
    due: float


class Jobs:
    """Notes by id, oldest first.

    Args:
        lease: Seconds until a note is due after it was written or claimed.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._jobs: dict[str, Job] = {}

    def write(self, ids: Iterable[str]) -> str | None:
        """Note that memories need vectors; None when there are none."""
        job = Job(list(ids), time.monotonic() + self._lease)
        if not job.ids:
            return None
        name = new_id()
        self._jobs[name] = job
        return name

    def strike(self, name: str, lacking: Callable[[str], bool]) -> None:
        """Remove a note when nothing of it lacks a vector; what is left of it is due at once."""
        job = self._jobs.get(name)
        if job is None:
            return
        if any(map(lacking, job.ids)):
            job.due = time.monotonic()
        else:
            del self._jobs[name]

    def claim(self, lacking: Callable[[str], bool]) -> tuple[str, list[str]] | None:
        """Lease the oldest due note and return its name and what of it lacks a vector."""
        now = time.monotonic()
        for name, job in sorted(self._jobs.items(), key=lambda item: item[1].due):
            if job.due > now:
                return None
            if ids := [id for id in job.ids if lacking(id)]:
                job.due = now + self._lease
                return name, ids
            del self._jobs[name]
        return None

    def erase(self, present: Container[str]) -> int:
        """Forget memories that are gone; return how many notes had none left."""
        emptied = [name for name, job in self._jobs.items() if not any(id in present for id in job.ids)]
        for name in emptied:
            del self._jobs[name]
        return len(emptied)
