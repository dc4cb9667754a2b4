-- name: nearest
-- Nearest vectors, exactly. $11 owners, $12 question, $13 space, $14 how many.
SELECT m.shard_key, m.seq, 1 - (v.embedding <=> $12::halfvec) AS score
FROM vectors v JOIN memories m ON m.shard_key = v.shard_key AND m.id = v.memory_id
WHERE v.shard_key = ANY($11::bigint[]) AND v.space = $13 AND {admitted}
ORDER BY v.embedding <=> $12::halfvec, m.shard_key, m.seq LIMIT $14;

-- name: near
-- Nearest vectors of a single owner, along its HNSW index. $11 owner, $12 question, $13 space, $14 how many.
SELECT m.shard_key, m.seq, 1 - (v.embedding <=> $12::halfvec) AS score
FROM vectors v JOIN memories m ON m.shard_key = v.shard_key AND m.id = v.memory_id
WHERE v.shard_key = $11 AND v.space = $13 AND {admitted}
ORDER BY (v.embedding::halfvec({dimension})) <=> $12::halfvec({dimension}) LIMIT $14;

-- name: tune
-- Look at enough candidates.
SET LOCAL hnsw.ef_search = {effort};

-- name: tune_iterative
-- Go on when filters leave too few; pgvector 0.8 or newer.
SET LOCAL hnsw.iterative_scan = strict_order;

-- name: holders
-- How many memories hold each term, counted up to a cap. $1 owners and $2 terms, pairwise; $3 the cap.
SELECT n.term, (
    SELECT count(*) FROM (SELECT t.shard_key FROM terms t WHERE t.terms @> ARRAY[n.term] LIMIT $3) found
    WHERE found.shard_key = n.shard_key
) AS held
FROM unnest($1::bigint[], $2::bigint[]) AS n (shard_key, term);

-- name: term_score
-- What one term adds to the BM25 score of a row of `t`, whose owner's salt is in `o`.
coalesce(
    ({weights})[{index}] / (1 + {norm} / t.freqs[array_position(t.terms, ({terms})[{index}] # o.salt)]), 0
)

-- name: norm
-- How the length of a text weighs on its score.
({k1} * (1 - {b} + {b} * t.length / {average}))

-- name: lexical
-- Memories with one of the rare terms, best first by all terms. $11 owners and $12 their salts, pairwise; $13 rare terms,
-- salted; $14 terms and $15 their weights; $16 average length, $17 how many.
SELECT m.shard_key, m.seq, {score} AS score
FROM terms t
JOIN memories m ON m.shard_key = t.shard_key AND m.id = t.memory_id
JOIN unnest($11::bigint[], $12::bigint[]) AS o (shard_key, salt) ON o.shard_key = t.shard_key
WHERE t.shard_key = ANY($11) AND t.terms && $13::bigint[] AND {admitted}
  AND $14::bigint[] IS NOT NULL AND $15::float8[] IS NOT NULL AND $16::float8 > 0
ORDER BY score DESC, m.shard_key, m.seq LIMIT $17;

-- name: within
-- Memories that begin in any of some ranges, the nearest first. $11 owners; $12 beginnings and $13 ends, pairwise, NULL
-- where there is none; $14 question or NULL, $15 space, $16 how many of the latest are looked at, $17 how many.
SELECT found.shard_key, found.seq, coalesce(1 - (v.embedding <=> $14::halfvec), -1) AS score
FROM (
    SELECT DISTINCT near.shard_key, near.id, near.seq, near.valid_from
    FROM unnest($11::bigint[]) AS o (shard_key)
    CROSS JOIN unnest($12::timestamptz[], $13::timestamptz[]) AS r (begins, ends)
    CROSS JOIN LATERAL (
        SELECT m.shard_key, m.id, m.seq, m.valid_from FROM memories m
        WHERE m.shard_key = o.shard_key AND m.valid_from >= coalesce(r.begins, '-infinity')
          AND m.valid_from < coalesce(r.ends, 'infinity') AND {admitted}
        ORDER BY m.valid_from DESC, m.seq DESC LIMIT $16
    ) near
    ORDER BY near.valid_from DESC, near.shard_key, near.seq DESC LIMIT $16
) found
LEFT JOIN LATERAL (
    SELECT * FROM vectors v WHERE v.shard_key = found.shard_key AND v.space = $15 AND v.memory_id = found.id OFFSET 0
) v ON true
ORDER BY score DESC, found.shard_key, found.seq LIMIT $17;

-- name: rows_of
-- Where memories are, by id. $11 owners, $12 ids.
SELECT m.id, m.shard_key, m.seq FROM memories m
WHERE m.shard_key = ANY($11::bigint[]) AND m.id = ANY($12::uuid[]) AND {admitted};

-- name: neighbours
-- The two admitted turns before and after a turn in its conversation, the nearest first. $11 owners and $12 orders of arrival, pairwise.
SELECT before.seqs AS before, after.seqs AS after
FROM unnest($11::bigint[], $12::bigint[]) WITH ORDINALITY AS n (shard_key, seq, place)
LEFT JOIN LATERAL (
    SELECT * FROM memories b WHERE b.shard_key = n.shard_key AND b.seq = n.seq OFFSET 0
) AS b ON true
LEFT JOIN LATERAL (
    SELECT array_agg(near.seq ORDER BY near.valid_from DESC, near.seq DESC) AS seqs FROM (
        SELECT m.valid_from, m.seq FROM memories m
        WHERE b.kind = 'turn' AND m.kind = 'turn' AND m.shard_key = b.shard_key AND m.scope_key = b.scope_key
          AND (m.valid_from, m.seq) < (b.valid_from, b.seq) AND {admitted}
        ORDER BY m.valid_from DESC, m.seq DESC LIMIT 2
    ) AS near
) AS before ON true
LEFT JOIN LATERAL (
    SELECT array_agg(near.seq ORDER BY near.valid_from, near.seq) AS seqs FROM (
        SELECT m.valid_from, m.seq FROM memories m
        WHERE b.kind = 'turn' AND m.kind = 'turn' AND m.shard_key = b.shard_key AND m.scope_key = b.scope_key
          AND (m.valid_from, m.seq) > (b.valid_from, b.seq) AND {admitted}
        ORDER BY m.valid_from, m.seq LIMIT 2
    ) AS near
) AS after ON true
ORDER BY n.place;

-- name: evidence
-- Scores of given memories. $1 owners and $2 their salts, pairwise; $3 owners and $4 orders of arrival, pairwise; $5 space,
-- $6 question or NULL, $7 terms and $8 their weights; $9 average length.
SELECT 1 - (v.embedding <=> $6::halfvec) AS dense, {score} AS lexical, t.length
FROM unnest($3::bigint[], $4::bigint[]) WITH ORDINALITY AS n (shard_key, seq, place)
JOIN unnest($1::bigint[], $2::bigint[]) AS o (shard_key, salt) ON o.shard_key = n.shard_key
LEFT JOIN LATERAL (
    SELECT * FROM memories m WHERE m.shard_key = n.shard_key AND m.seq = n.seq OFFSET 0
) m ON true
LEFT JOIN LATERAL (
    SELECT * FROM vectors v WHERE v.shard_key = m.shard_key AND v.space = $5 AND v.memory_id = m.id OFFSET 0
) v ON true
LEFT JOIN LATERAL (SELECT * FROM terms t WHERE t.shard_key = m.shard_key AND t.memory_id = m.id OFFSET 0) t ON true
WHERE $7::bigint[] IS NOT NULL AND $8::float8[] IS NOT NULL AND $9::float8 > 0
ORDER BY n.place;

-- name: outline
-- What a ranking reads of memories. $1 owners and $2 orders of arrival, pairwise.
SELECT m.kind, m.valid_from, m.speaker, m.role, t.signs
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS n (shard_key, seq, place)
LEFT JOIN LATERAL (
    SELECT * FROM memories m WHERE m.shard_key = n.shard_key AND m.seq = n.seq OFFSET 0
) m ON true
LEFT JOIN LATERAL (SELECT * FROM terms t WHERE t.shard_key = m.shard_key AND t.memory_id = m.id OFFSET 0) t ON true
ORDER BY n.place;

-- name: tokens
-- Vectors of tokens. $1 owners and $2 orders of arrival, pairwise; $3 space.
SELECT n.place, k.width, k.tokens
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS n (shard_key, seq, place)
CROSS JOIN LATERAL (
    SELECT m.id FROM memories m WHERE m.shard_key = n.shard_key AND m.seq = n.seq OFFSET 0
) m
CROSS JOIN LATERAL (
    SELECT * FROM tokens k WHERE k.shard_key = n.shard_key AND k.space = $3 AND k.memory_id = m.id OFFSET 0
) k;

-- name: hydrate
-- Memories by owner and order of arrival. $1 and $2 pairwise.
SELECT m.* FROM unnest($1::bigint[], $2::bigint[]) AS n (shard_key, seq)
CROSS JOIN LATERAL (SELECT * FROM memories m WHERE m.shard_key = n.shard_key AND m.seq = n.seq OFFSET 0) m;

-- name: index_state
-- Whether an index is there, and whether it can be used. $1 its name.
SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace;

-- name: try_lock
-- One process at a time builds an index. $1 its name.
SELECT pg_try_advisory_lock(hashtextextended('engram:' || current_schema() || $1, 0));

-- name: build_memory
-- Room for the graph while it is built; it is slow when it does not fit.
SET maintenance_work_mem = '512MB';

-- name: drop_index
-- What an interrupted build left.
DROP INDEX CONCURRENTLY IF EXISTS {name};

-- name: build_index
-- The HNSW index of one owner, while reading and writing go on.
CREATE INDEX CONCURRENTLY {name} ON vectors USING hnsw ((embedding::halfvec({dimension})) halfvec_cosine_ops)
WHERE shard_key = {shard_key} AND space = {space};
