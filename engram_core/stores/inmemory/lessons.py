"""Notes of turns that are to be learned from, in order within an owner. A claim is a lease."""

from __future__ import annotations

import time
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from engram_core.domain.ids import new_id
from engram_core.domain.results import DeadLetter, Queue
from engram_core.domain.scope import Scope
from engram_core.ports import Learn


@dataclass(slots=True)
class Note:
    """Turns of one owner; `due` in monotonic seconds, `error` of the last attempt, None while one is being made."""

    owner: Scope
    turns: list[str]
    due: float
    written: datetime
    attempts: int = 0
    failures: int = 0
    error: str | None = None
    died: datetime | None = None


class Lessons:
    """Notes by id, in the order they were written.

    Args:
        lease: Seconds until a claimed note is due again.
    """

    def __init__(self, lease: float) -> None:
        self.lease = lease
        self._notes: dict[str, Note] = {}

    def __contains__(self, job: object) -> bool:
        return job in self._notes

    def write(self, turns: Iterable[tuple[Scope, str]], learn: Learn | None) -> tuple[str, ...]:
        """Note turns (owner, id) to be learned from, one note an owner; return the names of the notes."""
        if learn is None:
            return ()
        by_owner: dict[Scope, list[str]] = {}
        for owner, id in turns:
            by_owner.setdefault(owner, []).append(id)
        due = time.monotonic() + (self.lease if learn == "now" else 0.0)
        written = {new_id(): Note(owner, ids, due, datetime.now(UTC)) for owner, ids in by_owner.items()}
        self._notes |= written
        return tuple(written)

    def claim(self, upto: str | None) -> tuple[str, Note] | None:
        """Lease the oldest due note whose owner has no earlier one; with `upto`, that one or the first before it."""
        wanted = None
        if upto is not None:
            wanted = self._notes.get(upto)
            if wanted is None or wanted.died is not None:
                return None
        now = time.monotonic()
        seen: set[Scope] = set()
        for job, note in self._notes.items():
            if note.died is not None or note.owner in seen or (wanted is not None and note.owner != wanted.owner):
                continue
            seen.add(note.owner)
            if note.due <= now or job == upto:
                note.due = now + self.lease
                note.attempts += 1
                note.error = None
                return job, note
        return None

    def live(self, jobs: Iterable[str]) -> frozenset[str]:
        """Return those that are still to be learned."""
        return frozenset(job for job in jobs if job in self._notes and self._notes[job].died is None)

    def is_put_off(self, upto: str) -> bool:
        """Tell whether the first of the owner's notes, no later than a given one, is postponed to a later time."""
        wanted = self._notes.get(upto)
        if wanted is None or wanted.died is not None:
            return False
        first = next(note for note in self._notes.values() if note.died is None and note.owner == wanted.owner)
        return first.due > time.monotonic() and first.error is not None

    def strike(self, job: str) -> None:
        """Remove a note."""
        del self._notes[job]

    def renew(self, job: str) -> None:
        """Begin the lease of a note anew."""
        if job in self._notes:
            self._notes[job].due = time.monotonic() + self.lease

    def postpone(self, job: str, error: str, delay: float | None, *, failed: bool) -> None:
        """Give a note back."""
        note = self._notes.get(job)
        if note is None or note.died is not None:
            return
        note.error = error
        note.failures += failed
        if delay is None:
            note.died = datetime.now(UTC)
        else:
            note.due = time.monotonic() + delay

    def dead(self, tenant: str) -> list[DeadLetter]:
        """Return the dead notes of a tenant, oldest first."""
        return [
            DeadLetter(job, tuple(note.turns), note.attempts, note.error or "", note.died)
            for job, note in self._notes.items()
            if note.died is not None and note.owner.tenant == tenant
        ]

    def replay(self, tenant: str, jobs: Collection[str] | None) -> int:
        """Make dead notes due again; return how many."""
        mine = [letter.id for letter in self.dead(tenant) if jobs is None or letter.id in jobs]
        for job in mine:
            note = self._notes[job]
            note.died, note.due = None, time.monotonic()
            note.attempts = note.failures = 0
        return len(mine)

    def queue(self, tenant: str) -> Queue:
        """Count the notes of a tenant."""
        mine = [note for note in self._notes.values() if note.owner.tenant == tenant]
        waiting = [note.written for note in mine if note.died is None]
        return Queue(len(waiting), len(mine) - len(waiting), min(waiting, default=None))

    def erase(self, present: Container[str]) -> int:
        """Forget turns that are gone; return how many notes had none left."""
        emptied = [job for job, note in self._notes.items() if not any(id in present for id in note.turns)]
        for job in emptied:
            del self._notes[job]
        return len(emptied)
