"""Commands that recall: `search`, `context`, `list`, `show`, `history`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram_core.cli import options
from engram_core.cli.opening import opened
from engram_core.cli.output import emit, emit_lines

if TYPE_CHECKING:
    from engram_core.domain.memory import Memory
    from engram_core.sync import Engram

_PAGE = 1000


def search(
    query: Annotated[str, typer.Argument(metavar="QUESTION", help="Any text; - reads stdin.")],
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Hits at most, 1 to 200.")] = 10,
    kinds: options.Kinds = None,
    filters: options.Filters = None,
    as_of: options.AsOf = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each signal said and where time went.")] = False,
    json: options.Json = False,
) -> None:
    """Find what matters for a question."""
    with opened("Searching") as memory:
        recall = memory.search(
            options.read_text(query),
            **options.scoped(user, agent, session),
            **options.narrowed(kinds, filters, as_of),
            limit=limit,
        )
    _warn(recall.degraded)
    if json:
        emit(recall)
    elif recall:
        from engram_core.cli import rendering

        rendering.console().print(rendering.hits_table(recall, explain=explain))
    else:
        _say_nothing_found()


def context(
    query: Annotated[str, typer.Argument(metavar="QUESTION", help="Any text; - reads stdin.")],
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    budget: Annotated[int, typer.Option("--budget", "-b", help="Tokens at most.")] = 2000,
    kinds: options.Kinds = None,
    filters: options.Filters = None,
    as_of: options.AsOf = None,
    json: options.Json = False,
) -> None:
    """Write what matters for a question as text for a prompt."""
    with opened("Searching") as memory:
        text = memory.context(
            options.read_text(query),
            token_budget=budget,
            **options.scoped(user, agent, session),
            **options.narrowed(kinds, filters, as_of),
        )
    _warn(text.degraded)
    if json:
        known = {"tokens": text.tokens, "hits": text.hits, "entries": text.entries, "degraded": text.degraded}
        emit({"text": str(text), **known})
    elif text:
        from engram_core.cli.rendering import visible

        print(visible(text))
    else:
        _say_nothing_found()


def list_(
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Memories at most.")] = 50,
    kinds: options.Kinds = None,
    filters: options.Filters = None,
    as_of: options.AsOf = None,
    json: options.Json = False,
) -> None:
    """List current memories, oldest first."""
    conditions = {**options.scoped(user, agent, session), **options.narrowed(kinds, filters, as_of)}
    if json:
        with opened() as memory:
            emit_lines(_pages(memory, conditions, limit))
    else:
        with opened("Reading") as memory:
            found = list(_pages(memory, conditions, limit + 1))
        _print_list(found, limit)


def show(
    id: options.MemoryId,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Show one memory, whole, whatever became of it."""
    with opened("Reading") as memory:
        found = memory.get(id, **options.scoped(user, agent, session))
    if json:
        emit(found)
    else:
        from engram_core.cli import rendering

        rendering.console().print(rendering.memory_details(found))


def history(
    id: options.MemoryId,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Tell every change of a memory, with its reason."""
    with opened("Reading") as memory:
        changes = memory.history(id, **options.scoped(user, agent, session))
    if json:
        emit_lines(changes)
    else:
        from engram_core.cli import rendering

        rendering.console().print(rendering.changes_table(changes))


def _print_list(found: list[Memory], limit: int) -> None:
    from engram_core.cli import rendering

    if not found:
        _say_nothing_found()
        return
    rendering.console().print(rendering.memories_table(found[:limit]))
    if len(found) > limit:
        shown = "this one" if limit == 1 else f"these {limit:,}"
        print(f"There are more than {shown}: --limit shows more, --kind and --filter fewer.", file=sys.stderr)


def _pages(memory: Engram, conditions: dict[str, Any], limit: int) -> Iterator[Memory]:
    cursor: str | None = None
    left = limit
    while left:
        page = memory.get_all(**conditions, limit=min(left, _PAGE), after=cursor)
        yield from page
        left -= len(page)
        if (cursor := page.cursor) is None:
            return


def _warn(degraded: Mapping[str, str]) -> None:
    for part, reason in degraded.items():
        print(f"warning: {part} did not answer: {reason}", file=sys.stderr)


def _say_nothing_found() -> None:
    print("Nothing found.", file=sys.stderr)
