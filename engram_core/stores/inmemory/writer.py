"""Writing memories, with their vectors and the notes of those that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError
from engram_core.ports import Recorded, Tokens, Vector
from engram_core.stores.inmemory.jobs import Jobs
from engram_core.stores.inmemory.lines import Lines
from engram_core.stores.inmemory.rows import Rows, separate
from engram_core.stores.inmemory.spaces import Spaces
from engram_core.stores.versions import Versions, concerned


class Writer:
    """Stores memories, and what becomes of versions.

    Args:
        rows: The memories.
        spaces: Their vectors.
        lines: Their lines of versions.
        jobs: Notes of those that need vectors.
    """

    def __init__(self, rows: Rows, spaces: Spaces, lines: Lines, jobs: Jobs) -> None:
        self._rows = rows
        self._spaces = spaces
        self._lines = lines
        self._jobs = jobs

    def take_in(self, memories: Sequence[tuple[Memory, bytes | None]]) -> Recorded:
        """Store memories, leaving out those whose id or key is there already.

        Raises:
            ConflictError: An id is in use by a memory of another scope. Nothing is written.
        """
        vectors = self._spaces.vectors
        self._check_scopes([memory for memory, _ in memories])
        stored: list[Memory] = []
        fresh: set[str] = set()
        for memory, key in memories:
            same = self._rows.get(memory.id) or self._rows.with_key(memory.scope, key)
            if same is None:
                self._rows.insert(memory, key)
                fresh.add(memory.id)
            stored.append(separate(memory if same is None else same.memory))
        self._rows.index(fresh, vectors, self._spaces.tokens)
        unembedded = {memory.id: memory for memory in stored if self._spaces.lacks(memory.id)}
        return Recorded(tuple(stored), frozenset(fresh), tuple(unembedded.values()), self._jobs.write(unembedded))

    def embedded(
        self,
        vectors: Mapping[str, Vector],
        memories: Sequence[Memory],
        job: str | None,
        tokens: Mapping[str, Tokens],
    ) -> None:
        """Store the vectors of memories that lack one, those of tokens too, and strike the job."""
        new = {memory.id for memory in memories if memory.id in vectors and self._spaces.lacks(memory.id)}
        self._spaces.put(new, vectors, tokens)
        self._rows.index(new, self._spaces.vectors, self._spaces.tokens)
        if job is not None:
            self._jobs.strike(job, self._spaces.lacks)

    def versions(self, changes: Sequence[Change]) -> Versions:
        """Meet the versions that changes are about."""
        self._spaces.require_open()
        versions = Versions()
        for row in self._rows.found({id for change in changes for id in concerned(change)}):
            versions.meet(row.memory, self._lines.is_succeeded(row.memory.id))
        return versions

    def write(self, versions: Versions, vectors: Mapping[str, Vector], tokens: Mapping[str, Tokens]) -> None:
        """Store what a batch of changes opened, closed and observed."""
        opened, closed = versions.opened, versions.closed
        for memory in opened.values():
            self._rows.insert(memory, None)
        for memory in {**versions.observed, **closed}.values():
            self._rows.replace(memory)
        self._spaces.put(opened, vectors, tokens)
        self._rows.index([*opened, *closed], self._spaces.vectors, self._spaces.tokens)
        self._jobs.write(id for id in opened if id not in vectors)

    def _check_scopes(self, memories: Sequence[Memory]) -> None:
        scopes: dict[str, Scope] = {}
        for memory in memories:
            row = self._rows.get(memory.id)
            scope = scopes.setdefault(memory.id, memory.scope if row is None else row.memory.scope)
            if scope != memory.scope:
                raise ConflictError(f"the id {memory.id} is in use by a memory of another scope")
