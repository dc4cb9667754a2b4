"""Late interaction: each token of the question attends to the tokens of a memory (ColBERT, arXiv 2004.12832).

A memory's score is the mean, by the weights of the question's tokens, of each token's nearest in it. Over a window, a
token may find its nearest in the turn before or after, at a discount: what a turn is about often stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.ports import EncodedQuery, Rows, TokenBlock

Floats = NDArray[np.float32]

#: What a match in the turn before or after counts beside one in the turn itself.
BESIDE = 0.85
# Beyond this many multiplications BLAS starts threads, which wait in a loop and take the cores from the database.
_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """Scores of late interaction.

    Attributes:
        own: (n,) each row alone; 0 where it has no tokens.
        near: (n, 4) its neighbours, in the order of `Evidence`; NaN where there is none.
        window: (n,) over the row and the turns before and after.
    """

    own: Floats
    near: Floats
    window: Floats


def late_interaction(query: EncodedQuery, block: TokenBlock, own: Rows, near: Rows) -> Late:
    """Score rows and their neighbours.

    Args:
        query: With q tokens.
        block: The tokens of m rows.
        own: (n,) places of the candidates in the block.
        near: (n, 4) places of their neighbours in the block; -1 where there is none.
    """
    matches = nearest(query.tokens, block)  # (m, q)
    weights = query.weights.astype(np.float32)
    alone = np.vecdot(matches, weights)
    window = matches[own]
    for side in (0, 1):
        beside = BESIDE * matches[near[:, side]]
        beside[near[:, side] < 0] = -1.0
        np.maximum(window, beside, out=window)
    return Late(alone[own], np.where(near < 0, np.float32(np.nan), alone[near]), np.vecdot(window, weights))


def nearest(query: Floats, block: TokenBlock) -> Floats:
    """Return the cosine of each question token (q, width) with its nearest token of each row, (m, q); 0 without any."""
    rows = len(block.offsets) - 1
    found = np.zeros((rows, len(query)), np.float32)
    if not len(query) or not len(block.values):
        return found
    similar = _product(block.values, query)
    held = np.flatnonzero(np.diff(block.offsets))
    found[held] = np.maximum.reduceat(similar, block.offsets[held], axis=0)
    return found


def _product(values: NDArray[np.int8], query: Floats) -> Floats:
    """Multiply int8 (t, width) with (q, width): (t, q), in pieces that stay on one core."""
    turned = np.ascontiguousarray(query.T) / np.float32(127)
    step = max(1, _AT_ONCE // turned.size)
    out = np.empty((len(values), len(query)), np.float32)
    for start in range(0, len(values), step):
        np.matmul(values[start : start + step].astype(np.float32), turned, out=out[start : start + step])
    return out
