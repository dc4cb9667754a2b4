"""Joining what several legs propose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engram_core.ports import Leg, Rows


def merge(legs: Sequence[Leg], limit: int) -> Rows:
    """Join the rows of several legs by reciprocal rank (Cormack et al. 2009, k = 60), best first, ties by row."""
    if not legs:
        return np.empty(0, dtype=np.int64)
    rows = np.concatenate([leg.rows for leg in legs])
    shares = np.concatenate([1.0 / (60.0 + np.arange(1, len(leg.rows) + 1)) for leg in legs])
    distinct, inverse = np.unique(rows, return_inverse=True)
    scores = np.bincount(inverse, weights=shares, minlength=len(distinct))
    return distinct[np.argsort(-scores, kind="stable")[:limit]].astype(np.int64)
