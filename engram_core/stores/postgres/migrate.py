"""Numbered migrations, each run once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from engram_core.errors import SchemaMismatchError
from engram_core.stores.postgres.queries import load_queries

if TYPE_CHECKING:
    from engram_core.stores.postgres.database import Connection

SQL = load_queries("database")
_FILE = re.compile(r"^(\d{4})_(\w+)\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema. Once released, its text never changes."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """sha256 of the text, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(package: str, folder: str = "migrations") -> tuple[Migration, ...]:
    """Read the files `NNNN_name.sql` in a folder of a package, in order."""
    found = []
    for file in resources.files(package).joinpath(folder).iterdir():
        if match := _FILE.match(file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.number))


async def apply_migrations(connection: Connection, package: str, migrations: Sequence[Migration]) -> None:
    """Run what was not run yet, inside the caller's transaction, while no other process does."""
    await connection.execute(SQL.lock_setup)
    await connection.execute(SQL.migrations_table)
    applied = {row["number"]: row for row in await connection.fetch(SQL.applied, package)}
    known = {migration.number: migration for migration in migrations}
    if unknown := sorted(applied.keys() - known.keys()):
        raise SchemaMismatchError(
            f"the store was written by a newer version of {package} (migration {unknown[-1]:04} "
            f"{applied[unknown[-1]]['name']} is not known here): upgrade {package}"
        )
    for number, migration in sorted(known.items()):
        if number not in applied:
            await connection.execute(migration.sql)
            await connection.execute(SQL.note_applied, package, number, migration.name, migration.checksum)
        elif applied[number]["checksum"] != migration.checksum:
            raise SchemaMismatchError(
                f"migration {number:04} {migration.name} of {package} is not the one that made this store: "
                "the store was written by another version"
            )
