"""Migrations: each once, whatever runs beside it, and equal to the picture of the schema."""

import asyncio
from importlib import resources

import pytest

from engram_core.errors import ConfigError, SchemaMismatchError, StoreUnavailableError
from engram_core.stores.postgres import Database, Migration, load_migrations

PACKAGE = "engram_core.stores.postgres"

CATALOG = """
SELECT 'column' AS what, c.relname || '.' || a.attname AS name,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') || ' ' || a.attidentity::text
       || coalesce(array_to_string(c.reloptions, ','), '') AS text
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'migrations'
UNION ALL
SELECT 'index', i.relname, replace(pg_get_indexdef(i.oid), quote_ident(current_schema()) || '.', '')
FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class c ON c.oid = x.indrelid
WHERE i.relnamespace = current_schema()::regnamespace AND c.relname <> 'migrations'
UNION ALL
SELECT 'constraint', c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c
WHERE c.connamespace = current_schema()::regnamespace AND c.conrelid::regclass::text !~ 'migrations'
ORDER BY 1, 2, 3
"""

KEYS = """
SELECT c.relname AS table, x.indexrelid::regclass::text AS key, a.attname AS first
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
WHERE x.indisunique AND c.relnamespace = current_schema()::regnamespace
"""


async def test_the_migrations_make_the_schema_that_is_drawn(new_database) -> None:
    migrated, drawn = new_database(), new_database(schema="drawn")
    for database in (migrated, drawn):
        await database.open()
    await migrated.migrate("engram_core", load_migrations(PACKAGE))
    async with drawn.connection() as connection:
        await connection.execute(resources.files(PACKAGE).joinpath("schema.sql").read_text())
        wanted = [tuple(row) for row in await connection.fetch(CATALOG)]
    async with migrated.connection() as connection:
        made = [tuple(row) for row in await connection.fetch(CATALOG)]
    assert len(made) > 100
    assert made == wanted


async def test_every_key_of_a_distributed_table_begins_with_the_shard(database: Database) -> None:
    await database.migrate("engram_core", load_migrations(PACKAGE))
    async with database.connection() as connection:
        keys = await connection.fetch(KEYS)
    ordinary = {"migrations", "meta", "spaces", "jobs"}
    found = {row["key"]: row["first"] for row in keys if row["table"] not in ordinary}
    assert len(found) >= 9
    assert set(found.values()) == {"shard_key"}


async def test_many_who_open_at_once_migrate_once(new_database) -> None:
    log = Migration(1, "log", "CREATE TABLE log (n integer)")
    note = Migration(2, "note", "INSERT INTO log VALUES (1)")
    databases = [new_database(pool_size=2) for _ in range(6)]

    async def start(database: Database) -> None:
        await database.open()
        await database.migrate("mine", [log, note])
        await database.migrate("engram_core", load_migrations(PACKAGE))

    await asyncio.gather(*map(start, databases))
    async with databases[0].connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM log") == 1
        assert await connection.fetchval("SELECT count(*) FROM migrations WHERE package = 'mine'") == 2


async def test_a_store_of_a_newer_version_is_refused(database: Database) -> None:
    first, second = Migration(1, "one", "SELECT 1"), Migration(2, "two", "SELECT 2")
    await database.migrate("mine", [first, second])
    with pytest.raises(SchemaMismatchError, match="0002 two"):
        await database.migrate("mine", [first])


async def test_a_migration_that_was_edited_is_refused(database: Database) -> None:
    await database.migrate("mine", [Migration(1, "one", "SELECT 1")])
    with pytest.raises(SchemaMismatchError, match="0001 one"):
        await database.migrate("mine", [Migration(1, "one", "SELECT 2")])


async def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    good = Migration(1, "good", "CREATE TABLE half (n integer)")
    with pytest.raises(Exception, match="nonsense"):
        await database.migrate("mine", [good, Migration(2, "bad", "SELECT nonsense")])
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass('half')") is None


async def test_an_unreachable_server_and_a_url_that_is_none() -> None:
    with pytest.raises(StoreUnavailableError):
        await Database("postgresql://nobody@127.0.0.1:1/none").open()
    with pytest.raises(ConfigError, match="database_url"):
        await Database("postgresql://me:secret@host:port/x").open()
    with pytest.raises(ConfigError):
        Database()


async def test_a_database_that_is_not_in_utf8_is_refused(server, database: Database) -> None:
    other = server()
    address = other.acquire()
    async with database.connection() as connection:
        await connection.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    narrow = Database(
        f"postgresql://{address.user}:{address.password}@/narrow?host={address.host}&port={address.port}&sslmode=disable"
    )
    with pytest.raises(ConfigError, match="UTF8"):
        await narrow.open()
    other.release()
