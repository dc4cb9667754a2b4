"""The reference implementation of `MemoryStore`: everything in this process, nothing on disk.

No method awaits between reading and writing, so each is one transaction on its event loop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.change import Change
from engram_core.domain.filters import matches
from engram_core.domain.memory import Memory, Space
from engram_core.domain.results import DeadLetter, EraseReceipt, Page, Queue
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import ConflictError, InvalidInputError, SchemaMismatchError, StoreError
from engram_core.ports import (
    Learn,
    Lesson,
    Matrix,
    MemoryStore,
    Recorded,
    RefillBatch,
    Turn,
    Use,
    Vector,
    View,
)
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.batch import microseconds
from engram_core.stores.index.view import IndexView
from engram_core.stores.inmemory.history import History, family
from engram_core.stores.inmemory.jobs import Jobs
from engram_core.stores.inmemory.lessons import Lessons
from engram_core.stores.inmemory.rows import Row, Rows, separate
from engram_core.stores.versions import Versions

_CURSOR = re.compile(r"(-?\d{1,20}):(\d{1,20})", re.ASCII)
Place = tuple[int, int]


class InMemoryStore(MemoryStore):
    """Keeps memories in this process until it ends.

    Args:
        languages: Snowball stemmers by name.
        stop_words: Leave English function words out of questions.
        lease: Seconds until a job that nobody finished is due again.
        lesson_lease: The same for a lesson, which may wait for a language model.
    """

    def __init__(
        self,
        languages: tuple[str, ...] = ("english",),
        *,
        stop_words: bool = False,
        lease: float = 60.0,
        lesson_lease: float = 600.0,
    ) -> None:
        self._analyzer = Analyzer(languages, stop_words=stop_words)
        self._rows = Rows(self._analyzer)
        self._history = History()
        self._jobs = Jobs(lease)
        self._lessons = Lessons(lesson_lease)
        self._uses: dict[str, Use] = {}
        self._spaces: dict[Space, dict[str, Vector]] = {}
        self._serving: Space | None = None
        self._is_open = False

    async def open(self, space: Space) -> None:
        """See `MemoryStore.open`."""
        if self._serving is None:
            self._serve(space)
        elif self._serving != space:
            raise SchemaMismatchError(f"the store serves vectors of {self._serving}, not of {space}: refill it first")
        self._is_open = True

    async def close(self) -> None:
        """Refuse further use until it is opened again; what it holds stays."""
        self._is_open = False

    async def record(self, turns: Sequence[Turn], *, learn: Learn | None = None) -> Recorded:
        """See `MemoryStore.record`."""
        recorded = self._take_in([(turn.memory, turn.key) for turn in turns])
        fresh = [turn.memory for turn in turns if turn.memory.id in recorded.fresh]
        lessons = self._lessons.write(((memory.scope.owner, memory.id) for memory in fresh), learn)
        return replace(recorded, lessons=lessons)

    async def embedded(self, vectors: Mapping[str, Vector], memories: Sequence[Memory], job: str | None) -> None:
        """See `MemoryStore.embedded`."""
        serving = self._vectors
        new = {memory.id for memory in memories if memory.id in vectors and self._lacks(memory.id)}
        serving.update({id: vectors[id].copy() for id in new})
        self._rows.index(new, serving)
        if job is not None:
            self._jobs.strike(job, self._lacks)

    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """See `MemoryStore.claim_unembedded`."""
        claimed = self._jobs.claim(self._lacks)
        if claimed is None:
            return None
        job, ids = claimed
        return job, tuple(self._found(ids[:limit]))

    async def apply(
        self, changes: Sequence[Change], vectors: Mapping[str, Vector], *, lesson: str | None = None
    ) -> bool:
        """See `MemoryStore.apply`."""
        if lesson is not None and lesson not in self._lessons:
            return False
        versions = self._versions(changes)
        for change in changes:
            versions.carry_out(change)
        self._write(versions, vectors)
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
        turns = tuple(turn for turn in self._found(note.turns) if turn.retired_at is None)
        return Lesson(job, turns, note.attempts)

    async def live_lessons(self, jobs: Sequence[str]) -> frozenset[str]:
        """See `MemoryStore.live_lessons`."""
        return self._lessons.live(jobs)

    async def postpone_lesson(self, job: str, error: str, delay: float | None) -> None:
        """See `MemoryStore.postpone_lesson`."""
        self._lessons.postpone(job, error, delay)

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
        versions = self._versions(changes)
        done = []
        for change in changes:
            if scope.contains(change.memory.scope) and versions.is_current(change):
                versions.carry_out(change)
                done.append(change)
        self._write(versions, {})
        self._history.add(done)
        return len(done)

    async def erase(self, scope: Scope) -> EraseReceipt:
        """See `MemoryStore.erase`."""
        gone = [row.memory.id for row in self._rows.within(scope)]
        gone += self._forget_sources(set(gone))
        vectors = sum(space.pop(id, None) is not None for space in self._spaces.values() for id in gone)
        changes = self._history.erase(gone)
        self._rows.remove(gone)
        jobs = self._jobs.erase(self._is_there) + self._lessons.erase(self._is_there)
        for id in gone:
            self._uses.pop(id, None)
        return EraseReceipt(memories=len(gone), vectors=vectors, terms=len(gone), changes=changes, jobs=jobs)

    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """See `MemoryStore.restore`."""
        recorded = self._take_in(memories)
        self._history.add(change for change in changes if self._rows.get(change.memory.id) is not None)
        return recorded

    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.get`."""
        return [memory for memory in self._found(ids) if memory.scope.tenant == tenant]

    async def listing(self, selection: Selection, *, limit: int, after: str | None = None) -> Page:
        """See `MemoryStore.listing`."""
        begin = None if after is None else _parse_cursor(after)
        rows = sorted((row for row in self._selected(selection) if begin is None or _place(row) > begin), key=_place)
        cursor = "{}:{}".format(*_place(rows[limit - 1])) if len(rows) > limit else None
        return Page(tuple(separate(row.memory) for row in rows[:limit]), cursor)

    async def count(self, selection: Selection) -> int:
        """See `MemoryStore.count`."""
        return len(self._selected(selection))

    async def history(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.history`."""
        row = self._rows.get(id)
        if row is None or row.memory.scope.tenant != tenant:
            return []
        return self._history.of(family(row, self._rows))

    async def decision(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.decision`."""
        return self._history.decision(tenant, id)

    async def statements(self, scope: Scope, subjects: Collection[str], now: datetime) -> list[Memory]:
        """See `MemoryStore.statements`."""
        found = (row.memory for row in self._rows.within(scope) if row.memory.scope == scope)
        return [separate(m) for m in found if m.claim is not None and m.claim.subject in subjects and m.is_current(now)]

    async def learned_from(self, tenant: str, turns: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.learned_from`."""
        wanted = set(turns)
        found = (row.memory for row in self._rows if wanted.intersection(row.memory.sources))
        return [separate(m) for m in found if m.kind != "turn" and m.scope.tenant == tenant]

    async def successors(self, tenant: str, ids: Sequence[str]) -> dict[str, Memory]:
        """See `MemoryStore.successors`."""
        newer: dict[str, list[Memory]] = defaultdict(list)
        for row in self._rows:
            if row.memory.supersedes is not None and row.memory.scope.tenant == tenant:
                newer[row.memory.supersedes].append(row.memory)
        found = {}
        for id in ids:
            line, step = {id}, [id]
            while step := [memory.id for old in step for memory in newer[old] if memory.id not in line]:
                kept = [memory for old in line for memory in newer[old] if memory.id in step]
                line.update(step)
                for memory in kept:
                    if memory.retired_at is None:
                        found[id] = separate(memory)
        return found

    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """See `MemoryStore.expired`."""
        found = [
            (memory.expires_at, row.seq, memory)
            for row in self._rows.within(scope)
            if (memory := row.memory).expires_at is not None
            and memory.expires_at <= now
            and replace(memory, expires_at=None).is_current(now)
        ]
        return [separate(memory) for _, _, memory in sorted(found, key=lambda entry: entry[:2])[:limit]]

    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """See `MemoryStore.used`."""
        for memory in await self.get(tenant, list(accesses)):
            use = self._use(memory)
            count = use.accesses + accesses[memory.id]
            self._uses[memory.id] = replace(use, accesses=count, last_at=max(at, use.last_at or at))

    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """See `MemoryStore.uses`."""
        return {memory.id: self._use(memory) for memory in await self.get(tenant, ids)}

    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """See `MemoryStore.weigh`."""
        for memory in await self.get(tenant, list(importance)):
            self._uses[memory.id] = self._use(memory)
            row = self._rows.get(memory.id)
            assert row is not None, "what was found is there"
            row.memory = replace(row.memory, importance=importance[memory.id])

    async def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """See `MemoryStore.changes`."""
        for change in self._history.within(scope):
            yield change

    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """See `MemoryStore.keys`."""
        rows = [row for id in ids if (row := self._rows.get(id)) is not None and row.memory.scope.tenant == tenant]
        return {row.memory.id: row.key for row in rows if row.key is not None}

    async def view(self, selection: Selection) -> View:
        """See `MemoryStore.view`."""
        self._require_open()
        parts = []
        for owner in self._rows.owners(selection.scope):
            admitted = None
            if selection.condition is not None:
                admitted = {id for id, row in owner.rows.items() if matches(selection.condition, row.memory.metadata)}
            parts.append((owner.index, owner.index.mask(selection, admitted)))

        async def hydrate(ids: list[str]) -> list[Memory | None]:
            found = {memory.id: memory for memory in self._found(ids)}
            return [found.get(id) for id in ids]

        return IndexView(parts, self._analyzer, hydrate)

    async def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """See `MemoryStore.refill`."""
        filling = self._spaces.setdefault(space, {})
        while lacking := [row.memory for row in self._rows if row.memory.id not in filling]:
            yield RefillBatch(tuple(map(separate, lacking[:batch])), len(lacking))

    async def fill(self, space: Space, memories: Sequence[Memory], vectors: Matrix) -> None:
        """See `MemoryStore.fill`."""
        if space not in self._spaces:
            raise ConflictError(f"{space} is not being filled")
        present = {
            memory.id: vector.copy()
            for memory, vector in zip(memories, vectors, strict=True)
            if self._rows.get(memory.id) is not None
        }
        filling = self._spaces[space]
        filling.update({id: vector for id, vector in present.items() if id not in filling})
        if space == self._serving:
            self._rows.index(present, filling)

    async def switch(self, space: Space) -> None:
        """See `MemoryStore.switch`."""
        lacking = len(self._rows) - len(self._spaces.get(space, {}))
        if space not in self._spaces or lacking:
            raise ConflictError(f"{lacking} memories still lack a vector in {space}")
        self._serve(space)
        self._is_open = True

    @property
    def _vectors(self) -> dict[str, Vector]:
        """The vectors of the space that serves."""
        return self._spaces[self._require_open()]

    def _require_open(self) -> Space:
        if self._serving is None or not self._is_open:
            raise StoreError("the store is not open")
        return self._serving

    def _serve(self, space: Space) -> None:
        self._spaces = {space: self._spaces.get(space, {})}
        self._serving = space
        self._rows.index_anew(space.dimension, self._spaces[space])

    def _lacks(self, id: str) -> bool:
        """Tell whether a memory is there and has no vector."""
        return self._rows.get(id) is not None and id not in self._vectors

    def _is_there(self, id: str) -> bool:
        return self._rows.get(id) is not None

    def _use(self, memory: Memory) -> Use:
        return self._uses.get(memory.id, Use(0, None, memory.importance))

    def _forget_sources(self, gone: set[str]) -> list[str]:
        """Take turns that go out of the statements learned from them; return the statements that have none left."""
        orphans = []
        for row in self._rows:
            memory = row.memory
            if memory.id in gone or memory.kind == "turn" or not gone.intersection(memory.sources):
                continue
            left = tuple(id for id in memory.sources if id not in gone)
            row.memory = replace(memory, sources=left)
            if not left:
                orphans.append(memory.id)
        return orphans

    def _found(self, ids: Sequence[str]) -> list[Memory]:
        return [separate(row.memory) for id in ids if (row := self._rows.get(id)) is not None]

    def _selected(self, selection: Selection) -> list[Row]:
        return [row for row in self._rows.within(selection.scope) if selection.admits(row.memory)]

    def _take_in(self, memories: Sequence[tuple[Memory, bytes | None]]) -> Recorded:
        """Store memories, leaving out those whose id or key is there already."""
        vectors = self._vectors
        scopes: dict[str, Scope] = {}
        for memory, _ in memories:
            row = self._rows.get(memory.id)
            scope = scopes.setdefault(memory.id, memory.scope if row is None else row.memory.scope)
            if scope != memory.scope:
                raise ConflictError(f"the id {memory.id} is in use by a memory of another scope")
        stored: list[Memory] = []
        fresh: set[str] = set()
        for memory, key in memories:
            same = self._rows.get(memory.id) or self._rows.with_key(memory.scope, key)
            if same is None:
                self._rows.insert(memory, key)
                fresh.add(memory.id)
            stored.append(separate(memory if same is None else same.memory))
        self._rows.index(fresh, vectors)
        unembedded = {memory.id: memory for memory in stored if self._lacks(memory.id)}
        return Recorded(tuple(stored), frozenset(fresh), tuple(unembedded.values()), self._jobs.write(unembedded))

    def _versions(self, changes: Sequence[Change]) -> Versions:
        self._require_open()
        superseded = {row.memory.supersedes for row in self._rows if row.memory.retired_at is None}
        versions = Versions()
        for change in changes:
            for memory in (change.before, change.after):
                if memory is not None and (row := self._rows.get(memory.id)) is not None:
                    versions.meet(row.memory, memory.id in superseded)
        return versions

    def _write(self, versions: Versions, vectors: Mapping[str, Vector]) -> None:
        """Store what a batch of changes opened and closed."""
        serving = self._vectors
        for memory in versions.opened.values():
            self._rows.insert(memory, None)
        for id, memory in {**versions.observed, **versions.closed}.items():
            row = self._rows.get(id)
            assert row is not None, "what is closed was met in the store"
            row.memory = memory
        serving.update({id: vectors[id].copy() for id in versions.opened if id in vectors})
        self._rows.index([*versions.opened, *versions.closed], serving)
        self._jobs.write(id for id in versions.opened if id not in vectors)


def _place(row: Row) -> Place:
    return microseconds(row.memory.recorded_at), row.seq


def _parse_cursor(cursor: str) -> Place:
    match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None:
        raise InvalidInputError("after", cursor, "the cursor of a page of this listing")
    return int(match[1]), int(match[2])
