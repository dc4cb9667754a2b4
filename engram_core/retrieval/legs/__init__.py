"""The legs: each proposes candidates of its own, best first; together they make the candidates of a search.

What a leg says of a candidate that another one proposed is read afterwards, for all of them (`View.evidence`): the
turn and the turns beside it each have a score of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from engram_core.ports import Leg, View
from engram_core.retrieval.legs.dense import dense
from engram_core.retrieval.legs.lexical import lexical
from engram_core.retrieval.legs.merge import merge
from engram_core.retrieval.legs.outside import column_of, outside
from engram_core.retrieval.legs.temporal import temporal
from engram_core.retrieval.question import Question

__all__ = ["LEGS", "column_of", "dense", "lexical", "merge", "outside", "temporal"]

#: Those that the store answers, by name; None where a question gives a leg nothing to go by.
LEGS: Mapping[str, Callable[[View, Question, int], Awaitable[Leg] | None]] = {
    "dense": dense,
    "lexical": lexical,
    "temporal": temporal,
}
