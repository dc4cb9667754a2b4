"""`speed`: `add_many` and `search`, each beside the limit it is held against, measured in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import adding, searching
from benchmarks.report import print_table, write_json
from benchmarks.searching import Layout


async def run(
    scratch: Path, *, sizes: Sequence[int], add_messages: int, scope_size: int, queries: int, json_path: Path | None
) -> None:
    """Measure, print tables, and write JSON where a path is given. Every store is thrown away."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        added = await adding.measure(scratch / "adding", add_messages, bar) if add_messages else None
        searched = [
            await searching.measure(scratch / f"{layout.scopes}-{layout.memories}", layout, queries, bar)
            for layout in layouts(sizes, scope_size)
        ]
    if added:
        show_adding(added)
    show_searching(searched)
    growth = many_scopes_growth(searched)
    if growth:
        print(f"p95 over many scopes, {max(sizes):,} memories against 10,000: {growth:.2f} times")
    if json_path is not None:
        write_json(json_path, "speed", {"adding": added, "searching": searched, "many_scopes_p95_growth": growth})


def layouts(sizes: Sequence[int], scope_size: int) -> list[Layout]:
    """List what is measured: each size in one scope, and each that fills several in scopes of `scope_size`."""
    one = [Layout("one scope", size, 1) for size in sizes]
    many = [Layout("many scopes", size, size // scope_size) for size in sizes if size >= 2 * scope_size]
    return [*one, *many]


def many_scopes_growth(searched: Sequence[dict[str, Any]]) -> float | None:
    """Return p95 of the largest store of many scopes divided by that of 10,000 memories; None without both."""
    many = {result["memories"]: result["search_ms"]["p95"] for result in searched if result["layout"] == "many scopes"}
    largest = max(many, default=0)
    return many[largest] / many[10_000] if largest > 10_000 and 10_000 in many else None


def show_adding(result: dict[str, Any]) -> None:
    """Print the rounds and the medians."""
    rows = [
        [f"round {number}", f"{r['bare']:.1f}", f"{r['add_many']:.1f}", f"{r['add_many'] / r['bare']:.1%}"]
        for number, r in enumerate(result["rounds"], start=1)
    ]
    medians = f"{result['bare_per_second']:.1f}", f"{result['add_many_per_second']:.1f}", f"{result['ratio']:.1%}"
    title = f"add_many, {result['messages']:,} messages a round, messages a second"
    print_table(title, ["", "bare embedder", "add_many", "ratio"], [*rows, ["median", *medians]])


def show_searching(results: Sequence[dict[str, Any]]) -> None:
    """Print one row a layout: milliseconds as p50 / p95."""
    columns = ["layout", "memories", "scopes", "filled/s", "search", "with embedding", "bare query", "ratio"]
    rows = [
        [
            result["layout"],
            f"{result['memories']:,}",
            f"{result['scopes']:,}",
            f"{result['filled_per_second']:,.0f}",
            *(_pair(result[name]) for name in ("search_ms", "search_with_embedding_ms", "bare_ms")),
            _pair(result["ratio"]),
        ]
        for result in results
    ]
    print_table("search, limit 10, milliseconds: p50 / p95", columns, rows)


def _pair(values: dict[str, float]) -> str:
    return f"{values['p50']:.2f} / {values['p95']:.2f}"
