"""What rankers did, question by question, and the averages of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.abstention import calibration_error, silence
from benchmarks.curves import Curve, curve_of
from benchmarks.datasets import Question
from benchmarks.metrics import NAMES
from benchmarks.statistics import Latency, Mean, clustered_mean

SCORED, ALL = "scored", "all with evidence"
#: Metrics of which the difference between two rankers is told.
DIFFERENCES = tuple(name for name in NAMES if name.startswith(("recall", "all", "ndcg")))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's scores.

    Attributes:
        conversation: Whose question it is.
        question: What was asked.
        is_scored: Whether the conversation answers it.
        scores: By metric.
        timings: Seconds by step of the search.
        first: Score and whether it is evidence, of the first hits.
        tokens: Of the first k hits, for every k from 1 on.
        recalls: Among the first k hits likewise; empty where it is not scored.
        whole: Tokens of the whole conversation.
    """

    conversation: str
    question: Question
    is_scored: bool
    scores: dict[str, float | None]
    timings: dict[str, float]
    first: tuple[tuple[float, bool], ...] = ()
    tokens: tuple[float, ...] = ()
    recalls: tuple[float, ...] = ()
    whole: int = 0


@dataclass(slots=True)
class Run:
    """What one ranker did on one file."""

    dataset: str
    outcomes: list[Outcome]
    elsewhere: list[float] = field(default_factory=list)
    turns: int = 0
    skipped: int = 0
    adding_seconds: float = 0.0

    def take(self, turns: int, skipped: int, seconds: float) -> None:
        """Count a conversation that was remembered."""
        self.turns += turns
        self.skipped += skipped
        self.adding_seconds += seconds

    @property
    def scored(self) -> list[Outcome]:
        """The questions that their conversation answers."""
        return [outcome for outcome in self.outcomes if outcome.is_scored]

    def curve(self) -> Curve | None:
        """Return recall against tokens over the scored questions, for the first 1, 2, 3 … hits."""
        measured = [outcome for outcome in self.scored if outcome.whole]
        return curve_of([o.tokens for o in measured], [o.recalls for o in measured], [o.whole for o in measured])


def summarise(run: Run, reference: Run | None = None) -> dict[str, Any]:
    """Average the outcomes by category, over the scored ones and over all that have evidence.

    Args:
        run: What one ranker did.
        reference: What another did with the same questions: the difference to it is told too.
    """
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(run.outcomes, key=lambda o: o.question.category):
        groups[outcome.question.category].append(outcome)
    groups[SCORED] = run.scored
    groups[ALL] = [outcome for outcome in run.outcomes if outcome.question.evidence]
    curve = run.curve()
    return {
        "dataset": run.dataset,
        "conversations": len({outcome.conversation for outcome in run.outcomes}),
        "turns": run.turns,
        "turns_without_text": run.skipped,
        "adding_seconds": run.adding_seconds,
        "latency_ms": _latencies(run.outcomes),
        **_reliability(run),
        "curve": curve and curve.as_dict(),
        "difference": None if reference is None else {name: difference(run, reference, name) for name in DIFFERENCES},
        "groups": {
            name: {"questions": len(members), "metrics": {m: _json(_mean(members, m)) for m in NAMES}}
            for name, members in groups.items()
        },
    }


def difference(run: Run, reference: Run, metric: str) -> dict[str, float | int | None] | None:
    """Average how much more a ranker has than another, question by question, over the scored ones."""
    others = {(o.conversation, o.question.id): o.scores[metric] for o in reference.scored}
    pairs = [(o.scores[metric], others.get((o.conversation, o.question.id)), o.conversation) for o in run.scored]
    known = [(mine - other, where) for mine, other, where in pairs if mine is not None and other is not None]
    return _json(clustered_mean([value for value, _ in known], [where for _, where in known]))


def _reliability(run: Run) -> dict[str, Any]:
    """Say whether scores are probabilities, and how well the search knows when nothing answers."""
    scored = run.scored
    first = [pair for outcome in scored for pair in outcome.first]
    best = [outcome.first[0][0] if outcome.first else 0.0 for outcome in scored]
    quiet = silence(best, [outcome.scores["recall@10"] or 0.0 for outcome in scored], run.elsewhere)
    return {
        "calibration_error": calibration_error([score for score, _ in first], [right for _, right in first]),
        "silence": None if quiet is None else asdict(quiet),
    }


def _latencies(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    steps: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for step, seconds in outcome.timings.items():
            steps[step].append(seconds)
    return {step: Latency.of(values).as_dict() for step, values in steps.items()}


def _mean(outcomes: Sequence[Outcome], metric: str) -> Mean | None:
    measured = [(o.scores[metric], o.conversation) for o in outcomes]
    known = [(value, conversation) for value, conversation in measured if value is not None]
    return clustered_mean([value for value, _ in known], [conversation for _, conversation in known])


def _json(mean: Mean | None) -> dict[str, float | int | None] | None:
    return mean.as_dict() if mean is not None else None
