-- name: hold_owner
-- Let nobody erase anything of an owner until the end of the transaction: a label must not outlive its memory. $1 owner.
SELECT true FROM owners WHERE shard_key = $1 FOR SHARE;

-- name: put
-- Keep a label where the memory is there; tells whether it is. $1 owner, $2 question, $3 memory, $4 tenant, $5 verdict,
-- $6 signals, $7 when.
WITH found AS (
    SELECT m.shard_key, m.id FROM memories m WHERE m.shard_key = $1 AND m.id = $3 AND m.tenant = $4
), kept AS (
    INSERT INTO feedback AS f (shard_key, question, memory_id, useful, signals, at)
    SELECT n.shard_key, $2, n.id, $5, $6, $7 FROM found n
    ON CONFLICT (shard_key, question, memory_id) DO UPDATE
    SET useful = EXCLUDED.useful, signals = EXCLUDED.signals, at = EXCLUDED.at
    WHERE (f.useful, f.signals) IS DISTINCT FROM (EXCLUDED.useful, EXCLUDED.signals)
)
SELECT true FROM found;

-- name: page
-- Labels in the order of their key. $1 owners, $2 to $4 the key to go on after, $5 how many.
SELECT f.* FROM feedback f
WHERE f.shard_key = ANY($1) AND (f.shard_key, f.question, f.memory_id) > ($2, $3, $4)
ORDER BY f.shard_key, f.question, f.memory_id LIMIT $5;

-- name: count
-- $1 owners.
SELECT count(*) FROM feedback WHERE shard_key = ANY($1);

-- name: erase
-- Labels of all that a scope contains, and of memories by id. $1 owners, $2 tenant, $3 user, $4 agent, $5 session (NULL is
-- any), $6 ids.
DELETE FROM feedback t USING memories m
WHERE t.shard_key = ANY($1) AND m.shard_key = t.shard_key AND m.id = t.memory_id
  AND m.tenant = $2 AND (m.id = ANY($6::uuid[]) OR ($3::text IS NULL OR m.user_id = $3)
  AND ($4::text IS NULL OR m.agent_id = $4) AND ($5::text IS NULL OR m.session_id = $5));
