"""What is known about subjects, and what was learned from turns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.inmemory.rows import Rows, separate


class Statements:
    """Finds statements by what they are about and by the turns they came from.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def about(self, scope: Scope, subjects: Collection[str], now: datetime, *, closed: bool) -> list[Memory]:
        """Return the current, or the closed, statements of exactly this scope about the subjects, oldest first."""
        found = (row.memory for row in self._rows.about(scope, subjects))
        if closed:
            kept = (memory for memory in found if memory.retired_at is None)
            return [separate(memory) for memory in kept if memory.valid_to is not None and memory.valid_to <= now]
        return [separate(memory) for memory in found if memory.is_current(now)]

    def learned_from(self, scope: Scope, turns: Sequence[str]) -> list[Memory]:
        """Return the statements that have one of these turns among their sources."""
        wide = Scope(scope.tenant, scope.user_id)
        owners = {row.memory.scope.owner for row in self._rows.found(turns)}
        found = (row.memory for row in self._rows.learned_from(turns))
        return [separate(m) for m in found if wide.contains(m.scope) and m.scope.owner in owners]

    def forget(self, gone: Collection[str]) -> list[str]:
        """Take turns that go out of their owners' statements that stay; return those that have no source left.

        Args:
            gone: Ids of all that goes, statements included.
        """
        orphans = []
        owners = {row.memory.scope.owner for row in self._rows.found(gone)}
        for memory in (row.memory for row in self._rows.learned_from(gone)):
            if memory.id in gone or memory.scope.owner not in owners:
                continue
            left = tuple(id for id in memory.sources if id not in gone)
            self._rows.replace(replace(memory, sources=left))
            if not left:
                orphans.append(memory.id)
        return orphans
