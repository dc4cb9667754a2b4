"""All memories of the store, by id and by owner, and the indexes over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ports import Vector
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.batch import Analysis, Batch
from engram_core.stores.index.index import ShardIndex


@dataclass(slots=True)
class Row:
    """A stored memory, its key, its order of arrival and its terms."""

    memory: Memory
    key: bytes | None
    seq: int
    analysis: Analysis


@dataclass(slots=True)
class Owner:
    """What one owner has: ids by key, rows by id in the order of arrival, and the index over them."""

    index: ShardIndex
    keys: dict[bytes, str] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)


class Rows:
    """Rows by id and by owner.

    Args:
        analyzer: Makes the terms.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._rows: dict[str, Row] = {}
        self._owners: dict[Scope, Owner] = {}
        self._last_seq = 0
        self._dimension = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """Iterate in the order of arrival."""
        return iter(self._rows.values())

    def get(self, id: str) -> Row | None:
        """Return a row by id."""
        return self._rows.get(id)

    def with_key(self, scope: Scope, key: bytes | None) -> Row | None:
        """Return the row that has this key within the owner of a scope."""
        owner = self._owners.get(scope.owner)
        return None if owner is None or key is None else self._rows.get(owner.keys.get(key, ""))

    def owners(self, scope: Scope) -> list[Owner]:
        """Return the owners whose memories a scope may contain."""
        wanted = scope.tenant, scope.user_id
        return [
            owner
            for name, owner in self._owners.items()
            if wanted == (name.tenant, name.user_id if scope.user_id is not None else None)
        ]

    def within(self, scope: Scope) -> Iterator[Row]:
        """Iterate over the rows that a scope contains."""
        for owner in self.owners(scope):
            yield from (row for row in owner.rows.values() if scope.contains(row.memory.scope))

    def insert(self, memory: Memory, key: bytes | None) -> None:
        """Store a new memory, not yet indexed."""
        self._last_seq += 1
        row = Row(separate(memory), key, self._last_seq, self._analyzer.terms(memory.spoken))
        owner = self._owners.setdefault(memory.scope.owner, Owner(ShardIndex(self._dimension)))
        self._rows[memory.id] = owner.rows[memory.id] = row
        if key is not None:
            owner.keys[key] = memory.id

    def remove(self, ids: Iterable[str]) -> None:
        """Remove memories, from the indexes too."""
        removed = [self._rows.pop(id) for id in ids]
        for name, mine in _by_owner(removed).items():
            owner = self._owners[name]
            for row in mine:
                del owner.rows[row.memory.id]
                if row.key is not None:
                    del owner.keys[row.key]
            if owner.rows:
                owner.index.remove(row.memory.id for row in mine)
            else:
                del self._owners[name]

    def index(self, ids: Iterable[str], vectors: Mapping[str, Vector]) -> None:
        """Bring the indexes up to date with these memories and their vectors."""
        for name, mine in _by_owner(self._rows[id] for id in ids).items():
            mine.sort(key=lambda row: row.seq)
            memories, analyses = [row.memory for row in mine], [row.analysis for row in mine]
            seq = [row.seq for row in mine]
            self._owners[name].index.put(Batch.of(memories, seq, vectors, analyses, self._dimension))

    def index_anew(self, dimension: int, vectors: Mapping[str, Vector]) -> None:
        """Make all indexes again, for vectors of this length."""
        self._dimension = dimension
        for owner in self._owners.values():
            owner.index = ShardIndex(dimension)
        self.index(list(self._rows), vectors)


def separate(memory: Memory) -> Memory:
    """Return the memory with metadata of its own."""
    return replace(memory, metadata=deepcopy(dict(memory.metadata)))


def _by_owner(rows: Iterable[Row]) -> dict[Scope, list[Row]]:
    found: dict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.memory.scope.owner].append(row)
    return found
