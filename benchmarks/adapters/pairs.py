"""Two things that do the same, timed in turns, so that a noisy machine is noisy for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Work = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured.

    Attributes:
        what: In words.
        ours: Milliseconds of one call, the median.
        theirs: The same for the peer.
    """

    what: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours divided by theirs: below 1 ours is faster."""
        return self.ours / self.theirs


async def paired(what: str, ours: Work, theirs: Work, *, calls: int, per_turn: int = 10) -> Row:
    """Time so many calls of each, `per_turn` of one and then of the other; each is given its number."""
    taken: dict[Work, list[float]] = {ours: [], theirs: []}
    for begin in range(0, calls, per_turn):
        turn = (ours, theirs) if begin // per_turn % 2 else (theirs, ours)
        for work in turn:
            for number in range(begin, min(begin + per_turn, calls)):
                started = time.perf_counter()
                await work(number)
                taken[work].append((time.perf_counter() - started) * 1000)
    return Row(what, statistics.median(taken[ours]), statistics.median(taken[theirs]))
