"""Every hot statement reads along an index, at any size, before the first ANALYZE and after it."""

import json
import re

import pytest

from engram_core.stores.postgres.conditions import compile_selection
from engram_core.stores.postgres.keys import salt
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.writing import analysis_key

ROWS = 3000
MORE_SCOPES = """
INSERT INTO scopes
SELECT n, n, 'acme', 'user ' || n, 'agent ' || n, 'session ' || n, n, n FROM generate_series(1, 3000) n
"""
MORE_CHANGES = """
INSERT INTO changes (shard_key, id, seq, op, before, after, reason, actor, at)
SELECT shard_key, gen_random_uuid(), seq, 'UPDATE', id, gen_random_uuid(), '', 'user', now() FROM memories
"""
#: Tables that hold a row or two here are read whole, and rightly so, unless the planner is asked not to.
SMALL = ("scopes_agent", "scopes_session", "owners_pkey", "jobs_due", "jobs_pkey", "terms_terms")


async def plan(connection, sql: str, *arguments: object) -> str:
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (COSTS OFF) {sql}", *arguments))


@pytest.fixture
async def filled(bench):
    """A store whose tables were never analysed, and one memory in it."""
    store = await bench.open()
    async with store._database.connection() as connection:
        for table in ("memories", "vectors", "terms", "jobs", "changes", "owners"):
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    for start in range(0, ROWS, 1000):
        turns = [bench.turn(f"word{n} and{n % 7} common", minutes=n) for n in range(start, start + 1000)]
        await bench.fill(store, turns)
    return store, turns[0]


@pytest.mark.parametrize("analysed", [False, True], ids=["before", "after"])
async def test_hot_statements_use_their_indexes(bench, filled, analysed: bool) -> None:
    store, memory = filled
    shard, ids = memory.scope.shard_key, [memory.id]
    condition = compile_selection(bench.selection())
    writing, reading, search = load_queries("writing"), load_queries("reading"), load_queries("search")
    jobs, owners, large, history = (load_queries(name) for name in ("jobs", "owners", "large", "history"))
    made_by = analysis_key(store._analyzer.version)
    words = [int(word) for word in store._analyzer.query_terms("word17")]
    rare = [word ^ salt(shard) for word in words]
    job = json.dumps({"memories": ids})
    parameters = condition.parameters
    statements = {
        "memories_shard_key_dedup_key_key": (writing.with_keys, shard, [b"x"], 1),
        "memories_pkey|memories_id": (writing.with_ids, shard, ids, 1),
        "vectors_pkey": (writing.lacking_vector, shard, ids, 1),
        "memories_supersedes": (writing.versions, shard, ids),
        "memories_id": (reading.with_ids, "acme", ids),
        "memories_recorded": (
            reading.page_of_one.format(admitted=condition.sql), *parameters, shard, None, None, 10,
        ),
        "memories_version": (search.changed, shard, 1, made_by, 10**6, 10),
        "vectors_version": (search.changed, shard, 1, made_by, 10**6, 10),
        "terms_pkey": (search.changed, shard, 1, made_by, 10**6, 10),
        "owners_pkey": (owners.state, [shard], 1, store._analyzer.version),
        "scopes_agent": (owners.of_agent, 1, "acme", "cook", None),
        "scopes_session": (owners.of_session, 1, "acme", "s"),
        "jobs_pkey": (jobs.strike, ["01890000-0000-7000-8000-000000000000"], 1),
        "jobs_due": (jobs.claim, "embed", 60.0),
        "changes_before": (history.of_memories, shard, ids),
        "terms_terms": (large.holders, [shard] * len(rare), rare, 100),
        "memories_conversation": (large.neighbours.format(admitted=condition.sql), *parameters, [shard], [1]),
        "memories_seq": (large.hydrate, [shard], [1]),
    }  # fmt: skip
    async with store._database.connection() as connection:
        await connection.execute(
            "INSERT INTO jobs VALUES (gen_random_uuid(), 'acme', $1, 'embed', $2, now())", shard, job
        )
        await connection.execute(MORE_SCOPES)
        await connection.execute(MORE_CHANGES)
        if analysed:
            await connection.execute("ANALYZE")
        for index, (sql, *arguments) in statements.items():
            await connection.execute("SET enable_seqscan = off")
            text = await plan(connection, sql, *arguments)
            assert re.search(index, text), f"{index} is not used:\n{text}"
            if index not in SMALL:
                await connection.execute("SET enable_seqscan = on")
                text = await plan(connection, sql, *arguments)
                assert not re.search(r"Seq Scan on (memories|vectors|terms)", text), f"{index}:\n{text}"
