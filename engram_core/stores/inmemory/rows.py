"""All memories of the store, by id, by owner and by what they name, and the search indexes over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ports import Tokens, Vector
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.batch import Analysis, Batch
from engram_core.stores.index.index import ShardIndex
from engram_core.stores.inmemory.lookup import Lookup


@dataclass(slots=True)
class Row:
    """A stored memory, its key, its order of arrival and its terms. `Rows.replace` alone sets the memory anew."""

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
    """Rows by id, by owner and by what they name.

    Args:
        analyzer: Makes the terms.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._rows: dict[str, Row] = {}
        self._owners: dict[Scope, Owner] = {}
        self._by_source: Lookup[str] = Lookup()  # statements alone
        self._by_superseded: Lookup[str] = Lookup()
        self._by_subject: Lookup[tuple[Scope, str]] = Lookup()
        self._last_seq = 0
        self._dimension = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """Iterate in the order of arrival."""
        return iter(self._rows.values())

    def __contains__(self, id: object) -> bool:
        return id in self._rows

    def __getitem__(self, id: str) -> Row:
        return self._rows[id]

    def get(self, id: str) -> Row | None:
        """Return a row by id."""
        return self._rows.get(id)

    def found(self, ids: Iterable[str]) -> list[Row]:
        """Return the rows with these ids, in the order given; unknown ids are left out."""
        return [row for id in ids if (row := self._rows.get(id)) is not None]

    def of_tenant(self, tenant: str, ids: Iterable[str]) -> list[Row]:
        """Return the rows with these ids in a tenant, in the order given."""
        return [row for row in self.found(ids) if row.memory.scope.tenant == tenant]

    def with_key(self, scope: Scope, key: bytes | None) -> Row | None:
        """Return the row that has this key within the owner of a scope."""
        owner = self._owners.get(scope.owner)
        return None if owner is None or key is None else self._rows.get(owner.keys.get(key, ""))

    def owners(self, scope: Scope) -> list[Owner]:
        """Return the owners whose memories a scope may contain."""
        if scope.user_id is not None:
            owner = self._owners.get(scope.owner)
            return [] if owner is None else [owner]
        return [owner for name, owner in self._owners.items() if name.tenant == scope.tenant]

    def within(self, scope: Scope) -> Iterator[Row]:
        """Iterate over the rows that a scope contains."""
        for owner in self.owners(scope):
            yield from (row for row in owner.rows.values() if scope.contains(row.memory.scope))

    def learned_from(self, turns: Iterable[str]) -> list[Row]:
        """Return the statements, of any tenant, that name one of these among their sources, in the order of arrival."""
        return self._arrived(self._by_source.find(turns))

    def superseding(self, ids: Iterable[str]) -> list[Row]:
        """Return the versions, of any tenant, that supersede one of these, in the order of arrival."""
        return self._arrived(self._by_superseded.find(ids))

    def about(self, scope: Scope, subjects: Iterable[str]) -> list[Row]:
        """Return what has exactly this scope and claims something of one of the subjects, in the order of arrival."""
        return self._arrived(self._by_subject.find((scope, subject) for subject in subjects))

    def insert(self, memory: Memory, key: bytes | None) -> None:
        """Store a new memory, not yet in the search index."""
        self._last_seq += 1
        row = Row(separate(memory), key, self._last_seq, self._analyzer.terms(memory.spoken))
        name = memory.scope.owner
        owner = self._owners.get(name)
        if owner is None:
            owner = self._owners[name] = Owner(ShardIndex(self._dimension))
        self._rows[memory.id] = owner.rows[memory.id] = row
        if key is not None:
            owner.keys[key] = memory.id
        self._link(row.memory)

    def replace(self, memory: Memory) -> None:
        """Put a memory in the place of the one that has its id, not yet in the search index.

        Args:
            memory: The stored one but for its ends, sources or importance; its metadata is not copied.
        """
        row = self._rows[memory.id]
        self._unlink(row.memory)
        row.memory = memory
        self._link(memory)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove memories, from the indexes too."""
        removed = [self._rows.pop(id) for id in ids]
        for row in removed:
            self._unlink(row.memory)
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

    def index(self, ids: Iterable[str], vectors: Mapping[str, Vector], tokens: Mapping[str, Tokens]) -> None:
        """Bring the search indexes up to date with these memories, their vectors and those of their tokens."""
        for name, mine in _by_owner(self._rows[id] for id in ids).items():
            mine.sort(key=_seq)
            memories, analyses = [row.memory for row in mine], [row.analysis for row in mine]
            seq = [row.seq for row in mine]
            batch = Batch.of(memories, seq, vectors, analyses, self._dimension, tokens)
            self._owners[name].index.put(batch)

    def index_anew(self, dimension: int, vectors: Mapping[str, Vector], tokens: Mapping[str, Tokens]) -> None:
        """Make all search indexes again, for vectors of this length."""
        self._dimension = dimension
        for owner in self._owners.values():
            owner.index = ShardIndex(dimension)
        self.index(list(self._rows), vectors, tokens)

    def _link(self, memory: Memory) -> None:
        """Let a memory be found by what it names."""
        self._by_source.add(memory.id, _sources(memory))
        self._by_superseded.add(memory.id, _superseded(memory))
        self._by_subject.add(memory.id, _subjects(memory))

    def _unlink(self, memory: Memory) -> None:
        self._by_source.remove(memory.id, _sources(memory))
        self._by_superseded.remove(memory.id, _superseded(memory))
        self._by_subject.remove(memory.id, _subjects(memory))

    def _arrived(self, ids: Iterable[str]) -> list[Row]:
        return sorted((self._rows[id] for id in ids), key=_seq)


def separate(memory: Memory) -> Memory:
    """Return the memory with metadata of its own."""
    return replace(memory, metadata=deepcopy(dict(memory.metadata)))


def _sources(memory: Memory) -> tuple[str, ...]:
    return () if memory.kind == "turn" else memory.sources


def _superseded(memory: Memory) -> tuple[str, ...]:
    return () if memory.supersedes is None else (memory.supersedes,)


def _subjects(memory: Memory) -> tuple[tuple[Scope, str], ...]:
    return () if memory.claim is None else ((memory.scope, memory.claim.subject),)


def _seq(row: Row) -> int:
    return row.seq


def _by_owner(rows: Iterable[Row]) -> dict[Scope, list[Row]]:
    found: dict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.memory.scope.owner].append(row)
    return found
