"""Answers of an assistant that repeat what the user just said: they go with it when it is deleted or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from engram_core.domain.change import Change
from engram_core.domain.claim import plain
from engram_core.domain.memory import Memory
from engram_core.domain.selection import Selection
from engram_core.ingest.learn.alike import name_in
from engram_core.ingest.withhold import part_of
from engram_core.ports import MemoryStore

_REASON = "it repeats what was deleted"
#: An answer comes no later than this.
_SOON = timedelta(minutes=10)
#: Turns with the words of a value that are looked at.
_MOST = 200


async def echoes(store: MemoryStore, deletion: Change, turns: Sequence[Memory]) -> list[Change]:
    """Retire the answers to these turns that hold the value of the deleted statement, word for word.

    An answer that names it at another time may be about something else and stays.

    Args:
        store: Open.
        deletion: Of a statement.
        turns: Those that say it.
    """
    claim = deletion.memory.claim
    if claim is None or not turns or not plain(claim.value):
        return []
    view = await store.view(Selection(deletion.memory.scope, deletion.at, kinds=frozenset(["turn"])))
    leg = await view.lexical(claim.value, _MOST)
    found = [turn for turn in await view.hydrate(leg.rows) if turn is not None and turn.origin == "assistant"]
    words = {plain(claim.value), plain(name_in(claim.value))} - {""}
    return [
        part_of(deletion, turn, _REASON)
        for turn in found
        if any(f" {phrase} " in f" {plain(turn.text)} " for phrase in words)
        and any(_answers(turn, said) for said in turns)
    ]


def _answers(turn: Memory, said: Memory) -> bool:
    return turn.scope == said.scope and timedelta() <= turn.valid_from - said.valid_from <= _SOON
