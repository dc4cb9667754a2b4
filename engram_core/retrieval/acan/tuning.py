"""Refitting a ranker to what was said of its hits, kept only where it wins on questions that the refit has not seen.

A label knows the signals of the candidate it is about, and nothing of the candidates that nobody judged. So the weights
are not fitted from nothing: they are held to the present ones (a maximum a posteriori estimate, see `refitting`), and
the comparison is of pairs: of each question, the share of its (useful, useless) pairs in the right order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.tuning import Tuning
from engram_core.errors import MissingExtraError
from engram_core.ports import Label, LabelledQuestion
from engram_core.retrieval.acan.groups import Group
from engram_core.retrieval.acan.model import AcanRanker, Weights, level, matrix_of

Values = NDArray[np.float64]
Set = Literal["full", "bare"]

#: Questions with both a useful and a useless memory below which nothing is refitted.
LEAST_QUESTIONS = 30
RESAMPLES = 2000
#: Of so many questions, those labelled last, most decide which set of weights is in use.
_RECENT = 100
#: What only a search with token vectors tells.
_TOKENS = "late_raw"
_PART = "_part"
_EXACT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A question with labels.

    Attributes:
        group: Its labelled candidates.
        level: What the present null slot read of all its candidates.
    """

    group: Group
    level: float

    @property
    def is_mixed(self) -> bool:
        """Whether it has both a useful and a useless candidate."""
        return bool(0 < self.group.labels.sum() < len(self.group.labels))


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Two rankers on questions that the second has not seen, one number a question.

    Attributes:
        before: (m,) pairs in the right order by the present ranker, of the mixed questions.
        after: (m,) by refits.
        gain: (n,) by how much the logarithmic loss of all questions falls when the scores are fitted anew too; none
            where there are too few labels for that.
        best: (q, 2) the best score of each question with a useful memory, as fused and as fitted anew.
    """

    before: Values
    after: Values
    gain: Values
    best: Values


def tune(present: AcanRanker, questions: Sequence[LabelledQuestion]) -> tuple[Tuning, AcanRanker]:
    """Refit the set of weights that is in use, and say what that is worth.

    Args:
        present: What the weights are held to, and compared with.
        questions: In any order; what comes out does not depend on it.

    Returns:
        The comparison; and the refitted ranker where it wins, else the present one.

    Raises:
        MissingExtraError: torch is not installed.
    """
    ordered = sorted(questions, key=lambda question: question.question)
    used = _set_in_use(ordered)
    weights = present.full if used == "full" else present.bare
    judged = [asked for question in ordered if (asked := judged_of(question, weights, used)) is not None]
    mixed = sum(asked.is_mixed for asked in judged)
    labels = sum(len(asked.group.labels) for asked in judged)
    if mixed < LEAST_QUESTIONS:
        return Tuning(len(judged), labels, mixed, None, None, None, False, False, _too_few(mixed)), present
    held: Held = fitting().held_out(weights, judged)
    low, high = interval(held.after - held.before)
    kept = low > 0
    calibrated = kept and bool(held.gain.size) and interval(held.gain)[0] > 0
    before, after = float(held.before.mean()), float(held.after.mean())
    said = _compared(before, after, low, high, kept)
    tuning = Tuning(len(judged), labels, mixed, before, after, (low, high), kept, calibrated, said)
    if not kept:
        return tuning, present
    refitted: Weights = fitting().refit(weights, judged, held, calibrate=calibrated)
    return tuning, AcanRanker(**{"full": present.full, "bare": present.bare, used: refitted})


def judged_of(question: LabelledQuestion, weights: Weights, used: Set) -> Judged | None:
    """Read the labels of a question whose signals a set of weights is for; None where there are none."""
    labels = [label for label in question.labels if label.signals and _set_of(label) == used]
    if not labels:
        return None
    names = sorted({name for label in labels for name in label.signals if not name.endswith(_PART)})
    signals = {name: np.array([label.signals.get(name, 0.0) for label in labels], np.float32) for name in names}
    useful = np.array([label.useful for label in labels], np.float32)
    return Judged(Group(question.question, signals, useful), _level(labels, Group("", signals, useful), weights))


def right_pairs(scores: Values, labels: NDArray[np.float32]) -> float:
    """Return the share of the (useful, useless) pairs in the right order; equal scores count half."""
    difference = scores[labels > 0][:, None] - scores[labels == 0][None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def interval(differences: Values, seed: int = 0) -> tuple[float, float]:
    """Return the 95% percentile interval of a mean, by a bootstrap over questions; the same input gives the same."""
    draws = np.random.default_rng(seed).integers(len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.percentile(differences[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def fitting() -> ModuleType:
    """Return `refitting`, which needs torch.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        from engram_core.retrieval.acan import refitting
    except ImportError as exc:
        raise MissingExtraError("torch", "train") from exc
    return refitting


def _set_in_use(questions: Sequence[LabelledQuestion]) -> Set:
    recent = sorted(questions, key=lambda question: (question.labels[-1].at, question.question))[-_RECENT:]
    full = sum(_set_of(question.labels[-1]) == "full" for question in recent)
    return "full" if 2 * full >= len(recent) else "bare"


def _set_of(label: Label) -> Set:
    return "full" if _TOKENS in label.signals else "bare"


def _level(labels: Sequence[Label], group: Group, weights: Weights) -> float:
    """Return what the null slot read of all candidates, which the labelled ones may not have been the best of.

    A label tells it (`null_part`) where these weights made its parts; else the labelled candidates have to do.
    """
    slope = np.array(weights.weight) / np.array(weights.scale)
    shift = float(slope @ np.array(weights.mean))
    weighed = matrix_of(group.signals, weights.signals) @ slope
    told = [_parts(label) for label in labels]
    if all("null" in parts for parts in told):
        sums = np.array([sum(value for name, value in parts.items() if name != "null") for parts in told])
        if np.abs(sums - weighed).max() < _EXACT:
            return -told[-1]["null"] - weights.bias - shift
    return level(group.signals, weights.null)


def _parts(label: Label) -> dict[str, float]:
    return {name.removesuffix(_PART): value for name, value in label.signals.items() if name.endswith(_PART)}


def _too_few(mixed: int) -> str:
    have = f"{mixed} {'question has' if mixed == 1 else 'questions have'}" if mixed else "no question has"
    return f"{have} both a useful and a useless memory, and {LEAST_QUESTIONS} are needed"


def _compared(before: float, after: float, low: float, high: float, kept: bool) -> str:
    verdict = "the refit ranks better" if kept else "the refit does not rank better beyond chance"
    return (
        f"on questions that it has not seen, {verdict}: {after:.1%} of the pairs in the right order, {before:.1%} "
        f"before (95% interval of the difference: {100 * low:+.1f} to {100 * high:+.1f} points)"
    )
