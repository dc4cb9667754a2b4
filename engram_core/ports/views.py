"""What one search reads: candidates of the legs, and complete scores for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import Memory
from engram_core.ports.models import Tokens, Vector

Rows = NDArray[np.int64]  # (n,), row numbers of one View
TimeRange = tuple[datetime | None, datetime | None]  # half-open; None where it has no beginning or no end


@dataclass(frozen=True, slots=True)
class Leg:
    """Candidates of one leg, best first, ties by row: `rows` (n,) and their raw `scores` (n,)."""

    rows: Rows
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Raw scores for given rows, complete where the legs are partial.

    A turn's neighbours are the turns before and after it in the same full scope (conversation), in the order of
    (`occurred_at`, order of arrival), among those that the view may see.

    Attributes:
        dense: (n,) cosine with the question; NaN where the memory has no vector yet.
        lexical: (n,) BM25 score with the statistics of the view's scope; 0 where no term matches.
        near_dense: (n, 4) the same for the turn before, the turn after, the one before that and the one after that;
            NaN where there is none.
        near_lexical: (n, 4) likewise; 0 where there is none.
        lengths: (n,) of the texts in terms, as BM25 takes them.
    """

    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    near_dense: NDArray[np.float32]
    near_lexical: NDArray[np.float32]
    lengths: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TokenBlock:
    """Token vectors of some rows: `values` (m, width), those of row i at `offsets[i]:offsets[i + 1]`."""

    values: Tokens
    offsets: NDArray[np.int64]

    def of(self, row: int) -> Tokens:
        """Return those of one row (k, width)."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What is known of n rows, whatever is asked.

    Attributes:
        kinds: (n,) places in `domain.memory.KINDS`.
        times: (n,) `valid_from` in microseconds since 1970.
        speakers: (n) who said it, by name; None where that is not known.
        assistant: (n,) whether an assistant said it.
        signs: (n,) surface signs of the text, packed as `domain.signs` packs them; 0 where there are none.
    """

    kinds: NDArray[np.int8]
    times: NDArray[np.int64]
    speakers: Sequence[str | None]
    assistant: NDArray[np.bool_]
    signs: NDArray[np.int32]


class View(ABC):
    """One consistent reading of the memories that a selection admits, numbered by rows of its own.

    Scope, kinds, time and metadata are applied before anything is scored. Row numbers mean nothing outside their view;
    on the same data, the same selection numbers in the same order.
    """

    @abstractmethod
    async def dense(self, query: Vector, limit: int) -> Leg:
        """Return the rows nearest to the query by cosine; exact while the scope is small."""

    @abstractmethod
    async def lexical(self, query: str, limit: int) -> Leg:
        """Return the rows with the highest BM25 score above 0. Any text is a legal query; some match nothing."""

    @abstractmethod
    async def within(self, ranges: Sequence[TimeRange], query: Vector | None, limit: int) -> Leg:
        """Return the rows whose `valid_from` lies in any of the ranges, the nearest to the query first, by cosine.

        The score is -1 for a memory without a vector, and for all of them without a query vector. Of very many rows a
        view may look at the latest alone.
        """

    @abstractmethod
    async def rows_of(self, ids: Sequence[str]) -> Rows:
        """Return the rows of memories by their ids (n,); -1 for what the view may not see or does not know.

        Any text is a legal id.
        """

    @abstractmethod
    async def neighbours(self, rows: Rows) -> Rows:
        """Return the rows of each one's neighbours (n, 4), in the order of `Evidence`; -1 where there is none."""

    @abstractmethod
    async def evidence(self, rows: Rows, near: Rows, query: Vector | None, text: str) -> Evidence:
        """Score these rows, and those beside them, completely.

        Args:
            rows: (n,).
            near: (n, 4), their `neighbours`.
            query: The vector of the question; without one, `dense` is all NaN.
            text: The question.
        """

    @abstractmethod
    async def outline(self, rows: Rows) -> Outline:
        """Tell of these rows what a ranking reads beside their scores."""

    @abstractmethod
    async def tokens(self, rows: Rows) -> TokenBlock:
        """Return the token vectors of these rows; none for a row without."""

    @abstractmethod
    async def hydrate(self, rows: Rows) -> list[Memory | None]:
        """Fetch whole memories, in the order given; None for one that was erased meanwhile."""
