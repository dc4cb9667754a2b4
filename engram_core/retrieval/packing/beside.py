"""The turns beside a hit, and which of them it needs to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from engram_core.domain.memory import Memory
from engram_core.domain.results import Hit
from engram_core.ports import View
from engram_core.retrieval.truth import Truth

#: Turns further apart than this do not answer one another, though no other turn stands between them.
TOGETHER = timedelta(hours=6)
#: Up to so many words, a turn is seldom understood by itself.
SHORT = 6

_ASKS = re.compile(r"[?？؟]\W*$")
#: Characters at the end of a text that are looked at for a question mark: behind it may stand quotes or emoji.
_END = 40
_ANSWERS = re.compile(
    r"\W*(?:yes|yeah|yep|yup|no|nope|nah|not (?:really|yet|at all)|sure|of course|definitely|absolutely|exactly|right"
    r"|true|correct|same here|me (?:too|neither)|both|neither|either|ok|okay|agreed|maybe|probably|thanks|thank you"
    r"|it|its|that|those|these|this|they|them|he|she|him|her|the (?:first|second|third|last|latter|former|other)"
    r"|because|since|about|around)\b",
    re.IGNORECASE,
)
_SPOKEN = ("user", "assistant", None)


@dataclass(frozen=True, slots=True)
class Beside:
    """The turns before and after a hit in its conversation; None where there is none that may be written."""

    before: Memory | None = None
    after: Memory | None = None


#: By the id of the hit's memory.
Neighbours = Mapping[str, Beside]


async def read_beside(view: View, rows: Mapping[str, int], hits: Sequence[Hit], truth: Truth) -> dict[str, Beside]:
    """Look up the turns beside the hits that are turns, among what the view may see.

    A turn that says what is no longer so is left out: only as a hit does it say what became of it.

    Args:
        view: What the hits were found in.
        rows: Its row of each hit's memory, by id; those without are passed over.
        hits: Of one search.
        truth: Of the same search.

    Raises:
        StoreError: They cannot be read, or not what became of them.
    """
    turns = [hit.memory for hit in hits if hit.memory.kind == "turn" and hit.memory.id in rows]
    if not turns:
        return {}
    known: dict[int, Memory | None] = {rows[turn.id]: turn for turn in turns}
    own = np.array(list(known), np.int64)
    near = (await view.neighbours(own))[:, :2]
    others = np.setdiff1d(near[near >= 0], own)
    if len(others):
        found = dict(zip(others.tolist(), await view.hydrate(others), strict=True))
        ended = await truth.outdated([memory for memory in found.values() if memory is not None])
        known |= {row: memory for row, memory in found.items() if memory is not None and memory.id not in ended}
    return {
        turn.id: Beside(_near(turn, known.get(before)), _near(turn, known.get(after)))
        for turn, (before, after) in zip(turns, near.tolist(), strict=True)
    }


def _near(turn: Memory, other: Memory | None) -> Memory | None:
    """Return the other one where it was said, by a person or an assistant, in the same sitting."""
    if other is None or other.role not in _SPOKEN or abs(other.valid_from - turn.valid_from) > TOGETHER:
        return None
    return other


def needed(hit: Hit, beside: Beside) -> Iterator[tuple[Literal["before", "after"], Memory]]:
    """Tell which turns beside a hit it is hardly understood without.

    A question needs the turn after it. A turn needs the one before it where that asks, or where it is itself short or
    begins as answers begin ("Yes", "No", "That one").
    """
    text = hit.memory.text
    if beside.before is not None and (asks(beside.before.text) or _leans(text)):
        yield "before", beside.before
    if beside.after is not None and asks(text):
        yield "after", beside.after


def asks(text: str) -> bool:
    """Tell whether a text ends with a question."""
    return _ASKS.search(text.rstrip()[-_END:]) is not None


def _leans(text: str) -> bool:
    return len(text.split()) <= SHORT or _ANSWERS.match(text) is not None
