-- Everywhere: $1 shard_key, $2 tenant, $3 thread_id, and where it matters $4 checkpoint_ns.

-- name: columns
-- What a checkpoint tuple is made of, for a row `c` of langgraph_checkpoints. A LIMIT or an OFFSET in what is looked up,
-- here and below, has it looked up row by row: as a join, the planner would read all that a thread has, where it knows
-- nothing of threads yet.
c.thread_id, c.checkpoint_ns, c.checkpoint_id, c.parent_id, c.type, c.body, c.metadata,
ARRAY(
    SELECT row(at.channel, value.type, value.value)
    FROM unnest(c.channels, c.versions) AS at (channel, version)
    CROSS JOIN LATERAL (
        SELECT b.type, b.value
        FROM langgraph_blobs b
        WHERE b.shard_key = c.shard_key AND b.tenant = c.tenant AND b.thread_id = c.thread_id
            AND b.checkpoint_ns = c.checkpoint_ns AND b.channel = at.channel AND b.version = at.version
        LIMIT 1
    ) value
) AS blobs,
ARRAY(
    SELECT row(w.task_id, w.channel, w.type, w.value)
    FROM langgraph_writes w
    WHERE w.shard_key = c.shard_key AND w.tenant = c.tenant AND w.thread_id = c.thread_id
        AND w.checkpoint_ns = c.checkpoint_ns AND w.checkpoint_id = c.checkpoint_id
    ORDER BY w.task_path, w.task_id, w.idx
) AS writes

-- name: exact
-- One checkpoint, $5.
SELECT {columns}
FROM langgraph_checkpoints c
WHERE c.shard_key = $1 AND c.tenant = $2 AND c.thread_id = $3 AND c.checkpoint_ns = $4 AND c.checkpoint_id = $5

-- name: latest
-- The newest checkpoint of a namespace.
SELECT {columns}
FROM (
    SELECT * FROM langgraph_checkpoints
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
    ORDER BY checkpoint_id DESC LIMIT 1
) c

-- name: page
-- Newest first: of one thread, or with a $1 of null of all; $4 namespace, $5 checkpoint, $6 before, $7 metadata, each
-- null for any; after the row of $8 checkpoint, $9 thread, $10 namespace; at most $11.
SELECT {columns}
FROM (
    SELECT * FROM langgraph_checkpoints
    WHERE tenant = $2
        AND ($1::bigint IS NULL OR shard_key = $1 AND thread_id = $3)
        AND ($4::text IS NULL OR checkpoint_ns = $4)
        AND ($5::text IS NULL OR checkpoint_id = $5)
        AND ($6::text IS NULL OR checkpoint_id < $6)
        AND ($7::jsonb IS NULL OR metadata @> $7)
        AND ($8::text IS NULL OR (checkpoint_id, thread_id, checkpoint_ns) < ($8, $9, $10))
    ORDER BY checkpoint_id DESC, thread_id DESC, checkpoint_ns DESC
    LIMIT $11
) c
ORDER BY c.checkpoint_id DESC, c.thread_id DESC, c.checkpoint_ns DESC

-- name: put
-- One checkpoint, $5 to $13; and those values of its channels that are new, $14 to $17: a version's value never changes.
WITH values_ AS (
    INSERT INTO langgraph_blobs (shard_key, tenant, thread_id, checkpoint_ns, channel, version, type, value)
    SELECT $1, $2, $3, $4, new.channel, new.version, new.type, new.value
    FROM unnest($14::text[], $15::text[], $16::text[], $17::bytea[]) AS new (channel, version, type, value)
    ON CONFLICT DO NOTHING
)
INSERT INTO langgraph_checkpoints (
    shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, parent_id, type, body, inlined, channels, versions,
    deltas, metadata
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
    parent_id = excluded.parent_id, type = excluded.type, body = excluded.body, inlined = excluded.inlined,
    channels = excluded.channels, versions = excluded.versions, deltas = excluded.deltas, metadata = excluded.metadata

-- name: put_value
-- Version $6 of channel $5: type $7, value $8.
INSERT INTO langgraph_blobs (shard_key, tenant, thread_id, checkpoint_ns, channel, version, type, value)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING

-- name: put_writes
-- Writes $8 to $11 of the task $6 with the path $7 on checkpoint $5. Said again, they stay as they are, but for those of
-- which a task has one of its kind.
INSERT INTO langgraph_writes (
    shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value
)
SELECT $1, $2, $3, $4, $5, $6, $7, new.idx, new.channel, new.type, new.value
FROM unnest($8::integer[], $9::text[], $10::text[], $11::bytea[]) AS new (idx, channel, type, value)
ON CONFLICT (shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
    task_path = excluded.task_path, channel = excluded.channel, type = excluded.type, value = excluded.value
WHERE excluded.idx < 0

-- name: history
-- What channels $6 are made of at checkpoint $5, or at the latest: their writes from the nearest ancestor on that has a
-- value of theirs, and that value: `blob`, or `body`, a checkpoint that has it inlined. It ends where parents lead in a
-- circle, too: no ancestor is further away than there are checkpoints, which is counted only when it may matter.
WITH RECURSIVE chain AS (
    SELECT checkpoint_id, parent_id, 0 AS depth, $6::text[] AS wanted, '{}'::text[] AS seeded
    FROM (
        SELECT checkpoint_id, parent_id FROM langgraph_checkpoints
        WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
            AND ($5::text IS NULL OR checkpoint_id = $5)
        ORDER BY checkpoint_id DESC LIMIT 1
    ) target
    UNION ALL
    SELECT p.checkpoint_id, p.parent_id, chain.depth + 1, rest.wanted, ARRAY(
        SELECT channel FROM unnest(rest.wanted) channel
        WHERE channel = ANY (p.inlined) OR EXISTS (
            SELECT FROM langgraph_blobs b
            WHERE b.shard_key = $1 AND b.tenant = $2 AND b.thread_id = $3 AND b.checkpoint_ns = $4
                AND b.channel = channel.channel AND b.version = p.versions[array_position(p.channels, channel.channel)]
        )
    )
    FROM chain
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT unnest(chain.wanted) EXCEPT SELECT unnest(chain.seeded)) AS wanted) rest
    CROSS JOIN LATERAL (
        SELECT * FROM langgraph_checkpoints
        WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
            AND checkpoint_id = chain.parent_id
        LIMIT 1
    ) p
    WHERE cardinality(rest.wanted) > 0 AND (
        chain.depth < 10000 OR chain.depth < (
            SELECT count(*) FROM langgraph_checkpoints
            WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
        )
    )
)
SELECT 'write' AS kind, w.channel, w.type, w.value, w.task_id, chain.depth, w.task_path, w.idx
FROM chain
CROSS JOIN LATERAL (
    SELECT * FROM langgraph_writes
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
        AND checkpoint_id = chain.checkpoint_id AND channel = ANY (chain.wanted)
    OFFSET 0
) w
WHERE chain.depth > 0
UNION ALL
SELECT
    CASE WHEN b.type IS NULL THEN 'body' ELSE 'blob' END, seed.channel, coalesce(b.type, p.type),
    coalesce(b.value, p.body), NULL, NULL, NULL, NULL
FROM chain
CROSS JOIN LATERAL unnest(chain.seeded) AS seed (channel)
CROSS JOIN LATERAL (
    SELECT * FROM langgraph_checkpoints
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
        AND checkpoint_id = chain.checkpoint_id
    LIMIT 1
) p
LEFT JOIN LATERAL (
    SELECT type, value FROM langgraph_blobs
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
        AND channel = seed.channel AND version = p.versions[array_position(p.channels, seed.channel)]
    LIMIT 1
) b ON true
ORDER BY depth DESC, task_path, task_id, idx

-- name: survey
-- Every checkpoint of a thread, in short; `root` is the checkpoint of the whole graph that a subgraph was called from.
SELECT checkpoint_ns, checkpoint_id, parent_id, deltas, metadata -> 'parents' ->> '' AS root
FROM langgraph_checkpoints
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3
ORDER BY checkpoint_ns, checkpoint_id

-- name: stored
-- Which of the channels $5 have a value at each checkpoint of a namespace.
SELECT c.checkpoint_id, ARRAY(
    SELECT channel FROM unnest($5::text[]) channel
    WHERE channel = ANY (c.inlined) OR EXISTS (
        SELECT FROM langgraph_blobs b
        WHERE b.shard_key = $1 AND b.tenant = $2 AND b.thread_id = $3 AND b.checkpoint_ns = $4
            AND b.channel = channel.channel AND b.version = c.versions[array_position(c.channels, channel.channel)]
    )
) AS channels
FROM langgraph_checkpoints c
WHERE c.shard_key = $1 AND c.tenant = $2 AND c.thread_id = $3 AND c.checkpoint_ns = $4

-- name: remove
-- Checkpoints $5 of a namespace with their writes; others lose a parent that goes. Returns the versions of values that
-- none of the others has.
WITH gone AS (
    DELETE FROM langgraph_checkpoints
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4 AND checkpoint_id = ANY ($5::text[])
    RETURNING channels, versions
), writes AS (
    DELETE FROM langgraph_writes
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4 AND checkpoint_id = ANY ($5::text[])
), orphans AS (
    UPDATE langgraph_checkpoints SET parent_id = NULL
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
        AND parent_id = ANY ($5::text[]) AND NOT checkpoint_id = ANY ($5::text[])
), unused AS (
    SELECT at.channel, at.version FROM gone, unnest(gone.channels, gone.versions) AS at (channel, version)
    EXCEPT
    SELECT at.channel, at.version
    FROM langgraph_checkpoints kept, unnest(kept.channels, kept.versions) AS at (channel, version)
    WHERE kept.shard_key = $1 AND kept.tenant = $2 AND kept.thread_id = $3 AND kept.checkpoint_ns = $4
        AND NOT kept.checkpoint_id = ANY ($5::text[])
)
SELECT channel, array_agg(version) AS versions FROM unused GROUP BY channel

-- name: delete_values
-- Versions $6 of a channel, $5.
DELETE FROM langgraph_blobs
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = $4
    AND channel = $5 AND version = ANY ($6::text[])

-- name: delete_namespaces
-- All that the namespaces $4 of a thread hold.
WITH blobs AS (
    DELETE FROM langgraph_blobs
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = ANY ($4::text[])
), writes AS (
    DELETE FROM langgraph_writes
    WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = ANY ($4::text[])
)
DELETE FROM langgraph_checkpoints
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3 AND checkpoint_ns = ANY ($4::text[])

-- name: delete_thread
-- All that a thread holds.
WITH blobs AS (
    DELETE FROM langgraph_blobs WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3
), writes AS (
    DELETE FROM langgraph_writes WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3
)
DELETE FROM langgraph_checkpoints WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3

-- name: of_runs
-- Where the checkpoints of the runs $2 of the tenant $1 are.
SELECT shard_key, thread_id, checkpoint_ns, array_agg(checkpoint_id) AS checkpoint_ids
FROM langgraph_checkpoints
WHERE tenant = $1 AND metadata ->> 'run_id' = ANY ($2::text[])
GROUP BY shard_key, thread_id, checkpoint_ns

-- name: lock_thread
-- One copy to a thread at a time, until the end of the transaction. $1 its key.
SELECT pg_advisory_xact_lock($1)

-- name: holds
-- Whether a thread holds anything.
SELECT EXISTS (SELECT FROM langgraph_checkpoints WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3)
    OR EXISTS (SELECT FROM langgraph_writes WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3)

-- name: copy_checkpoints
-- Copy to the thread $5 with the key $4.
INSERT INTO langgraph_checkpoints (
    shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, parent_id, type, body, inlined, channels, versions,
    deltas, metadata
)
SELECT
    $4, tenant, $5, checkpoint_ns, checkpoint_id, parent_id, type, body, inlined, channels, versions, deltas, metadata
FROM langgraph_checkpoints
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3

-- name: copy_blobs
-- Copy to the thread $5 with the key $4.
INSERT INTO langgraph_blobs (shard_key, tenant, thread_id, checkpoint_ns, channel, version, type, value)
SELECT $4, tenant, $5, checkpoint_ns, channel, version, type, value
FROM langgraph_blobs
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3

-- name: copy_writes
-- Copy to the thread $5 with the key $4.
INSERT INTO langgraph_writes (
    shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value
)
SELECT $4, tenant, $5, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value
FROM langgraph_writes
WHERE shard_key = $1 AND tenant = $2 AND thread_id = $3
