"""The writing verbs for turns, vectors and removals, each one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.errors import ConflictError
from engram_core.ports import Learn, Recorded, Tokens, Turn, Vector
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.postgres import jobs, writing
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.history import insert_changes
from engram_core.stores.postgres.keys import scope_key
from engram_core.stores.postgres.lessons import write_lessons
from engram_core.stores.postgres.owners import Locked, count_owners, lock_owners, lock_present
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of
from engram_core.stores.postgres.spaces import Serving, hold_serving

SQL = load_queries("writing")
Place = tuple[int, bytes]


@dataclass(slots=True)
class Outcome:
    """What becomes of a batch of turns: which are new, which were there before."""

    stored: list[Memory] = field(default_factory=list)
    fresh: list[writing.New] = field(default_factory=list)
    #: Those there before, and those of this batch, by key.
    by_key: dict[Place, Memory] = field(default_factory=dict)
    by_id: dict[str, Memory] = field(default_factory=dict)
    #: Ids of memories without a vector.
    lacking: set[str] = field(default_factory=set)

    def meet(self, memory: Memory, embedded: bool, key: bytes | None) -> None:
        """Note a memory that is in the store."""
        self.by_id[memory.id] = memory
        if key is not None:
            self.by_key[memory.scope.shard_key, key] = memory
        if not embedded:
            self.lacking.add(memory.id)

    def put(self, memory: Memory, key: bytes | None, words: writing.Words) -> None:
        """Take a memory in, unless its id or its key is there."""
        same = self.by_id.get(memory.id)
        if same is None and key is not None:
            same = self.by_key.get((memory.scope.shard_key, key))
        if same is None:
            self.fresh.append(writing.New(memory, key, words))
            self.meet(memory, False, key)
        self.stored.append(same or memory)

    @property
    def unembedded(self) -> tuple[Memory, ...]:
        """Those of the batch that have no vector, each once."""
        return tuple({memory.id: memory for memory in self.stored if memory.id in self.lacking}.values())


class Writer:
    """Writes turns and their vectors.

    Args:
        database: Open.
        analyzer: Makes the terms.
        serving: The space that serves.
        lease: Seconds until a job that nobody struck is due again.
    """

    def __init__(self, database: Database, analyzer: Analyzer, serving: Serving, lease: float) -> None:
        self._database = database
        self._analyzer = analyzer
        self._serving = serving
        self._lease = lease

    async def record(self, turns: Sequence[Turn], learn: Learn | None, lesson_lease: float) -> Recorded:
        """Store turns whose keys are not there, a job for those without a vector, and lessons for the fresh ones."""
        words = await writing.analysed(self._analyzer, [turn.memory for turn in turns])
        async with self._database.transaction() as connection:
            locked = await lock_owners(connection, count_owners(turn.memory.scope for turn in turns))
            await hold_serving(connection, self._serving)
            outcome = Outcome()
            await self._meet_keys(connection, outcome, [(turn.memory, turn.key) for turn in turns])
            for turn, found in zip(turns, words, strict=True):
                outcome.put(turn.memory, turn.key, found)
            recorded = await self._finish(connection, locked, outcome)
            if learn is None:
                return recorded
            fresh = [new.memory for new in outcome.fresh]
            lessons = await write_lessons(connection, locked, fresh, learn, lesson_lease)
            return replace(recorded, lessons=lessons)

    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """Store versions and history with the ids they had, but for what is there."""
        words = await writing.analysed(self._analyzer, [memory for memory, _ in memories])
        scopes = [memory.scope for memory, _ in memories] + [change.memory.scope for change in changes]
        async with self._database.transaction() as connection:
            locked = await lock_owners(connection, count_owners(scopes))
            await hold_serving(connection, self._serving)
            outcome = Outcome()
            await self._meet_ids(connection, outcome, memories)
            await self._meet_keys(connection, outcome, memories)
            for (memory, key), found in zip(memories, words, strict=True):
                outcome.put(memory, key, found)
            recorded = await self._finish(connection, locked, outcome)
            await insert_changes(connection, locked, changes)
            return recorded

    async def embedded(
        self,
        vectors: Mapping[str, Vector],
        memories: Sequence[Memory],
        job: str | None,
        tokens: Mapping[str, Tokens],
    ) -> None:
        """Store vectors, those of tokens too, and strike the job."""
        async with self._database.transaction() as connection:
            locked = await lock_present(connection, {memory.scope.shard_key for memory in memories})
            await hold_serving(connection, self._serving)
            await writing.insert_vectors(connection, locked, self._serving.id, memories, vectors, tokens)
            if job is not None:
                await jobs.strike_job(connection, job, self._serving.id)

    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """Lease the oldest due job."""
        async with self._database.connection() as connection:
            return await jobs.claim_job(connection, self._serving.id, limit, self._lease)

    async def _finish(self, connection: Connection, locked: Locked, outcome: Outcome) -> Recorded:
        await writing.insert(connection, locked, outcome.fresh, self._analyzer.version)
        unembedded = outcome.unembedded
        job = await jobs.write_job(connection, unembedded, self._lease)
        return Recorded(tuple(outcome.stored), frozenset(new.memory.id for new in outcome.fresh), unembedded, job)

    async def _meet_keys(
        self, connection: Connection, outcome: Outcome, memories: Iterable[tuple[Memory, bytes | None]]
    ) -> None:
        keys: dict[int, list[bytes]] = defaultdict(list)
        for memory, key in memories:
            if key is not None:
                keys[memory.scope.shard_key].append(key)
        for shard_key, wanted in keys.items():
            for row in await connection.fetch(SQL.with_keys, shard_key, wanted, self._serving.id):
                outcome.meet(memory_of(row), bool(row["embedded"]), row["dedup_key"])

    async def _meet_ids(
        self, connection: Connection, outcome: Outcome, memories: Iterable[tuple[Memory, bytes | None]]
    ) -> None:
        wanted = {memory.id: memory.scope for memory, _ in memories}
        here: dict[int, list[str]] = defaultdict(list)
        for row in await connection.fetch(SQL.elsewhere, list(wanted)):
            scope = wanted[str(row["id"])]
            if (row["shard_key"], row["scope_key"]) != (scope.shard_key, scope_key(scope)):
                raise ConflictError(f"the id {row['id']} is in use by a memory of another scope")
            here[row["shard_key"]].append(str(row["id"]))
        for shard_key, ids in here.items():
            for row in await connection.fetch(SQL.with_ids, shard_key, ids, self._serving.id):
                outcome.meet(memory_of(row), bool(row["embedded"]), row["dedup_key"])
