-- name: write
-- $1 ids, $2 tenants, $3 owners, $4 kinds, $5 payloads, $6 seconds until they are due.
INSERT INTO jobs (id, tenant, shard_key, kind, payload, run_at)
SELECT n.*, now() + $6::float8 * interval '1 second'
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[]) AS n;

-- name: claim
-- Lease the oldest job that is due: nobody else gets it until the lease ends. A job that comes back again and again
-- comes back more and more slowly. $1 kind, $2 seconds of the first lease.
UPDATE jobs SET run_at = now() + $2::float8 * least(2 ^ attempts, 64) * interval '1 second', attempts = attempts + 1
WHERE id = (
    SELECT id FROM jobs WHERE kind = $1 AND dead_at IS NULL AND run_at <= now()
    ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, shard_key, payload;

-- name: unembedded
-- The memories of a job that still lack a vector. $1 owner, $2 ids, $3 space, $4 how many at most.
SELECT m.* FROM memories m
WHERE m.shard_key = $1 AND m.id = ANY($2::uuid[])
  AND (SELECT true FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $3 AND v.memory_id = m.id) IS NULL
ORDER BY m.seq LIMIT $4;

-- name: strike
-- Remove jobs whose memories all have their vectors, or are gone. $1 ids of the jobs, $2 space.
DELETE FROM jobs j WHERE j.id = ANY($1::uuid[]) AND NOT EXISTS (
    SELECT FROM jsonb_array_elements_text(j.payload -> 'memories') AS n (id)
    WHERE (SELECT true FROM memories m WHERE m.shard_key = j.shard_key AND m.id = n.id::uuid)
      AND (
          SELECT true FROM vectors v WHERE v.shard_key = j.shard_key AND v.space = $2 AND v.memory_id = n.id::uuid
      ) IS NULL
);

-- name: release
-- Make what is left of jobs due at once. $1 ids of the jobs.
UPDATE jobs SET run_at = now(), attempts = 0 WHERE id = ANY($1::uuid[]);

-- name: erase
-- Remove the jobs of owners whose memories are all gone. $1 owners.
DELETE FROM jobs j WHERE j.shard_key = ANY($1) AND NOT EXISTS (
    SELECT FROM jsonb_array_elements_text(j.payload -> 'memories') AS n (id)
    WHERE (SELECT true FROM memories m WHERE m.shard_key = j.shard_key AND m.id = n.id::uuid)
);
