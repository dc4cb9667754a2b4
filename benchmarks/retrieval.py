"""`retrieval`: how much of the evidence a search finds, per category, through the public API."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks import plot
from benchmarks.curves import Curve
from benchmarks.datasets import Conversation, Question, read
from benchmarks.methods import EngramMethod, Switch
from benchmarks.metrics import DEPTH, Scorer
from benchmarks.outcomes import Outcome, Run, summarise
from benchmarks.report import write_json
from benchmarks.showing import compare, show
from benchmarks.tokens import token_counter
from engram_core import AsyncEngram

#: LoCoMo's adversarial questions: the conversation does not answer them, so their "evidence" is no measure of recall.
UNANSWERABLE = {("locomo", "5")}
#: The ranker that differences are told to.
REFERENCE = "acan"
#: One question in so many is asked of the next conversation too.
ELSEWHERE = 2


async def run(
    engine: AsyncEngram,
    switch: Switch,
    paths: Sequence[Path],
    *,
    limit: int | None,
    json_path: Path | None,
    plot_path: Path | None,
) -> None:
    """Measure rankers on each file, over the same store; print tables, and write JSON and a plot where asked to.

    Args:
        engine: It ranks by `switch`.
        switch: Knows the rankers.
        paths: Files of conversations.
        limit: Only so many conversations of each file.
        json_path: Where to write the results.
        plot_path: Where to draw recall against tokens, as PNG.

    Raises:
        MissingExtraError: A plot is asked for, and matplotlib is not installed.
    """
    if plot_path is not None:
        plot.require()
    token_name, count = token_counter()
    results: list[dict[str, Any]] = []
    curves: dict[str, dict[str, Curve]] = {}
    for path in paths:
        conversations = list(read(path, limit))
        runs = await measure(engine, switch, conversations, count, label=path.name)
        reference = REFERENCE if REFERENCE in runs else None
        summaries = {name: summarise(found, runs[reference] if reference else None) for name, found in runs.items()}
        for name, summary in summaries.items():
            show(path.name, name, token_name, summary)
        compare(path.name, token_name, summaries, reference)
        results += [{"file": path.name, "ranker": name, **summary} for name, summary in summaries.items()]
        curves[path.name] = {name: curve for name, found in runs.items() if (curve := found.curve()) is not None}
    if json_path is not None:
        what = {"rankers": switch.names, "difference_to": REFERENCE, "tokens": token_name, "results": results}
        write_json(json_path, "retrieval", what)
    if plot_path is not None:
        plot.draw(plot_path, curves, token_name)


async def measure(
    engine: AsyncEngram,
    switch: Switch,
    conversations: Sequence[Conversation],
    count: Callable[[str], int],
    *,
    label: str,
) -> dict[str, Run]:
    """Remember each conversation and let every ranker answer its questions, and some of the one before."""
    runs = {name: Run(conversations[0].dataset if conversations else "", []) for name in switch.names}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        adding = bar.add_task(f"{label}: turns", total=sum(len(c.turns) for c in conversations))
        asking = bar.add_task(f"{label}: questions", total=len(runs) * sum(len(c.questions) for c in conversations))
        before, turns = None, 0
        for conversation in conversations:
            method, start = EngramMethod(engine), time.perf_counter()
            skipped = await method.remember(conversation, functools.partial(_tell, bar, adding, turns))
            seconds = time.perf_counter() - start
            turns += len(conversation.turns)
            bar.update(adding, completed=turns)
            scorer = Scorer(conversation.turns, count)
            # What the first search of a conversation reads for all that follow is no ranker's time.
            for question in conversation.questions[:1]:
                await method.answer(question)
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
    is_scored = bool(question.evidence) and (conversation.dataset, question.category) not in UNANSWERABLE
    return Outcome(
        conversation.id,
        question,
        is_scored,
        scorer.score(question, answer.found),
        answer.timings,
        tuple((found.score, bool(found.turns & question.evidence)) for found in answer.found[:DEPTH]),
        tuple(scorer.tokens(answer.found)),
        tuple(scorer.recalls(question, answer.found)) if is_scored else (),
        scorer.whole,
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
