"""One search: embed the question, run the legs, fuse, rank, hydrate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from engram_core.domain.results import Hit, Recall
from engram_core.domain.selection import Selection
from engram_core.errors import ProviderError, StoreError
from engram_core.ports import Embedder, Evidence, Leg, MemoryStore, Rows, Vector, View
from engram_core.retrieval.fuse import Fused, fuse
from engram_core.retrieval.truth import Truth

#: How many memories each leg proposes, and how many are scored completely.
CANDIDATES = 200
#: How many more than asked for are looked at, so that what shares a place leaves none empty.
MARGIN = 20

T = TypeVar("T")


class Search:
    """The state of one search: which legs failed, and where the time went."""

    def __init__(self, store: MemoryStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._degraded: dict[str, str] = {}
        self._failure: Exception | None = None
        self._timings: dict[str, float] = {}

    async def run(self, query: str, selection: Selection, limit: int) -> Recall:
        """Find the `limit` best memories that the selection admits.

        Raises:
            StoreUnavailableError: The store cannot be read at all.
        """
        with self._timed("total"):
            text = readable(query)
            hits = await self._hits(text, selection, limit) if text.strip() else ()
        return Recall(query, hits, self._degraded, self._timings)

    async def _hits(self, text: str, selection: Selection, limit: int) -> tuple[Hit, ...]:
        vector, view = await self._prepare(text, selection)
        rows = await self._candidates(view, text, vector)
        if not len(rows):
            return ()
        with self._timed("score"):
            evidence = await view.evidence(rows, vector, text)
        with self._timed("rank"):
            fused = fuse(evidence)
            best = np.argsort(-fused.scores, kind="stable")[: limit + MARGIN]
        with self._timed("hydrate"):
            hits = await _hydrate(view, rows, best, evidence, fused)
        with self._timed("truth"):
            return await self._told(hits, selection, limit)

    async def _told(self, hits: tuple[Hit, ...], selection: Selection, limit: int) -> tuple[Hit, ...]:
        """Say what became of the hits; where that cannot be read, they are returned as they are, and it is named."""
        try:
            return await Truth(self._store, selection).told(hits, limit)
        except StoreError as exc:
            self._degraded["truth"] = str(exc)
            return hits[:limit]

    async def _prepare(self, text: str, selection: Selection) -> tuple[Vector | None, View]:
        """Embed the question while the store opens its view."""
        embedding = asyncio.ensure_future(self._leg("dense", "embed", self._embedder.embed_query(text)))
        try:
            with self._timed("view"):
                view = await self._store.view(selection)
        except BaseException:
            embedding.cancel()
            raise
        return await embedding, view

    async def _candidates(self, view: View, text: str, vector: Vector | None) -> Rows:
        legs = [self._leg("lexical", "lexical", view.lexical(text, CANDIDATES))]
        if vector is not None:
            legs.append(self._leg("dense", "dense", view.dense(vector, CANDIDATES)))
        found = [leg for leg in await asyncio.gather(*legs) if leg is not None]
        if not found and self._failure is not None:
            raise self._failure
        return merge(found, CANDIDATES)

    async def _leg(self, name: str, step: str, work: Awaitable[T]) -> T | None:
        """Wait for a part of a leg; a leg that fails is named, and the rest still answers."""
        with self._timed(step):
            try:
                return await work
            except (ProviderError, StoreError) as exc:
                self._degraded[name] = str(exc)
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


def merge(legs: list[Leg], limit: int) -> Rows:
    """Join the rows of several legs by reciprocal rank (Cormack et al. 2009, k = 60), best first, ties by row."""
    if not legs:
        return np.empty(0, dtype=np.int64)
    rows = np.concatenate([leg.rows for leg in legs])
    shares = np.concatenate([1.0 / (60.0 + np.arange(1, len(leg.rows) + 1)) for leg in legs])
    distinct, inverse = np.unique(rows, return_inverse=True)
    scores = np.bincount(inverse, weights=shares, minlength=len(distinct))
    return distinct[np.argsort(-scores, kind="stable")[:limit]].astype(np.int64)


async def _hydrate(view: View, rows: Rows, best: Rows, evidence: Evidence, fused: Fused) -> tuple[Hit, ...]:
    found = await view.hydrate(rows[best])
    hits = [
        Hit(memory, round(float(fused.scores[i]), 6), _signals(int(i), evidence, fused))
        for memory, i in zip(found, best, strict=True)
        if memory is not None
    ]
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.memory.id)))


def _signals(i: int, evidence: Evidence, fused: Fused) -> dict[str, float]:
    signals = {"dense": float(evidence.dense[i]), "lexical": float(evidence.lexical[i])}
    signals |= {name: float(values[i]) for name, values in fused.parts.items()}
    return {name: round(value, 6) for name, value in signals.items() if not np.isnan(value)}
