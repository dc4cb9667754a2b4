"""Turns and statements go together: what says a deleted thing is not found either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engram_core.domain.change import Change, retirement
from engram_core.domain.memory import Memory

_UNFOUNDED = "the turns that it was learned from are gone"


def withheld(cause: Change, turns: Iterable[Memory]) -> list[Change]:
    """Retire the turns that say what a change deleted, each by a change of its own that names its cause."""
    reason = "it says what was deleted"
    return [part_of(cause, turn, reason) for turn in turns if turn.retired_at is None]


def orphaned(cause: Change, statements: Iterable[Memory], gone: Collection[str]) -> list[Change]:
    """Retire the statements that have no source left beside the turns that are gone."""
    return [part_of(cause, memory, _UNFOUNDED) for memory in orphans(statements, gone)]


def orphaned_by(causes: Mapping[str, Change], statements: Iterable[Memory], gone: Collection[str]) -> list[Change]:
    """Retire the statements that have no source left, each as a part of the deletion of the first that it lost.

    Args:
        causes: The deletions of turns, by the turn's id.
        statements: Each names one of these turns among its sources.
        gone: These turns, and those that were gone before.
    """
    return [part_of(_first(causes, memory), memory, _UNFOUNDED) for memory in orphans(statements, gone)]


def orphans(statements: Iterable[Memory], gone: Collection[str]) -> list[Memory]:
    """Return those of these statements, closed ones too, all of whose sources are gone; of a summary, any of them."""
    lost = set(gone)
    return [memory for memory in statements if memory.retired_at is None and _is_orphan(memory, lost)]


def _is_orphan(memory: Memory, gone: set[str]) -> bool:
    if memory.kind == "summary":
        return not gone.isdisjoint(memory.sources)
    return bool(memory.sources) and gone.issuperset(memory.sources)


def _first(causes: Mapping[str, Change], memory: Memory) -> Change:
    return next(causes[id] for id in memory.sources if id in causes)


def part_of(cause: Change, memory: Memory, reason: str) -> Change:
    """Retire a memory as a part of another deletion, or of that which the other is a part of itself."""
    whole = cause.cause or cause.id
    return retirement(memory, cause.at, reason, cause.actor, evidence=cause.evidence, cause=whole)
