-- name: load
-- All that an index in memory needs. $1 owners, $2 space, $3 analysis.
SELECT m.shard_key, m.id, m.seq, m.user_id, m.agent_id, m.session_id, m.kind, m.valid_from, m.valid_to, m.retired_at,
       m.expires_at, m.speaker, m.role, t.terms, t.freqs, t.length, t.signs, v.embedding, k.width, k.tokens
FROM memories m
LEFT JOIN terms t ON t.shard_key = m.shard_key AND t.memory_id = m.id AND t.analysis = $3
LEFT JOIN vectors v ON v.shard_key = m.shard_key AND v.space = $2 AND v.memory_id = m.id
LEFT JOIN tokens k ON k.shard_key = m.shard_key AND k.space = $2 AND k.memory_id = m.id
WHERE m.shard_key = ANY($1::bigint[])
ORDER BY m.shard_key, m.seq;

-- name: changed
-- Likewise, of what was written since, each looked up by its key. Before the first ANALYZE the planner knows no better:
-- `+ 0` and `OFFSET 0` keep it from reading all that an owner has. $1 owner, $2 space, $3 analysis, $4 the version that is
-- known, $5 how many at most.
SELECT m.shard_key, m.id, m.seq, m.user_id, m.agent_id, m.session_id, m.kind, m.valid_from, m.valid_to, m.retired_at,
       m.expires_at, m.speaker, m.role, t.terms, t.freqs, t.length, t.signs, v.embedding, k.width, k.tokens
FROM (
    SELECT c.id FROM memories c WHERE c.shard_key = $1 AND c.version > $4
    UNION
    SELECT c.memory_id FROM vectors c WHERE c.shard_key = $1 AND c.space + 0 = $2 AND c.version > $4
    LIMIT $5
) changed
CROSS JOIN LATERAL (SELECT * FROM memories m WHERE m.shard_key = $1 AND m.id = changed.id OFFSET 0) m
LEFT JOIN LATERAL (
    SELECT * FROM terms t WHERE t.shard_key = $1 AND t.memory_id = m.id AND t.analysis = $3 OFFSET 0
) t ON true
LEFT JOIN LATERAL (
    SELECT * FROM vectors v WHERE v.shard_key = $1 AND v.space = $2 AND v.memory_id = m.id OFFSET 0
) v ON true
LEFT JOIN LATERAL (
    SELECT * FROM tokens k WHERE k.shard_key = $1 AND k.space = $2 AND k.memory_id = m.id OFFSET 0
) k ON true
ORDER BY m.seq;

-- name: admitted_ids
-- Ids of what a selection admits. $11 owners.
SELECT m.id FROM memories m WHERE m.shard_key = ANY($11::bigint[]) AND {admitted};

-- name: hydrate
-- Memories by id. $1 owners, $2 ids.
SELECT m.* FROM memories m WHERE m.shard_key = ANY($1::bigint[]) AND m.id = ANY($2::uuid[]);
