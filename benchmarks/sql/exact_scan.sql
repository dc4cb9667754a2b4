-- The least that a vector search in one scope can do: scan its vectors exactly, with no index on them in use.
-- $1 shard_key, $2 the question's vector.
SELECT memory_id
FROM vectors
WHERE shard_key = $1
  AND space = (SELECT id FROM spaces WHERE state = 'serving')
ORDER BY embedding <=> $2
LIMIT 10;
