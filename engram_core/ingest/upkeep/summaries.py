"""Summaries of sessions, written by a model: each goes on from the one before, so that no turn is read twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from uuid import NAMESPACE_OID, uuid5

from pydantic import BaseModel, StringConstraints

from engram_core.domain.change import Change, Op, retirement
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.asking import Meter, ask
from engram_core.ingest.learn.prompting import Prompts, indented, on_one_line
from engram_core.ports import ChatModel

logger = logging.getLogger(__name__)

#: Turns that are new in a session before it is summarised, or summarised anew.
LEAST_TURNS = 4
#: Characters of turns put into one call.
MOST_CHARACTERS = 24_000
_LONGEST_TURN = 4_000
_LONGEST = 2_000


class Summary(BaseModel):
    """What the model is asked for."""

    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be summarised of one session.

    Attributes:
        id: Of the summary to be. It follows from what it covers: the second of two written at once is refused, and one
            that was deleted is not written again from the same turns.
        new: Turns that no summary covers, oldest first.
        last: The summary so far.
        extra: Other current ones, where two were written at once.
    """

    id: str
    new: tuple[Memory, ...]
    last: Memory | None
    extra: tuple[Memory, ...]


def plan(turns: Sequence[Memory], present: Sequence[Memory]) -> Plan | None:
    """Plan the summary of one session; None where little is new.

    Args:
        turns: The current ones of the session, oldest first.
        present: Its current summaries.
    """
    replaced = {memory.supersedes for memory in present}
    heads = [memory for memory in present if memory.id not in replaced]
    ranked = sorted(heads, key=lambda memory: (len(memory.sources), memory.id))
    last = ranked.pop() if ranked else None
    known = frozenset(last.sources) if last is not None else frozenset()
    new = tuple(turn for turn in turns if turn.id not in known)
    if len(new) < LEAST_TURNS:
        return None
    return Plan(_id(new[0].scope, _sources(last, new)), new, last, tuple(ranked))


class Summariser:
    """Writes summaries.

    Args:
        model: Asked once for each 24,000 characters of new turns.
        meter: Counts.
        prompts: Where `summarise.v1` comes from.
    """

    def __init__(self, model: ChatModel, meter: Meter, prompts: Prompts) -> None:
        self.name = model.name
        self._model = model
        self._meter = meter
        self._system = prompts.write("summarise.v1")

    async def summarise(self, plan: Plan, now: datetime) -> list[Change]:
        """Write what was planned: an ADD, or an UPDATE of the summary so far.

        Raises:
            ProviderError: The model failed, or its answer does not fit.
        """
        text = "" if plan.last is None else plan.last.text
        for piece in _pieces(plan.new):
            text = await self._extended(text, piece)
        after = _summary(text, plan, now)
        before = None if plan.last is None else replace(plan.last, valid_to=after.valid_from)
        op, reason = (Op.ADD, "the session was summarised") if before is None else (Op.UPDATE, "the session went on")
        sources = tuple(turn.id for turn in plan.new)
        superfluous = "another summary covers its session"
        changes = [retirement(m, now, superfluous, self.name, evidence=m.sources) for m in plan.extra]
        return [*changes, Change(new_id(), op, before, after, reason, self.name, now, sources)]

    async def _extended(self, text: str, turns: Sequence[Memory]) -> str:
        before = f"The summary so far:\n{text}\n\n" if text else ""
        user = f"{before}The turns that follow:\n" + "\n".join(map(_shown, turns))
        answer = await ask(self._model, self._meter, self._system, user, Summary)
        return answer.summary


def _id(scope: Scope, sources: Sequence[str]) -> str:
    parts = (scope.tenant, scope.user_id, scope.agent_id, scope.session_id, *sources)
    return str(uuid5(NAMESPACE_OID, repr(parts)))


def _sources(last: Memory | None, new: Sequence[Memory]) -> tuple[str, ...]:
    return (*(last.sources if last is not None else ()), *(turn.id for turn in new))


def _summary(text: str, plan: Plan, now: datetime) -> Memory:
    covered = plan.new if plan.last is None else (plan.last, *plan.new)
    ends = [memory.expires_at for memory in covered if memory.expires_at is not None]
    return Memory(
        id=plan.id,
        scope=plan.new[0].scope,
        kind="summary",
        text=text,
        # What it says is known only at the last turn: asked for the past, it must not tell of what came later.
        valid_from=min(max(memory.valid_from for memory in covered), now),
        recorded_at=now,
        origin="tool",
        sources=_sources(plan.last, plan.new),
        supersedes=None if plan.last is None else plan.last.id,
        metadata=_shared(covered),
        expires_at=min(ends, default=None),
    )


def _shared(memories: Sequence[Memory]) -> dict[str, object]:
    """Return the metadata that all of these have."""
    first, *others = memories
    return {k: v for k, v in first.metadata.items() if all(k in m.metadata and m.metadata[k] == v for m in others)}


def _pieces(turns: Sequence[Memory]) -> Iterator[list[Memory]]:
    piece: list[Memory] = []
    length = 0
    for turn in turns:
        size = min(len(turn.text), _LONGEST_TURN)
        if piece and length + size > MOST_CHARACTERS:
            yield piece
            piece, length = [], 0
        piece.append(turn)
        length += size
    yield piece


def _shown(turn: Memory) -> str:
    """Write a turn: whatever its words and its speaker's name hold, it does not look like two."""
    who = on_one_line(turn.speaker or turn.role or "user")
    return f"[{turn.valid_from:%Y-%m-%d %H:%M}] {who}: {indented(turn.text[:_LONGEST_TURN])}"
