"""Commands about learning that is done later: `worker`, `queue`, `replay`, and `undo`."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from engram_core.cli import options
from engram_core.cli.opening import opened
from engram_core.cli.output import emit
from engram_core.cli.wording import counted


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
    """Tell what waits to be learned from, and what was given up.

    A lesson is what one `add` told of one user.
    """
    from engram_core.cli.rendering import short, when

    with opened() as memory:
        waiting, dead = memory.queue(), memory.dead_letters()
    if json:
        emit({"queue": waiting, "dead_letters": dead})
        return
    if waiting.oldest is not None:
        wait = "waits" if waiting.waiting == 1 else "wait, the oldest"
        print(f"{counted(waiting.waiting, 'lesson')} {wait} since {when(waiting.oldest)}; `engram worker` learns.")
    if waiting.dead:
        print(f"{counted(waiting.dead, 'lesson')} given up; `engram replay` tries again:")
    if not (waiting.waiting or waiting.dead):
        print("Nothing waits to be learned from.")
    for letter in dead:
        after = f"{counted(len(letter.turns), 'turn')}, {counted(letter.attempts, 'attempt')}"
        print(f"{letter.id}  {after}: {short(letter.error)}")


def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Dead letters; all without.")] = None,
    json: options.Json = False,
) -> None:
    """Try again to learn what was given up; a worker does it."""
    with opened() as memory:
        count = memory.replay(ids or None)
    emit({"replayed": count}) if json else print(_due(count))


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


def _due(count: int) -> str:
    if not count:
        return "Nothing was given up."
    return f"{counted(count, 'lesson')} {'is' if count == 1 else 'are'} due again; `engram worker` learns."
