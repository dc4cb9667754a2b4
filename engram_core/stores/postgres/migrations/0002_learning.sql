-- What statements say, taken apart; what led to a change; lessons in order; how memories are used.

ALTER TABLE memories
    ADD COLUMN subject text,
    ADD COLUMN attribute text,
    ADD COLUMN value text,
    ADD COLUMN holds boolean;
CREATE INDEX memories_subject ON memories (shard_key, subject) WHERE subject IS NOT NULL;
CREATE INDEX memories_sources ON memories USING gin (sources) WHERE kind <> 'turn';

ALTER TABLE changes
    ADD COLUMN evidence uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN cause uuid,
    ADD COLUMN undoes uuid;
CREATE INDEX changes_id ON changes (id);
CREATE INDEX changes_cause ON changes (shard_key, cause) WHERE cause IS NOT NULL;

-- Lessons of one owner are learned in this order: the owner's version when they were written.
ALTER TABLE jobs ADD COLUMN seq bigint NOT NULL DEFAULT 0;
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
