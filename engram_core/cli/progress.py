"""Progress bars, on stderr, where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Called with how much is done and, where it is known by then, how much there is to do.
Report = Callable[[int, int | None], None]


@contextmanager
def bar(doing: str, total: int | None = None) -> Iterator[Report]:
    """Show a bar, or a count where the total is not known."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(doing, total=total)

        def report(done: int, of: int | None = None) -> None:
            progress.update(task, completed=done)
            if of is not None:
                progress.update(task, total=of)

        yield report
