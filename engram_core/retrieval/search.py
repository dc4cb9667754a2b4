"""One search: embed the question, run the legs, fuse, rank, hydrate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from engram_core.domain.results import Hit, Recall
from engram_core.domain.selection import Selection
from engram_core.errors import ProviderError, StoreError
from engram_core.ports import (
    Embedder,
    EncodedQuery,
    Leg,
    MemoryStore,
    Proposer,
    Ranked,
    Ranker,
    Reading,
    Rows,
    View,
)
from engram_core.retrieval.legs import LEGS, merge, outside
from engram_core.retrieval.packing.beside import Beside, read_beside
from engram_core.retrieval.question import Question
from engram_core.retrieval.reading import CANDIDATES, expand, read
from engram_core.retrieval.signals import told
from engram_core.retrieval.truth import Truth

#: How many more than asked for are looked at, so that what shares a place leaves none empty.
MARGIN = 20

T = TypeVar("T")


class Search:
    """The state of one search: which legs failed, and where the time went.

    Args:
        store: Open.
        embedder: Of the store's space.
        ranker: Orders what the legs propose.
        proposers: Legs that look elsewhere than in the store.
    """

    def __init__(
        self, store: MemoryStore, embedder: Embedder, ranker: Ranker, proposers: Sequence[Proposer] = ()
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._ranker = ranker
        self._proposers = proposers
        self._degraded: dict[str, str] = {}
        self._failure: Exception | None = None
        self._timings: dict[str, float] = {}
        self._view: View | None = None
        self._rows: dict[str, int] = {}

    async def run(self, query: str, selection: Selection, limit: int) -> Recall:
        """Find the `limit` best memories that the selection admits.

        Raises:
            StoreUnavailableError: The store cannot be read at all.
        """
        with self._timed("total"):
            text = readable(query)
            hits = await self._hits(text, selection, limit) if text.strip() else ()
        return Recall(query, hits, self._degraded, self._timings)

    async def beside(self, hits: Sequence[Hit], selection: Selection) -> dict[str, Beside]:
        """Return the turns beside hits of `run`, by id; none, and it is named, where they cannot be read."""
        if self._view is None:
            return {}
        try:
            with self._timed("neighbours"):
                return await read_beside(self._view, self._rows, hits, Truth(self._store, selection))
        except StoreError as exc:
            self._degraded["neighbours"] = str(exc)
            return {}

    async def _hits(self, text: str, selection: Selection, limit: int) -> tuple[Hit, ...]:
        encoded, view = await self._prepare(text, selection)
        question = Question.of(text, encoded, selection.as_of or selection.now)
        legs = await self._ask(view, question, selection)
        rows = merge(list(legs.values()), CANDIDATES)
        if not len(rows):
            return ()
        with self._timed("score"):
            rows = await expand(view, rows)
            reading = await read(view, rows, question, {name: legs[name] for name in legs if name not in LEGS})
        with self._timed("rank"):
            ranked = self._ranker.rank(reading)
            best = np.argsort(-ranked.scores, kind="stable")[: limit + MARGIN]
        if not ranked.is_relevant:
            return ()
        with self._timed("hydrate"):
            hits = await self._hydrate(view, rows, best, reading, ranked)
        with self._timed("truth"):
            return await self._told(hits, selection, limit)

    async def _hydrate(self, view: View, rows: Rows, best: Rows, reading: Reading, ranked: Ranked) -> tuple[Hit, ...]:
        memories = await view.hydrate(rows[best])
        scores = ranked.scores[best].astype(np.float64).round(6).tolist()
        said = zip(memories, scores, told(reading.signals, ranked.parts, best), strict=True)
        hits = [Hit(memory, score, signals) for memory, score, signals in said if memory is not None]
        self._view = view
        self._rows = {memory.id: int(rows[i]) for memory, i in zip(memories, best, strict=True) if memory is not None}
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.memory.id)))

    async def _told(self, hits: tuple[Hit, ...], selection: Selection, limit: int) -> tuple[Hit, ...]:
        """Say what became of the hits; where that cannot be read, they are returned as they are, and it is named."""
        try:
            return await Truth(self._store, selection).told(hits, limit)
        except StoreError as exc:
            self._degraded["truth"] = str(exc)
            return hits[:limit]

    async def _prepare(self, text: str, selection: Selection) -> tuple[EncodedQuery | None, View]:
        """Embed the question while the store opens its view."""
        embedding = asyncio.ensure_future(self._leg("dense", "embed", self._embedder.encode_query(text)))
        try:
            with self._timed("view"):
                view = await self._store.view(selection)
        except BaseException:
            embedding.cancel()
            raise
        return await embedding, view

    async def _ask(self, view: View, question: Question, selection: Selection) -> dict[str, Leg]:
        """Ask all legs side by side; return what those proposed that did not fail."""
        asked = {name: leg(view, question, CANDIDATES) for name, leg in LEGS.items()}
        work = {name: leg for name, leg in asked.items() if leg is not None}
        for proposer in self._proposers:
            work[proposer.name] = outside(proposer, view, question.text, selection, CANDIDATES)
        found = await asyncio.gather(*(self._leg(name, name, leg) for name, leg in work.items()))
        legs = {name: leg for name, leg in zip(work, found, strict=True) if leg is not None}
        if not legs and self._failure is not None:
            raise self._failure
        return legs

    async def _leg(self, name: str, step: str, work: Awaitable[T]) -> T | None:
        """Wait for a part of a leg; a leg that fails is named, and the rest still answers."""
        with self._timed(step):
            try:
                return await work
            except (ProviderError, StoreError) as exc:
                self._degraded[name] = str(exc)
                if not isinstance(self._failure, StoreError):  # what matters most, where all fail
                    self._failure = exc
                return None

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self._timings[step] = time.perf_counter() - start


def readable(query: str) -> str:
    """Make any text one that models and databases can read: no NUL, no lone surrogates."""
    return query.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
