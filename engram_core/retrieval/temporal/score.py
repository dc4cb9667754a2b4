"""How well the time of a memory fits the spans of a question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from engram_core.errors import InvalidInputError
from engram_core.retrieval.temporal.span import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 1e6
#: Half-lives in microseconds: what happened is told for a while after, announced for a shorter while before.
_TOLD_FLOOR, _ANNOUNCED_FLOOR, _SIDE = 7 * _DAY, 2 * _DAY, 3 * _DAY
_TOLD_SHARE, _ANNOUNCED_SHARE = 0.5, 0.15


def overlap(
    spans: Sequence[Span], begins: NDArray[np.int64], ends: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Score how well each memory's time fits any of the spans.

    1 inside a span; outside it `2 ** (-gap / half_life)`. The half-life after a span is half its length, at least
    a week; before it 15 % of its length, at least two days; at the edge of a side ("before", "after") three days.

    Args:
        spans: The ranges that a question names; the best fit counts.
        begins: When each memory begins to hold, microseconds since 1970, shape (n,).
        ends: When each ceases to hold (exclusive), 2**63-1 where it still does, shape (n,); None for moments.

    Returns:
        The fit, 0 to 1, shape (n,); zeros without spans.

    Raises:
        InvalidInputError: When `ends` has another shape than `begins`.
    """
    if ends is not None and ends.shape != begins.shape:
        raise InvalidInputError("ends", f"shape {ends.shape}", f"the shape of begins, {begins.shape}")
    best = np.zeros(begins.shape, dtype=np.float32)
    starts = begins.astype(np.float64)
    # The last microsecond at which a memory holds; a moment holds at itself.
    lasts = starts if ends is None else np.maximum(starts, (ends - 1).astype(np.float64))
    for span in spans:
        np.maximum(best, _fit(span, starts, lasts), out=best)
    return best


def _fit(span: Span, starts: NDArray[np.float64], lasts: NDArray[np.float64]) -> NDArray[np.float32]:
    told, announced = _half_lives(span)
    exponent = np.zeros(starts.shape)
    if span.end is not None:
        exponent -= np.maximum(starts - (_microseconds(span.end) - 1), 0) / told
    if span.begin is not None:
        exponent -= np.maximum(_microseconds(span.begin) - lasts, 0) / announced
    # Kept from underflow: beyond 2**-100 is nothing.
    return np.exp2(np.maximum(exponent, -100)).astype(np.float32)


def _half_lives(span: Span) -> tuple[float, float]:
    if span.begin is None or span.end is None:
        return _SIDE, _SIDE
    length = _microseconds(span.end) - _microseconds(span.begin)
    return max(_TOLD_FLOOR, _TOLD_SHARE * length), max(_ANNOUNCED_FLOOR, _ANNOUNCED_SHARE * length)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
