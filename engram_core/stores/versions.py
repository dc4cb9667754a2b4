"""What a batch of changes does to versions: checked as a whole before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from engram_core.domain.change import Change, Op
from engram_core.domain.memory import Memory
from engram_core.errors import ConflictError


def concerned(change: Change) -> set[str]:
    """Return the ids of what must be met before a change is carried out: its versions, and what it was learned from."""
    ids = {memory.id for memory in (change.before, change.after) if memory is not None}
    if change.undoes is not None:
        return ids | {m.supersedes for m in (change.before, change.after) if m is not None and m.supersedes is not None}
    return ids.union(change.evidence) if change.op in (Op.ADD, Op.UPDATE) else ids


class Versions:
    """The versions that a batch of changes is about, and what becomes of them."""

    def __init__(self) -> None:
        self._stored: dict[str, Memory] = {}
        self._now: dict[str, Memory] = {}
        self._succeeded: set[str] = set()

    @property
    def opened(self) -> dict[str, Memory]:
        """New versions by id, as they are at the end of the batch."""
        return {id: memory for id, memory in self._now.items() if id not in self._stored}

    @property
    def closed(self) -> dict[str, Memory]:
        """Versions of the store, by id, whose ends the batch sets: closed ones, and those that it opens again."""
        return self._changed(lambda memory: (memory.valid_to, memory.retired_at))

    @property
    def observed(self) -> dict[str, Memory]:
        """Versions of the store, by id, whose sources the batch sets; one may be among the `closed`, too."""
        return self._changed(lambda memory: memory.sources)

    def meet(self, memory: Memory, succeeded: bool) -> None:
        """Note a version that is in the store, and whether one there that is not retired supersedes it."""
        self._stored[memory.id] = self._now[memory.id] = memory
        if succeeded:
            self._succeeded.add(memory.id)

    def is_current(self, change: Change) -> bool:
        """Tell whether what a change closes is there, in its scope, and neither closed nor replaced.

        What is withheld with something else, or undone, need only be kept still: a turn that was corrected is withheld
        as well, and a statement of the past can be undone.
        """
        before = change.before
        assert before is not None
        if change.op is Op.DELETE and (change.cause is not None or change.undoes is not None):
            return self._is_kept(before) and (change.undoes is None or before.id not in self._succeeded)
        return self._is_current(before, change.at)

    def carry_out(self, change: Change) -> None:
        """Close, open, reopen and observe versions as a change says.

        Raises:
            ConflictError: What it closes or observes is not current, what it opens is there already, or what it undoes
                was undone before.
        """
        if change.op in (Op.UPDATE, Op.DELETE):
            self._close(change)
        if change.after is None or change.op is Op.DELETE:
            return
        if change.undoes is not None:
            self._revert(change.before, change.after)
        elif change.op is Op.NOOP:
            self._observe(change, change.before or change.after, change.after)
        else:
            self._open(change)

    def _close(self, change: Change) -> None:
        before = change.before
        assert before is not None
        if not self.is_current(change):
            raise ConflictError(f"{before.id} is not the current version any more")
        self._put(replace(self._now[before.id], valid_to=before.valid_to, retired_at=before.retired_at))

    def _open(self, change: Change) -> None:
        after = change.after
        assert after is not None
        if after.id in self._now:
            raise ConflictError(f"there is a memory {after.id} already")
        for id in change.evidence:
            # What was erased or withheld while a model thought about it must not come back by that.
            turn = self._stored.get(id)
            if turn is None or turn.retired_at is not None:
                raise ConflictError(f"turn {id}, which {after.id} was learned from, is gone")
        self._put(after)

    def _observe(self, change: Change, before: Memory, after: Memory) -> None:
        # A part of another change tells a statement of its turns' new versions, be it so no longer.
        is_there = self._is_kept(after) if change.cause is not None else self._is_current(after, change.at)
        if not is_there or self._now[after.id].sources != before.sources:
            raise ConflictError(f"{after.id} is not as it was when it was observed")
        self._put(replace(self._now[after.id], sources=after.sources))

    def _revert(self, before: Memory | None, after: Memory) -> None:
        stored = self._now.get(after.id)
        if stored is None or stored.scope != after.scope:
            raise ConflictError(f"{after.id} is not there any more")
        if before is not None and before.id == after.id and stored.sources != before.sources:
            raise ConflictError(f"{after.id} was observed, or an observation of it undone, meanwhile")
        reverted = replace(stored, valid_to=after.valid_to, retired_at=after.retired_at, sources=after.sources)
        if reverted == stored:
            raise ConflictError(f"{after.id} is as it was before already")
        if reverted.is_open and not stored.is_open:
            replaced = self._now.get(reverted.supersedes or "")
            if stored.id in self._succeeded:
                raise ConflictError(f"{after.id} was replaced by another version: undo that first")
            if replaced is not None and replaced.is_open:
                raise ConflictError(f"{replaced.id}, which {after.id} had replaced, holds again: close that first")
        self._put(reverted)

    def _put(self, memory: Memory) -> None:
        self._now[memory.id] = memory
        if memory.supersedes is not None:
            # What a retired version superseded can hold again.
            (self._succeeded.add if memory.retired_at is None else self._succeeded.discard)(memory.supersedes)

    def _is_kept(self, memory: Memory) -> bool:
        stored = self._now.get(memory.id)
        return stored is not None and stored.scope == memory.scope and stored.retired_at is None

    def _is_current(self, memory: Memory, at: datetime) -> bool:
        stored = self._now.get(memory.id)
        if stored is None or stored.scope != memory.scope or stored.id in self._succeeded:
            return False
        return stored.retired_at is None and (stored.valid_to is None or at < stored.valid_to)

    def _changed(self, what: Callable[[Memory], object]) -> dict[str, Memory]:
        return {id: self._now[id] for id, stored in self._stored.items() if what(self._now[id]) != what(stored)}
