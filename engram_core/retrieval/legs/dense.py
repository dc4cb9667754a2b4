"""The dense leg: what is nearest to the question by meaning."""

from __future__ import annotations

from collections.abc import Awaitable

from engram_core.ports import Leg, View
from engram_core.retrieval.question import Question


def dense(view: View, question: Question, limit: int) -> Awaitable[Leg] | None:
    """Ask for the memories nearest by cosine; for none where the question has no vector."""
    return None if question.vector is None else view.dense(question.vector, limit)
