"""The door for legs that look elsewhere than in the store: ids that are proposed become rows of the view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.selection import Selection
from engram_core.errors import EngramError, InvalidOutputError, ProviderError
from engram_core.ports import Leg, Proposer, Rows, View

#: Of how many ids the rows are looked up: some are not admitted, and the rest shall still fill a leg.
LOOKED_UP = 2000


async def outside(proposer: Proposer, view: View, text: str, selection: Selection, limit: int) -> Leg:
    """Ask a proposer, and keep what the view may see.

    Raises:
        InvalidOutputError: It answered something else than scores by id.
        ProviderError: It failed, in whatever way.
        StoreError: The store failed.
    """
    scores = _checked(proposer, await _asked(proposer, text, selection, limit))
    strongest = sorted(scores, key=lambda id: (-scores[id], id))[:LOOKED_UP]
    rows = await view.rows_of(strongest)
    values = np.array([scores[id] for id in strongest], np.float32)
    seen = rows >= 0
    rows, values = rows[seen], values[seen]
    best = np.lexsort((rows, -values))[:limit]
    return Leg(rows[best], values[best])


def column_of(leg: Leg, rows: Rows) -> NDArray[np.float32]:
    """Return the leg's scores of these rows (n,); 0 for those that it did not propose."""
    scores = dict(zip(leg.rows.tolist(), leg.scores.tolist(), strict=True))
    return np.array([scores.get(row, 0.0) for row in rows.tolist()], np.float32)


async def _asked(proposer: Proposer, text: str, selection: Selection, limit: int) -> object:
    try:
        return await proposer.propose(text, selection, limit)
    except EngramError:
        raise
    except Exception as exc:
        raise ProviderError(f"the leg {proposer.name!r} failed: {type(exc).__name__}: {exc}") from exc


def _checked(proposer: Proposer, answer: object) -> dict[str, float]:
    """Keep ids with a score that is a number above 0; more than 1 is 1."""
    if not isinstance(answer, Mapping):
        raise InvalidOutputError(f"the leg {proposer.name!r} answered {type(answer).__name__}, not scores by id")
    pairs = [(id, float(score)) for id, score in answer.items() if isinstance(id, str) and isinstance(score, Real)]
    return {id: min(score, 1.0) for id, score in pairs if math.isfinite(score) and score > 0}
