"""`retrieval`: how much of the evidence a search finds, per category, through the public API."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.abstention import calibration_error, silence
from benchmarks.datasets import Conversation, Question, read
from benchmarks.methods import EngramMethod, Switch
from benchmarks.metrics import DEPTH, NAMES, Scorer
from benchmarks.report import print_table, write_json
from benchmarks.statistics import Latency, Mean, clustered_mean
from benchmarks.tokens import token_counter
from engram_core import AsyncEngram

#: LoCoMo's adversarial questions: the conversation does not answer them, so their "evidence" is no measure of recall.
UNANSWERABLE = {("locomo", "5")}
SCORED, ALL = "scored", "all with evidence"
#: One question in so many is asked of the next conversation too.
ELSEWHERE = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's scores."""

    conversation: str
    question: Question
    is_scored: bool
    scores: dict[str, float | None]
    timings: dict[str, float]
    first: tuple[tuple[float, bool], ...]  # score and whether it is evidence, of the first `DEPTH` hits


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


async def run(
    engine: AsyncEngram,
    switch: Switch,
    paths: Sequence[Path],
    *,
    rankers: Sequence[str],
    limit: int | None,
    json_path: Path | None,
) -> None:
    """Measure rankers on each file, over the same store; print tables, and write JSON where a path is given.

    Args:
        engine: It ranks by `switch`.
        switch: Knows all of `rankers`.
        paths: Files of conversations.
        rankers: Names.
        limit: Only so many conversations of each file.
        json_path: Where to write the results.
    """
    token_name, count = token_counter()
    results = []
    for path in paths:
        conversations = list(read(path, limit))
        runs = await measure(engine, switch, rankers, conversations, count, label=path.name)
        summaries = {name: summarise(found) for name, found in runs.items()}
        for name, summary in summaries.items():
            show(path.name, name, token_name, summary)
        results += [{"file": path.name, "ranker": name, **summary} for name, summary in summaries.items()]
    if json_path is not None:
        write_json(json_path, "retrieval", {"rankers": list(rankers), "tokens": token_name, "results": results})


async def measure(
    engine: AsyncEngram,
    switch: Switch,
    rankers: Sequence[str],
    conversations: Sequence[Conversation],
    count: Callable[[str], int],
    *,
    label: str,
) -> dict[str, Run]:
    """Remember each conversation and let every ranker answer its questions, and some of the one before."""
    runs = {name: Run(conversations[0].dataset if conversations else "", []) for name in rankers}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        adding = bar.add_task(f"{label}: turns", total=sum(len(c.turns) for c in conversations))
        asking = bar.add_task(f"{label}: questions", total=len(rankers) * sum(len(c.questions) for c in conversations))
        before, turns = None, 0
        for conversation in conversations:
            method, start = EngramMethod(engine), time.perf_counter()
            skipped = await method.remember(conversation, functools.partial(_tell, bar, adding, turns))
            seconds = time.perf_counter() - start
            turns += len(conversation.turns)
            bar.update(adding, completed=turns)
            scorer = Scorer(conversation.turns, count)
            for name, done in runs.items():
                switch.choose(name)
                done.take(len(conversation.turns), skipped, seconds)
                for question in conversation.questions:
                    done.outcomes.append(await _ask(method, scorer, conversation, question))
                    bar.advance(asking)
                done.elsewhere += await _ask_elsewhere(method, before)
            before = conversation
    return runs


async def _ask(method: EngramMethod, scorer: Scorer, conversation: Conversation, question: Question) -> Outcome:
    answer = await method.answer(question)
    return Outcome(
        conversation.id,
        question,
        bool(question.evidence) and (conversation.dataset, question.category) not in UNANSWERABLE,
        scorer.score(question, answer.found),
        answer.timings,
        tuple((found.score, bool(found.turns & question.evidence)) for found in answer.found[:DEPTH]),
    )


async def _ask_elsewhere(method: EngramMethod, other: Conversation | None) -> list[float]:
    """Ask what is answered in another conversation; return the best score of each question, 0 where nothing came."""
    if other is None:
        return []
    asked = [replace(question, before=None) for question in other.questions if question.evidence]
    answers = [await method.answer(question) for question in asked[::ELSEWHERE]]
    return [answer.found[0].score if answer.found else 0.0 for answer in answers]


def _tell(bar: Progress, task: TaskID, before: int, stored: int) -> None:
    bar.update(task, completed=before + stored)


def summarise(run: Run) -> dict[str, Any]:
    """Average the outcomes by category, over the scored ones and over all that have evidence."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(run.outcomes, key=lambda o: o.question.category):
        groups[outcome.question.category].append(outcome)
    groups[SCORED] = [outcome for outcome in run.outcomes if outcome.is_scored]
    groups[ALL] = [outcome for outcome in run.outcomes if outcome.question.evidence]
    return {
        "dataset": run.dataset,
        "conversations": len({outcome.conversation for outcome in run.outcomes}),
        "turns": run.turns,
        "turns_without_text": run.skipped,
        "adding_seconds": run.adding_seconds,
        "latency_ms": _latencies(run.outcomes),
        **_reliability(run),
        "groups": {
            name: {"questions": len(members), "metrics": {m: _json(_mean(members, m)) for m in NAMES}}
            for name, members in groups.items()
        },
    }


def _reliability(run: Run) -> dict[str, Any]:
    """Say whether scores are probabilities, and how well the search knows when nothing answers."""
    scored = [outcome for outcome in run.outcomes if outcome.is_scored]
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


def show(file: str, ranker: str, token_name: str, summary: dict[str, Any]) -> None:
    """Print a summary: means in percent (tokens as they are), and the interval of the scored recall."""
    rows = [
        [name, str(group["questions"]), *(_cell(metric, group["metrics"][metric]) for metric in NAMES)]
        for name, group in summary["groups"].items()
    ]
    total = summary["latency_ms"].get("total", {"p50": 0.0, "p95": 0.0})
    scored = summary["groups"][SCORED]["metrics"]["recall@10"]
    interval = (
        "" if not scored or scored["low"] is None else f" ({100 * scored['low']:.1f} to {100 * scored['high']:.1f})"
    )
    caption = (
        f"recall@10 of the scored questions: {_cell('recall@10', scored)}{interval}, 95% by conversation; "
        f"tokens by {token_name}; search p50 {total['p50']:.1f} ms, p95 {total['p95']:.1f} ms; "
        f"{summary['turns']:,} turns added in {summary['adding_seconds']:.1f} s{_quiet(summary)}"
    )
    print_table(f"{file}, {ranker}", ["category", "n", *NAMES], rows, caption=caption)


def _quiet(summary: dict[str, Any]) -> str:
    """Write the calibration error, and what was asked of the wrong conversation."""
    text = ""
    if summary["calibration_error"] is not None:
        text += f"; calibration error of the first {DEPTH} {summary['calibration_error']:.3f}"
    if (quiet := summary["silence"]) is not None:
        curve = ", ".join(f"{kept}: {100 * share:.0f}" for kept, share in quiet["curve"].items())
        text += (
            f"; nothing returned to {100 * quiet['elsewhere']:.1f}% of the questions asked of another conversation and "
            f"to {100 * quiet['lost']:.1f}% of the answerable ones (by a threshold that keeps so much of the recall: "
            f"{curve})"
        )
    return text


def _cell(metric: str, mean: dict[str, Any] | None) -> str:
    if mean is None:
        return "–"
    return f"{mean['value']:,.0f}" if metric.startswith("tokens") else f"{100 * mean['value']:.1f}"
