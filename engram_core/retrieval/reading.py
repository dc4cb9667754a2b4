"""Reading what a ranking needs of the candidates: their neighbours, late interaction, who said them and when."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engram_core.domain.signs import unpacked
from engram_core.ports import EncodedQuery, Leg, Outline, Reading, Rows, View
from engram_core.retrieval.late import Late, late_interaction
from engram_core.retrieval.legs import column_of
from engram_core.retrieval.question import Question
from engram_core.retrieval.signals import Seen, rows_to_read, signals_of

#: How many memories each leg proposes, and how many are ranked.
CANDIDATES = 200
#: Of how many of the best the turns beside them are ranked too: the answer often stands beside the words asked for.
EXPANDED = 40
NO_LEGS: Mapping[str, Leg] = {}


async def expand(view: View, rows: Rows) -> Rows:
    """Add the turns beside the best rows; where there are too many, the last that are not beside these give way."""
    beside = (await view.neighbours(rows[:EXPANDED]))[:, :2].ravel()
    new = np.setdiff1d(beside[beside >= 0], rows)
    others = EXPANDED + np.flatnonzero(~np.isin(rows[EXPANDED:], beside))
    excess = max(len(rows) + len(new) - CANDIDATES, 0)
    return np.concatenate([np.delete(rows, others[len(others) - excess :]), new])


async def read(view: View, rows: Rows, question: Question, outside: Mapping[str, Leg] = NO_LEGS) -> Reading:
    """Read everything that is known of candidates (n,), n at least 1.

    Args:
        view: Where they are from.
        rows: The candidates.
        question: What is asked.
        outside: Legs beside the store's own: the scores of each are a signal of its name.
    """
    near = await view.neighbours(rows)
    evidence = await view.evidence(rows, near, question.vector, question.text)
    late = None if question.encoded is None else await _interact(view, rows, near, question.encoded)
    before = near[:, 0]
    has_before = before >= 0
    # One reading for both, the candidates first.
    outline = await view.outline(np.concatenate([rows, before[has_before]]))
    asked = np.zeros(len(rows), np.float32)
    asked[has_before] = unpacked(outline.signs[len(rows) :]).asks
    seen = Seen(
        text=question.text,
        spans=question.spans,
        evidence=evidence,
        outline=_first(outline, len(rows)),
        asked_before=asked,
        has_before=has_before,
        late=late,
    )
    proposed = {name: column_of(leg, rows) for name, leg in outside.items()}
    return Reading(evidence, {**proposed, **signals_of(seen)}, late is not None)


def _first(outline: Outline, count: int) -> Outline:
    return Outline(
        outline.kinds[:count],
        outline.times[:count],
        outline.speakers[:count],
        outline.assistant[:count],
        outline.signs[:count],
    )


async def _interact(view: View, rows: Rows, near: Rows, encoded: EncodedQuery) -> Late | None:
    if not len(encoded.tokens):
        return None
    wanted, own, beside = rows_to_read(rows, near)
    block = await view.tokens(wanted)
    return late_interaction(encoded, block, own, beside) if len(block.values) else None
