"""`engram doctor`: what is configured, what works, and what helps where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from engram_core.cli import options
from engram_core.cli.opening import waiting
from engram_core.cli.output import emit
from engram_core.errors import ConfigError

if TYPE_CHECKING:
    from engram_core.cli.findings import Finding
    from engram_core.config import Setting


def doctor(json: options.Json = False) -> None:
    """Tell what is configured and what works.

    A model that is configured is asked one small thing. Exit code 1 when something does not work. Secrets are masked.
    """
    from engram_core.cli.diagnosis import versions
    from engram_core.cli.findings import State

    settings, findings = _look()
    if json:
        emit({"versions": versions(), "settings": settings, "findings": findings})
    else:
        _print(versions(), settings, findings)
    if any(finding.state is State.PROBLEM for finding in findings):
        raise typer.Exit(1)


def _look() -> tuple[list[Setting], list[Finding]]:
    """Examine what the environment configures; settings that cannot be read are all there is to tell."""
    import anyio

    from engram_core.cli.diagnosis import examine
    from engram_core.cli.findings import Finding, State
    from engram_core.config import explain, load_settings

    try:
        settings = load_settings()
    except ConfigError as exc:
        return [], [
            Finding("settings", State.PROBLEM, str(exc), "set the environment variable named to what it accepts")
        ]

    async def collect() -> list[Finding]:
        return [finding async for finding in examine(settings)]

    with waiting("Looking"):
        return explain(settings), anyio.run(collect)


def _print(versions: dict[str, str], settings: list[Setting], findings: list[Finding]) -> None:
    from rich.text import Text

    from engram_core.cli.rendering import console, visible

    out = console()
    out.print(Text("Versions", "bold"))
    out.print(_grid(list(versions.items())))
    if settings:
        out.print(Text("\nSettings", "bold"))
        out.print(
            _grid(
                [
                    (row.name, visible(row.value) or "–", "" if row.source == "default" else row.source)
                    for row in settings
                ]
            )
        )
    out.print(Text("\nChecks", "bold"))
    out.print(_checks(findings))
    problems = sum(finding.state == "problem" for finding in findings)
    out.print()
    out.print(Text(f"{problems} to fix.", "bold red") if problems else Text("All is well.", "bold green"))


def _grid(rows: Sequence[tuple[str, ...]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="cyan")
    for row in rows:
        table.add_row("  " + row[0], *(Text(cell) for cell in row[1:]))
    return table


def _checks(findings: list[Finding]) -> Any:
    from rich.table import Table
    from rich.text import Text

    from engram_core.cli.rendering import visible

    marks = {"ok": ("✓", "green"), "note": ("·", "dim"), "problem": ("✗", "bold red")}
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        detail = Text(visible(finding.detail))
        if finding.fix:
            detail.append(f"\n→ {finding.fix}", "cyan")
        table.add_row(Text("  ").append(*marks[finding.state]), finding.about, detail)
    return table
