"""Turns and statements go together: what says a deleted thing is not found either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from engram_core.domain.change import Change, Op
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory


def withheld(cause: Change, turns: Iterable[Memory]) -> list[Change]:
    """Retire the turns that say what a change deleted, each by a change of its own that names its cause."""
    reason = "it says what was deleted"
    return [part_of(cause, turn, reason) for turn in turns if turn.retired_at is None]


def orphaned(cause: Change, statements: Iterable[Memory], gone: Collection[str]) -> list[Change]:
    """Retire the statements that have no source left beside the turns that are gone."""
    reason = "the turns that it was learned from are gone"
    return [part_of(cause, memory, reason) for memory in orphans(list(statements), gone)]


def orphans(statements: Sequence[Memory], gone: Collection[str]) -> list[Memory]:
    """Return those of these statements, closed ones too, all of whose sources are gone; of a summary, any of them."""
    lost = set(gone)
    return [memory for memory in statements if memory.retired_at is None and _is_orphan(memory, lost)]


def _is_orphan(memory: Memory, gone: set[str]) -> bool:
    if memory.kind == "summary":
        return not gone.isdisjoint(memory.sources)
    return bool(memory.sources) and gone.issuperset(memory.sources)


def part_of(cause: Change, memory: Memory, reason: str) -> Change:
    """Retire a memory as a part of another deletion."""
    before = replace(memory, retired_at=cause.at)
    return Change(new_id(), Op.DELETE, before, None, reason, cause.actor, cause.at, cause.evidence, cause=cause.id)
