"""Ids by what they are looked up by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Lookup(Generic[Key]):
    """Ids by key: an id may have many keys, and a key many ids."""

    def __init__(self) -> None:
        self._ids: defaultdict[Key, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._ids)

    def add(self, id: str, keys: Iterable[Key]) -> None:
        """Let an id be found by these keys."""
        for key in keys:
            self._ids[key].add(id)

    def remove(self, id: str, keys: Iterable[Key]) -> None:
        """Undo `add`; keys that no id has any more are forgotten."""
        for key in set(keys):
            ids = self._ids[key]
            ids.discard(id)
            if not ids:
                del self._ids[key]

    def find(self, keys: Iterable[Key]) -> set[str]:
        """Return the ids that have one of the keys."""
        return {id for key in keys for id in self._ids.get(key, ())}
