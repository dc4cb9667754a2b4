"""Labelled candidates: what a ranker is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from engram_core.errors import MissingExtraError
from engram_core.ports.ranking import Column
from engram_core.retrieval.acan.model import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The candidates of one question.

    Attributes:
        cluster: What it must share a fold with: its conversation, or its user.
        signals: By name, (n,) each.
        labels: (n,) 1 where the candidate is evidence.
        weight: How much the question counts in the fit of the fusion.
    """

    cluster: str
    signals: dict[str, Column]
    labels: Column
    weight: float = 1.0


def fit_ranker(groups: Sequence[Group], names: Sequence[str], *, abstain: bool = True) -> Weights:
    """Fit a ranker to labelled questions; see `training`.

    Args:
        groups: Of at least two clusters, some with evidence.
        names: The signals to use.
        abstain: Set a threshold below which a search returns nothing; needs groups without evidence.

    Raises:
        MissingExtraError: torch is not installed.
        InvalidInputError: There is nothing to learn from.
    """
    weights: Weights = _training().fit(groups, names, abstain=abstain)
    return weights


def recalls_by_fold(groups: Sequence[Group], names: Sequence[str]) -> list[tuple[str, float]]:
    """Measure what signals are worth: see `training.recalls_by_fold`.

    Raises:
        MissingExtraError: torch is not installed.
    """
    recalls: list[tuple[str, float]] = _training().recalls_by_fold(groups, names)
    return recalls


def _training() -> ModuleType:
    try:
        from engram_core.retrieval.acan import training
    except ImportError as exc:
        raise MissingExtraError("torch", "train") from exc
    return training
