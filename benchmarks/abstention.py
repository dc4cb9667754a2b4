"""Whether scores are probabilities, and whether a search knows when nothing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
#: Shares of the recall that thresholds are shown for.
KEPT = (1.0, 0.99, 0.97, 0.95, 0.9)


def calibration_error(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return the expected calibration error (Naeini et al. 2015): by bins of equal width, the mean distance between the
    scores and the share that is right, weighted by the number of scores. None without scores."""
    if not scores:
        return None
    values, hits = np.asarray(scores), np.asarray(right, np.float64)
    which = np.minimum((values * BINS).astype(int), BINS - 1)
    counts = np.bincount(which, minlength=BINS)
    gaps = np.abs(np.bincount(which, values, BINS) - np.bincount(which, hits, BINS))
    return float(gaps.sum() / counts.sum())


@dataclass(frozen=True, slots=True)
class Silence:
    """How often a search returns nothing.

    Attributes:
        elsewhere: Share of the questions asked of another conversation that got nothing.
        lost: Share of the answerable questions that got nothing.
        curve: For a share of the recall to be kept, the share of the questions asked elsewhere that a threshold which
            keeps it leaves without an answer.
    """

    elsewhere: float
    lost: float
    curve: dict[str, float]


def silence(best: Sequence[float], recalls: Sequence[float], elsewhere: Sequence[float]) -> Silence | None:
    """Measure abstention.

    Args:
        best: (n,) the best score of each answerable question; 0 where nothing came.
        recalls: (n,) the recall of each.
        elsewhere: (m,) the best score of each question asked of another conversation; 0 where nothing came.

    Returns:
        None where there is nothing to compare.
    """
    if not best or not elsewhere:
        return None
    scores, found, wrong = np.asarray(best), np.asarray(recalls), np.asarray(elsewhere)
    order = np.argsort(scores, kind="stable")
    kept = found.sum() - np.concatenate([[0.0], np.cumsum(found[order])])
    bars = np.concatenate([scores[order], [np.inf]])
    curve = {}
    for share in KEPT:
        allowed = np.flatnonzero(kept >= share * found.sum() - 1e-9)
        curve[f"{share:.0%}"] = float((wrong < bars[allowed[-1]]).mean())
    return Silence(float((wrong == 0).mean()), float((scores == 0).mean()), curve)
