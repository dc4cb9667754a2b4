"""What the tools give: the same answer as data and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from engram_core import Change, Hit, Memory
from engram_mcp.schema import Nothing

_INCOMPLETE = "Parts of the search that failed this time."

Moment = Annotated[datetime, Field(description="In UTC.")]


class Answer(BaseModel):
    """The answer of one tool."""

    def data(self) -> dict[str, Any]:
        """Write it as JSON holds it, without what is not known."""
        return self.model_dump(mode="json", exclude_none=True)

    def text(self) -> str:
        """Write it for a reader."""
        raise NotImplementedError


class MemoryView(BaseModel):
    """One memory as a client sees it."""

    id: str
    kind: str
    text: str
    said_by: Annotated[str | Nothing, Field(description="Of a turn, who said it.")] = None
    valid_from: Annotated[datetime, Field(description="Since when it holds; of a turn, when it was said.")]
    valid_to: Annotated[datetime | Nothing, Field(description="Until when it held; absent while it does.")] = None
    recorded_at: Annotated[datetime, Field(description="When it was stored.")]
    retired_at: Annotated[datetime | Nothing, Field(description="When it was forgotten.")] = None
    expires_at: Annotated[datetime | Nothing, Field(description="From then on it is no longer found.")] = None
    supersedes: Annotated[str | Nothing, Field(description="Id of the version it replaced.")] = None
    sources: Annotated[list[str] | Nothing, Field(description="Ids of the turns it was learned from.")] = None
    agent_id: str | Nothing = None
    session_id: str | Nothing = None
    metadata: dict[str, Any] | Nothing = None

    @classmethod
    def of(cls, memory: Memory) -> Self:
        """View a memory."""
        return cls(**_seen(memory))

    def line(self) -> str:
        """Write it on one line, with what became of it and its id."""
        words = _flat(self.text)
        said = f"{self.said_by}: {words}" if self.said_by else words
        notes = "".join(f" ({note})" for note in self.notes())
        return f"- [{_day(self.valid_from)}] {said}{notes} <{self.kind} {self.id}>"

    def notes(self) -> Iterator[str]:
        """Say what became of it."""
        if self.valid_to:
            yield f"until {_day(self.valid_to)}"
        if self.retired_at:
            yield f"forgotten {_day(self.retired_at)}"


class HitView(MemoryView):
    """One memory that was found."""

    score: Annotated[float, Field(description="0 to 1; by the default ranker, a probability.")] = 0.0
    before: Annotated[str | Nothing, Field(description="What was so before this statement.")] = None
    ended_at: Annotated[datetime | Nothing, Field(description="Since when what was said is no longer so.")] = None
    now: Annotated[str | Nothing, Field(description="What is so instead.")] = None

    @classmethod
    def found(cls, hit: Hit, shows: Callable[[Memory | None], bool]) -> Self:
        """View a hit, and of what it replaced and what replaced it only what may be shown."""
        return cls(
            **_seen(hit.memory),
            score=round(hit.score, 4),
            before=hit.replaced.text if hit.replaced and shows(hit.replaced) else None,
            ended_at=hit.ended_at,
            now=hit.superseded_by.text if hit.superseded_by and shows(hit.superseded_by) else None,
        )

    def notes(self) -> Iterator[str]:
        """Say what it replaced and what became of it: a change is never silent."""
        yield from super().notes()
        if self.before:
            yield f"before: {_flat(self.before)}"
        if self.ended_at:
            yield f"no longer so since {_day(self.ended_at)}"
        if self.now:
            yield f"now: {_flat(self.now)}"


class ChangeView(BaseModel):
    """One decision about a memory."""

    change_id: Annotated[str, Field(description="What `undo` takes.")]
    op: Annotated[str, Field(description="ADD, UPDATE, DELETE, or NOOP for what was known already.")]
    at: Moment
    reason: str
    actor: str
    before: MemoryView | Nothing = None
    after: MemoryView | Nothing = None

    @classmethod
    def of(cls, change: Change) -> Self:
        """View a change."""
        return cls(
            change_id=change.id,
            op=str(change.op),
            at=change.at,
            reason=change.reason,
            actor=change.actor,
            before=MemoryView.of(change.before) if change.before else None,
            after=MemoryView.of(change.after) if change.after else None,
        )

    def line(self) -> str:
        """Write it on one line, with both ids."""
        view = self.after or self.before
        words = _flat(view.text) if view else ""
        was = f" (before: {_flat(self.before.text)})" if self.after and self.before else ""
        of = f" of memory {view.id}" if view else ""
        return f"- [{_day(self.at)}] {self.op} {words}{was} (why: {_flat(self.reason)}) <change {self.change_id}{of}>"


class Kept(Answer):
    """What `remember` gives."""

    ids: Annotated[list[str], Field(description="Of the turns that keep the words.")]
    already_known: Annotated[bool, Field(description="Whether the same words were kept for that time before.")]
    changes: Annotated[list[ChangeView], Field(description="What was learned from them.")]
    to_be_learned: Annotated[bool, Field(description="Whether learning from them comes later.")]

    def text(self) -> str:
        """Write it for a reader."""
        lines = [f"{'Known already' if self.already_known else 'Remembered'} <turn {', '.join(self.ids)}>"]
        lines += [change.line() for change in self.changes]
        if self.to_be_learned:
            lines.append("What follows from it is learned later.")
        return "\n".join(lines)


class Found(Answer):
    """What `recall` gives."""

    memories: list[HitView]
    incomplete: Annotated[list[str] | Nothing, Field(description=_INCOMPLETE)] = None

    def text(self) -> str:
        """Write it for a reader."""
        lines = [hit.line() for hit in self.memories] or ["Nothing is remembered about that."]
        if self.incomplete:
            lines.append(_missing(self.incomplete))
        return "\n".join(lines)


class Text(Answer):
    """What `context` gives."""

    context: Annotated[str, Field(description="Dated lines in the order of time; blank when nothing is known or fits.")]
    tokens: int
    ids: Annotated[list[str], Field(description="Of the memories that it holds, in its order.")]
    beside: Annotated[list[str] | Nothing, Field(description="Those of them that only make another one readable.")] = (
        None
    )
    too_small: Annotated[bool, Field(description="Whether something is known, but none of it fits the budget.")] = False
    incomplete: Annotated[list[str] | Nothing, Field(description=_INCOMPLETE)] = None

    def text(self) -> str:
        """Write it for a reader."""
        if self.too_small:
            return "Something is remembered about that, but none of it fits: ask again with a larger token_budget."
        words = self.context or "Nothing is remembered about that."
        return f"{words}\n\n{_missing(self.incomplete)}" if self.incomplete else words


class Listed(Answer):
    """What `list_recent` gives."""

    memories: list[MemoryView]

    def text(self) -> str:
        """Write it for a reader."""
        return "\n".join(memory.line() for memory in self.memories) or "Nothing is remembered yet."


class Changed(Answer):
    """What `update` and `forget` give."""

    change: ChangeView

    def text(self) -> str:
        """Write it for a reader."""
        return f"{self.change.line()}\nTo take it back: `undo` with these two ids."


class Told(Answer):
    """What `history` and `undo` give."""

    changes: Annotated[list[ChangeView], Field(description="Oldest first.")]

    def text(self) -> str:
        """Write it for a reader."""
        return "\n".join(change.line() for change in self.changes)


def views(changes: Iterable[Change]) -> list[ChangeView]:
    """View changes."""
    return [ChangeView.of(change) for change in changes]


def _seen(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id,
        "kind": memory.kind,
        "text": memory.text,
        "said_by": (memory.speaker or memory.role) if memory.kind == "turn" else None,
        "valid_from": memory.valid_from,
        "valid_to": memory.valid_to,
        "recorded_at": memory.recorded_at,
        "retired_at": memory.retired_at,
        "expires_at": memory.expires_at,
        "supersedes": memory.supersedes,
        "sources": list(memory.sources) or None,
        "agent_id": memory.scope.agent_id,
        "session_id": memory.scope.session_id,
        "metadata": dict(memory.metadata) or None,
    }


def _missing(parts: Iterable[str]) -> str:
    return f"Incomplete: {' and '.join(parts)} could not be read this time; try again in a moment."


def _flat(words: str) -> str:
    return " ".join(words.split())


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
