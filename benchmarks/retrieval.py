"""`retrieval`: how much of the evidence a search finds, per category, through the public API."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.datasets import Conversation, Question, read
from benchmarks.methods import METHODS, Method
from benchmarks.metrics import NAMES, Scorer
from benchmarks.report import print_table, write_json
from benchmarks.statistics import Latency, Mean, clustered_mean
from benchmarks.tokens import token_counter
from engram_core import AsyncEngram

#: LoCoMo's adversarial questions: the conversation does not answer them, so their "evidence" is no measure of recall.
UNANSWERABLE = {("locomo", "5")}
SCORED, ALL = "scored", "all with evidence"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's scores."""

    conversation: str
    question: Question
    is_scored: bool
    scores: dict[str, float | None]
    timings: dict[str, float]


@dataclass(slots=True)
class Run:
    """What one method did on one file."""

    dataset: str
    outcomes: list[Outcome]
    turns: int = 0
    skipped: int = 0
    adding_seconds: float = 0.0


async def run(
    engine: AsyncEngram, paths: Sequence[Path], *, method: str, limit: int | None, json_path: Path | None
) -> None:
    """Measure a method on each file; print tables, and write JSON where a path is given."""
    token_name, count = token_counter()
    results = []
    for path in paths:
        conversations = list(read(path, limit))
        measured = await measure(METHODS[method](engine), conversations, count, label=path.name)
        summary = summarise(measured)
        show(path.name, method, token_name, summary)
        results.append({"file": path.name, **summary})
    if json_path is not None:
        write_json(json_path, "retrieval", {"method": method, "tokens": token_name, "results": results})


async def measure(
    method: Method, conversations: Sequence[Conversation], count: Callable[[str], int], *, label: str
) -> Run:
    """Let a method remember each conversation and answer its questions."""
    done = Run(conversations[0].dataset if conversations else "", [])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        adding = bar.add_task(f"{label}: turns", total=sum(len(c.turns) for c in conversations))
        asking = bar.add_task(f"{label}: questions", total=sum(len(c.questions) for c in conversations))
        for conversation in conversations:
            start = time.perf_counter()
            told = functools.partial(_tell, bar, adding, done.turns)
            done.skipped += await method.remember(conversation, told)
            done.adding_seconds += time.perf_counter() - start
            done.turns += len(conversation.turns)
            bar.update(adding, completed=done.turns)
            scorer = Scorer(conversation.turns, count)
            for question in conversation.questions:
                done.outcomes.append(await _ask(method, scorer, conversation, question))
                bar.advance(asking)
    return done


def _tell(bar: Progress, task: TaskID, before: int, stored: int) -> None:
    bar.update(task, completed=before + stored)


async def _ask(method: Method, scorer: Scorer, conversation: Conversation, question: Question) -> Outcome:
    answer = await method.answer(question)
    return Outcome(
        conversation.id,
        question,
        bool(question.evidence) and (conversation.dataset, question.category) not in UNANSWERABLE,
        scorer.score(question, answer.found),
        answer.timings,
    )


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
        "groups": {
            name: {"questions": len(members), "metrics": {m: _json(_mean(members, m)) for m in NAMES}}
            for name, members in groups.items()
        },
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


def show(file: str, method: str, token_name: str, summary: dict[str, Any]) -> None:
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
        f"{summary['turns']:,} turns added in {summary['adding_seconds']:.1f} s"
    )
    print_table(f"{file}, {method}", ["category", "n", *NAMES], rows, caption=caption)


def _cell(metric: str, mean: dict[str, Any] | None) -> str:
    if mean is None:
        return "–"
    return f"{mean['value']:,.0f}" if metric.startswith("tokens") else f"{100 * mean['value']:.1f}"
