-- Rows are looked up one by one, in scalar subqueries: the planner would turn EXISTS into a scan of a table that it has not
-- analysed yet, and every batch of an import would read all that came before.

-- name: with_keys
-- Turns that are there already. $1 owner, $2 their keys; $3 the space whose vector they should have.
SELECT m.*, (
    SELECT true FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $3 AND v.memory_id = m.id
) AS embedded
FROM memories m WHERE m.shard_key = $1 AND m.dedup_key = ANY($2::bytea[]);

-- name: with_ids
-- Memories of an owner. $1 owner, $2 ids; $3 the space whose vector they should have.
SELECT m.*, (
    SELECT true FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $3 AND v.memory_id = m.id
) AS embedded
FROM memories m WHERE m.shard_key = $1 AND m.id = ANY($2::uuid[]);

-- name: elsewhere
-- Ids that are in use, whoever has them. $1 ids.
SELECT shard_key, id, scope_key FROM memories WHERE id = ANY($1::uuid[]);

-- name: lacking_vector
-- Of these memories, those that are there and have no vector in the space. $1 owner, $2 ids, $3 space.
SELECT n.id FROM unnest($2::uuid[]) AS n (id)
WHERE (SELECT true FROM memories m WHERE m.shard_key = $1 AND m.id = n.id)
  AND (SELECT true FROM vectors v WHERE v.shard_key = $1 AND v.space = $3 AND v.memory_id = n.id) IS NULL;

-- name: close
-- End versions. $1 owner, $2 ids, $3 valid_to, $4 retired_at, $5 version of the owner.
UPDATE memories m SET valid_to = n.valid_to, retired_at = n.retired_at, version = $5
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS n (id, valid_to, retired_at)
WHERE m.shard_key = $1 AND m.id = n.id AND m.id = ANY($2);

-- name: observe
-- Give versions the sources that they have now. $1 owner, $2 ids, $3 sources as JSON arrays, $4 version of the owner.
UPDATE memories m SET sources = ARRAY(SELECT jsonb_array_elements_text(n.sources)::uuid), version = $4
FROM unnest($2::uuid[], $3::jsonb[]) AS n (id, sources)
WHERE m.shard_key = $1 AND m.id = n.id AND m.id = ANY($2);

-- name: forget_sources
-- Take what a scope contains out of the sources of the statements beyond it; returns those that have none left.
-- $1 owners, $2 tenant, $3 user, $4 agent, $5 session; NULL is any.
WITH gone AS (
    SELECT m.id FROM memories m
    WHERE m.shard_key = ANY($1) AND m.tenant = $2 AND ($3::text IS NULL OR m.user_id = $3)
      AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5)
), touched AS (
    UPDATE memories s SET sources = ARRAY(
        SELECT u.id FROM unnest(s.sources) WITH ORDINALITY AS u (id, place)
        WHERE u.id NOT IN (SELECT id FROM gone) ORDER BY u.place
    )
    WHERE s.shard_key = ANY($1) AND s.kind <> 'turn' AND s.sources && ARRAY(SELECT id FROM gone)
      AND s.id NOT IN (SELECT id FROM gone)
    RETURNING s.id, s.sources
)
SELECT id FROM touched WHERE cardinality(sources) = 0;

-- name: erase_uses
-- Uses of all that a scope contains, and of memories by id. $1 owners, $2 tenant, $3 user, $4 agent, $5 session (NULL is
-- any), $6 ids.
DELETE FROM uses t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.memory_id
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));

-- name: erase_vectors
-- Vectors of all that a scope contains. $1 owners, $2 tenant, $3 user, $4 agent, $5 session (NULL is any), $6 ids of
-- memories beyond it.
DELETE FROM vectors t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.memory_id
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));

-- name: erase_tokens
-- Likewise the vectors of its tokens.
DELETE FROM tokens t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.memory_id
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));

-- name: erase_terms
-- Likewise its terms; returns their lengths by owner.
WITH gone AS (
    DELETE FROM terms t USING memories m
    WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.memory_id
      AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
      AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5))
    RETURNING t.shard_key, t.length
)
SELECT shard_key, count(*) AS rows, sum(length)::bigint AS length FROM gone GROUP BY shard_key;

-- name: erase_changes_before
-- Likewise the history that ended one of its versions.
DELETE FROM changes t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.before
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));

-- name: erase_changes_after
-- Likewise the history that opened one.
DELETE FROM changes t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.after
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));

-- name: erase_memories
-- Likewise the memories themselves, last; returns their number by owner.
WITH gone AS (
    DELETE FROM memories m
    WHERE m.shard_key = ANY($1) AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
      AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5))
    RETURNING m.shard_key
)
SELECT shard_key, count(*) AS rows FROM gone GROUP BY shard_key;

-- name: erase_scopes
-- Likewise the names.
DELETE FROM scopes m
WHERE m.shard_key = ANY($1) AND m.tenant = $2 AND ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5);

-- name: versions
-- Versions of an owner, and whether another one, not retired, replaced them. $1 owner, $2 ids.
SELECT m.*, (
    SELECT true FROM memories s
    WHERE s.shard_key = m.shard_key AND s.supersedes = m.id AND s.retired_at IS NULL LIMIT 1
) AS succeeded
FROM memories m WHERE m.shard_key = $1 AND m.id = ANY($2::uuid[]);
