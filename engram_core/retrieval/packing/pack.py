"""Packing hits, and the turns that make them readable, into text for a prompt, under a token budget.

What is written is chosen greedily by value for length, the rule of thumb for a knapsack of small things (Dantzig 1957).
A hit is worth its score, which is a probability of being evidence; a turn beside it is worth a share of that.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from engram_core.domain.results import Context, Hit
from engram_core.ports import TokenCounter
from engram_core.retrieval.packing.beside import Beside, Neighbours, needed
from engram_core.retrieval.packing.lines import ELLIPSIS, shortened, write_line
from engram_core.retrieval.packing.order import in_order

# Both chosen on BEAM, as it is and as dialogues of two people: see benchmarks/README.md.
#: What a turn beside a hit is worth, of the hit's score.
SHARE = 0.1
#: How much length weighs on value: 0 is the order by score alone, 1 the score per character.
THRIFT = 0.75

#: Whole texts counted at most on the way, where the sum over the lines says that the budget is spent.
_RECOUNTS = 4
#: Characters a token that no text reaches on average (English has 4 to 5): what is longer is not even counted.
_MOST_CHARACTERS = 8


def pack(
    hits: Sequence[Hit],
    budget: int,
    counter: TokenCounter,
    *,
    neighbours: Neighbours | None = None,
    degraded: Mapping[str, str] | None = None,
) -> Context:
    """Write the hits that are worth most for their length, with the turns that they need, in the order of time.

    A hit that does not fit is passed over for another; when not even one fits whole, the best is cut.

    Args:
        hits: Best first.
        budget: Tokens at most, by `counter`.
        counter: What tokens are counted by.
        neighbours: The turns beside hits; without them, hits are written alone.
        degraded: What failed in the search, by name.
    """
    packing = _Packing(hits, budget, counter, neighbours or {})
    packing.choose()
    context = packing.written()
    if not context and hits:
        context = _cut(hits[0], budget, counter)
    context.degraded = degraded or {}
    return context


@dataclass(frozen=True, slots=True)
class _Entry:
    """What may be written: a hit, or a turn beside one, whole or shortened."""

    hit: Hit
    line: str
    found: bool
    tokens: int = 0

    @property
    def id(self) -> str:
        return self.hit.memory.id


class _Packing:
    """The state of one choice: what waits, what is chosen, and what it takes."""

    def __init__(self, hits: Sequence[Hit], budget: int, counter: TokenCounter, neighbours: Neighbours) -> None:
        self._hits = {hit.memory.id: hit for hit in hits}
        self._budget = budget
        self._counter = counter
        self._neighbours = neighbours
        self._waiting: list[tuple[float, int, _Entry]] = []
        self._chosen: dict[str, _Entry] = {}
        self._arrivals = count()
        self._used = 0
        self._exact = True
        self._recounts = 0
        for hit in self._hits.values():
            self._await(_Entry(hit, write_line(hit), found=True), hit.score)

    def choose(self) -> None:
        """Take what is worth most for its length, while it fits; a hit that is taken brings what it needs into view."""
        while self._waiting:
            entry = heapq.heappop(self._waiting)[2]
            if self._take(entry) and entry.found:
                self._await_needed(entry.hit)

    def written(self) -> Context:
        """Write what is chosen; what came last goes again where the whole takes more than its lines did."""
        while self._chosen:
            order = self._order()
            text = "\n".join(self._chosen[id].line for id in order)
            tokens = self._counter.count(text)
            if tokens <= self._budget:
                entries = [self._chosen[id] for id in order]
                found = tuple(entry.hit for entry in entries if entry.found)
                return Context(text, hits=found, tokens=tokens, entries=tuple(entry.hit for entry in entries))
            self._chosen.popitem()
        return Context("")

    def _await(self, entry: _Entry, value: float) -> None:
        # Ties are taken in the order of arrival, the best hit first.
        heapq.heappush(self._waiting, (-value / len(entry.line) ** THRIFT, next(self._arrivals), entry))

    def _await_needed(self, hit: Hit) -> None:
        for side, turn in needed(hit, self._neighbours.get(hit.memory.id, Beside())):
            own = self._hits.get(turn.id)
            short = shortened(turn, side)
            if short is None or (own is not None and own.ended_at is not None):
                continue  # what is no longer so is written whole, as a hit that says so, or not at all
            found = own is not None and short is turn
            beside = own if own is not None and found else Hit(short, round(SHARE * hit.score, 6))
            self._await(_Entry(beside, write_line(beside), found), SHARE * hit.score)

    def _take(self, entry: _Entry) -> bool:
        """Choose an entry if it fits: in place of a part of the same turn, where that was chosen before."""
        held = self._chosen.get(entry.id)
        if held is not None and (held.found or not entry.found):
            return False
        spare = 0 if held is None else held.tokens
        if len(entry.line) > _MOST_CHARACTERS * (self._budget - self._used + spare):
            return False
        tokens = self._counter.count(entry.line + "\n" if self._chosen else entry.line)
        if not self._fits(tokens - spare):
            return False
        self._chosen.pop(entry.id, None)
        self._chosen[entry.id] = replace(entry, tokens=tokens)
        self._used += tokens - spare
        self._exact = False
        return True

    def _fits(self, tokens: int) -> bool:
        """Tell whether so many more tokens fit; the whole is counted only where the sum over the lines says no."""
        if self._used + tokens > self._budget and not self._exact and self._recounts < _RECOUNTS:
            summed = self._used
            self._used = self._counter.count("\n".join(entry.line for entry in self._chosen.values()))
            self._exact = True
            # A counter whose sums are right needs no further look.
            self._recounts += 1 if summed - self._used > self._budget // 100 else _RECOUNTS
        return self._used + tokens <= self._budget

    def _order(self) -> list[str]:
        return in_order([entry.hit.memory for entry in self._chosen.values()], self._neighbours)


def _cut(hit: Hit, budget: int, counter: TokenCounter) -> Context:
    """Keep the longest beginning of a hit's line that fits, by bisection; nothing when not one character does."""
    line = write_line(hit)
    low, high = 0, min(len(line), _MOST_CHARACTERS * budget)
    while low < high:
        middle = (low + high + 1) // 2
        if counter.count(line[:middle] + ELLIPSIS) <= budget:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        return Context("")
    text = line[:low] + ELLIPSIS
    return Context(text, hits=(hit,), tokens=counter.count(text))
