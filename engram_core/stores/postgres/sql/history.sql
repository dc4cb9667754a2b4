-- name: insertable
-- Which changes are new and about a memory that is there. $1 owner, $2 ids of changes, $3 ids of their memories.
SELECT n.place FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS n (id, memory, place)
WHERE (SELECT true FROM changes c WHERE c.shard_key = $1 AND c.id = n.id) IS NULL
  AND (SELECT true FROM memories m WHERE m.shard_key = $1 AND m.id = n.memory)
ORDER BY n.place;

-- name: owner_of
-- Who has a memory. $1 id, $2 tenant.
SELECT shard_key FROM memories WHERE id = $1 AND tenant = $2;

-- name: family
-- A memory, all it superseded and all that superseded it. $1 owner, $2 id, $3 tenant.
WITH RECURSIVE older AS (
    SELECT m.id, m.supersedes FROM memories m WHERE m.shard_key = $1 AND m.id = $2 AND m.tenant = $3
    UNION
    SELECT m.id, m.supersedes FROM older o JOIN memories m ON m.shard_key = $1 AND m.id = o.supersedes
), newer AS (
    SELECT o.id FROM older o
    UNION
    SELECT m.id FROM newer n JOIN memories m ON m.shard_key = $1 AND m.supersedes = n.id
)
SELECT id FROM newer;

-- name: of_memories
-- Changes that opened or closed memories, oldest first. $1 owner, $2 ids.
SELECT c.* FROM changes c WHERE c.shard_key = $1 AND c.before = ANY($2::uuid[])
UNION
SELECT c.* FROM changes c WHERE c.shard_key = $1 AND c.after = ANY($2::uuid[])
ORDER BY at, seq;

-- name: versions
-- Memories by id. $1 owner, $2 ids.
SELECT m.* FROM memories m WHERE m.shard_key = $1 AND m.id = ANY($2::uuid[]);

-- name: page
-- Changes of what a scope contains, in the order of their time. $1 owners, $2 tenant, $3 user, $4 agent, $5 session (NULL is
-- any), $6 to $8 the time, owner and order to go on after, $9 how many.
SELECT c.* FROM changes c
JOIN memories m ON m.shard_key = c.shard_key AND m.id = coalesce(c.after, c.before)
WHERE c.shard_key = ANY($1)
  AND m.tenant = $2 AND ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5)
  AND ($6::timestamptz IS NULL OR (c.at, c.shard_key, c.seq) > ($6, $7::bigint, $8::bigint))
ORDER BY c.at, c.shard_key, c.seq LIMIT $9;

-- name: decision_owner
-- $1 id of a change, $2 tenant.
SELECT c.shard_key FROM changes c JOIN memories m ON m.shard_key = c.shard_key AND m.id = coalesce(c.after, c.before)
WHERE c.id = $1 AND m.tenant = $2;

-- name: decision
-- A change and those it caused. $1 owner, $2 id.
SELECT * FROM changes WHERE shard_key = $1 AND (id = $2 OR cause = $2) ORDER BY cause NULLS FIRST, seq;
