-- name: write
-- $1 ids, $2 tenants, $3 owners, $4 kinds, $5 payloads, $6 seconds until they are due.
INSERT INTO jobs (id, tenant, shard_key, kind, payload, run_at)
SELECT n.*, now() + $6::float8 * interval '1 second'
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[]) AS n;

-- name: write_lessons
-- $1 ids, $2 tenants, $3 owners, $4 payloads, $5 their order within the owner, $6 seconds until they are due.
INSERT INTO jobs (id, tenant, shard_key, kind, payload, seq, run_at)
SELECT n.id, n.tenant, n.shard_key, 'learn', n.payload, n.seq, now() + $6::float8 * interval '1 second'
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::jsonb[], $5::bigint[])
    AS n (id, tenant, shard_key, payload, seq);

-- name: claim_lesson
-- Lease the oldest due lesson that is its owner's first. Who holds one keeps the owner's others from everybody: they are
-- not the first. $1 seconds of the lease.
UPDATE jobs SET run_at = now() + $1::float8 * interval '1 second', attempts = attempts + 1, last_error = NULL
WHERE id = (
    SELECT j.id FROM jobs j WHERE j.kind = 'learn' AND j.dead_at IS NULL AND j.run_at <= now() AND NOT EXISTS (
        SELECT FROM jobs e
        WHERE e.kind = 'learn' AND e.dead_at IS NULL AND e.shard_key = j.shard_key AND e.seq < j.seq
    )
    ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, tenant, payload, attempts, failures;

-- name: claim_upto
-- Lease the owner's first lesson, no later than a given one, if it is due or is that one. $1 seconds of the lease, $2 id.
UPDATE jobs SET run_at = now() + $1::float8 * interval '1 second', attempts = attempts + 1, last_error = NULL
WHERE id = (
    SELECT h.id FROM jobs j JOIN jobs h ON h.shard_key = j.shard_key AND h.seq <= j.seq
    WHERE j.id = $2 AND j.dead_at IS NULL AND h.kind = 'learn' AND h.dead_at IS NULL
    ORDER BY h.seq LIMIT 1
) AND dead_at IS NULL AND (run_at <= now() OR id = $2)
RETURNING id, tenant, payload, attempts, failures;

-- name: put_off
-- Whether the owner's first lesson, no later than a given one, is postponed to a later time. One that somebody holds has
-- no last error: a claim clears it. $1 id.
SELECT h.run_at > now() AND h.last_error IS NOT NULL FROM jobs j JOIN jobs h ON h.shard_key = j.shard_key AND h.seq <= j.seq
WHERE j.id = $1 AND j.dead_at IS NULL AND h.kind = 'learn' AND h.dead_at IS NULL
ORDER BY h.seq LIMIT 1;

-- name: live
-- Those of these lessons that are still to be learned. $1 ids.
SELECT id FROM jobs WHERE id = ANY($1::uuid[]) AND dead_at IS NULL;

-- name: finish
-- $1 id.
DELETE FROM jobs WHERE id = $1;

-- name: renew
-- $1 id, $2 seconds of the lease.
UPDATE jobs SET run_at = now() + $2::float8 * interval '1 second' WHERE id = $1 AND dead_at IS NULL;

-- name: postpone
-- $1 id, $2 what went wrong, $3 failures more, $4 seconds until it is due again.
UPDATE jobs SET last_error = $2, failures = failures + $3, run_at = now() + $4::float8 * interval '1 second'
WHERE id = $1 AND dead_at IS NULL;

-- name: bury
-- $1 id, $2 what went wrong, $3 failures more.
UPDATE jobs SET last_error = $2, failures = failures + $3, dead_at = now() WHERE id = $1 AND dead_at IS NULL;

-- name: dead
-- $1 tenant, $2 how many.
SELECT id, payload, attempts, last_error, dead_at FROM jobs
WHERE tenant = $1 AND kind = 'learn' AND dead_at IS NOT NULL ORDER BY dead_at, id LIMIT $2;

-- name: replay
-- $1 tenant, $2 ids; NULL is all.
UPDATE jobs SET dead_at = NULL, attempts = 0, failures = 0, run_at = now()
WHERE tenant = $1 AND kind = 'learn' AND dead_at IS NOT NULL AND ($2::uuid[] IS NULL OR id = ANY($2));

-- name: queue
-- $1 tenant.
SELECT count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,
       min(created_at) FILTER (WHERE dead_at IS NULL) AS oldest
FROM jobs WHERE tenant = $1 AND kind = 'learn';

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
