"""The reference implementation of `MemoryStore`: everything in this process, nothing on disk.

No method awaits between reading and writing, so each is one transaction on its event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.change import Change
from engram_core.domain.filters import matches
from engram_core.domain.memory import Memory, Space
from engram_core.domain.results import DeadLetter, EraseReceipt, Page, Queue
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ports import (
    Label,
    LabelledQuestion,
    Learn,
    Lesson,
    Matrix,
    MemoryStore,
    Recorded,
    RefillBatch,
    Tokens,
    Turn,
    Use,
    Vector,
    View,
)
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.view import IndexView
from engram_core.stores.inmemory.feedback import Labels
from engram_core.stores.inmemory.history import History
from engram_core.stores.inmemory.jobs import Jobs
from engram_core.stores.inmemory.lessons import Lessons
from engram_core.stores.inmemory.lines import Lines
from engram_core.stores.inmemory.reader import Reader
from engram_core.stores.inmemory.rows import Rows
from engram_core.stores.inmemory.spaces import Spaces
from engram_core.stores.inmemory.statements import Statements
from engram_core.stores.inmemory.uses import Uses
from engram_core.stores.inmemory.writer import Writer


class InMemoryStore(MemoryStore):
    """Keeps memories in this process until it ends.

    Args:
        languages: Snowball stemmers by name.
        stop_words: Leave English function words out of questions.
        lease: Seconds until a job that nobody finished is due again.
        lesson_lease: The same for a lesson, which is renewed while somebody learns it.
    """

    def __init__(
        self,
        languages: tuple[str, ...] = ("english",),
        *,
        stop_words: bool = False,
        lease: float = 60.0,
        lesson_lease: float = 60.0,
    ) -> None:
        self._analyzer = Analyzer(languages, stop_words=stop_words)
        self._rows = Rows(self._analyzer)
        self._spaces = Spaces(self._rows)
        self._lines = Lines(self._rows)
        self._jobs = Jobs(lease)
        self._writer = Writer(self._rows, self._spaces, self._lines, self._jobs)
        self._reader = Reader(self._rows)
        self._statements = Statements(self._rows)
        self._uses = Uses(self._rows)
        self._labels = Labels(self._rows)
        self._history = History()
        self._lessons = Lessons(lesson_lease)

    async def open(self, space: Space) -> None:
        """See `MemoryStore.open`."""
        self._spaces.open(space)

    async def close(self) -> None:
        """Refuse further use until it is opened again; what it holds stays."""
        self._spaces.close()

    async def record(self, turns: Sequence[Turn], *, learn: Learn | None = None) -> Recorded:
        """See `MemoryStore.record`."""
        recorded = self._writer.take_in([(turn.memory, turn.key) for turn in turns])
        fresh = [turn.memory for turn in turns if turn.memory.id in recorded.fresh]
        lessons = self._lessons.write(((memory.scope.owner, memory.id) for memory in fresh), learn)
        return replace(recorded, lessons=lessons)

    async def embedded(
        self,
        vectors: Mapping[str, Vector],
        memories: Sequence[Memory],
        job: str | None,
        *,
        tokens: Mapping[str, Tokens] | None = None,
    ) -> None:
        """See `MemoryStore.embedded`."""
        self._writer.embedded(vectors, memories, job, tokens or {})

    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """See `MemoryStore.claim_unembedded`."""
        claimed = self._jobs.claim(self._spaces.lacks)
        if claimed is None:
            return None
        job, ids = claimed
        return job, tuple(self._reader.found(ids[:limit]))

    async def apply(
        self,
        changes: Sequence[Change],
        vectors: Mapping[str, Vector],
        *,
        tokens: Mapping[str, Tokens] | None = None,
        lesson: str | None = None,
    ) -> bool:
        """See `MemoryStore.apply`."""
        if lesson is not None and lesson not in self._lessons:
            return False
        versions = self._writer.versions(changes)
        for change in changes:
            versions.carry_out(change)
        self._writer.write(versions, vectors, tokens or {})
        self._history.add(changes)
        if lesson is not None:
            self._lessons.strike(lesson)
        return True

    async def claim_lesson(self, upto: str | None = None) -> Lesson | None:
        """See `MemoryStore.claim_lesson`."""
        claimed = self._lessons.claim(upto)
        if claimed is None:
            return None
        job, note = claimed
        turns = tuple(turn for turn in self._reader.found(note.turns) if turn.retired_at is None)
        return Lesson(job, turns, note.attempts, note.failures, self._lessons.lease)

    async def live_lessons(self, jobs: Sequence[str]) -> frozenset[str]:
        """See `MemoryStore.live_lessons`."""
        return self._lessons.live(jobs)

    async def is_put_off(self, upto: str) -> bool:
        """See `MemoryStore.is_put_off`."""
        return self._lessons.is_put_off(upto)

    async def renew_lesson(self, job: str) -> None:
        """See `MemoryStore.renew_lesson`."""
        self._lessons.renew(job)

    async def postpone_lesson(self, job: str, error: str, delay: float | None, *, failed: bool = False) -> None:
        """See `MemoryStore.postpone_lesson`."""
        self._lessons.postpone(job, error, delay, failed=failed)

    async def dead_lessons(self, tenant: str, limit: int) -> list[DeadLetter]:
        """See `MemoryStore.dead_lessons`."""
        return self._lessons.dead(tenant)[:limit]

    async def replay(self, tenant: str, jobs: Sequence[str] | None = None) -> int:
        """See `MemoryStore.replay`."""
        return self._lessons.replay(tenant, jobs)

    async def queue(self, tenant: str) -> Queue:
        """See `MemoryStore.queue`."""
        return self._lessons.queue(tenant)

    async def retire_all(self, scope: Scope, changes: Sequence[Change]) -> int:
        """See `MemoryStore.retire_all`."""
        versions = self._writer.versions(changes)
        done = []
        for change in changes:
            if scope.contains(change.memory.scope) and versions.is_current(change):
                versions.carry_out(change)
                done.append(change)
        self._writer.write(versions, {}, {})
        self._history.add(done)
        return len(done)

    async def erase(self, scope: Scope) -> EraseReceipt:
        """See `MemoryStore.erase`."""
        gone = [row.memory.id for row in self._rows.within(scope)]
        gone += self._statements.forget(set(gone))
        vectors = self._spaces.erase(gone)
        changes = self._history.erase(gone)
        self._uses.erase(gone)
        labels = self._labels.erase(gone)
        self._rows.remove(gone)
        jobs = self._jobs.erase(self._rows) + self._lessons.erase(self._rows)
        size = len(gone)
        return EraseReceipt(memories=size, vectors=vectors, terms=size, changes=changes, jobs=jobs, labels=labels)

    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """See `MemoryStore.restore`."""
        recorded = self._writer.take_in(memories)
        self._history.add(change for change in changes if change.memory.id in self._rows)
        return recorded

    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.get`."""
        return self._reader.get(tenant, ids)

    async def listing(self, selection: Selection, *, limit: int, after: str | None = None) -> Page:
        """See `MemoryStore.listing`."""
        return self._reader.listing(selection, limit, after)

    async def count(self, selection: Selection) -> int:
        """See `MemoryStore.count`."""
        return self._reader.count(selection)

    async def history(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.history`."""
        rows = self._rows.of_tenant(tenant, [id])
        return self._history.of(self._lines.family(rows[0])) if rows else []

    async def decision(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.decision`."""
        return self._history.decision(tenant, id)

    async def statements(
        self, scope: Scope, subjects: Collection[str], now: datetime, *, closed: bool = False
    ) -> list[Memory]:
        """See `MemoryStore.statements`."""
        return self._statements.about(scope, subjects, now, closed=closed)

    async def learned_from(self, scope: Scope, turns: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.learned_from`."""
        return self._statements.learned_from(scope, turns)

    async def successors(self, scope: Scope, ids: Sequence[str]) -> dict[str, Memory]:
        """See `MemoryStore.successors`."""
        return self._lines.successors(scope, ids)

    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """See `MemoryStore.expired`."""
        return self._reader.expired(scope, now, limit)

    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """See `MemoryStore.used`."""
        self._uses.add(tenant, accesses, at)

    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """See `MemoryStore.uses`."""
        return self._uses.told(tenant, ids)

    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """See `MemoryStore.weigh`."""
        self._uses.weigh(tenant, importance)

    async def label(self, scope: Scope, label: Label) -> bool:
        """See `MemoryStore.label`."""
        return self._labels.put(scope, label)

    async def labels(self, tenant: str) -> AsyncIterator[LabelledQuestion]:
        """See `MemoryStore.labels`."""
        for question in self._labels.within(tenant):
            yield question

    async def count_labels(self, tenant: str) -> int:
        """See `MemoryStore.count_labels`."""
        return self._labels.count(tenant)

    async def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """See `MemoryStore.changes`."""
        for change in self._history.within(scope):
            yield change

    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """See `MemoryStore.keys`."""
        return self._reader.keys(tenant, ids)

    async def view(self, selection: Selection) -> View:
        """See `MemoryStore.view`."""
        self._spaces.require_open()
        parts = []
        for owner in self._rows.owners(selection.scope):
            admitted = None
            if selection.condition is not None:
                admitted = {id for id, row in owner.rows.items() if matches(selection.condition, row.memory.metadata)}
            parts.append((owner.index, owner.index.mask(selection, admitted)))

        async def hydrate(ids: list[str]) -> list[Memory | None]:
            found = {memory.id: memory for memory in self._reader.found(ids)}
            return [found.get(id) for id in ids]

        return IndexView(parts, self._analyzer, hydrate)

    async def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """See `MemoryStore.refill`."""
        for found in self._spaces.refill(space, batch):
            yield found

    async def fill(
        self, space: Space, memories: Sequence[Memory], vectors: Matrix, *, tokens: Sequence[Tokens] = ()
    ) -> None:
        """See `MemoryStore.fill`."""
        self._spaces.fill(space, memories, vectors, tokens)

    async def switch(self, space: Space) -> None:
        """See `MemoryStore.switch`."""
        self._spaces.switch(space)
