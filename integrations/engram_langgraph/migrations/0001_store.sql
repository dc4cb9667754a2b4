-- Items of LangGraph's long-term store, and their vectors.
--
-- `shard_key` is a stable 64-bit hash of the tenant and the namespace's first label: every statement that names a
-- namespace has an equality on it, so that the tables can be distributed by it. A namespace is kept as its labels, each
-- followed by a dot (`users.ada.`): what lies below a prefix is one range.

CREATE TABLE store_items (
    shard_key bigint NOT NULL,
    tenant text NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,  -- what its vectors are found by
    value jsonb NOT NULL,                    -- what filters read
    exact text,                              -- as it came, where jsonb cannot give the same back
    words tsvector,                          -- what hybrid search reads
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ttl_minutes double precision,
    expires_at timestamptz,
    PRIMARY KEY (shard_key, tenant, namespace, key),
    UNIQUE (shard_key, id)
);
CREATE INDEX store_items_updated ON store_items (shard_key, tenant, updated_at);  -- the last written first
CREATE INDEX store_items_expires ON store_items (tenant, expires_at) WHERE expires_at IS NOT NULL;

-- One narrow row a text that was embedded; an item may have several. Rows stay in the page whatever the dimension: a
-- scan never follows a pointer. Not `store_vectors`, which LangGraph's own store would take for its own.
CREATE TABLE store_item_vectors (
    shard_key bigint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    item bigint NOT NULL,
    part integer NOT NULL,       -- the text's place among those of its item
    dimension integer NOT NULL,  -- vectors of another dimension are another embedder's, and never met
    embedding halfvec NOT NULL,
    PRIMARY KEY (shard_key, namespace, item, part)
) WITH (toast_tuple_target = 8160);
