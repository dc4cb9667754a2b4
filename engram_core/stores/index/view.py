"""A view that is answered from indexes in memory, exactly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import Memory
from engram_core.ports import Evidence, Leg, Outline, Rows, TimeRange, TokenBlock, Vector, View
from engram_core.stores.index.analysis import Analyzer, Terms
from engram_core.stores.index.batch import microseconds
from engram_core.stores.index.index import Mask, ShardIndex, Snapshot
from engram_core.stores.index.postings import Matches, find
from engram_core.stores.index.tokens import joined

# Okapi BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009); the idf with 1 added inside
# the logarithm, so that it is never negative.
K1 = 1.2
B = 0.75
_SPARSE = 4  # below one visible row in so many, vectors are gathered before they are multiplied

_FIRST = np.iinfo(np.int64).min
T = TypeVar("T", bound=np.generic)

Scores = NDArray[np.float32]
Hydrate = Callable[[list[str]], Awaitable[list[Memory | None]]]


class IndexView(View):
    """Rows are the slots of the parts, one part after the other.

    Args:
        parts: Indexes, each with the mask of what the selection admits of it.
        analyzer: The analysis that the terms in the indexes were made by.
        hydrate: Fetches memories by id in the order given, with None for those that are gone.
    """

    def __init__(self, parts: Sequence[tuple[ShardIndex, Mask]], analyzer: Analyzer, hydrate: Hydrate) -> None:
        self._analyzer = analyzer
        self._hydrate = hydrate
        self._parts = [_Part(index.snapshot(), mask) for index, mask in parts if mask.any()]
        self._offsets = np.cumsum([0, *(len(part.mask) for part in self._parts)])
        self._asked: Vector | None = None
        self._cosines = np.empty(0, np.float32)
        self._text: str | None = None
        self._bm25 = np.empty(0, np.float32)

    def __len__(self) -> int:
        """Count the memories it may see."""
        return sum(part.size for part in self._parts)

    async def dense(self, query: Vector, limit: int) -> Leg:
        """Return the rows nearest to the query by cosine, exactly."""
        scores = self._dense_scores(query)
        return _best(scores, np.flatnonzero(~np.isnan(scores)), limit)

    async def lexical(self, query: str, limit: int) -> Leg:
        """Return the rows with the highest BM25 score above 0."""
        scores = self._lexical_scores(query)
        return _best(scores, np.flatnonzero(scores), limit)

    async def within(self, ranges: Sequence[TimeRange], query: Vector | None, limit: int) -> Leg:
        """Return the rows whose `valid_from` lies in any of the ranges, the nearest to the query first, by cosine."""
        rows = np.flatnonzero(_joined([part.within(ranges) for part in self._parts], np.bool_))
        scores = np.full(len(rows), -1, np.float32)
        if query is not None:
            scores = np.nan_to_num(self._dense_scores(query)[rows], nan=-1)
        leg = _best(scores, np.arange(len(rows)), limit)
        return Leg(rows[leg.rows], leg.scores)

    async def rows_of(self, ids: Sequence[str]) -> Rows:
        """Return the rows of memories by their ids (n,); -1 for what is not seen."""
        found = np.full(len(ids), -1, np.int64)
        for part, offset in zip(self._parts, self._offsets.tolist(), strict=False):
            slots = np.array([part.index.slots.get(id, -1) for id in ids], np.int64)
            slots[slots >= len(part.mask)] = -1  # arrived later
            seen = np.flatnonzero(slots >= 0)
            seen = seen[part.mask[slots[seen]]]
            found[seen] = slots[seen] + offset
        return found

    async def evidence(self, rows: Rows, near: Rows, query: Vector | None, text: str) -> Evidence:
        """Score these rows, and those beside them, completely."""
        lexical = self._lexical_scores(text)
        if query is None:
            dense, near_dense = np.full(len(rows), np.nan, np.float32), np.full(near.shape, np.nan, np.float32)
        else:
            scores = self._dense_scores(query)
            dense, near_dense = scores[rows], _at(scores, near, np.nan)
        return Evidence(dense, lexical[rows], near_dense, _at(lexical, near, 0), self._lengths(rows))

    async def outline(self, rows: Rows) -> Outline:
        """Tell of these rows what a ranking reads beside their scores."""

        def column(name: str, kind: type = np.int64) -> NDArray[Any]:
            pieces = [getattr(part.index, name) for part in self._parts]
            whole = pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, kind), *pieces], dtype=kind)
            return whole[rows]

        which = np.searchsorted(self._offsets, rows, side="right") - 1
        codes = column("speakers")
        return Outline(
            kinds=column("kinds", np.int8),
            times=column("times"),
            speakers=[self._parts[part].index.names[code] for part, code in zip(which, codes, strict=True)],
            assistant=column("assistant", np.bool_),
            signs=column("signs", np.int32),
        )

    async def tokens(self, rows: Rows) -> TokenBlock:
        """Return the token vectors of these rows, in the order given."""
        if len(self._parts) == 1:
            return self._parts[0].index.tokens.block(rows)
        which = np.searchsorted(self._offsets, rows, side="right") - 1
        pieces = [
            self._parts[part].index.tokens.block(np.array([row - self._offsets[part]]))
            for part, row in zip(which.tolist(), rows, strict=True)
        ]
        return joined(pieces)

    async def hydrate(self, rows: Rows) -> list[Memory | None]:
        """Fetch whole memories, in the order given; None for one that is gone."""
        which = np.searchsorted(self._offsets, rows, side="right") - 1
        slots = rows - self._offsets[which]
        ids = [self._parts[part].index.ids[slot] for part, slot in zip(which.tolist(), slots.tolist(), strict=True)]
        return await self._hydrate(ids)

    def _dense_scores(self, query: Vector) -> Scores:
        """Return the cosines of all rows; NaN where a row is not seen or has no vector."""
        if self._asked is None or not np.array_equal(self._asked, query):
            self._cosines = _joined([part.cosines(query) for part in self._parts], np.float32)
            self._asked = query.copy()
        return self._cosines

    def _lexical_scores(self, text: str) -> Scores:
        """Return the BM25 scores of all rows, with the statistics of what the view sees."""
        if self._text != text:
            self._bm25 = self._score(self._analyzer.query_terms(text))
            self._text = text
        return self._bm25

    def _score(self, query: Terms) -> Scores:
        found = [part.matches(query) for part in self._parts]
        size = max(len(self), 1)
        holders = sum((np.bincount(match.which, minlength=len(query)) for match in found), np.zeros(len(query)))
        weights = np.log(1 + (size - holders + 0.5) / (holders + 0.5)) * (K1 + 1)
        average = sum(part.total_length for part in self._parts) / size or 1.0
        scored = [part.bm25(match, weights, average) for part, match in zip(self._parts, found, strict=True)]
        return _joined(scored, np.float32)

    async def neighbours(self, rows: Rows) -> Rows:
        """Return the rows of each one's neighbours (n, 4); -1 where there is none."""
        found = np.full((len(rows), 4), -1, np.int64)
        for part, offset in zip(self._parts, self._offsets, strict=False):
            inside = np.flatnonzero((rows >= offset) & (rows < offset + len(part.mask)))
            beside = part.neighbours[rows[inside] - offset]
            # Where there is none beside, slot -1 reads the last row: it is put right below.
            beyond = np.stack([part.neighbours[beside[:, 0], 0], part.neighbours[beside[:, 1], 1]], axis=1)
            near = np.concatenate([beside, np.where(beside < 0, -1, beyond)], axis=1)
            found[inside] = np.where(near < 0, -1, near + offset)
        return found

    def _lengths(self, rows: Rows) -> Scores:
        return _joined([part.index.lengths.astype(np.float32) for part in self._parts], np.float32)[rows]


class _Part:
    """One index as one view sees it."""

    def __init__(self, index: Snapshot, mask: Mask) -> None:
        self.index = index
        self.mask = mask
        self.size = int(np.count_nonzero(mask))
        #: The mask, or None where everything is seen.
        self.partial = None if self.size == len(mask) else mask
        self.total_length = float(index.lengths.sum() if self.partial is None else index.lengths[mask].sum())

    @cached_property
    def neighbours(self) -> NDArray[np.int64]:
        """The slots of the turns before and after, by slot (n, 2); -1 where there is none."""
        return self.index.turns.neighbours(self.mask)

    def within(self, ranges: Sequence[TimeRange]) -> Mask:
        """Tell which slots are seen and begin in any of the ranges."""
        found = np.zeros(len(self.mask), np.bool_)
        for begin, end in ranges:
            first = _FIRST if begin is None else microseconds(begin)
            found |= (self.index.times >= first) & (self.index.times < microseconds(end))
        return found & self.mask

    def cosines(self, query: Vector) -> Scores:
        """Return the cosines by slot; NaN where a slot is not seen or has no vector."""
        seen = self.mask & self.index.embedded
        if np.count_nonzero(seen) * _SPARSE < len(seen):
            sparse = np.full(len(seen), np.nan, np.float32)
            slots = np.flatnonzero(seen)
            sparse[slots] = np.vecdot(self.index.vectors[slots], query)
            return sparse
        # Not `@`: the threads that BLAS starts for it wait in a loop, and take the cores from the database.
        scores: Scores = np.vecdot(self.index.vectors, query)
        scores[~seen] = np.nan
        return scores

    def matches(self, query: Terms) -> Matches:
        """Return the postings of the query terms in what is seen."""
        found = find(self.index.postings, query)
        if self.partial is None:
            return found
        seen = self.partial[found.slots]
        return Matches(found.slots[seen], found.freqs[seen], found.which[seen])

    def bm25(self, found: Matches, weights: NDArray[np.float64], average: float) -> Scores:
        """Return the scores by slot, given the weight of each query term and the average length of a text."""
        norms = K1 * (1 - B + B / average * self.index.lengths.astype(np.float32))
        parts = weights.astype(np.float32)[found.which] * found.freqs
        parts /= found.freqs + norms[found.slots]
        return np.bincount(found.slots, parts, minlength=len(self.mask)).astype(np.float32)


def _best(scores: Scores, rows: Rows, limit: int) -> Leg:
    """Return the best of the given rows (ascending), ties by row."""
    values = scores[rows]
    if limit < len(rows):
        least = np.partition(values, len(rows) - limit)[len(rows) - limit]
        above, level = np.flatnonzero(values > least), np.flatnonzero(values == least)
        kept = np.sort(np.concatenate([above, level[: limit - len(above)]]))
        rows, values = rows[kept], values[kept]
    order = np.argsort(-values, kind="stable")
    return Leg(rows[order], values[order])


def _at(scores: Scores, rows: Rows, missing: float) -> Scores:
    """Return the scores at rows of any shape; `missing` where a row is -1."""
    if not len(scores):
        return np.full(rows.shape, missing, np.float32)
    return np.where(rows < 0, np.float32(missing), scores[rows])


def _joined(columns: Sequence[NDArray[T]], kind: type[T]) -> NDArray[T]:
    if len(columns) == 1:
        return columns[0]
    return np.concatenate([np.empty(0, kind), *columns])
