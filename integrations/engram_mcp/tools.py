"""The tools: what each is called, takes, gives and does."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from engram_core import AsyncEngram, Change, Memory, NotFoundError
from engram_mcp import answers, arguments, failures
from engram_mcp.answers import Answer
from engram_mcp.binding import Bound, ScopeParts
from engram_mcp.notes import without_unshown
from engram_mcp.schema import schema_of
from engram_mcp.sdk import Refusal, Wire

_PAGE = 1000


async def remember(bound: Bound, given: arguments.NoteToKeep) -> answers.Kept:
    """Keep words, and learn from them."""
    result = await bound.ask(
        lambda engine, scope: engine.add(given.text, occurred_at=given.occurred_at, metadata=given.metadata, **scope)
    )
    return answers.Kept(
        ids=[turn.id for turn in result.turns],
        already_known=result.duplicates > 0,
        changes=answers.views(bound.shown(result.changes)),
        to_be_learned=result.unlearned > 0,
    )


async def recall(bound: Bound, given: arguments.Question) -> answers.Found:
    """Find what matters for a question."""
    result = await bound.ask(
        lambda engine, scope: engine.search(
            given.query, limit=given.limit, as_of=given.as_of, kinds=given.kinds, **scope
        )
    )
    return answers.Found(
        memories=[answers.HitView.found(hit, bound.shows) for hit in result], incomplete=sorted(result.degraded) or None
    )


async def context(bound: Bound, given: arguments.Background) -> answers.Text:
    """Write what matters for a question as text of a bounded size."""
    what: dict[str, Any] = {"as_of": given.as_of, "kinds": given.kinds}
    written = await bound.ask(
        lambda engine, scope: engine.context(given.query, token_budget=given.token_budget, **what, **scope)
    )
    too_small = not written and bool(
        await bound.ask(lambda engine, scope: engine.search(given.query, limit=1, **what, **scope))
    )
    found = {hit.memory.id for hit in written.hits}
    return answers.Text(
        context=without_unshown(written, bound.shows),
        tokens=written.tokens,
        ids=[entry.memory.id for entry in written.entries],
        beside=[entry.memory.id for entry in written.entries if entry.memory.id not in found] or None,
        too_small=too_small,
        incomplete=sorted(written.degraded) or None,
    )


async def list_recent(bound: Bound, given: arguments.Recent) -> answers.Listed:
    """List what was stored last."""

    async def newest(engine: AsyncEngram, scope: ScopeParts) -> list[Memory]:
        # The engine lists oldest first; what is kept on the way is no more than what is asked for.
        last: deque[Memory] = deque(maxlen=given.limit)
        cursor: str | None = None
        while True:
            page = await engine.get_all(kinds=given.kinds, limit=_PAGE, after=cursor, **scope)
            last.extend(page)
            if (cursor := page.cursor) is None:
                return list(reversed(last))

    return answers.Listed(memories=[answers.MemoryView.of(memory) for memory in await bound.ask(newest)])


async def history(bound: Bound, given: arguments.One) -> answers.Told:
    """Tell every change of a memory."""
    changes = await bound.ask(lambda engine, scope: engine.history(given.id, **scope))
    return answers.Told(changes=answers.views(bound.shown(changes)))


async def update(bound: Bound, given: arguments.Correction) -> answers.Changed:
    """Correct a memory."""
    change = await bound.ask(lambda engine, scope: engine.update(given.id, given.text, reason=given.reason, **scope))
    return answers.Changed(change=answers.ChangeView.of(change))


async def forget(bound: Bound, given: arguments.Forgetting) -> answers.Changed:
    """Retire a memory."""
    change = await bound.ask(lambda engine, scope: engine.delete(given.id, reason=given.reason, **scope))
    return answers.Changed(change=answers.ChangeView.of(change))


async def undo(bound: Bound, given: arguments.Reversal) -> answers.Told:
    """Revert a change of a memory in reach."""

    async def revert(engine: AsyncEngram, scope: ScopeParts) -> list[Change]:
        # `undo` itself reaches the whole tenant: what it is given here comes from a history that is in scope.
        known = await engine.history(given.id, **scope)
        wanted = given.change_id.strip().lower()
        if wanted not in {change.id for change in known}:
            raise NotFoundError(f"memory {given.id} has no change {given.change_id!a}; `history` shows those it has")
        return await engine.undo(wanted, reason=given.reason)

    return answers.Told(changes=answers.views(bound.shown(await bound.ask(revert))))


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        title: What a person reads.
        description: What a model reads.
        takes: Its arguments.
        gives: Its answer.
        run: Does it.
        writes: Whether it changes anything; then it is not there in read-only mode.
        takes_away: Whether what was found before may not be found after.
        idempotent: Whether the same call again changes nothing more.
    """

    title: str
    description: str
    takes: type[arguments.Arguments]
    gives: type[Answer]
    run: Callable[[Bound, Any], Awaitable[Answer]]
    writes: bool = False
    takes_away: bool = False
    idempotent: bool = True

    def wire(self, name: str) -> Wire:
        """Describe it as the protocol does."""
        hints: Wire = {"title": self.title, "readOnlyHint": not self.writes, "openWorldHint": False}
        if self.writes:
            hints |= {"destructiveHint": self.takes_away, "idempotentHint": self.idempotent}
        return {
            "name": name,
            "title": self.title,
            "description": self.description,
            "inputSchema": schema_of(self.takes),
            "outputSchema": schema_of(self.gives),
            "annotations": hints,
        }

    async def call(self, name: str, bound: Bound, given: Wire) -> Wire:
        """Do it, and answer as the protocol does; what fails is an error of the tool."""
        try:
            answer = await self.run(bound, self.takes.model_validate(given))
        except ValidationError as exc:
            return _failed(failures.misuse(name, exc, self.takes))
        except Exception as exc:  # noqa: BLE001 - the boundary to the client: every failure is told
            return _failed(failures.explain(exc))
        return {"content": [_text(answer.text())], "structuredContent": answer.data()}


TOOLS = {
    "remember": Tool(
        "Remember",
        "Keep something worth knowing in later conversations: who somebody is, what they like, need, decided or plan. "
        "What contradicts it is superseded, not lost. Not for secrets, and not for what was recalled.",
        arguments.NoteToKeep,
        answers.Kept,
        remember,
        writes=True,
        idempotent=False,
    ),
    "recall": Tool(
        "Recall",
        "Find what is remembered about a question, best first, with ids, dates and what was so before. Use it before "
        "answering what depends on earlier conversations.",
        arguments.Question,
        answers.Found,
        recall,
    ),
    "context": Tool(
        "Context for a prompt",
        "Write what is remembered about a question as dated lines of text within a token budget.",
        arguments.Background,
        answers.Text,
        context,
    ),
    "list_recent": Tool(
        "Recent memories",
        "List the memories that were stored last, the newest first.",
        arguments.Recent,
        answers.Listed,
        list_recent,
    ),
    "history": Tool(
        "History of a memory",
        "Tell every change of a memory, its earlier and its later versions, with reasons.",
        arguments.One,
        answers.Told,
        history,
    ),
    "update": Tool(
        "Correct a memory",
        "Replace what a memory says. The old version is closed and stays in the history; the new one has an id of its "
        "own. `undo` reverts it.",
        arguments.Correction,
        answers.Changed,
        update,
        writes=True,
        takes_away=True,
    ),
    "forget": Tool(
        "Forget a memory",
        "Retire a memory, and the turns that say the same: it is no longer found. Its history stays, and `undo` brings "
        "it back. Only when asked to.",
        arguments.Forgetting,
        answers.Changed,
        forget,
        writes=True,
        takes_away=True,
    ),
    "undo": Tool(
        "Undo a change",
        "Revert one change of a memory, with what it caused: what it opened goes, what it closed holds again.",
        arguments.Reversal,
        answers.Told,
        undo,
        writes=True,
        takes_away=True,
    ),
}


class Toolbox:
    """The tools that a client sees.

    Args:
        bound: What they work on.
        read_only: Leave out those that write.
    """

    def __init__(self, bound: Bound, *, read_only: bool) -> None:
        self._bound = bound
        self._tools = {name: tool for name, tool in TOOLS.items() if not (read_only and tool.writes)}

    async def list(self, _given: Wire) -> Wire:
        """Answer `tools/list`."""
        return {"tools": [tool.wire(name) for name, tool in self._tools.items()]}

    async def call(self, given: Wire) -> Wire:
        """Answer `tools/call`."""
        name = given["name"]
        if name not in self._tools:
            raise Refusal(f"There is no tool {name!a} here; there are {', '.join(self._tools)}.")
        return await self._tools[name].call(name, self._bound, given.get("arguments") or {})


def _failed(message: str) -> Wire:
    return {"content": [_text(message)], "isError": True}


def _text(words: str) -> Wire:
    return {"type": "text", "text": words}
