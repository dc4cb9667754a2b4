-- name: lock
-- One process at a time changes which space serves; until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('engram:spaces', 0));

-- name: all
-- Every space.
SELECT id, model, dimension, state FROM spaces ORDER BY id;

-- name: add
-- $1 model, $2 dimension, $3 state.
INSERT INTO spaces (model, dimension, state) VALUES ($1, $2, $3) RETURNING id;

-- name: hold_serving
-- Keep a space serving until the end of the transaction; nothing when it does not serve, or terms are made in another way
-- by now. $1 id, $2 analysis.
SELECT s.id FROM spaces s JOIN meta a ON a.key = 'analysis' AND a.value = $2
WHERE s.id = $1 AND s.state = 'serving' FOR KEY SHARE OF s;

-- name: hold
-- Keep a space from being dropped until the end of the transaction. $1 model, $2 dimension.
SELECT id FROM spaces WHERE model = $1 AND dimension = $2 FOR KEY SHARE;

-- name: take
-- Wait for every writer to a space and keep new ones away. $1 id.
SELECT id FROM spaces WHERE id = $1 FOR UPDATE;

-- name: incomplete
-- How many memories lack a vector of the space, or terms of the analysis. $1 space, $2 analysis.
SELECT count(*) FROM memories m
WHERE NOT EXISTS (SELECT FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $1 AND v.memory_id = m.id)
   OR NOT EXISTS (SELECT FROM terms t WHERE t.shard_key = m.shard_key AND t.memory_id = m.id AND t.analysis = $2);

-- name: next_incomplete
-- The next ones of them. $1 space, $2 analysis, $3 and $4 the owner and order of arrival to go on after, $5 how many.
SELECT m.* FROM memories m
WHERE (m.shard_key, m.seq) > ($3::bigint, $4::bigint) AND (
    NOT EXISTS (SELECT FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $1 AND v.memory_id = m.id)
    OR NOT EXISTS (SELECT FROM terms t WHERE t.shard_key = m.shard_key AND t.memory_id = m.id AND t.analysis = $2)
)
ORDER BY m.shard_key, m.seq LIMIT $5;

-- name: serve
-- $1 the space that is to serve.
UPDATE spaces SET state = 'serving' WHERE id = $1;

-- name: drop_vectors
-- Vectors of every space but one. $1 the space that serves.
DELETE FROM vectors WHERE space <> $1;

-- name: drop_tokens
-- Likewise the vectors of tokens.
DELETE FROM tokens WHERE space <> $1;

-- name: old_indexes
-- HNSW indexes of every space but one. $1 how the names of that one's begin.
SELECT c.relname AS name FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'i'
  AND starts_with(c.relname, 'vectors_hnsw_') AND NOT starts_with(c.relname, $1);

-- name: drop_index
-- An index of a space that no longer serves.
DROP INDEX {name};

-- name: drop_spaces
-- Every space but one. $1 the space that serves.
DELETE FROM spaces WHERE id <> $1;

-- name: fact
-- $1 key.
SELECT value FROM meta WHERE key = $1;

-- name: note_fact
-- $1 key, $2 value.
INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;

-- name: renew_terms
-- Forget the terms of memories, before they are written anew; returns their lengths. $1 owner, $2 ids.
DELETE FROM terms WHERE shard_key = $1 AND memory_id = ANY($2::uuid[]) RETURNING memory_id, length;
