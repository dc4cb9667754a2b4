"""The order of a packed text: by time, turns that follow one another in a conversation held together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engram_core.domain.memory import Memory
from engram_core.retrieval.packing.beside import Neighbours


def in_order(memories: Sequence[Memory], neighbours: Neighbours) -> list[str]:
    """Return the ids of memories in the order of the text.

    A turn comes right after the one before it in its conversation where that is written too; where such a row begins
    is decided by time, ties by when it was stored, then by id.
    """
    by_id = {memory.id: memory for memory in memories}
    follows = _follows(by_id, neighbours)
    later = set(follows.values())
    order: list[str] = []
    for memory in sorted(memories, key=_place):
        next_id = memory.id if memory.id not in later else None
        while next_id is not None:
            order.append(next_id)
            next_id = follows.get(next_id)
    return order


def _follows(by_id: Mapping[str, Memory], neighbours: Neighbours) -> dict[str, str]:
    """Return, by id, the turn that comes next in the conversation, where both are written."""
    pairs = [(beside.before.id, id) for id, beside in neighbours.items() if beside.before is not None]
    pairs += [(id, beside.after.id) for id, beside in neighbours.items() if beside.after is not None]
    return {first: second for first, second in pairs if first in by_id and second in by_id}


def _place(memory: Memory) -> tuple[datetime, datetime, str]:
    return memory.valid_from, memory.recorded_at, memory.id
