"""Lessons: turns that are to be learned from, in the order in which their owner's writes were committed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from asyncpg import Record

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.results import DeadLetter, Queue
from engram_core.ports import Learn, Lesson
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.owners import Locked
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of

SQL = load_queries("jobs")
READING = load_queries("reading")


async def write_lessons(
    connection: Connection, locked: Locked, fresh: Iterable[Memory], learn: Learn, lease: float
) -> tuple[str, ...]:
    """Note turns to be learned from, one row an owner, inside the transaction that stores them."""
    by_owner: dict[tuple[str, int], list[str]] = defaultdict(list)
    for memory in fresh:
        by_owner[memory.scope.tenant, memory.scope.shard_key].append(memory.id)
    if not by_owner:
        return ()
    jobs = [
        (new_id(), tenant, shard_key, json.dumps({"memories": ids}), locked.versions[shard_key])
        for (tenant, shard_key), ids in by_owner.items()
    ]
    due = lease if learn == "now" else 0.0
    await connection.execute(SQL.write_lessons, *map(list, zip(*jobs, strict=True)), due)
    return tuple(job[0] for job in jobs)


async def strike_lesson(connection: Connection, job: str) -> bool:
    """Remove a lesson; tell whether it was still there."""
    return bool(await connection.execute(SQL.finish, job) == "DELETE 1")


class Lessons:
    """Gives lessons out and takes them back.

    Args:
        database: Open.
        lease: Seconds until a claimed lesson is due again.
    """

    def __init__(self, database: Database, lease: float) -> None:
        self._database = database
        self._lease = lease

    async def claim(self, upto: str | None) -> Lesson | None:
        """Lease a lesson."""
        async with self._database.connection() as connection:
            if upto is None:
                job = await connection.fetchrow(SQL.claim_lesson, self._lease)
            else:
                job = await connection.fetchrow(SQL.claim_upto, self._lease, upto)
            if job is None:
                return None
            ids = _turns(job)
            rows = await connection.fetch(READING.with_ids, job["tenant"], ids)
        found = {memory.id: memory for memory in map(memory_of, rows) if memory.retired_at is None}
        turns = tuple(found[id] for id in ids if id in found)
        return Lesson(str(job["id"]), turns, job["attempts"], job["failures"], self._lease)

    async def live(self, jobs: Sequence[str]) -> frozenset[str]:
        """Return those that are still to be learned."""
        async with self._database.connection() as connection:
            return frozenset(str(row["id"]) for row in await connection.fetch(SQL.live, list(jobs)))

    async def is_put_off(self, upto: str) -> bool:
        """Tell whether the first of the owner's lessons, no later than a given one, is postponed to a later time."""
        async with self._database.connection() as connection:
            return bool(await connection.fetchval(SQL.put_off, upto))

    async def renew(self, job: str) -> None:
        """Begin a lease anew."""
        async with self._database.connection() as connection:
            await connection.execute(SQL.renew, job, self._lease)

    async def postpone(self, job: str, error: str, delay: float | None, *, failed: bool) -> None:
        """Give a lesson back."""
        async with self._database.connection() as connection:
            if delay is None:
                await connection.execute(SQL.bury, job, error, int(failed))
            else:
                await connection.execute(SQL.postpone, job, error, int(failed), delay)

    async def dead(self, tenant: str, limit: int) -> list[DeadLetter]:
        """Return dead lessons, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL.dead, tenant, limit)
        return [
            DeadLetter(str(row["id"]), tuple(_turns(row)), row["attempts"], row["last_error"] or "", row["dead_at"])
            for row in rows
        ]

    async def replay(self, tenant: str, jobs: Sequence[str] | None) -> int:
        """Make dead lessons due again."""
        async with self._database.connection() as connection:
            status = await connection.execute(SQL.replay, tenant, None if jobs is None else list(jobs))
        return int(status.rpartition(" ")[2])

    async def queue(self, tenant: str) -> Queue:
        """Count lessons."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(SQL.queue, tenant)
        return Queue(row["waiting"], row["dead"], row["oldest"])


def _turns(job: Record) -> list[str]:
    return list(map(str, json.loads(job["payload"])["memories"]))
