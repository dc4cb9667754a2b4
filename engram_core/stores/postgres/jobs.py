"""Jobs: what is still to be done, durably. A claim is a lease: the job comes back when it is not struck in time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.stores.postgres.database import Connection
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of

SQL = load_queries("jobs")
EMBED = "embed"


async def write_job(connection: Connection, unembedded: Sequence[Memory], lease: float) -> str | None:
    """Note that memories need vectors, one row an owner, first due after the lease; return the name of the note."""
    by_owner: dict[tuple[str, int], list[str]] = defaultdict(list)
    for memory in unembedded:
        by_owner[memory.scope.tenant, memory.scope.shard_key].append(memory.id)
    if not by_owner:
        return None
    jobs = [(new_id(), *owner, EMBED, json.dumps({"memories": ids})) for owner, ids in by_owner.items()]
    await connection.execute(SQL.write, *map(list, zip(*jobs, strict=True)), lease)
    return ",".join(job[0] for job in jobs)


async def strike_job(connection: Connection, job: str, space: int) -> None:
    """Remove a note when all its memories have vectors; what is left of it is due at once."""
    ids = job.split(",")
    if await connection.execute(SQL.strike, ids, space) != f"DELETE {len(ids)}":
        await connection.execute(SQL.release, ids)


async def claim_job(
    connection: Connection, space: int, limit: int, lease: float
) -> tuple[str, tuple[Memory, ...]] | None:
    """Lease the oldest due note and read the memories that still lack a vector; None when nothing is due."""
    while (job := await connection.fetchrow(SQL.claim, EMBED, lease)) is not None:
        ids = json.loads(job["payload"])["memories"]
        rows = await connection.fetch(SQL.unembedded, job["shard_key"], ids, space, limit)
        if rows:
            return str(job["id"]), tuple(map(memory_of, rows))
        await strike_job(connection, str(job["id"]), space)
    return None
