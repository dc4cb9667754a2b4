-- name: with_ids
-- Memories by id, whoever in the tenant has them. $1 tenant, $2 ids.
SELECT m.* FROM memories m WHERE m.id = ANY($2::uuid[]) AND m.tenant = $1;

-- name: keys
-- Keys of turns that have one. $1 tenant, $2 ids.
SELECT m.id, m.dedup_key FROM memories m
WHERE m.id = ANY($2::uuid[]) AND m.tenant = $1 AND m.dedup_key IS NOT NULL;

-- name: count
-- How many memories are admitted. $11 owners.
SELECT count(*) FROM memories m WHERE m.shard_key = ANY($11::bigint[]) AND {admitted};

-- name: page
-- Admitted memories in the order they were learned. $11 owners, $12 to $14 the time, owner and order of arrival to go on
-- after, $15 how many.
SELECT m.* FROM memories m
WHERE m.shard_key = ANY($11::bigint[])
  AND ($12::timestamptz IS NULL OR (m.recorded_at, m.shard_key, m.seq) > ($12, $13::bigint, $14::bigint))
  AND {admitted}
ORDER BY m.recorded_at, m.shard_key, m.seq LIMIT $15;

-- name: page_of_one
-- Likewise of a single owner, along an index. $11 owner, $12 and $13 the time and order of arrival to go on after, $14 how
-- many.
SELECT m.* FROM memories m
WHERE m.shard_key = $11
  AND (m.recorded_at, m.seq) > (coalesce($12::timestamptz, '-infinity'), coalesce($13::bigint, 0))
  AND {admitted}
ORDER BY m.recorded_at, m.seq LIMIT $14;

-- name: expired
-- Memories that have expired and are neither retired nor closed, the longest expired first. $1 owners, $2 tenant, $3 user, $4 agent,
-- $5 session (NULL is any), $6 now, $7 how many.
SELECT m.* FROM memories m
WHERE m.shard_key = ANY($1::bigint[]) AND m.tenant = $2 AND ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5)
  AND m.retired_at IS NULL AND m.expires_at <= $6 AND (m.valid_to IS NULL OR m.valid_to > $6)
ORDER BY m.expires_at, m.seq LIMIT $7;
