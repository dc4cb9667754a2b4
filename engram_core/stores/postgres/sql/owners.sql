-- name: lock
-- Lock owners in the order of their keys, making those that are new, and reserve orders of arrival. $1 keys, $2 tenants,
-- $3 users, $4 agents, $5 sessions, $6 how many to reserve. An epoch is never used twice, so it starts from the clock.
INSERT INTO owners AS o (shard_key, tenant, user_id, agent_id, session_id, version, epoch, last_seq)
SELECT n.shard_key, n.tenant, n.user_id, n.agent_id, n.session_id, 1,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, n.reserved
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
     AS n (shard_key, tenant, user_id, agent_id, session_id, reserved)
ORDER BY n.shard_key
ON CONFLICT (shard_key) DO UPDATE SET version = o.version + 1, last_seq = o.last_seq + EXCLUDED.last_seq
RETURNING o.shard_key, o.tenant, o.user_id, o.agent_id, o.session_id, o.version, o.last_seq;

-- name: lock_present
-- Lock the owners that there are, in the order of their keys. $1 keys.
WITH present AS (SELECT shard_key FROM owners WHERE shard_key = ANY($1) ORDER BY shard_key FOR UPDATE)
UPDATE owners o SET version = o.version + 1
FROM present p WHERE o.shard_key = p.shard_key
RETURNING o.shard_key, o.tenant, o.user_id, o.agent_id, o.session_id, o.version, o.last_seq;

-- name: grow
-- Count what was written. $1 keys, $2 memories, $3 lengths.
UPDATE owners o SET memories = o.memories + n.memories, length = o.length + n.length
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (shard_key, memories, length)
WHERE o.shard_key = n.shard_key AND o.shard_key = ANY($1);

-- name: shrink
-- Count what was removed and void every cache. $1 keys, $2 memories, $3 lengths.
UPDATE owners o SET memories = o.memories - n.memories, length = o.length - n.length,
    epoch = greatest(o.epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (shard_key, memories, length)
WHERE o.shard_key = n.shard_key AND o.shard_key = ANY($1);

-- name: forget
-- Remove owners that have nothing left. $1 keys.
DELETE FROM owners WHERE shard_key = ANY($1) AND memories = 0;

-- name: of_tenant
-- All owners of a tenant. $1 tenant.
SELECT shard_key FROM owners WHERE tenant = $1 ORDER BY shard_key;

-- name: of_agent
-- Owners that have memories with an agent. $1 key of the agent, $2 tenant, $3 agent, $4 session or NULL.
SELECT DISTINCT shard_key FROM scopes
WHERE agent_key = $1 AND tenant = $2 AND agent_id = $3 AND ($4::text IS NULL OR session_id = $4) ORDER BY shard_key;

-- name: of_session
-- Owners that have memories of a session. $1 key of the session, $2 tenant, $3 session.
SELECT DISTINCT shard_key FROM scopes
WHERE session_key = $1 AND tenant = $2 AND session_id = $3 ORDER BY shard_key;

-- name: note_scopes
-- Remember full scopes. $1 to $8 the columns.
INSERT INTO scopes (shard_key, scope_key, tenant, user_id, agent_id, session_id, agent_key, session_key)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]
)
ON CONFLICT DO NOTHING;

-- name: state
-- What a search checks first: how owners stand, if the space still serves. $1 owners, $2 space, $3 analysis.
SELECT o.shard_key, o.tenant, o.user_id, o.agent_id, o.session_id, o.version, o.epoch, o.memories, o.length
FROM spaces s JOIN meta a ON a.key = 'analysis' AND a.value = $3
LEFT JOIN owners o ON o.shard_key = ANY($1)
WHERE s.id = $2 AND s.state = 'serving' ORDER BY o.shard_key;
