"""What a judge said already, kept in a file, so that nothing is paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path


class Verdicts:
    """Grades by what was asked, in a file that only grows: one JSON object a line.

    A line that a crash left half written is passed over. The file holds hashes and grades, and no words.

    Args:
        path: Of the file; it need not be there yet.

    Raises:
        OSError: It cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._grades: dict[str, dict[int, int]] = {}
        before = path.read_bytes() if path.exists() else b""
        for line in before.splitlines():
            self._read(line)
        with path.open("ab") as file:
            file.write(b"" if not before or before.endswith(b"\n") else b"\n")

    def get(self, key: str) -> dict[int, int] | None:
        """Return the grades by number, or None where nothing was said yet."""
        return self._grades.get(key)

    def put(self, key: str, grades: Mapping[int, int]) -> None:
        """Keep grades by number; they are on the disk when this returns.

        Raises:
            OSError: They cannot be written.
        """
        self._grades[key] = dict(grades)
        line = json.dumps({"asked": key, "grades": {str(number): grade for number, grade in grades.items()}})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            grades = {int(number): int(grade) for number, grade in record["grades"].items()}
            self._grades[str(record["asked"])] = grades
        except (ValueError, KeyError, TypeError, AttributeError):
            return


def verdict_key(*asked: str) -> str:
    """Name what was asked: a hash of 128 bits (BLAKE2b), in hexadecimal digits."""
    return hashlib.blake2b(json.dumps(asked).encode(), digest_size=16).hexdigest()
