"""Rankers without training: what the trained one is held against, and what it stands on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engram_core.ports.ranking import Column, Ranked, Ranker, Reading
from engram_core.retrieval.fuse import fuse


class SumRanker(Ranker):
    """The untrained sum of standard scores over a turn and those near it (`retrieval.fuse`)."""

    name = "sum"

    def rank(self, reading: Reading) -> Ranked:
        """Score the candidates of one question."""
        fused = fuse(reading.evidence)
        parts = {name: values.astype(np.float32) for name, values in fused.parts.items()}
        return Ranked(fused.scores.astype(np.float32), parts)


class LegRanker(Ranker):
    """One leg alone, or two joined by reciprocal rank."""

    def __init__(self, name: str, score: Callable[[Reading], Column]) -> None:
        self.name = name
        self._score = score

    def rank(self, reading: Reading) -> Ranked:
        """Score the candidates of one question."""
        scores = self._score(reading)
        spread = max(float(scores.max() - scores.min()), 1e-9)
        return Ranked(((scores - scores.min()) / spread).astype(np.float32), {self.name: scores})


def dense(reading: Reading) -> Column:
    """Score by cosine."""
    return np.nan_to_num(reading.evidence.dense, nan=-1.0)


def lexical(reading: Reading) -> Column:
    """Score by BM25."""
    return reading.evidence.lexical


def reciprocal_rank(reading: Reading) -> Column:
    """Score by reciprocal rank fusion of both (Cormack et al. 2009, k = 60)."""
    scores = np.zeros(len(reading.evidence.dense), np.float32)
    for leg in (dense(reading), lexical(reading)):
        scores[np.argsort(-leg, kind="stable")] += 1 / (61 + np.arange(len(leg), dtype=np.float32))
    return scores


#: By the name that a setting gives.
UNTRAINED: dict[str, Ranker] = {
    ranker.name: ranker
    for ranker in (
        SumRanker(),
        LegRanker("dense", dense),
        LegRanker("lexical", lexical),
        LegRanker("rrf", reciprocal_rank),
    )
}
