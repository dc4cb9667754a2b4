"""ACAN, the attention ranker: what it is (`model`), and how it is fitted (`training`); `CARD.md` says to what."""

from engram_core.retrieval.acan.groups import Group, fit_ranker, recalls_by_fold
from engram_core.retrieval.acan.model import AcanRanker, Weights, load_weights

__all__ = ["AcanRanker", "Group", "Weights", "fit_ranker", "load_weights", "recalls_by_fold"]
