-- What users said of hits. The words of a question are not kept: its key is a hash, salted by owner.
CREATE TABLE feedback (
    shard_key bigint NOT NULL,
    question bigint NOT NULL,
    memory_id uuid NOT NULL,
    useful boolean NOT NULL,
    signals jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (shard_key, question, memory_id)
);
