"""Fusion without training: what each leg says of a turn and of the turns near it, on one scale.

Each leg's scores become standard scores over the candidates, so that cosine and BM25 can be added. A turn is then worth
its own score and a share of those near it: the answer often stands beside the words that were asked for. A long turn
explains itself and borrows less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.ports import Evidence

# Chosen on BEAM, as it is and reshaped as dialogues of named people (`python -m benchmarks fusion-choice`).
#: What the better of the turns before and after counts beside the turn itself.
NEAR = 0.4
#: What the better of the two turns beyond them counts.
BEYOND = 0.2
#: Terms up to which a turn borrows in full; one twice as long borrows half.
LONG = 60.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores (n,) between 0 and 1, and the parts (n,) they are the logistic function of the sum of, by name."""

    scores: Floats
    parts: Mapping[str, Floats]


def fuse(evidence: Evidence) -> Fused:
    """Add up what the legs say of each candidate and of the turns near it."""
    borrowed = np.minimum(1.0, LONG / np.maximum(evidence.lengths, 1.0))
    dense, near_dense = _standard(evidence.dense, evidence.near_dense)
    lexical, near_lexical = _standard(evidence.lexical, evidence.near_lexical)
    parts = {
        "dense_z": dense,
        "lexical_z": lexical,
        "near_dense_z": borrowed * near_dense,
        "near_lexical_z": borrowed * near_lexical,
    }
    total: Floats = np.sum(list(parts.values()), axis=0)
    return Fused(1.0 / (1.0 + np.exp(-total / 2)), parts)


def _standard(own: NDArray[np.float32], near: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Standardise own (n,) and the weighed best of near (n, 4) scores by the candidates' mean and spread.

    A missing score counts as the candidates' mean; scores that are all alike say nothing.
    """
    known = own[np.isfinite(own)].astype(np.float64)
    if known.size == 0 or known.std() < 1e-6:
        return np.zeros(len(own)), np.zeros(len(own))
    mean, spread = known.mean(), known.std()
    standard = np.nan_to_num((near - mean) / spread)
    weighed = NEAR * standard[:, :2].max(axis=1) + BEYOND * standard[:, 2:].max(axis=1)
    return np.nan_to_num((own - mean) / spread), weighed
