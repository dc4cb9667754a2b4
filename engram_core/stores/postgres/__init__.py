"""Memories in Postgres: the store, and the database it shares with others."""

from engram_core.stores.postgres.database import Database
from engram_core.stores.postgres.migrate import Migration, load_migrations
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.store import PostgresStore

__all__ = ["Database", "Migration", "PostgresStore", "load_migrations", "load_queries"]
