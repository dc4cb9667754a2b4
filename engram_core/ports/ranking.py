"""What puts the candidates of a search into an order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.ports.views import Evidence

Column = NDArray[np.float32]  # (n,), one number a candidate


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is known of n candidates of one question.

    Attributes:
        evidence: The raw scores of the legs.
        signals: What is read from them and from the memories, by name, (n,) each; `retrieval.signals` says what there
            is.
        has_tokens: Whether late interaction had anything to read.
    """

    evidence: Evidence
    signals: Mapping[str, Column]
    has_tokens: bool


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """An order of n candidates.

    Attributes:
        scores: (n,) between 0 and 1; the order is theirs. A calibrated ranker gives the probability that the memory is
            evidence for the question.
        parts: What the scores are made of, by name, (n,) each.
        is_relevant: Whether any of them answers the question at all; a search returns nothing otherwise.
    """

    scores: Column
    parts: Mapping[str, Column]
    is_relevant: bool = True


class Ranker(ABC):
    """Scores candidates; deterministic, and safe to share between threads."""

    #: What it is called in settings and reports.
    name: str

    @abstractmethod
    def rank(self, reading: Reading) -> Ranked:
        """Score the candidates of one question: at least one, at most a few hundred."""
