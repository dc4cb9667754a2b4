-- The schema as it is after all migrations: read this to understand it. The migrations make it; a test proves that both
-- are equal.
--
-- `shard_key` is the 64-bit hash of the owner (tenant and user, else agent, else session). It is the first column of every
-- key, so that the tables can be distributed by it. No extension but `vector` is needed.

-- One row per owner. Every write to an owner's memories first takes the lock of this row, so that writers to one owner
-- follow each other, and `version` and `seq` are in the order of commits.
CREATE TABLE owners (
    shard_key bigint PRIMARY KEY,
    tenant text NOT NULL,
    user_id text,
    agent_id text,
    session_id text,
    version bigint NOT NULL,             -- bumped by every write; a cache at this version is complete
    epoch bigint NOT NULL DEFAULT 0,     -- bumped by every physical removal; a cache of another epoch is void
    last_seq bigint NOT NULL,            -- the last order of arrival given out
    memories bigint NOT NULL DEFAULT 0,  -- rows in `memories`
    length bigint NOT NULL DEFAULT 0     -- sum of `terms.length`
);
CREATE INDEX owners_tenant ON owners (tenant);

-- Every full scope that has memories: what a scope without a user is resolved by. The keys are 64-bit hashes.
CREATE TABLE scopes (
    shard_key bigint NOT NULL,
    scope_key bigint NOT NULL,  -- of all four parts
    tenant text NOT NULL,
    user_id text,
    agent_id text,
    session_id text,
    agent_key bigint,           -- of the tenant and the agent
    session_key bigint,         -- of the tenant and the session
    PRIMARY KEY (shard_key, scope_key)
);
CREATE INDEX scopes_agent ON scopes (agent_key) WHERE agent_key IS NOT NULL;
CREATE INDEX scopes_session ON scopes (session_key) WHERE session_key IS NOT NULL;

-- Turns and statements, every version, both times.
CREATE TABLE memories (
    shard_key bigint NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,         -- order of arrival within the owner
    version bigint NOT NULL,     -- of the owner, when this row was last written
    scope_key bigint NOT NULL,
    tenant text NOT NULL,
    user_id text,
    agent_id text,
    session_id text,
    kind text NOT NULL,
    text text NOT NULL,
    role text,
    speaker text,
    origin text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    recorded_at timestamptz NOT NULL,
    retired_at timestamptz,
    expires_at timestamptz,
    sources uuid[] NOT NULL,
    supersedes uuid,
    importance double precision NOT NULL,
    metadata jsonb NOT NULL,     -- what filters read
    metadata_text json,          -- as it came, where jsonb would write a number in another way
    dedup_key bytea,
    subject text,                -- of a claim, as are the three below
    attribute text,
    value text,
    holds boolean,
    PRIMARY KEY (shard_key, id),
    UNIQUE (shard_key, dedup_key)
);
CREATE UNIQUE INDEX memories_seq ON memories (shard_key, seq);
CREATE INDEX memories_version ON memories (shard_key, version);
CREATE INDEX memories_id ON memories (id);
CREATE INDEX memories_recorded ON memories (shard_key, recorded_at, seq);
CREATE INDEX memories_conversation ON memories (shard_key, scope_key, valid_from, seq) WHERE kind = 'turn';
CREATE INDEX memories_supersedes ON memories (shard_key, supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX memories_subject ON memories (shard_key, subject) WHERE subject IS NOT NULL;
CREATE INDEX memories_sources ON memories USING gin (sources) WHERE kind <> 'turn';

-- Embedding models. One serves; another may be filled beside it.
CREATE TABLE spaces (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    dimension integer NOT NULL,
    state text NOT NULL CHECK (state IN ('filling', 'serving')),
    UNIQUE (model, dimension)
);
CREATE UNIQUE INDEX spaces_serving ON spaces (state) WHERE state = 'serving';

-- One narrow row a memory and space. Rows stay in the page whatever the dimension: a scan never follows a pointer.
CREATE TABLE vectors (
    shard_key bigint NOT NULL,
    space integer NOT NULL,
    memory_id uuid NOT NULL,
    version bigint NOT NULL,
    embedding halfvec NOT NULL,
    PRIMARY KEY (shard_key, space, memory_id)
) WITH (toast_tuple_target = 8160);
-- Not by space as well: before the first ANALYZE the planner would take it for as good as the primary key.
CREATE INDEX vectors_version ON vectors (shard_key, version);

-- What late interaction reads: int8 (k, width), row after row. Random bytes do not compress.
CREATE TABLE tokens (
    shard_key bigint NOT NULL,
    space integer NOT NULL,
    memory_id uuid NOT NULL,
    width integer NOT NULL,
    tokens bytea NOT NULL,
    PRIMARY KEY (shard_key, space, memory_id)
) WITH (toast_tuple_target = 8160);
ALTER TABLE tokens ALTER COLUMN tokens SET STORAGE EXTERNAL;

-- What the lexical leg reads. Terms are 64-bit hashes, salted by owner: a posting list never spans two owners.
CREATE TABLE terms (
    shard_key bigint NOT NULL,
    memory_id uuid NOT NULL,
    analysis bigint NOT NULL,  -- which analysis made them
    terms bigint[] NOT NULL,
    freqs integer[] NOT NULL,
    length integer NOT NULL,
    signs integer,             -- of the text's surface, packed; what a ranking reads
    PRIMARY KEY (shard_key, memory_id)
);
CREATE INDEX terms_terms ON terms USING gin (terms);

-- Append-only history. A version is immutable but for its two ends, so a change keeps the ends as they were then.
CREATE TABLE changes (
    shard_key bigint NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    op text NOT NULL,
    before uuid,
    before_valid_to timestamptz,
    before_retired_at timestamptz,
    after uuid,
    after_valid_to timestamptz,
    after_retired_at timestamptz,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    evidence uuid[] NOT NULL DEFAULT '{}',  -- the turns that led to it
    cause uuid,                             -- the change that it is a part of
    undoes uuid,                            -- the change that it reverts
    PRIMARY KEY (shard_key, id)
);
CREATE UNIQUE INDEX changes_seq ON changes (shard_key, seq);
CREATE INDEX changes_at ON changes (shard_key, at, seq);
CREATE INDEX changes_before ON changes (shard_key, before) WHERE before IS NOT NULL;
CREATE INDEX changes_after ON changes (shard_key, after) WHERE after IS NOT NULL;
CREATE INDEX changes_id ON changes (id);
CREATE INDEX changes_cause ON changes (shard_key, cause) WHERE cause IS NOT NULL;

-- Deferred work, written in the transaction of what caused it. An ordinary table: claims are made on one coordinator.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    shard_key bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    run_at timestamptz NOT NULL,   -- not before; a claim moves it
    attempts integer NOT NULL DEFAULT 0,
    last_error text,               -- of the last attempt; a claim of a lesson clears it
    created_at timestamptz NOT NULL DEFAULT now(),
    dead_at timestamptz,
    seq bigint NOT NULL DEFAULT 0, -- lessons of one owner are learned in this order: its version when they were written
    failures integer NOT NULL DEFAULT 0 -- answers about a lesson that could not be used
);
CREATE INDEX jobs_due ON jobs (kind, run_at) WHERE dead_at IS NULL;
CREATE INDEX jobs_owner ON jobs (shard_key);
CREATE INDEX jobs_lessons ON jobs (shard_key, seq) WHERE kind = 'learn' AND dead_at IS NULL;

-- A narrow row for each memory that was ever used or weighed: searches write here and touch no version.
CREATE TABLE uses (
    shard_key bigint NOT NULL,
    memory_id uuid NOT NULL,
    accesses bigint NOT NULL,
    last_at timestamptz,
    stated double precision NOT NULL,  -- the importance it was written with
    PRIMARY KEY (shard_key, memory_id)
);

-- What users said of hits. The words of a question are not kept: its key is a hash, salted by owner.
CREATE TABLE feedback (
    shard_key bigint NOT NULL,
    question bigint NOT NULL,
    memory_id uuid NOT NULL,
    useful boolean NOT NULL,
    signals jsonb NOT NULL,  -- what the ranker saw of the memory, by name
    at timestamptz NOT NULL,
    PRIMARY KEY (shard_key, question, memory_id)
);

-- Facts about the store itself.
CREATE TABLE meta (
    key text PRIMARY KEY,
    value text NOT NULL
);
