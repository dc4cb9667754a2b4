"""The history of memories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.inmemory.lookup import Lookup
from engram_core.stores.inmemory.rows import separate


@dataclass(frozen=True, slots=True)
class Entry:
    """A change, and its place in the order of writing."""

    change: Change
    place: int


class History:
    """Changes by id, by memory and by cause."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}  # in the order of writing
        self._by_memory: Lookup[str] = Lookup()
        self._by_cause: Lookup[str] = Lookup()
        self._last_place = 0

    def add(self, changes: Iterable[Change]) -> None:
        """Write changes, but for those that are there already."""
        for change in changes:
            if change.id not in self._entries:
                self._last_place += 1
                self._entries[change.id] = Entry(_copy(change), self._last_place)
                self._by_memory.add(change.id, _touched(change))
                self._by_cause.add(change.id, _causes(change))

    def within(self, scope: Scope) -> Iterator[Change]:
        """Iterate over the changes of all that a scope contains, oldest first."""
        return map(_copy, _by_time(e for e in self._entries.values() if scope.contains(e.change.memory.scope)))

    def decision(self, tenant: str, id: str) -> list[Change]:
        """Return a change by id and those it caused."""
        first = self._entries.get(id)
        if first is None or first.change.memory.scope.tenant != tenant:
            return []
        owner = first.change.memory.scope.owner
        caused = [entry for entry in self._found(self._by_cause, [id]) if entry.change.memory.scope.owner == owner]
        return [_copy(entry.change) for entry in [first, *sorted(caused, key=lambda entry: entry.place)]]

    def of(self, ids: Collection[str]) -> list[Change]:
        """Return the changes that opened or closed these memories, oldest first."""
        return list(map(_copy, _by_time(self._found(self._by_memory, ids))))

    def erase(self, ids: Collection[str]) -> int:
        """Remove the changes that are about any of these memories; return how many."""
        gone = list(self._found(self._by_memory, ids))
        for change in (entry.change for entry in gone):
            del self._entries[change.id]
            self._by_memory.remove(change.id, _touched(change))
            self._by_cause.remove(change.id, _causes(change))
        return len(gone)

    def _found(self, lookup: Lookup[str], keys: Collection[str]) -> Iterator[Entry]:
        return (self._entries[id] for id in lookup.find(keys))


def _by_time(entries: Iterable[Entry]) -> list[Change]:
    return [entry.change for entry in sorted(entries, key=lambda entry: (entry.change.at, entry.place))]


def _touched(change: Change) -> set[str]:
    return {memory.id for memory in (change.before, change.after) if memory is not None}


def _causes(change: Change) -> tuple[str, ...]:
    return () if change.cause is None else (change.cause,)


def _copy(change: Change) -> Change:
    return replace(change, before=_separate(change.before), after=_separate(change.after))


def _separate(memory: Memory | None) -> Memory | None:
    return None if memory is None else separate(memory)
