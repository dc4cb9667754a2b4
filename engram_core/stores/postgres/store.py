"""The memory store on Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory, Space
from engram_core.domain.results import DeadLetter, EraseReceipt, Page, Queue
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import StoreError
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
from engram_core.stores.postgres.changer import Changer
from engram_core.stores.postgres.database import Database
from engram_core.stores.postgres.feedback import Labels
from engram_core.stores.postgres.lessons import Lessons
from engram_core.stores.postgres.migrate import load_migrations
from engram_core.stores.postgres.reader import Reader
from engram_core.stores.postgres.spaces import Refiller, Serving, open_space
from engram_core.stores.postgres.statements import Statements
from engram_core.stores.postgres.views import Views
from engram_core.stores.postgres.writer import Writer

PACKAGE = "engram_core"


class PostgresStore(MemoryStore):
    """Keeps memories in one schema of a Postgres database.

    Args:
        database: Opened with the store if it is not open yet, and then closed with it.
        languages: Snowball stemmers by name.
        stop_words: Leave English function words out of questions.
        cache_bytes: What the indexes in memory may hold.
        exact_limit: Memories up to which a scope is searched exactly, in memory.
        lease: Seconds until a job that nobody finished is due again.
        lesson_lease: The same for a lesson, which is renewed while somebody learns it.
    """

    def __init__(
        self,
        database: Database,
        *,
        languages: tuple[str, ...] = ("english",),
        stop_words: bool = False,
        cache_bytes: int = 256 << 20,
        exact_limit: int = 50_000,
        lease: float = 60.0,
        lesson_lease: float = 60.0,
    ) -> None:
        self._database = database
        self._analyzer = Analyzer(languages, stop_words=stop_words)
        self._cache_bytes = cache_bytes
        self._exact_limit = exact_limit
        self._lease = lease
        self._lesson_lease = lesson_lease
        self._lessons = Lessons(database, lesson_lease)
        self._statements = Statements(database)
        self._labels = Labels(database)
        self._owns_database = False
        self._reader = Reader(database)
        self._refiller = Refiller(database, self._analyzer)
        self._parts: tuple[Writer, Changer, Views] | None = None

    async def open(self, space: Space) -> None:
        """Connect, migrate, and check that the space is the one that serves."""
        await self._connect()
        async with self._database.transaction() as connection:
            serving = await open_space(connection, space, self._analyzer.version)
        self._serve(serving)

    async def close(self) -> None:
        """Close the database, if the store opened it."""
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts[2].hnsw.close()
        if self._owns_database:
            self._owns_database = False
            await self._database.close()

    async def record(self, turns: Sequence[Turn], *, learn: Learn | None = None) -> Recorded:
        """See `MemoryStore.record`."""
        return await self._writer.record(turns, learn, self._lesson_lease)

    async def embedded(
        self,
        vectors: Mapping[str, Vector],
        memories: Sequence[Memory],
        job: str | None,
        *,
        tokens: Mapping[str, Tokens] | None = None,
    ) -> None:
        """See `MemoryStore.embedded`."""
        await self._writer.embedded(vectors, memories, job, tokens or {})

    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """See `MemoryStore.claim_unembedded`."""
        return await self._writer.claim_unembedded(limit)

    async def apply(
        self,
        changes: Sequence[Change],
        vectors: Mapping[str, Vector],
        *,
        tokens: Mapping[str, Tokens] | None = None,
        lesson: str | None = None,
    ) -> bool:
        """See `MemoryStore.apply`."""
        return await self._changer.apply(changes, vectors, tokens or {}, lesson)

    async def claim_lesson(self, upto: str | None = None) -> Lesson | None:
        """See `MemoryStore.claim_lesson`."""
        return await self._lessons.claim(upto)

    async def live_lessons(self, jobs: Sequence[str]) -> frozenset[str]:
        """See `MemoryStore.live_lessons`."""
        return await self._lessons.live(jobs)

    async def is_put_off(self, upto: str) -> bool:
        """See `MemoryStore.is_put_off`."""
        return await self._lessons.is_put_off(upto)

    async def renew_lesson(self, job: str) -> None:
        """See `MemoryStore.renew_lesson`."""
        await self._lessons.renew(job)

    async def postpone_lesson(self, job: str, error: str, delay: float | None, *, failed: bool = False) -> None:
        """See `MemoryStore.postpone_lesson`."""
        await self._lessons.postpone(job, error, delay, failed=failed)

    async def dead_lessons(self, tenant: str, limit: int) -> list[DeadLetter]:
        """See `MemoryStore.dead_lessons`."""
        return await self._lessons.dead(tenant, limit)

    async def replay(self, tenant: str, jobs: Sequence[str] | None = None) -> int:
        """See `MemoryStore.replay`."""
        return await self._lessons.replay(tenant, jobs)

    async def queue(self, tenant: str) -> Queue:
        """See `MemoryStore.queue`."""
        return await self._lessons.queue(tenant)

    async def retire_all(self, scope: Scope, changes: Sequence[Change]) -> int:
        """See `MemoryStore.retire_all`."""
        return await self._changer.retire_all(scope, changes)

    async def erase(self, scope: Scope) -> EraseReceipt:
        """See `MemoryStore.erase`."""
        return await self._changer.erase(scope)

    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """See `MemoryStore.restore`."""
        return await self._writer.restore(memories, changes)

    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.get`."""
        return await self._reader.get(tenant, ids)

    async def listing(self, selection: Selection, *, limit: int, after: str | None = None) -> Page:
        """See `MemoryStore.listing`."""
        return await self._reader.listing(selection, limit, after)

    async def count(self, selection: Selection) -> int:
        """See `MemoryStore.count`."""
        return await self._reader.count(selection)

    async def history(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.history`."""
        return await self._reader.history(tenant, id)

    async def decision(self, tenant: str, id: str) -> list[Change]:
        """See `MemoryStore.decision`."""
        return await self._reader.decision(tenant, id)

    async def statements(
        self, scope: Scope, subjects: Collection[str], now: datetime, *, closed: bool = False
    ) -> list[Memory]:
        """See `MemoryStore.statements`."""
        return await self._statements.about(scope, subjects, now, closed=closed)

    async def learned_from(self, scope: Scope, turns: Sequence[str]) -> list[Memory]:
        """See `MemoryStore.learned_from`."""
        return await self._statements.learned_from(scope, turns)

    async def successors(self, scope: Scope, ids: Sequence[str]) -> dict[str, Memory]:
        """See `MemoryStore.successors`."""
        return await self._statements.successors(scope, ids)

    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """See `MemoryStore.expired`."""
        return await self._reader.expired(scope, now, limit)

    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """See `MemoryStore.used`."""
        await self._statements.used(tenant, accesses, at)

    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """See `MemoryStore.uses`."""
        return await self._statements.uses(tenant, ids)

    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """See `MemoryStore.weigh`."""
        await self._statements.weigh(tenant, importance)

    async def label(self, scope: Scope, label: Label) -> bool:
        """See `MemoryStore.label`."""
        return await self._labels.put(scope, label)

    def labels(self, tenant: str) -> AsyncIterator[LabelledQuestion]:
        """See `MemoryStore.labels`."""
        return self._labels.within(tenant)

    async def count_labels(self, tenant: str) -> int:
        """See `MemoryStore.count_labels`."""
        return await self._labels.count(tenant)

    def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """See `MemoryStore.changes`."""
        return self._reader.changes(scope)

    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """See `MemoryStore.keys`."""
        return await self._reader.keys(tenant, ids)

    async def view(self, selection: Selection) -> View:
        """See `MemoryStore.view`."""
        return await self._views.view(selection)

    async def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """See `MemoryStore.refill`."""
        await self._connect()
        async for found in self._refiller.refill(space, batch):
            yield found

    async def fill(
        self, space: Space, memories: Sequence[Memory], vectors: Matrix, *, tokens: Sequence[Tokens] = ()
    ) -> None:
        """See `MemoryStore.fill`."""
        await self._refiller.fill(space, memories, vectors, tokens)

    async def switch(self, space: Space) -> None:
        """See `MemoryStore.switch`."""
        await self._connect()
        serving = await self._refiller.switch(space)
        if self._parts is not None:
            await self._views.hnsw.close()
        self._serve(serving)

    async def connect(self) -> Database:
        """Open the database alone, for others who keep tables in it; `close` closes it."""
        if not self._database.is_open:
            await self._database.open()
            self._owns_database = True
        return self._database

    async def _connect(self) -> None:
        await self.connect()
        await self._database.migrate(PACKAGE, load_migrations(__package__))

    def _serve(self, serving: Serving) -> None:
        database, analyzer = self._database, self._analyzer
        self._parts = (
            Writer(database, analyzer, serving, self._lease),
            Changer(database, analyzer, serving, self._lease),
            Views(database, analyzer, serving, cache_bytes=self._cache_bytes, exact_limit=self._exact_limit),
        )

    @property
    def _writer(self) -> Writer:
        return self._opened()[0]

    @property
    def _changer(self) -> Changer:
        return self._opened()[1]

    @property
    def _views(self) -> Views:
        return self._opened()[2]

    def _opened(self) -> tuple[Writer, Changer, Views]:
        if self._parts is None:
            raise StoreError("the store is not open")
        return self._parts
