"""Which memories a reading may see: decided before anything is ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engram_core.domain.filters import Filter, matches
from engram_core.domain.memory import KINDS, Memory
from engram_core.domain.scope import Scope
from engram_core.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Selection:
    """A scope, narrowed by kinds, metadata and time.

    Attributes:
        scope: Only memories that it contains.
        now: The time of the reading.
        kinds: Only these kinds; None means all.
        condition: What metadata must meet; None means anything.
        as_of: What held at this moment; None means what holds now.
        past: Every version, whatever held when; for listings and exports.
    """

    scope: Scope
    now: datetime
    kinds: frozenset[str] | None = None
    condition: Filter | None = None
    as_of: datetime | None = None
    past: bool = False

    def admits(self, memory: Memory) -> bool:
        """Tell whether a memory is selected: the reference for what a store must return."""
        if not self.scope.contains(memory.scope):
            return False
        if self.kinds is not None and memory.kind not in self.kinds:
            return False
        return self.in_time(memory) and matches(self.condition, memory.metadata)

    def in_time(self, memory: Memory) -> bool:
        """Tell whether the memory held at the time of the reading."""
        if self.past:
            return True
        return memory.is_current(self.now) if self.as_of is None else memory.held_at(self.as_of)


def check_kinds(kinds: object) -> frozenset[str] | None:
    """Take one kind or several, or None for all."""
    if kinds is None:
        return None
    given = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(given, (list, tuple, set, frozenset)) or not given:
        raise InvalidInputError("kinds", kinds, f"one or several of {', '.join(KINDS)}")
    for kind in given:
        if not isinstance(kind, str) or kind not in KINDS:
            raise InvalidInputError("kinds", kind, ", ".join(KINDS))
    return frozenset(given)
