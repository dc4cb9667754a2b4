"""Engines for one command, and the spinner that shows while one works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engram_core.sync import Engram


@contextmanager
def opened(doing: str | None = None) -> Iterator[Engram]:
    """Lend an engine made from the environment; it opens at its first use, so that bad input is refused before.

    Args:
        doing: What a person at the terminal reads while it works; None where something else is shown.
    """
    from engram_core.sync import Engram

    with closing(Engram()) as memory, waiting(doing) if doing else nullcontext():
        yield memory


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Show a spinner on stderr where a person is looking."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} …"):
        yield
