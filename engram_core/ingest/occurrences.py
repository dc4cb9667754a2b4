"""How often the same message came before in a stream of any length, in bounded memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType


class Occurrences:
    """Counts digests on disk: a temporary SQLite database that is gone when it is closed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Occurrences:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def count(self, digests: Sequence[bytes]) -> list[int]:
        """Count these in and return how many times each came before."""
        statement = (
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1 RETURNING times"
        )
        self._db.execute("BEGIN")
        counts = [self._db.execute(statement, (digest,)).fetchone()[0] - 1 for digest in digests]
        self._db.execute("COMMIT")
        return counts
