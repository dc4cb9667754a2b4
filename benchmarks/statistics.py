"""Means, percentiles and their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 2000
#: The standard normal quantile of a two-sided 95% interval.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `count` values with its 95% interval; no interval where there are fewer than two clusters."""

    value: float
    low: float | None
    high: float | None
    count: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Return it as JSON can hold it."""
        return asdict(self)


def clustered_mean(values: Sequence[float], clusters: Sequence[str], seed: int = 0) -> Mean | None:
    """Average values; the interval is the percentile bootstrap over whole clusters.

    Questions about one conversation are alike, so conversations are drawn anew, not questions.

    Args:
        values: (n,) one a question.
        clusters: (n,) the conversation of each.
        seed: Of the resampling: the same input gives the same interval.

    Returns:
        None where there are no values.
    """
    if not values:
        return None
    _, which = np.unique(np.asarray(clusters), return_inverse=True)
    sums, counts = np.bincount(which, weights=values), np.bincount(which)
    value = float(sums.sum() / counts.sum())
    if len(counts) < 2:
        return Mean(value, None, None, len(values))
    draws = np.random.default_rng(seed).integers(len(counts), size=(RESAMPLES, len(counts)))
    low, high = np.percentile(sums[draws].sum(axis=1) / counts[draws].sum(axis=1), [2.5, 97.5])
    return Mean(value, float(low), float(high), len(values))


def share(part: int, whole: int) -> Mean | None:
    """Divide counts; the interval is that of Wilson 1927, which holds for few and for shares near 0 and 1 too.

    Returns:
        None where there is nothing to be a part of.
    """
    if not whole:
        return None
    value, square = part / whole, _Z**2 / whole
    middle = (value + square / 2) / (1 + square)
    half = math.sqrt(value * (1 - value) * square + square**2 / 4) / (1 + square)
    return Mean(value, max(0.0, middle - half), min(1.0, middle + half), whole)


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and 95th percentile, in milliseconds, of `count` runs."""

    p50: float
    p95: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Summarise at least one run."""
        p50, p95 = np.percentile(np.asarray(seconds) * 1000, [50, 95])
        return cls(float(p50), float(p95), len(seconds))

    def as_dict(self) -> dict[str, float | int]:
        """Return it as JSON can hold it."""
        return asdict(self)
