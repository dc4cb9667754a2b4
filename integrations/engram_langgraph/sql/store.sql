-- name: get
-- Items by namespace and key. $1 shard key, $2 tenant; $3 namespaces and $4 keys, pairwise.
SELECT i.shard_key, i.id, i.namespace, i.key, coalesce(i.exact, i.value::text) AS value, i.created_at, i.updated_at,
       i.ttl_minutes
FROM unnest($3::text[], $4::text[]) AS asked (namespace, key)
JOIN store_items i ON i.shard_key = $1 AND i.tenant = $2 AND i.namespace = asked.namespace AND i.key = asked.key
WHERE {alive};

-- name: listed
-- Items that conditions admit, the last written first. Values are written out for those alone that are returned.
SELECT i.shard_key, i.id, i.namespace, i.key, coalesce(i.exact, i.value::text) AS value, i.created_at, i.updated_at,
       i.ttl_minutes, NULL::float8 AS score
FROM (
    SELECT i.* FROM store_items i WHERE {admitted}
    ORDER BY i.updated_at DESC, i.namespace, i.key LIMIT {limit} OFFSET {offset}
) AS i
ORDER BY i.updated_at DESC, i.namespace, i.key;

-- name: nearest
-- The nearest vectors with their items, nearest first; an item comes once for each of its vectors that is among them.
SELECT i.shard_key, i.id, i.namespace, i.key, coalesce(i.exact, i.value::text) AS value, i.created_at, i.updated_at,
       i.ttl_minutes, {score} AS score
FROM (
    SELECT v.shard_key, v.namespace, v.item, v.part, {distance} AS distance
    FROM store_item_vectors v {joined}
    WHERE {within}
    ORDER BY {order} LIMIT {limit}
) AS n
JOIN store_item_vectors e USING (shard_key, namespace, item, part)
JOIN store_items i ON i.shard_key = n.shard_key AND i.id = n.item AND {owned}
ORDER BY score DESC, n.distance, n.item;

-- name: exact
-- The distance as it is.
v.embedding {operator} {question}::halfvec

-- name: indexed
-- The distance as an HNSW index has it.
(v.embedding::halfvec({dimension})) {operator} {question}::halfvec({dimension})

-- name: joined
-- What lets conditions on items choose among vectors.
JOIN store_items i ON i.shard_key = v.shard_key AND i.namespace = v.namespace AND i.id = v.item

-- name: unscored
-- A condition: the item has no vector that a question could be compared with.
NOT EXISTS (
    SELECT FROM store_item_vectors v
    WHERE v.shard_key = i.shard_key AND v.namespace = i.namespace AND v.item = i.id AND v.dimension = {dimension}
)

-- name: hybrid
-- Items by the ranks that their nearest vector and their words (BM25) have, added up reciprocally (Cormack et al.
-- 2009): 1 for what is first in both. A word's rarity is counted among the items that the search may see.
WITH nearest AS (
    SELECT i.shard_key, i.id, min(v.embedding {operator} {question}::halfvec) AS distance
    FROM store_item_vectors v {joined}
    WHERE {within}
    GROUP BY i.shard_key, i.id ORDER BY distance, i.id LIMIT {depth}
), seen AS (
    SELECT count(*) AS items, avg(length(i.words)) AS length FROM store_items i WHERE {admitted} AND i.words IS NOT NULL
), posted AS (
    SELECT i.shard_key, i.id, length(i.words) AS length, w.lexeme, cardinality(w.positions) AS times
    FROM store_items i CROSS JOIN LATERAL unnest(i.words) AS w
    WHERE {admitted} AND w.lexeme = ANY(tsvector_to_array(to_tsvector({language}::regconfig, {words})))
      AND i.words @@ replace(plainto_tsquery({language}::regconfig, {words})::text, ' & ', ' | ')::tsquery
), rare AS (
    SELECT p.lexeme, ln(1 + (s.items - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM posted p CROSS JOIN seen s GROUP BY p.lexeme, s.items
), lexical AS (
    SELECT p.shard_key, p.id,
           sum(r.weight * p.times * 2.2 / (p.times + 1.2 * (0.25 + 0.75 * p.length / s.length))) AS score
    FROM posted p JOIN rare r USING (lexeme) CROSS JOIN seen s
    GROUP BY p.shard_key, p.id ORDER BY score DESC, p.id LIMIT {depth}
), ranked AS (
    SELECT shard_key, id, row_number() OVER (ORDER BY distance, id) AS place FROM nearest
    UNION ALL
    SELECT shard_key, id, row_number() OVER (ORDER BY score DESC, id) FROM lexical
), fused AS (
    SELECT shard_key, id, (sum(1.0 / (60 + place)) * 61 / 2)::float8 AS score FROM ranked GROUP BY shard_key, id
)
SELECT i.shard_key, i.id, i.namespace, i.key, coalesce(i.exact, i.value::text) AS value, i.created_at, i.updated_at,
       i.ttl_minutes, f.score
FROM fused f JOIN store_items i ON i.shard_key = f.shard_key AND i.id = f.id AND {owned}
ORDER BY f.score DESC, f.id LIMIT {limit};

-- name: namespaces
-- Namespaces as arrays of labels, in order, cut after a number of labels.
SELECT DISTINCT {labels} COLLATE "C" AS labels
FROM (SELECT DISTINCT i.namespace FROM store_items i WHERE {admitted}) AS n
CROSS JOIN LATERAL string_to_array(left(n.namespace, -1), '.') AS l (labels)
WHERE {matched}
ORDER BY 1 LIMIT {limit} OFFSET {offset};

-- name: touch
-- Begin the time to live of items anew, but for those that somebody writes just now: readers never wait for each other.
-- $1 shard key, $2 ids.
UPDATE store_items i SET expires_at = now() + i.ttl_minutes * interval '1 minute'
FROM (
    SELECT i.id FROM store_items i WHERE i.shard_key = $1 AND i.id = ANY($2::bigint[]) AND {alive}
    FOR UPDATE SKIP LOCKED
) AS free
WHERE i.shard_key = $1 AND i.id = free.id AND i.ttl_minutes IS NOT NULL;

-- name: put
-- Write items, in one order always, so that two writers never wait for each other in a circle. `is_new` tells which
-- were not there. $1 shard key, $2 tenant, $3 language; of each item: $4 namespace, $5 key, $6 value, $7 exact value,
-- $8 minutes to live, $9 words.
INSERT INTO store_items AS i
    (shard_key, tenant, namespace, key, value, exact, ttl_minutes, expires_at, words, created_at, updated_at)
SELECT $1, $2, g.namespace, g.key, g.value::jsonb, g.exact, g.ttl, now() + g.ttl * interval '1 minute',
       to_tsvector($3::regconfig, g.words), now(), now()
FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::text[])
    AS g (namespace, key, value, exact, ttl, words)
ORDER BY g.namespace COLLATE "C", g.key COLLATE "C"
ON CONFLICT (shard_key, tenant, namespace, key) DO UPDATE SET
    value = EXCLUDED.value, exact = EXCLUDED.exact, words = EXCLUDED.words,
    ttl_minutes = EXCLUDED.ttl_minutes, expires_at = EXCLUDED.expires_at,
    updated_at = greatest(clock_timestamp(), i.updated_at + interval '1 microsecond')
RETURNING i.namespace, i.key, i.id, i.created_at = i.updated_at AS is_new;

-- name: put_vectors
-- Write vectors, and remove those that their items have beyond. $1 shard key; of each item: $2 namespace, $3 id, $4 how
-- many it has now; $5 dimension; of each vector: $6 namespace, $7 item, $8 place, $9 vector.
WITH dropped AS (
    DELETE FROM store_item_vectors v USING unnest($2::text[], $3::bigint[], $4::int[]) AS kept (namespace, item, parts)
    WHERE v.shard_key = $1 AND v.namespace = kept.namespace AND v.item = kept.item AND v.part >= kept.parts
)
INSERT INTO store_item_vectors (shard_key, dimension, namespace, item, part, embedding)
SELECT $1, $5, g.namespace, g.item, g.part, g.embedding
FROM unnest($6::text[], $7::bigint[], $8::int[], $9::halfvec[]) AS g (namespace, item, part, embedding)
ON CONFLICT (shard_key, namespace, item, part)
DO UPDATE SET dimension = EXCLUDED.dimension, embedding = EXCLUDED.embedding;

-- name: delete
-- Remove items, locked in the order of writers. $1 shard key, $2 tenant; $3 namespaces and $4 keys, pairwise.
WITH held AS MATERIALIZED (
    SELECT i.id FROM store_items i JOIN unnest($3::text[], $4::text[]) AS g (namespace, key) USING (namespace, key)
    WHERE i.shard_key = $1 AND i.tenant = $2
    ORDER BY i.namespace, i.key FOR UPDATE OF i
)
DELETE FROM store_items i USING held WHERE i.shard_key = $1 AND i.id = held.id
RETURNING i.namespace, i.id;

-- name: expired
-- Shards that hold a tenant's expired items. $1 tenant.
SELECT DISTINCT i.shard_key FROM store_items i WHERE i.tenant = $1 AND i.expires_at < now();

-- name: sweep
-- Remove a tenant's items that have expired, but for those that somebody reads or writes just now. $1 shard key,
-- $2 tenant.
DELETE FROM store_items i USING (
    SELECT i.id FROM store_items i WHERE i.shard_key = $1 AND i.tenant = $2 AND i.expires_at < now()
    FOR UPDATE SKIP LOCKED
) AS free
WHERE i.shard_key = $1 AND i.id = free.id
RETURNING i.namespace, i.id;

-- name: size
-- How many vectors lie below a namespace, counted up to a limit, and whether the shard's index can be used. $1 shard
-- key, $2 dimension; namespaces from $3 to $4; $5 the limit, $6 the index.
SELECT (
    SELECT count(*) FROM (
        SELECT FROM store_item_vectors v
        WHERE v.shard_key = $1 AND v.dimension = $2 AND v.namespace >= $3 AND v.namespace < $4 LIMIT $5::bigint + 1
    ) AS counted
) AS size, (
    SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relname = $6 AND c.relnamespace = current_schema()::regnamespace
) AS is_valid;

-- name: try_lock
-- One process at a time builds an index. $1 its name.
SELECT pg_try_advisory_lock(hashtextextended('engram:' || current_schema() || $1, 0));

-- name: drop_index
-- What an interrupted build left.
DROP INDEX CONCURRENTLY IF EXISTS {name};

-- name: build_memory
-- Room for the graph while it is built; it is slow when it does not fit.
SET maintenance_work_mem = '256MB';

-- name: build_index
-- The HNSW index of one shard, while reading and writing go on.
CREATE INDEX CONCURRENTLY {name} ON store_item_vectors
USING hnsw ((embedding::halfvec({dimension})) halfvec_{operators}_ops)
WHERE shard_key = {shard_key} AND dimension = {dimension};

-- name: tune
-- Look at enough candidates, and go on when conditions leave too few.
SET LOCAL hnsw.ef_search = {effort}; {iterative}

-- name: iterative
-- pgvector 0.8 or newer.
SET LOCAL hnsw.iterative_scan = strict_order;
