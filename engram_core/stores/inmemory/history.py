"""The history of memories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.inmemory.rows import Row, separate


class History:
    """Changes by id, in the order they were written."""

    def __init__(self) -> None:
        self._changes: dict[str, Change] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Write changes, but for those that are there already."""
        for change in changes:
            self._changes.setdefault(change.id, _copy(change))

    def within(self, scope: Scope) -> Iterator[Change]:
        """Iterate over the changes of all that a scope contains, oldest first."""
        found = [change for change in self._changes.values() if scope.contains(change.memory.scope)]
        return map(_copy, sorted(found, key=lambda change: change.at))

    def decision(self, tenant: str, id: str) -> list[Change]:
        """Return a change by id and those it caused."""
        first = self._changes.get(id)
        if first is None or first.memory.scope.tenant != tenant:
            return []
        return [_copy(first), *(_copy(change) for change in self._changes.values() if change.cause == id)]

    def of(self, ids: Collection[str]) -> list[Change]:
        """Return the changes that opened or closed these memories, oldest first."""
        wanted = set(ids)
        found = [change for change in self._changes.values() if wanted & _touched(change)]
        return [_copy(change) for change in sorted(found, key=lambda change: change.at)]

    def erase(self, ids: Collection[str]) -> int:
        """Remove the changes that are about any of these memories; return how many."""
        gone = [change.id for change in self.of(ids)]
        for id in gone:
            del self._changes[id]
        return len(gone)


def family(row: Row, rows: Iterable[Row]) -> set[str]:
    """Return the ids of a memory, of all it superseded and of all that superseded it."""
    mine = [other.memory for other in rows if other.memory.scope.tenant == row.memory.scope.tenant]
    older = {memory.id: memory.supersedes for memory in mine}
    found: set[str] = set()
    id: str | None = row.memory.id
    while id in older and id not in found:
        found.add(id)
        id = older[id]
    while newer := {memory.id for memory in mine if memory.supersedes in found} - found:
        found |= newer
    return found


def _touched(change: Change) -> set[str]:
    return {memory.id for memory in (change.before, change.after) if memory is not None}


def _copy(change: Change) -> Change:
    return replace(change, before=_separate(change.before), after=_separate(change.after))


def _separate(memory: Memory | None) -> Memory | None:
    return None if memory is None else separate(memory)
