"""The lexical leg: what holds the words of the question."""

from __future__ import annotations

from collections.abc import Awaitable

from engram_core.ports import Leg, View
from engram_core.retrieval.question import Question


def lexical(view: View, question: Question, limit: int) -> Awaitable[Leg]:
    """Ask for the memories with the highest BM25 score."""
    return view.lexical(question.text, limit)
