"""Fusion without training: what each leg says of a turn and of the turns beside it, on one scale.

Each leg's scores become standard scores over the candidates, so that cosine and BM25 can be added. A turn is then worth
its own score and half of its better neighbour's: the answer often stands beside the words that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.ports import Evidence

#: What a neighbour counts beside the turn itself; chosen on BEAM and RealMem (`python -m benchmarks fusion-choice`).
NEAR = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores (n,) between 0 and 1, and the parts (n,) they are the logistic function of the sum of, by name."""

    scores: Floats
    parts: Mapping[str, Floats]


def fuse(evidence: Evidence) -> Fused:
    """Add up what the legs say of each candidate and of its neighbours."""
    dense, near_dense = _standard(evidence.dense, evidence.near_dense)
    lexical, near_lexical = _standard(evidence.lexical, evidence.near_lexical)
    parts = {
        "dense_z": dense,
        "lexical_z": lexical,
        "near_dense_z": NEAR * near_dense,
        "near_lexical_z": NEAR * near_lexical,
    }
    total = dense + lexical + NEAR * near_dense + NEAR * near_lexical
    return Fused(1.0 / (1.0 + np.exp(-total / 2)), parts)


def _standard(own: NDArray[np.float32], near: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Standardise own (n,) and the better of the neighbours' (n, 2) scores by the candidates' mean and spread.

    A missing score counts as the candidates' mean; scores that are all alike say nothing.
    """
    known = own[np.isfinite(own)].astype(np.float64)
    if known.size == 0 or known.std() < 1e-6:
        return np.zeros(len(own)), np.zeros(len(own))
    mean, spread = known.mean(), known.std()
    return np.nan_to_num((own - mean) / spread), np.nan_to_num((near - mean) / spread).max(axis=1)
