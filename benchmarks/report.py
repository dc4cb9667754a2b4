"""What a run prints and writes: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engram_core import __version__

Row = Sequence[str]


def print_table(title: str, columns: Sequence[str], rows: Sequence[Row], *, caption: str | None = None) -> None:
    """Print a table: the first column is left-aligned, numbers are right-aligned."""
    table = Table()
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # Where the output is no terminal, its width is unknown: nothing may be cut off then.
    console = Console()
    console = console if console.is_terminal else Console(width=240)
    console.print(f"[bold]{title}[/bold]", table, *filter(None, [caption]), sep="\n")


def write_json(path: Path, benchmark: str, results: Mapping[str, Any]) -> None:
    """Write results to a file, with what they were measured on."""
    document = {
        "benchmark": benchmark,
        "engram": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load": list(os.getloadavg()),
        },
        **results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
