"""Reading what a ranking needs of the candidates: their neighbours, late interaction, who said them and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engram_core.domain.signs import unpacked
from engram_core.ports import EncodedQuery, Leg, Reading, Rows, View
from engram_core.retrieval.late import Late, late_interaction
from engram_core.retrieval.signals import Seen, rows_to_read, signals_of
from engram_core.retrieval.temporal import Span, read_spans

#: How many memories each leg proposes, and how many are ranked.
CANDIDATES = 200
#: Of how many of the best the turns beside them are ranked too: the answer often stands beside the words asked for.
EXPANDED = 40


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A question, its vectors unless the model failed, and the times that it names."""

    text: str
    encoded: EncodedQuery | None
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, encoded: EncodedQuery | None, now: datetime) -> Question:
        """Read the times; those without a year lie before `now`."""
        return cls(text, encoded, read_spans(text, now))


def merge(legs: list[Leg], limit: int) -> Rows:
    """Join the rows of several legs by reciprocal rank (Cormack et al. 2009, k = 60), best first, ties by row."""
    if not legs:
        return np.empty(0, dtype=np.int64)
    rows = np.concatenate([leg.rows for leg in legs])
    shares = np.concatenate([1.0 / (60.0 + np.arange(1, len(leg.rows) + 1)) for leg in legs])
    distinct, inverse = np.unique(rows, return_inverse=True)
    scores = np.bincount(inverse, weights=shares, minlength=len(distinct))
    return distinct[np.argsort(-scores, kind="stable")[:limit]].astype(np.int64)


async def expand(view: View, rows: Rows) -> Rows:
    """Add the turns beside the best rows, in place of the last ones where there are too many."""
    beside = (await view.neighbours(rows[:EXPANDED]))[:, :2].ravel()
    new = np.setdiff1d(beside[beside >= 0], rows)
    return np.concatenate([rows[: CANDIDATES - len(new)], new])


async def read(view: View, rows: Rows, question: Question) -> Reading:
    """Read everything that is known of candidates (n,), n at least 1."""
    encoded = question.encoded
    evidence = await view.evidence(rows, None if encoded is None else encoded.vector, question.text)
    near = await view.neighbours(rows)
    late = None if encoded is None else await _interact(view, rows, near, encoded)
    before = near[:, 0]
    has_before = before >= 0
    asked = np.zeros(len(rows), np.float32)
    asked[has_before] = unpacked((await view.outline(before[has_before])).signs).asks
    seen = Seen(
        text=question.text,
        spans=question.spans,
        evidence=evidence,
        outline=await view.outline(rows),
        asked_before=asked,
        has_before=has_before,
        late=late,
    )
    return Reading(evidence, signals_of(seen), late is not None)


async def _interact(view: View, rows: Rows, near: Rows, encoded: EncodedQuery) -> Late | None:
    if not len(encoded.tokens):
        return None
    wanted, own, beside = rows_to_read(rows, near)
    block = await view.tokens(wanted)
    return late_interaction(encoded, block, own, beside) if len(block.values) else None
