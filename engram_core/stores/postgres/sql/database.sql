-- name: server
-- What the server is: version number, encoding.
SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding;

-- name: extension
-- The installed pgvector: its version and the schema it lives in.
SELECT e.extversion AS version, n.nspname AS schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'vector';

-- name: create_extension
-- Only ever `vector`.
CREATE EXTENSION IF NOT EXISTS vector;

-- name: lock_setup
-- One process at a time changes the catalog; until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('engram:setup', 0));

-- name: schema_exists
-- $1 the schema.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1);

-- name: create_schema
-- The name is quoted by the caller.
CREATE SCHEMA IF NOT EXISTS {schema};

-- name: migrations_table
-- Which migrations of which package were applied.
CREATE TABLE IF NOT EXISTS migrations (
    package text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
);

-- name: applied
-- $1 the package.
SELECT number, name, checksum FROM migrations WHERE package = $1 ORDER BY number;

-- name: note_applied
-- $1 package, $2 number, $3 name, $4 checksum.
INSERT INTO migrations (package, number, name, checksum) VALUES ($1, $2, $3, $4);
