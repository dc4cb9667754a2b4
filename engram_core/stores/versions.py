"""What a batch of changes does to versions: checked as a whole before anything is written."""

from __future__ import annotations

from dataclasses import replace

from engram_core.domain.change import Change, Op
from engram_core.domain.memory import Memory
from engram_core.errors import ConflictError


class Versions:
    """The versions that a batch of changes is about, and what becomes of them."""

    def __init__(self) -> None:
        self._known: dict[str, Memory] = {}
        self._succeeded: set[str] = set()
        #: New versions, as they are at the end of the batch.
        self.opened: dict[str, Memory] = {}
        #: Versions of the store that the batch closes.
        self.closed: dict[str, Memory] = {}

    def meet(self, memory: Memory, succeeded: bool) -> None:
        """Note a version that is in the store, and whether another one there supersedes it."""
        self._known[memory.id] = memory
        if succeeded:
            self._succeeded.add(memory.id)

    def is_current(self, change: Change) -> bool:
        """Tell whether what a change closes is there, in its scope, and neither closed nor replaced."""
        before = change.before
        assert before is not None
        stored = self._known.get(before.id)
        if stored is None or stored.scope != before.scope or stored.id in self._succeeded:
            return False
        return stored.retired_at is None and (stored.valid_to is None or change.at < stored.valid_to)

    def carry_out(self, change: Change) -> None:
        """Close and open versions as a change says.

        Raises:
            ConflictError: What it closes is not current, or the id of what it opens is taken.
        """
        if change.op in (Op.UPDATE, Op.DELETE):
            self._close(change)
        if change.op in (Op.ADD, Op.UPDATE) and change.after is not None:
            after = change.after
            if after.id in self._known:
                raise ConflictError(f"there is a memory {after.id} already")
            self._known[after.id] = self.opened[after.id] = after
            if after.supersedes is not None:
                self._succeeded.add(after.supersedes)

    def _close(self, change: Change) -> None:
        before = change.before
        assert before is not None
        if not self.is_current(change):
            raise ConflictError(f"{before.id} is not the current version any more")
        ended = replace(self._known[before.id], valid_to=before.valid_to, retired_at=before.retired_at)
        self._known[before.id] = ended
        (self.opened if before.id in self.opened else self.closed)[before.id] = ended
