-- name: about
-- Current statements of one full scope about subjects. $1 owner, $2 scope, $3 subjects, $4 now.
SELECT m.* FROM memories m
WHERE m.shard_key = $1 AND m.scope_key = $2 AND m.subject = ANY($3::text[]) AND m.retired_at IS NULL
  AND (m.valid_to IS NULL OR $4 < m.valid_to) AND (m.expires_at IS NULL OR $4 < m.expires_at)
ORDER BY m.seq;

-- name: once_about
-- Likewise statements that are so no longer.
SELECT m.* FROM memories m
WHERE m.shard_key = $1 AND m.scope_key = $2 AND m.subject = ANY($3::text[]) AND m.retired_at IS NULL AND m.valid_to <= $4
ORDER BY m.seq;

-- name: owners_of
-- Who has these memories. $1 tenant, $2 ids.
SELECT DISTINCT shard_key FROM memories WHERE id = ANY($2::uuid[]) AND tenant = $1;

-- name: learned_from
-- Statements that have one of these turns among their sources. $1 owners, $2 turns.
SELECT m.* FROM memories m WHERE m.shard_key = ANY($1::bigint[]) AND m.kind <> 'turn' AND m.sources && $2::uuid[]
ORDER BY m.shard_key, m.seq;

-- name: successors
-- The last version in each line that begins with one of these and is not retired; an import may hold a line that bites its
-- tail. $1 owners, $2 ids.
WITH RECURSIVE line AS (
    SELECT m.supersedes AS first, m.id, m.shard_key, 1 AS step FROM memories m
    WHERE m.shard_key = ANY($1::bigint[]) AND m.supersedes = ANY($2::uuid[])
    UNION ALL
    SELECT l.first, m.id, m.shard_key, l.step + 1 FROM line l
    JOIN memories m ON m.shard_key = l.shard_key AND m.supersedes = l.id
) CYCLE id SET bites USING path
SELECT DISTINCT ON (l.first) l.first, m.* FROM line l JOIN memories m ON m.shard_key = l.shard_key AND m.id = l.id
WHERE m.retired_at IS NULL AND NOT l.bites
ORDER BY l.first, l.step DESC, m.seq DESC;

-- name: use
-- Count accesses. $1 tenant, $2 ids, $3 how many, $4 when.
INSERT INTO uses AS u (shard_key, memory_id, accesses, last_at, stated)
SELECT m.shard_key, m.id, n.accesses, $4, m.importance
FROM memories m JOIN unnest($2::uuid[], $3::bigint[]) AS n (id, accesses) ON m.id = n.id
WHERE m.id = ANY($2) AND m.tenant = $1 ORDER BY m.shard_key, m.id
ON CONFLICT (shard_key, memory_id) DO UPDATE
SET accesses = u.accesses + EXCLUDED.accesses, last_at = greatest(u.last_at, EXCLUDED.last_at);

-- name: uses
-- $1 tenant, $2 ids.
SELECT m.id, coalesce(u.accesses, 0) AS accesses, u.last_at, coalesce(u.stated, m.importance) AS stated
FROM memories m LEFT JOIN uses u ON u.shard_key = m.shard_key AND u.memory_id = m.id
WHERE m.id = ANY($2::uuid[]) AND m.tenant = $1;

-- name: keep_stated
-- Remember the importance that memories were written with. $1 tenant, $2 ids.
INSERT INTO uses (shard_key, memory_id, accesses, stated)
SELECT m.shard_key, m.id, 0, m.importance FROM memories m
WHERE m.id = ANY($2::uuid[]) AND m.tenant = $1 ORDER BY m.shard_key, m.id
ON CONFLICT (shard_key, memory_id) DO NOTHING;

-- name: weigh
-- $1 tenant, $2 ids, $3 importances.
UPDATE memories m SET importance = n.importance FROM unnest($2::uuid[], $3::float8[]) AS n (id, importance)
WHERE m.id = n.id AND m.id = ANY($2) AND m.tenant = $1;
