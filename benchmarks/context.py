"""`context`: how much of the answer is in the packed text, for how many tokens, with and without neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.curves import Curve, curve_of, told
from benchmarks.datasets import Conversation, Question, Turn, read
from benchmarks.methods import messages, user_of
from benchmarks.metrics import Found, answer_coverage
from benchmarks.report import print_table, write_json
from benchmarks.retrieval import UNANSWERABLE
from benchmarks.statistics import Mean, clustered_mean
from benchmarks.tokens import token_counter
from engram_core import AsyncEngram, Context

#: The measures in the order of reports.
MEASURES = ("answer", "evidence", "tokens", "share", "entries", "beside")
CURVE = ("tokens", "evidence")
WAYS = {"without": False, "with": True}
#: Those of which the gain by neighbours is told.
GAINS = ("answer", "evidence")


@dataclass(frozen=True, slots=True)
class Packed:
    """The measures of one packed text; None where the question has nothing to measure it by."""

    conversation: str
    question: str
    budget: int
    neighbours: bool
    measures: dict[str, float | None]
    whole: int


async def run(
    engine: AsyncEngram, paths: Sequence[Path], budgets: Sequence[int], *, limit: int | None, json_path: Path | None
) -> None:
    """Measure each file; print tables, and write JSON where a path is given."""
    token_name, count = token_counter()
    results = []
    for path in paths:
        packed: list[Packed] = []
        conversations = list(read(path, limit))
        for conversation in _shown(conversations, path.name):
            packed += await measure(engine, conversation, budgets, count)
        summary = summarise(packed)
        whole = _reference(conversations)
        show(path.name, token_name, summary, whole)
        curves = {way: curve for way, beside in WAYS.items() if (curve := _curve(packed, beside)) is not None}
        for way, curve in curves.items():
            Console(width=240).print(f"{way} neighbours: {told(curve)}")
        results.append(
            {
                "file": path.name,
                "whole_answer": whole and whole.as_dict(),
                "packed": summary,
                "curves": {way: curve.as_dict() for way, curve in curves.items()},
            }
        )
    if json_path is not None:
        write_json(json_path, "context", {"tokens": token_name, "results": results})


async def measure(
    engine: AsyncEngram, conversation: Conversation, budgets: Sequence[int], count: Callable[[str], int]
) -> list[Packed]:
    """Add a conversation under a user of its own, and pack for each question that has evidence."""
    user = user_of(conversation)
    await engine.add_many(messages(conversation), user_id=user)
    turns = {turn.id: turn for turn in conversation.turns}
    whole = sum(count(turn.spoken) for turn in conversation.turns)
    packed = []
    for question in scored(conversation):
        filters = None if question.before is None else {"position": {"$lt": turns[question.before].position}}
        for budget in budgets:
            for neighbours in (False, True):
                text = await engine.context(
                    question.text, token_budget=budget, user_id=user, filters=filters, neighbours=neighbours
                )
                if text.degraded:
                    raise RuntimeError(f"the search for {question.id} was incomplete: {dict(text.degraded)}")
                measures = measures_of(question, text, turns, whole, count)
                packed.append(Packed(conversation.id, question.id, budget, neighbours, measures, whole))
    return packed


def scored(conversation: Conversation) -> Iterator[Question]:
    """Yield the questions that the conversation answers."""
    for question in conversation.questions:
        if question.evidence and (conversation.dataset, question.category) not in UNANSWERABLE:
            yield question


def measures_of(
    question: Question, text: Context, turns: dict[str, Turn], whole: int, count: Callable[[str], int]
) -> dict[str, float | None]:
    """Measure one packed text.

    Args:
        question: What was asked.
        text: What was packed.
        turns: Those of the conversation, by id.
        whole: Tokens of the whole conversation.
        count: Counts the tokens of a text.
    """
    said = [(entry.memory.metadata.get("id"), entry.memory.text) for entry in text.entries]
    # A turn that is written in part does not count.
    held = {id for id, words in said if id in turns and turns[id].text == words}
    held |= {source for hit in text.hits if hit.memory.kind != "turn" for source in hit.memory.sources}
    tokens = count(text)
    return {
        "answer": answer_coverage(question.answer, [Found(frozenset(), str(text))], 1),
        "evidence": len(question.evidence & held) / len(question.evidence),
        "tokens": tokens,
        "share": tokens / whole if whole else None,
        "entries": len(text.entries),
        "beside": len(text.entries) - len(text.hits),
    }


def summarise(packed: Sequence[Packed]) -> list[dict[str, Any]]:
    """Average by budget, without and with neighbours, with what the latter gain; intervals are by conversation."""
    budgets = sorted({one.budget for one in packed})
    return [
        {
            "budget": budget,
            "without": {name: _mean([one for one in packed if _is(one, budget, False)], name) for name in MEASURES},
            "with": {name: _mean([one for one in packed if _is(one, budget, True)], name) for name in MEASURES},
            "gain": {name: _gain(packed, budget, name) for name in GAINS},
        }
        for budget in budgets
    ]


def _curve(packed: Sequence[Packed], neighbours: bool) -> Curve | None:
    """Return the evidence in the text against its tokens, by budget."""
    of: dict[tuple[str, str], list[Packed]] = defaultdict(list)
    for one in sorted(packed, key=lambda one: one.budget):
        if one.neighbours is neighbours and one.whole:
            of[one.conversation, one.question].append(one)
    tokens, found = ([[one.measures[name] or 0.0 for one in row] for row in of.values()] for name in CURVE)
    return curve_of(tokens, found, [row[0].whole for row in of.values()])


def _is(one: Packed, budget: int, neighbours: bool) -> bool:
    return one.budget == budget and one.neighbours is neighbours


def _mean(packed: Sequence[Packed], name: str) -> dict[str, Any] | None:
    known = [(value, one.conversation) for one in packed if (value := one.measures[name]) is not None]
    mean = clustered_mean([value for value, _ in known], [conversation for _, conversation in known])
    return mean.as_dict() if mean is not None else None


def _gain(packed: Sequence[Packed], budget: int, name: str) -> dict[str, Any] | None:
    """Average the difference that neighbours make, question by question."""
    pairs: dict[tuple[str, str], dict[bool, float]] = defaultdict(dict)
    for one in packed:
        value = one.measures[name]
        if one.budget == budget and value is not None:
            pairs[one.conversation, one.question][one.neighbours] = value
    mean = clustered_mean([pair[True] - pair[False] for pair in pairs.values()], [key[0] for key in pairs])
    return mean.as_dict() if mean is not None else None


def _reference(conversations: Sequence[Conversation]) -> Mean | None:
    """Return the answer coverage of whole conversations: what no packing can exceed but by dates."""
    found = []
    for conversation in conversations:
        text = [
            Found(frozenset(), " ".join(f"{turn.time:%Y-%m-%d %H:%M} {turn.spoken}" for turn in conversation.turns))
        ]
        found += [(answer_coverage(question.answer, text, 1), conversation.id) for question in scored(conversation)]
    known = [(value, conversation) for value, conversation in found if value is not None]
    return clustered_mean([value for value, _ in known], [conversation for _, conversation in known])


def _shown(conversations: Sequence[Conversation], name: str) -> Iterator[Conversation]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield from bar.track(conversations, description=f"{name}: conversations")


def show(file: str, token_name: str, summary: Sequence[dict[str, Any]], whole: Mean | None) -> None:
    """Print a summary: shares in percent with their 95% interval, tokens and entries as they are."""
    rows = []
    for one in summary:
        for way in ("without", "with"):
            cells = [_cell(name, one[way][name]) for name in MEASURES]
            gains = [_gained(one["gain"][name]) if way == "with" else "" for name in GAINS]
            rows.append([str(one["budget"]), way, *cells, *gains])
    heads = ["budget", "neighbours", *MEASURES, *(f"gain in {name}" for name in GAINS)]
    counted = max((one["without"]["evidence"]["count"] for one in summary if one["without"]["evidence"]), default=0)
    ceiling = "" if whole is None else f"; answer of the whole conversation {100 * whole.value:.1f}"
    caption = f"{counted:,} questions; tokens by {token_name}{ceiling}; 95% intervals by conversation"
    print_table(f"{file}, context", heads, rows, caption=caption)


def _cell(name: str, mean: dict[str, Any] | None) -> str:
    if mean is None:
        return "–"
    if name in ("tokens", "entries", "beside"):
        return f"{mean['value']:,.0f}" if name == "tokens" else f"{mean['value']:.1f}"
    around = "" if mean["low"] is None or name == "share" else f" ({100 * mean['low']:.1f} to {100 * mean['high']:.1f})"
    return f"{100 * mean['value']:.1f}{around}"


def _gained(mean: dict[str, Any] | None) -> str:
    if mean is None:
        return "–"
    around = "" if mean["low"] is None else f" ({100 * mean['low']:+.1f} to {100 * mean['high']:+.1f})"
    return f"{100 * mean['value']:+.1f}{around}"
