"""Tables of the retrieval benchmark: one a ranker by category, and one of all rankers side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.curves import RECALL, SHARE
from benchmarks.metrics import DEPTH, NAMES, RECALL_AT
from benchmarks.outcomes import SCORED
from benchmarks.report import print_table

#: Columns of a ranker's own table: of the tokens, those of ten hits; the JSON has the rest.
SHOWN = tuple(name for name in NAMES if not name.startswith("tokens") or name == f"tokens@{DEPTH}")
COMPARED = (*(f"recall@{k}" for k in RECALL_AT), f"all@{DEPTH}", f"ndcg@{DEPTH}", f"tokens@{DEPTH}")


def show(file: str, ranker: str, token_name: str, summary: Mapping[str, Any]) -> None:
    """Print a summary: means in percent (tokens as they are), and the interval of the scored recall."""
    rows = [
        [name, str(group["questions"]), *(_cell(metric, group["metrics"][metric]) for metric in SHOWN)]
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
    print_table(f"{file}, {ranker}", ["category", "n", *SHOWN], rows, caption=caption)


def compare(file: str, token_name: str, summaries: Mapping[str, Mapping[str, Any]], reference: str | None) -> None:
    """Print the scored questions of several rankers side by side.

    Args:
        file: What they were measured on.
        token_name: What tokens are counted by.
        summaries: By ranker, as `outcomes.summarise` makes them.
        reference: The ranker that differences are told to.
    """
    heads = ["ranker", *COMPARED]
    if reference is not None:
        heads.append(f"recall@{DEPTH} less {reference}")
    heads += [f"{100 * RECALL:.0f}% for", f"at {100 * SHARE:.0f}%", "p50 ms", "p95 ms", "rank p50", "rank p95"]
    rows = []
    for name, summary in summaries.items():
        metrics = summary["groups"][SCORED]["metrics"]
        row = [name, *(_cell(metric, metrics[metric]) for metric in COMPARED)]
        if reference is not None:
            row.append("" if name == reference else _difference(summary["difference"][f"recall@{DEPTH}"]))
        rows.append([*row, *_of_curve(summary["curve"]), *_times(summary["latency_ms"])])
    any_summary = next(iter(summaries.values()))
    whole = any_summary["curve"]["full_context_tokens"] if any_summary["curve"] else 0
    caption = (
        f"{any_summary['groups'][SCORED]['questions']:,} scored questions; tokens by {token_name}, {whole:,.0f} in the "
        f"whole conversation; “{heads[-6]}”: share of them that finds so much, “{heads[-5]}”: what is found for that "
        "share; in brackets 95% intervals by conversation; times of whole searches, and of ranking alone"
    )
    print_table(f"{file}, rankers", heads, rows, caption=caption)


def _of_curve(curve: Mapping[str, Any] | None) -> list[str]:
    if curve is None:
        return ["–", "–"]
    share = curve["share_for"][str(RECALL)]
    return ["never" if share is None else f"{100 * share:.1f}%", f"{100 * curve['recall_at'][str(SHARE)]:.1f}"]


def _times(latencies: Mapping[str, Any]) -> list[str]:
    steps = [latencies.get(step) for step in ("total", "rank")]
    return [f"{step[which]:.1f}" if step else "–" for step in steps for which in ("p50", "p95")]


def _difference(mean: Mapping[str, Any] | None) -> str:
    if mean is None:
        return "–"
    around = "" if mean["low"] is None else f" [{100 * mean['low']:+.1f}, {100 * mean['high']:+.1f}]"
    return f"{100 * mean['value']:+.1f}{around}"


def _quiet(summary: Mapping[str, Any]) -> str:
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


def _cell(metric: str, mean: Mapping[str, Any] | None) -> str:
    if mean is None:
        return "–"
    return f"{mean['value']:,.0f}" if metric.startswith("tokens") else f"{100 * mean['value']:.1f}"
