"""Commands about learning that is done later: `worker`, `queue`, `replay`, and `undo`."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from engram_core.cli import options
from engram_core.cli.opening import opened
from engram_core.cli.output import emit


def worker(
    once: Annotated[bool, typer.Option("--once", help="End when nothing is due.")] = False,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Lessons at once, of different users.")] = 4,
) -> None:
    """Learn what was deferred, of every tenant of the store.

    Ends on Ctrl-C or SIGTERM, after what is under way. Any number of workers may run beside each other.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with opened() as memory:
        memory.work(until_idle=once, stop=stop, concurrency=concurrency)


def queue(json: options.Json = False) -> None:
    """Tell what waits to be learned from, and what was given up."""
    with opened() as memory:
        waiting, dead = memory.queue(), memory.dead_letters()
    if json:
        emit({"queue": waiting, "dead_letters": dead})
        return
    since = f", the oldest since {waiting.oldest:%Y-%m-%d %H:%M}" if waiting.oldest else ""
    print(f"{waiting.waiting:,} waiting{since}; {waiting.dead:,} given up.")
    for letter in dead:
        print(f"{letter.id}  {len(letter.turns)} turns, {letter.attempts} attempts: {letter.error}")


def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Dead letters; all without.")] = None,
    json: options.Json = False,
) -> None:
    """Try again to learn what was given up; a worker does it."""
    with opened() as memory:
        count = memory.replay(ids or None)
    emit({"replayed": count}) if json else print(f"{count:,} are due again.")


def undo(
    id: Annotated[str, typer.Argument(metavar="CHANGE", help="The id of a change, as `history` and `add` tell it.")],
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Revert one decision: what it opened goes, what it closed holds again."""
    from engram_core.cli import rendering

    with opened("Undoing") as memory:
        changes = memory.undo(id, reason=reason)
    emit(changes) if json else rendering.console().print(rendering.changes_table(changes))
