"""How memories are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.ports import Use
from engram_core.stores.inmemory.rows import Rows


class Uses:
    """Uses by id, of the memories that were used or weighed.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._uses: dict[str, Use] = {}

    def add(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """Add accesses."""
        for row in self._rows.of_tenant(tenant, accesses):
            use = self._of(row.memory)
            count = use.accesses + accesses[row.memory.id]
            self._uses[row.memory.id] = replace(use, accesses=count, last_at=max(at, use.last_at or at))

    def told(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """Tell how memories were used."""
        return {row.memory.id: self._of(row.memory) for row in self._rows.of_tenant(tenant, ids)}

    def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """Set the present importance of memories; what they were written with is kept."""
        for row in self._rows.of_tenant(tenant, importance):
            memory = row.memory
            self._uses[memory.id] = self._of(memory)
            self._rows.replace(replace(memory, importance=importance[memory.id]))

    def erase(self, ids: Iterable[str]) -> None:
        """Forget how memories were used."""
        for id in ids:
            self._uses.pop(id, None)

    def _of(self, memory: Memory) -> Use:
        return self._uses.get(memory.id, Use(0, None, memory.importance))
