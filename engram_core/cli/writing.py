"""Commands that change memories: `add`, `update`, `delete`, `erase`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from engram_core.cli import options
from engram_core.cli.failures import Misuse
from engram_core.cli.opening import opened
from engram_core.cli.output import emit
from engram_core.cli.wording import counted
from engram_core.errors import InvalidInputError

if TYPE_CHECKING:
    from engram_core.domain.change import Change
    from engram_core.domain.results import AddResult


def add(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT", help="What was said, each a turn; - reads stdin.")],
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    role: Annotated[str, typer.Option("--role", help="user, assistant, system or tool.")] = "user",
    name: Annotated[str | None, typer.Option("--name", help="Who spoke, where the role does not tell.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When it was said (ISO 8601).")] = None,
    meta: options.Meta = None,
    expires: options.Expires = None,
    infer: Annotated[bool, typer.Option("--infer/--no-infer", help="Learn statements from the turns.")] = True,
    defer: Annotated[bool, typer.Option("--defer", help="Let `engram worker` learn.")] = False,
    json: options.Json = False,
) -> None:
    """Remember what was said, word for word, and learn from it."""
    metadata, ends = options.read_metadata(meta), options.read_end(expires)
    messages = [{"content": options.read_text(text), "role": role, "name": name} for text in texts]
    with opened("Remembering") as memory:
        result = memory.add(
            messages,
            **options.scoped(user, agent, session),
            occurred_at=at,
            metadata=metadata,
            expires_at=ends,
            infer=infer,
            defer=defer,
        )
    emit(result) if json else _tell_added(result, defer=defer)


def update(
    id: options.MemoryId,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The new words; - reads stdin.")] = None,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    meta: options.Meta = None,
    importance: Annotated[float | None, typer.Option("--importance", help="0 to 1.")] = None,
    expires: options.Expires = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Correct a memory; the earlier version is kept.

    The version that holds is closed and a new one opened, with an id of its own. --meta replaces all of the metadata.
    """
    if text is None and not meta and importance is None and expires is None:
        raise Misuse("nothing to change: give the new TEXT, --meta, --importance or --expires")
    with opened("Updating") as memory:
        change = memory.update(
            id,
            None if text is None else options.read_text(text),
            metadata=options.read_metadata(meta),
            importance=importance,
            expires_at=expires,
            reason=reason,
            **options.scoped(user, agent, session),
        )
    emit(change) if json else _tell_updated(change)


def delete(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The id of a memory.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every current memory of the scope.")] = False,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    reason: options.Reason = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Retire a memory, or all of a scope.

    It is no longer found, but stays in the history; `engram erase` removes for good.
    """
    if (id is None) == (not every):
        raise Misuse("give either the ID of a memory, or --all and whose: --user ID, --agent ID or --session ID")
    scope = options.scoped(user, agent, session)
    if id is None:
        _delete_all(scope, reason, yes, json)
    else:
        _delete_one(id, scope, reason, yes, json)


def erase(
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Remove a scope for good, history included.

    Prints the receipt. There is no way back.
    """
    scope = options.scoped(user, agent, session)
    _require(scope)
    options.confirm(f"Remove everything of {_named(scope)} for good, history included?", yes)
    with opened("Erasing") as memory:
        receipt = memory.erase(**scope)
    if json:
        emit(receipt)
    else:
        from engram_core.cli import rendering

        print(f"Erased everything of {_named(scope)}:")
        rendering.console().print(rendering.counts(dataclasses.asdict(receipt)))


def _delete_all(scope: options.Scope, reason: str | None, yes: bool, json: bool) -> None:
    _require(scope)
    options.confirm(f"Retire every current memory of {_named(scope)}?", yes)
    with opened("Deleting") as memory:
        retired = memory.delete_all(**scope, reason=reason)
    emit({"retired": retired}) if json else print(f"Retired {counted(retired, 'memory', 'memories')}.")


def _delete_one(id: str, scope: options.Scope, reason: str | None, yes: bool, json: bool) -> None:
    from engram_core.cli.rendering import short

    with opened() as memory:
        found = memory.get(id, **scope)
        options.confirm(f"Retire “{short(found.text, 60)}”?", yes)
        change = memory.delete(id, reason=reason, **scope)
    if json:
        emit(change)
    else:
        print(f"Retired {change.memory.id}; its history stays.")
        print(f"`engram undo {change.id}` brings it back.")


def _tell_updated(change: Change) -> None:
    from engram_core.cli import rendering

    rendering.console().print(rendering.changes_table([change]))
    print(f"It is now {change.memory.id}; `engram history` tells the rest.")


def _tell_added(result: AddResult, *, defer: bool) -> None:
    from engram_core.cli import rendering

    print(f"Remembered {counted(len(result.turns), 'turn')}.", end="")
    print(f" {result.duplicates:,} {_were(result.duplicates)} there before." if result.duplicates else "")
    if result.pending:
        print(_pending(result.pending, defer=defer))
    rendering.console().print(rendering.memories_table(result.turns))
    if result.changes:
        print("Learned:")
        rendering.console().print(rendering.changes_table(result.changes))
    if result.unlearned:
        are = "is" if result.unlearned == 1 else "are"
        print(f"{result.unlearned} {are} still to be learned from; `engram queue` tells more.")


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _pending(count: int, *, defer: bool) -> str:
    have, were, them = ("has", "it was", "it") if count == 1 else ("have", "they were", "them")
    why = f"{were} deferred" if defer else "the embedder failed"
    return f"{count} {have} no vector yet: {why}; until then words alone find {them}."


def _require(scope: options.Scope) -> None:
    """Refuse an empty scope before anything is asked."""
    if not any(scope.values()):
        raise InvalidInputError("scope", None, "at least one of user_id, agent_id, session_id")


def _named(scope: options.Scope) -> str:
    return ", ".join(f"{part.removesuffix('_id')} {value!r}" for part, value in scope.items() if value is not None)
