"""Lines of versions: what superseded what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.inmemory.rows import Row, Rows, separate


class Lines:
    """Follows `supersedes` both ways, inside a tenant. An import may hold a line that bites its tail.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def is_succeeded(self, id: str) -> bool:
        """Tell whether a version of the same owner that is not retired supersedes this one."""
        owner = self._rows[id].memory.scope.owner
        newer = (row.memory for row in self._rows.superseding([id]))
        return any(memory.retired_at is None and memory.scope.owner == owner for memory in newer)

    def successors(self, scope: Scope, ids: Sequence[str]) -> dict[str, Memory]:
        """Return the last version that is not retired in the line of each id; without those that have none."""
        wide = Scope(scope.tenant, scope.user_id)
        last = {id: self._last(wide, id) for id in ids}
        return {id: separate(memory) for id, memory in last.items() if memory is not None}

    def family(self, row: Row) -> set[str]:
        """Return the ids of a memory, and of its owner's that it superseded or that superseded it."""
        owner = row.memory.scope.owner
        found: set[str] = set()
        step = [row]
        while step and step[0].memory.id not in found and step[0].memory.scope.owner == owner:
            memory = step[0].memory
            found.add(memory.id)
            step = self._rows.found([memory.supersedes or ""])
        newer = found
        while newer := {r.memory.id for r in self._rows.superseding(newer) if r.memory.scope.owner == owner} - found:
            found = found | newer
        return found

    def _last(self, wide: Scope, id: str) -> Memory | None:
        found = None
        line, step = {id}, {id}
        while newer := [row.memory for row in self._newer(wide, step) if row.memory.id not in line]:
            for memory in newer:
                if memory.retired_at is None:
                    found = memory
            step = {memory.id for memory in newer}
            line |= step
        return found

    def _newer(self, wide: Scope, ids: Iterable[str]) -> list[Row]:
        return [row for row in self._rows.superseding(ids) if wide.contains(row.memory.scope)]
