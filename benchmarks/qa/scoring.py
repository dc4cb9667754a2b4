"""What the outcomes come to: averages by category, with intervals clustered by conversation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.qa.agreement import bleu_1, declines, token_f1
from benchmarks.qa.asking import Spent
from benchmarks.qa.prompts import JUDGES
from benchmarks.qa.records import Record
from benchmarks.statistics import Latency, clustered_mean

SCORED, UNANSWERABLE = "all scored", "unanswerable"

#: What is known to be wrong with a data set, and with the usual way of scoring it.
DEFECTS = {
    "locomo": (
        "99 of the 1,540 gold answers of categories 1 to 4 are wrong: nobody can honestly score above about 93.6.",
        "An answer that is wrong but vague passes the usual, lenient judge 63% of the time: read the strict one too.",
        "Papers permute the names of the categories (multi-hop, temporal, open-domain, single-hop): these are the "
        "numbers of the data.",
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question and what came of it.

    Attributes:
        conversation: Its conversation, the cluster of the intervals.
        category: The data set's own name.
        gold: The gold answer.
        is_unanswerable: Right when the answer declines.
        record: Its last record.
    """

    conversation: str
    category: str
    gold: str
    is_unanswerable: bool
    record: Record


Measure = Callable[[Outcome], float]


def _says(judge: str, verdict: str) -> Measure:
    return lambda outcome: float(outcome.record.verdicts[judge] == verdict)


#: What is averaged over the questions that have a score, in the order of reports.
MEASURES: dict[str, Measure] = {
    **{how: _says(how, "right") for how in JUDGES},
    **{f"unsure_{how}": _says(how, "unsure") for how in JUDGES},
    "not_known": lambda o: float(declines(o.record.answer or "")),
    "f1": lambda o: token_f1(o.record.answer or "", o.gold),
    "bleu_1": lambda o: bleu_1(o.record.answer or "", o.gold),
    "context_tokens": lambda o: float(o.record.context_tokens or 0),
}
#: The same for questions whose right answer is that nothing is known: nobody judges them.
DECLINING: dict[str, Measure] = {
    "declined": MEASURES["not_known"],
    "context_tokens": MEASURES["context_tokens"],
}


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Average the outcomes of one data set, by category and over all that are scored.

    A question at which a model failed is left out of the averages and counted in `failed`; `if_failed_were_wrong` is
    what the share of right answers would be with it.
    """
    answerable = [outcome for outcome in outcomes if not outcome.is_unanswerable]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(answerable, key=lambda o: o.category):
        groups[outcome.category].append(outcome)
    groups[SCORED] = answerable
    adversarial = [outcome for outcome in outcomes if outcome.is_unanswerable]
    seconds = [o.record.context_seconds for o in outcomes if o.record.context_tokens is not None]
    return {
        "conversations": len({outcome.conversation for outcome in outcomes}),
        "groups": {name: _group(members, MEASURES, tuple(JUDGES)) for name, members in groups.items()},
        UNANSWERABLE: _group(adversarial, DECLINING, ("declined",)),
        "context_ms": Latency.of(seconds).as_dict() if seconds else None,
    }


def spending(by_role: dict[str, Spent], prices: dict[str, tuple[float, float] | None]) -> dict[str, Any]:
    """Write what each model was used for; `cost` is None where its prices (of a million tokens) are not known."""
    return {role: {**asdict(spent), "cost": _cost(spent, prices[role])} for role, spent in by_role.items()}


def _cost(spent: Spent, prices: tuple[float, float] | None) -> float | None:
    return None if prices is None else spent.cost(prices)


def _group(members: Sequence[Outcome], measures: dict[str, Measure], right: tuple[str, ...]) -> dict[str, Any]:
    good = [outcome for outcome in members if outcome.record.failure is None]
    clusters = [outcome.conversation for outcome in good]
    metrics = {}
    for name, measure in measures.items():
        mean = clustered_mean([measure(outcome) for outcome in good], clusters)
        metrics[name] = None if mean is None else mean.as_dict()
    share = {name: sum(map(measures[name], good)) / len(members) if members else None for name in right}
    return {
        "questions": len(members),
        "failed": len(members) - len(good),
        "metrics": metrics,
        "if_failed_were_wrong": share,
    }
