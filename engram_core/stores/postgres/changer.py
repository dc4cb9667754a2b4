"""The writing verbs for decisions and removals, each one transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from asyncpg import Record

from engram_core.domain.change import Change, Op
from engram_core.domain.memory import Memory
from engram_core.domain.results import EraseReceipt
from engram_core.domain.scope import Scope
from engram_core.ports import Tokens, Vector
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.postgres import jobs, writing
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.history import insert_changes
from engram_core.stores.postgres.lessons import strike_lesson
from engram_core.stores.postgres.owners import Locked, count_owners, lock_owners, lock_present, shards_of
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of
from engram_core.stores.postgres.spaces import Serving, hold_serving
from engram_core.stores.versions import Versions, concerned

SQL = load_queries("writing")
OWNERS = load_queries("owners")
JOBS = load_queries("jobs")
FEEDBACK = load_queries("feedback")


class Changer:
    """Carries out changes, and erases."""

    def __init__(self, database: Database, analyzer: Analyzer, serving: Serving, lease: float) -> None:
        self._database = database
        self._analyzer = analyzer
        self._serving = serving
        self._lease = lease

    async def apply(
        self,
        changes: Sequence[Change],
        vectors: Mapping[str, Vector],
        tokens: Mapping[str, Tokens],
        lesson: str | None,
    ) -> bool:
        """Carry out all changes or none; not, when the lesson they come from is gone."""
        if not changes:
            return lesson is None or await self._strike(lesson)
        opened = {c.after.id: c.after for c in changes if c.after is not None and c.op in (Op.ADD, Op.UPDATE)}
        words = dict(zip(opened, await writing.analysed(self._analyzer, list(opened.values())), strict=True))
        async with self._database.transaction() as connection:
            locked = await self._lock(connection, changes)
            if lesson is not None and not await strike_lesson(connection, lesson):
                await connection.execute(OWNERS.forget, sorted(locked.versions))
                return False
            versions = await self._versions(connection, changes)
            for change in changes:
                versions.carry_out(change)
            new = [writing.New(memory, None, words[id]) for id, memory in versions.opened.items()]
            await writing.insert(connection, locked, new, self._analyzer.version)
            opened_now = versions.opened.values()
            await writing.insert_vectors(connection, locked, self._serving.id, opened_now, vectors, tokens)
            await self._close(connection, locked, versions)
            await insert_changes(connection, locked, changes)
            unembedded = [memory for memory in versions.opened.values() if memory.id not in vectors]
            await jobs.write_job(connection, unembedded, self._lease)
        return True

    async def _strike(self, lesson: str) -> bool:
        async with self._database.transaction() as connection:
            return await strike_lesson(connection, lesson)

    async def retire_all(self, scope: Scope, changes: Sequence[Change]) -> int:
        """Carry out those DELETE changes in the scope whose memories are current."""
        changes = [change for change in changes if scope.contains(change.memory.scope)]
        if not changes:
            return 0
        async with self._database.transaction() as connection:
            locked = await self._lock(connection, changes)
            versions = await self._versions(connection, changes)
            done = []
            for change in changes:
                if versions.is_current(change):
                    versions.carry_out(change)
                    done.append(change)
            await self._close(connection, locked, versions)
            await insert_changes(connection, locked, done)
            if not done:
                await connection.execute(OWNERS.forget, sorted(locked.versions))
            return len(done)

    async def erase(self, scope: Scope) -> EraseReceipt:
        """Remove all that a scope contains."""
        async with self._database.transaction() as connection:
            shards = await shards_of(connection, scope)
            locked = await lock_present(connection, shards)
            shards = sorted(locked.versions)
            parts = (shards, scope.tenant, scope.user_id, scope.agent_id, scope.session_id)
            # Statements are kept beyond the session that they were learned in, or are imported ones of a wider scope.
            is_part = scope.session_id is not None or scope.agent_id is not None
            orphans = await connection.fetch(SQL.forget_sources, *parts) if is_part else []
            all_parts = (*parts, [row["id"] for row in orphans])
            await connection.execute(SQL.erase_uses, *all_parts)
            labels = _count(await connection.execute(FEEDBACK.erase, *all_parts))
            vectors = _count(await connection.execute(SQL.erase_vectors, *all_parts))
            await connection.execute(SQL.erase_tokens, *all_parts)
            terms = await connection.fetch(SQL.erase_terms, *all_parts)
            changes = _count(await connection.execute(SQL.erase_changes_before, *all_parts))
            changes += _count(await connection.execute(SQL.erase_changes_after, *all_parts))
            memories = await connection.fetch(SQL.erase_memories, *all_parts)
            await connection.execute(SQL.erase_scopes, *parts)
            erased_jobs = _count(await connection.execute(JOBS.erase, shards))
            await self._shrink(connection, memories, terms)
        rows, term_rows = (sum(row["rows"] for row in table) for table in (memories, terms))
        return EraseReceipt(rows, vectors=vectors, terms=term_rows, changes=changes, jobs=erased_jobs, labels=labels)

    async def _lock(self, connection: Connection, changes: Sequence[Change]) -> Locked:
        """Lock the owners and reserve an order for each change and each version it opens."""
        reserve = count_owners(change.memory.scope for change in changes)
        locked = await lock_owners(connection, Counter({owner: 2 * count for owner, count in reserve.items()}))
        await hold_serving(connection, self._serving)
        return locked

    async def _versions(self, connection: Connection, changes: Sequence[Change]) -> Versions:
        ids: dict[int, set[str]] = defaultdict(set)
        for change in changes:
            shard_key = change.memory.scope.shard_key
            ids[shard_key] |= concerned(change)
        versions = Versions()
        for shard_key, wanted in ids.items():
            for row in await connection.fetch(SQL.versions, shard_key, list(wanted)):
                versions.meet(memory_of(row), bool(row["succeeded"]))
        return versions

    async def _close(self, connection: Connection, locked: Locked, versions: Versions) -> None:
        closed: dict[int, list[Memory]] = defaultdict(list)
        for memory in versions.closed.values():
            closed[memory.scope.shard_key].append(memory)
        for shard_key, mine in closed.items():
            ids, ends = [memory.id for memory in mine], [memory.valid_to for memory in mine]
            retired = [memory.retired_at for memory in mine]
            await connection.execute(SQL.close, shard_key, ids, ends, retired, locked.versions[shard_key])
        observed: dict[int, list[Memory]] = defaultdict(list)
        for memory in versions.observed.values():
            observed[memory.scope.shard_key].append(memory)
        for shard_key, mine in observed.items():
            ids, sources = [memory.id for memory in mine], [json.dumps(memory.sources) for memory in mine]
            await connection.execute(SQL.observe, shard_key, ids, sources, locked.versions[shard_key])

    async def _shrink(self, connection: Connection, memories: Iterable[Record], terms: Iterable[Record]) -> None:
        counts = {row["shard_key"]: row["rows"] for row in memories}
        lengths = {row["shard_key"]: row["length"] for row in terms}
        keys = sorted(counts)
        removed = [counts[key] for key in keys]
        await connection.execute(OWNERS.shrink, keys, removed, [lengths.get(key, 0) for key in keys])
        await connection.execute(OWNERS.forget, keys)


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
