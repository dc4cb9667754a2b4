"""Recall against what it costs in tokens, and what stands on such a curve between two of its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: What the curves are asked: from which share of the tokens on is so much found, and how much for so few tokens.
RECALL, SHARE = 0.88, 0.03


@dataclass(frozen=True, slots=True)
class Curve:
    """Averages over the same questions, cheapest first, n points.

    Attributes:
        tokens: (n,) of what a prompt would get.
        share: (n,) of the whole conversation's tokens, 0 to 1.
        recall: (n,) of the evidence, 0 to 1.
        whole: Tokens of the whole conversation.
    """

    tokens: tuple[float, ...]
    share: tuple[float, ...]
    recall: tuple[float, ...]
    whole: float

    def share_for(self, recall: float = RECALL) -> float | None:
        """Return the smallest share of the tokens at which so much is found; None where that is never.

        Between two points, and between nothing and the first, a straight line stands for what was not measured. Such
        curves bend downwards, so that this rather tells too large a share.
        """
        shares, recalls = (0.0, *self.share), (0.0, *self.recall)
        for place in range(1, len(recalls)):
            if recalls[place] >= recall:
                rise = recalls[place] - recalls[place - 1]
                part = (recall - recalls[place - 1]) / rise if rise > 0 else 0.0
                return shares[place - 1] + part * (shares[place] - shares[place - 1])
        return None

    def recall_at(self, share: float = SHARE) -> float:
        """Return how much is found for so large a share of the tokens; all that ever is, where the curve ends before.

        Straight lines as in `share_for`: this rather tells too little.
        """
        return float(np.interp(share, (0.0, *self.share), (0.0, *self.recall)))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it, with what is asked of it."""
        return {
            "tokens": list(self.tokens),
            "share": list(self.share),
            "recall": list(self.recall),
            "full_context_tokens": self.whole,
            "share_for": {str(RECALL): self.share_for()},
            "recall_at": {str(SHARE): self.recall_at()},
        }


def curve_of(
    tokens: Sequence[Sequence[float]], recalls: Sequence[Sequence[float]], wholes: Sequence[float]
) -> Curve | None:
    """Average the curves of questions; shares are averaged question by question.

    Args:
        tokens: (q, n) of each question at each of n points, cheapest first.
        recalls: (q, n) likewise.
        wholes: (q,) tokens of the whole conversation, each above 0.

    Returns:
        None where there is no question.
    """
    if not len(wholes):
        return None
    spent, whole = np.asarray(tokens, np.float64), np.asarray(wholes, np.float64)
    found = np.asarray(recalls, np.float64)
    return Curve(
        tokens=tuple(spent.mean(axis=0).tolist()),
        share=tuple((spent / whole[:, None]).mean(axis=0).tolist()),
        recall=tuple(found.mean(axis=0).tolist()),
        whole=float(whole.mean()),
    )


def told(curve: Curve) -> str:
    """Say what the curve is asked, in words."""
    share = curve.share_for()
    reached = (
        f"never (at most {100 * max(curve.recall, default=0.0):.1f}%)"
        if share is None
        else f"from {100 * share:.1f}% of the tokens on"
    )
    return (
        f"{100 * RECALL:.0f}% of the evidence {reached}; {100 * curve.recall_at():.1f}% for {100 * SHARE:.0f}% of them"
    )
