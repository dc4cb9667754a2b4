-- Vectors of tokens, for late interaction: a table of their own, so that a scan of `vectors` stays narrow.
CREATE TABLE tokens (
    shard_key bigint NOT NULL,
    space integer NOT NULL,
    memory_id uuid NOT NULL,
    width integer NOT NULL,
    tokens bytea NOT NULL,
    PRIMARY KEY (shard_key, space, memory_id)
) WITH (toast_tuple_target = 8160);
ALTER TABLE tokens ALTER COLUMN tokens SET STORAGE EXTERNAL;

-- Surface signs of a text, packed; NULL in rows from before.
ALTER TABLE terms ADD COLUMN signs integer;
