"""Commands that move memories: `import`, `export`, `reembed`."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from engram_core.cli import options
from engram_core.cli.failures import Misuse
from engram_core.cli.opening import opened, waiting
from engram_core.cli.output import emit, line
from engram_core.cli.progress import bar
from engram_core.cli.wording import counted

if TYPE_CHECKING:
    from engram_core.cli.import_files import Conversations


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON Lines, JSON or zip file.")],
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    infer: Annotated[bool, typer.Option("--infer", help="Let `engram worker` learn from new messages.")] = False,
    json: options.Json = False,
) -> None:
    """Import an export of Engram, of ChatGPT or of Claude.

    What it is, is seen from its content. Conversations of ChatGPT and Claude need --user, and each becomes a session;
    Engram's own records say whose they are. Importing a newer export adds only what is new.

    Messages are stored and found, but nothing is learned from them unless --infer is given: then `engram worker` does.
    Decide at the first import: messages that are there already are not learned from. Engram's own records bring what
    was learned.
    """
    from engram_core.cli.import_files import Conversations, read_import

    scope = options.scoped(user, agent, session)
    with waiting(f"Reading {file.name}"):
        found = read_import(file)
    if isinstance(found, Conversations):
        _import_conversations(found, scope, infer, json)
    elif infer or any(scope.values()):
        raise Misuse("an export of Engram takes no --user, --agent, --session or --infer: each record says whose it is")
    else:
        _import_records(found.path, json)


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; default stdout.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everybody's memories.")] = False,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Write a scope as JSON Lines, for `engram import`.

    Every version and the whole history are in it.
    """
    scope = options.scoped(user, agent, session)
    if every == any(scope.values()):
        raise Misuse("give either --all, or whose memories: --user ID, --agent ID or --session ID")
    if output is None:
        with opened() as memory:
            for record in memory.export(**scope):
                print(line(record))
        return
    with _written_whole(output) as file, opened() as memory, bar("Exporting") as progress:
        count = 0
        for count, record in enumerate(memory.export(**scope), 1):
            file.write(line(record) + "\n")
            progress(count, None)
    emit({"file": str(output), "records": count}) if json else print(f"Wrote {counted(count, 'record')} to {output}.")


def reembed(json: options.Json = False) -> None:
    """Make all vectors anew with the embedder configured.

    The old ones serve until all are made. Interrupted, it goes on when it is run again.
    """
    with opened() as memory, bar("Embedding") as progress:
        done = memory.reembed(progress=progress)
    emit({"embedded": done}) if json else print(
        f"Embedded {counted(done, 'memory', 'memories')}; the store serves them."
    )


def _import_conversations(found: Conversations, scope: options.Scope, infer: bool, json: bool) -> None:
    if scope["user_id"] is None or scope["session_id"] is not None:
        raise Misuse("conversations need --user ID, and take no --session: each becomes a session of its own")
    messages = (message for item in found.items for message in item.messages)
    with opened() as memory, bar("Importing", found.messages) as progress:
        result = memory.add_many(messages, **scope, infer=infer, progress=lambda done: progress(done, None))
    summary = {
        "conversations": len(found.items),
        "added": result.added,
        "duplicates": result.duplicates,
        "skipped": found.skipped,
    }
    if json:
        emit(summary)
        return
    print(f"Imported {counted(result.added, 'message')} of {counted(len(found.items), 'conversation')}.")
    if result.duplicates:
        print(f"{_were(result.duplicates)} there before.")
    if found.skipped:
        print(f"{_were(found.skipped)} left out: system, hidden or empty ones, and the noise of tools.")
    if result.added:
        print("`engram worker` learns from them." if infer else "Nothing is learned from them without --infer.")


def _import_records(path: Path, json: bool) -> None:
    # A first pass for the bar alone: counting lines costs next to nothing.
    with path.open("rb") as file:
        total = sum(1 for _ in file)
    with path.open("rb") as file, opened() as memory, bar("Importing", total) as progress:
        result = memory.import_(file, progress=lambda done: progress(done, None))
    if json:
        emit(result)
        return
    memories, changes = counted(result.memories, "memory", "memories"), counted(result.changes, "change")
    print(f"Imported {memories} and {changes}.")
    if result.duplicates:
        print(f"{_were(result.duplicates)} there before.")


def _were(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'}"


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[str]]:
    """Open a file that is there whole or not at all, and closed to others; a pipe or a device is written as it is."""
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            with path.open("w", encoding="utf-8") as file:
                yield file
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as exc:
        raise Misuse(f"{path} cannot be written: {exc.strerror or exc}") from exc
