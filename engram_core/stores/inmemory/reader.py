"""Reading memories by id and by selection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.domain.results import Page
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.errors import InvalidInputError
from engram_core.stores.index.batch import microseconds
from engram_core.stores.inmemory.rows import Row, Rows, separate

_CURSOR = re.compile(r"(-?\d{1,20}):(\d{1,20})", re.ASCII)
Place = tuple[int, int]


class Reader:
    """Returns memories that the caller may keep.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def found(self, ids: Sequence[str]) -> list[Memory]:
        """Return the memories with these ids, of any tenant, in the order given; unknown ids are left out."""
        return [separate(row.memory) for row in self._rows.found(ids)]

    def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """Return the versions with these ids in the tenant, in the order given."""
        return [separate(row.memory) for row in self._rows.of_tenant(tenant, ids)]

    def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of those turns that have one."""
        return {row.memory.id: row.key for row in self._rows.of_tenant(tenant, ids) if row.key is not None}

    def listing(self, selection: Selection, limit: int, after: str | None) -> Page:
        """List selected memories in the order of `recorded_at`, then arrival."""
        begin = None if after is None else _parse_cursor(after)
        rows = sorted((row for row in self._selected(selection) if begin is None or _place(row) > begin), key=_place)
        cursor = "{}:{}".format(*_place(rows[limit - 1])) if len(rows) > limit else None
        return Page(tuple(separate(row.memory) for row in rows[:limit]), cursor)

    def count(self, selection: Selection) -> int:
        """Count selected memories."""
        return len(self._selected(selection))

    def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """Return memories whose `expires_at` has passed and that are neither retired nor closed."""
        found = [
            (memory.expires_at, row.seq, memory)
            for row in self._rows.within(scope)
            if (memory := row.memory).expires_at is not None
            and memory.expires_at <= now
            and replace(memory, expires_at=None).is_current(now)
        ]
        return [separate(memory) for _, _, memory in sorted(found, key=lambda entry: entry[:2])[:limit]]

    def _selected(self, selection: Selection) -> list[Row]:
        return [row for row in self._rows.within(selection.scope) if selection.admits(row.memory)]


def _place(row: Row) -> Place:
    return microseconds(row.memory.recorded_at), row.seq


def _parse_cursor(cursor: str) -> Place:
    match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None:
        raise InvalidInputError("after", cursor, "the cursor of a page of this listing")
    return int(match[1]), int(match[2])
