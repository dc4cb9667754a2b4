"""What people see of a scorecard: tables, and the dialogues that went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.operations.data import Call, Wanted
from benchmarks.operations.judging import Judged, JudgedCall, JudgedDialogue
from benchmarks.report import print_table
from engram_core import Change, Memory

_COUNTS = ("expected", "right", "neutral", "wrong")


def show(file: str, learner: str, summary: Mapping[str, Any]) -> None:
    """Print the numbers of a file by operation and by category, shares in percent."""
    columns = ["operation", *_COUNTS, "precision", "(95%)", "recall", "(95%)"]
    rows = [[name, *_tally(tally)] for name, tally in summary["operations"].items()]
    print_table(f"{file}, {learner}", columns, rows, caption=_caption(summary))
    columns = ["category", "dialogues", "flawless", *columns[1:], "false supersessions"]
    print_table("by category, all operations", columns, [_category(*item) for item in summary["categories"].items()])


def _category(name: str, group: Mapping[str, Any]) -> list[str]:
    counts = [str(group["dialogues"]), str(group["flawless"])]
    return [name, *counts, *_tally(group["operations"]["all"]), str(group["false_supersessions"]["count"])]


def _tally(tally: Mapping[str, Any]) -> list[str]:
    counts = [str(tally[name]) for name in _COUNTS]
    return counts + [cell for name in ("precision", "recall") for cell in _share(tally[name])]


def _share(mean: Mapping[str, Any] | None) -> tuple[str, str]:
    """Write a share and its interval; dashes where there is nothing to be a share of."""
    if mean is None:
        return "–", ""
    return f"{100 * mean['value']:.1f}", f"{100 * mean['low']:.1f} to {100 * mean['high']:.1f}"


def _caption(summary: Mapping[str, Any]) -> str:
    closings, since = summary["false_supersessions"], summary["since"]
    parts = [
        f"{summary['dialogues']} dialogues, {summary['flawless']} of them flawless",
        f"{closings['count']} false supersessions among {closings['closings']} UPDATEs and DELETEs",
        f"{_share(since)[0]}% of {since['count']} dates right" if since else "no dates",
        f"{summary['seconds']:.1f} s",
    ]
    lines = ["; ".join(parts)]
    if summary["usage"] is not None:
        lines.append("the model: " + ", ".join(f"{name} {count:,}" for name, count in summary["usage"].items()))
    if summary["unlearned_calls"]:
        lines.append(f"NOT LEARNED FROM, because the model failed: {summary['unlearned_calls']} calls")
    return "\n".join(lines)


def show_mistakes(dialogues: Sequence[JudgedDialogue], mistakes: Sequence[Mapping[str, Any]], *, texts: bool) -> None:
    """Print the dialogues with a wrong or a missed change: whole, or by id, category and operations alone."""
    # Not through rich: what people say may look like its markup.
    if not texts:
        print("The texts of the test split are held out: --show-held-out prints them too.")
        print(*map(_without_texts, mistakes), sep="\n")
        return
    for dialogue in dialogues:
        if not dialogue.is_flawless:
            print(*_whole(dialogue), sep="\n")


def _without_texts(mistake: Mapping[str, Any]) -> str:
    parts = [f"{name} {', '.join(mistake[name])}" for name in ("wrong", "missed") if mistake[name]]
    false = f"; false supersessions {mistake['false_supersessions']}" if mistake["false_supersessions"] else ""
    return f"{mistake['id']} [{mistake['category']}]: {'; '.join(parts)}{false}"


def _whole(dialogue: JudgedDialogue) -> Iterator[str]:
    yield f"\n{dialogue.dialogue.id} [{dialogue.dialogue.category}]"
    for call, judged in zip(dialogue.dialogue.calls, dialogue.calls, strict=True):
        yield f"  {call.at:%a %Y-%m-%d %H:%M}"
        yield from _said(call)
        yield from map(_made, judged.judged)
        yield from _expected(call, judged)


def _said(call: Call) -> Iterator[str]:
    for said in call.messages:
        yield f"    {said.role}{f' {said.name}' if said.name else ''}: {said.content}"


def _made(judged: Judged) -> str:
    mark = "FALSE SUPERSESSION" if judged.false_supersession else judged.verdict
    late = " (not since then)" if judged.is_dated_right is False else ""
    return f"      {mark + late}: {told(judged.made.change)}"


def _expected(call: Call, judged: JudgedCall) -> Iterator[str]:
    for wanted in call.expect:
        missed = any(wanted is one for one in judged.missed)
        yield f"      {'MISSED' if missed else 'expected'}: {_wanted(wanted)}"
    for wanted in call.allow:
        yield f"      allowed: {_wanted(wanted)}"


def _wanted(wanted: Wanted) -> str:
    fields = wanted.model_dump(exclude_defaults=True, exclude={"op"})
    return " ".join([wanted.op, *(f"{name}={_value(value)}" for name, value in fields.items())])


def _value(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def told(change: Change) -> str:
    """Tell a change in one line."""
    memories = [_statement(memory) for memory in (change.before, change.after) if memory is not None]
    return f"{change.op.value} {' → '.join(dict.fromkeys(memories))} ({change.reason})"


def _statement(memory: Memory) -> str:
    claim = memory.claim
    about = f" [{claim.subject}, {claim.attribute}]" if claim is not None else ""
    return f"{memory.text!r}{about} since {memory.valid_from:%Y-%m-%d}"
