-- Checkpoints of LangGraph's threads, the values of their channels, and the writes of their tasks.
--
-- `shard_key` is the 64-bit hash of the tenant and the thread: the first column of every key, so that the tables can be
-- distributed by it. Names are compared byte by byte ("C"), as Python compares them.

CREATE TABLE langgraph_checkpoints (
    shard_key bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    checkpoint_id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C",
    type text NOT NULL,                      -- how the serializer wrote `body`
    body bytea NOT NULL,                     -- the checkpoint, with those of its values that are small and plain
    inlined text[] COLLATE "C" NOT NULL,     -- the channels whose values are in `body`
    channels text[] COLLATE "C" NOT NULL,    -- the others: a value, where there is one, is in `langgraph_blobs`,
    versions text[] COLLATE "C" NOT NULL,    --   under the version that stands here at the same place
    deltas text[] COLLATE "C" NOT NULL,      -- delta channels, as far as this checkpoint tells
    metadata jsonb NOT NULL,
    PRIMARY KEY (shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id)
);
CREATE INDEX langgraph_checkpoints_run ON langgraph_checkpoints (tenant, (metadata ->> 'run_id'))
    WHERE metadata ->> 'run_id' IS NOT NULL;

-- The value of a channel, once for each of its versions.
CREATE TABLE langgraph_blobs (
    shard_key bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    type text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (shard_key, tenant, thread_id, checkpoint_ns, channel, version)
);

-- What tasks wrote on top of a checkpoint. A task's writes may be here before their checkpoint is.
CREATE TABLE langgraph_writes (
    shard_key bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    checkpoint_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    idx integer NOT NULL,                    -- place among the task's writes; below zero: one of its kind a task
    task_path text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    type text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (shard_key, tenant, thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
