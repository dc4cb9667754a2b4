"""What people see of a run: tables, what it took, and what is known to be wrong with the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.qa.scoring import SCORED, UNANSWERABLE
from benchmarks.report import print_table

_SHARES = ("lenient", "strict")


def show(file: str, settings: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    """Print a summary: shares, F1 and BLEU-1 in percent, context in tokens, with the defects of the data below."""
    how = "full context" if settings["full_context"] else f"context of {settings['budget']:,} tokens"
    columns = ["category", "n", "failed", "lenient", "(95%)", "strict", "(95%)", "unsure", "not known", "F1", "BLEU-1"]
    print_table(
        f"{file}, {settings['llm']}, judged by {settings['judge']}, {how}",
        [*columns, "context tokens"],
        [_row(name, group) for name, group in summary["groups"].items()],
        caption=_caption(summary),
    )
    if summary[UNANSWERABLE]["questions"]:
        _show_unanswerable(summary[UNANSWERABLE])
    _show_spending(summary["spent"])
    for defect in summary["known_defects"]:
        print(f"Known of this data: {defect}")


def _row(name: str, group: Mapping[str, Any]) -> list[str]:
    metrics = group["metrics"]
    unsure = f"{_percent(metrics['unsure_lenient'])} / {_percent(metrics['unsure_strict'])}"
    return [
        name,
        str(group["questions"]),
        str(group["failed"]),
        *(cell for how in _SHARES for cell in (_percent(metrics[how]), _interval(metrics[how]))),
        unsure if metrics["unsure_lenient"] else "–",
        *(_percent(metrics[measure]) for measure in ("not_known", "f1", "bleu_1")),
        _number(metrics["context_tokens"]),
    ]


def _show_unanswerable(group: Mapping[str, Any]) -> None:
    metrics = group["metrics"]
    cells = [_percent(metrics["declined"]), _interval(metrics["declined"]), _number(metrics["context_tokens"])]
    print_table(
        "adversarial (LoCoMo 5), not in the scores above: right when the answer declines",
        ["", "n", "failed", "declined", "(95%)", "context tokens"],
        [["unanswerable", str(group["questions"]), str(group["failed"]), *cells]],
    )


def _show_spending(spent: Mapping[str, Mapping[str, Any]]) -> None:
    counts = ("calls", "repairs", "failures", "input_tokens", "output_tokens")
    rows = [
        [
            role,
            *(f"{one[name]:,}" for name in counts),
            "no prices" if one["cost"] is None else f"{one['cost']:.4f}",
            f"{one['seconds']:.1f}",
        ]
        for role, one in spent.items()
    ]
    columns = ["model", "calls", "repairs", "failures", "input tokens", "output tokens", "cost", "seconds"]
    print_table("what it took, earlier parts of a resumed run included", columns, rows)


def _caption(summary: Mapping[str, Any]) -> str:
    scored, context = summary["groups"][SCORED], summary["context_ms"]
    lines = [
        f"intervals by conversation ({summary['conversations']}); tokens by {summary['tokens']}; "
        f"{summary['without_gold']} questions without a gold answer left out; this run took {summary['seconds']:.1f} s"
    ]
    if context is not None:
        lines.append(f"a context, beside other questions: p50 {context['p50']:.1f} ms, p95 {context['p95']:.1f} ms")
    if scored["failed"]:
        rest = ", ".join(f"{how} {100 * share:.1f}" for how, share in scored["if_failed_were_wrong"].items())
        lines.append(
            f"NOT SCORED, because a model failed: {scored['failed']} of {scored['questions']} questions; "
            f"counted as wrong they would make it {rest}"
        )
    return "\n".join(lines)


def _percent(mean: Mapping[str, Any] | None) -> str:
    return "–" if mean is None else f"{100 * mean['value']:.1f}"


def _interval(mean: Mapping[str, Any] | None) -> str:
    if mean is None or mean["low"] is None:
        return ""
    return f"{100 * mean['low']:.1f} to {100 * mean['high']:.1f}"


def _number(mean: Mapping[str, Any] | None) -> str:
    return "–" if mean is None else f"{mean['value']:,.0f}"
