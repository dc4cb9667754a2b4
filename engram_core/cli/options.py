"""Options that several commands take, and how their values are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypedDict

import typer

from engram_core.errors import InvalidInputError

User = Annotated[str | None, typer.Option("--user", "-u", metavar="ID", help="Whose memories.")]
Agent = Annotated[str | None, typer.Option("--agent", "-a", metavar="ID", help="Those with this agent.")]
Session = Annotated[str | None, typer.Option("--session", "-s", metavar="ID", help="Those of this conversation.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON for scripts and nothing else.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", "-k", metavar="KIND", help="turn, fact, preference, event or summary.")
]
Filters = Annotated[
    str | None, typer.Option("--filter", metavar="JSON", help='Condition on metadata: {"year": {"$gte": 2024}}.')
]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="What held then (ISO 8601); default now.")]
Meta = Annotated[
    list[str] | None, typer.Option("--meta", metavar="KEY=JSON", help="Metadata; a value that is not JSON is a string.")
]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="From then on it is no longer found (ISO 8601).")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Kept in the history.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
MemoryId = Annotated[str, typer.Argument(metavar="ID", help="The id of a memory.")]


class Scope(TypedDict):
    """A scope, named as the verbs name it."""

    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Conditions(TypedDict):
    """The conditions of a reading, named as the verbs name them."""

    kinds: list[str] | None
    filters: Any
    as_of: str | None


def scoped(user: str | None, agent: str | None, session: str | None) -> Scope:
    """Name the scope as the verbs do."""
    return {"user_id": user, "agent_id": agent, "session_id": session}


def narrowed(kinds: list[str] | None, filters: str | None, as_of: str | None) -> Conditions:
    """Name the conditions of a reading as the verbs do."""
    return {"kinds": kinds or None, "filters": read_filter(filters), "as_of": as_of}


def read_filter(text: str | None) -> Any:
    """Read `--filter`; its shape is checked by the verb."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise InvalidInputError("--filter", text, 'JSON such as {"topic": "food"}') from None


def read_metadata(pairs: Iterable[str] | None) -> dict[str, Any] | None:
    """Read `--meta KEY=JSON`, given any number of times; None when it was not given."""
    if not pairs:
        return None
    metadata: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise InvalidInputError("--meta", pair, "KEY=JSON")
        try:
            metadata[key] = json.loads(value)
        except ValueError:
            metadata[key] = value
    return metadata


def read_end(text: str | None) -> str | None:
    """Read `--expires` for something new: with an end that has passed, it would never be found."""
    from engram_core.domain.checks import check_time

    end = check_time("expires_at", text)
    if end is not None and end <= datetime.now(UTC):
        raise InvalidInputError("expires_at", text, "a time to come: what has expired is never found")
    return text


def read_text(given: str) -> str:
    """Return a text argument, or all of stdin for `-`, without the newline that ends it."""
    return sys.stdin.read().removesuffix("\n") if given == "-" else given


def confirm(question: str, yes: bool) -> None:
    """Ask before something is taken away.

    Raises:
        typer.BadParameter: Nobody can be asked, and `--yes` was not given.
        typer.Abort: The answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on; pass --yes to go ahead", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)
