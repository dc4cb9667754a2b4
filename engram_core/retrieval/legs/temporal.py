"""The temporal leg: what was said, or began, at the times that the question names."""

from __future__ import annotations

from collections.abc import Awaitable

from engram_core.ports import Leg, View
from engram_core.retrieval.question import Question


def temporal(view: View, question: Question, limit: int) -> Awaitable[Leg] | None:
    """Ask for the memories of those times, the nearest by meaning first; for none where no time is named."""
    ranges = [(span.begin, span.end) for span in question.spans]
    return view.within(ranges, question.vector, limit) if ranges else None
