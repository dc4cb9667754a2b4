"""What was decided about a memory, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory


class Op(StrEnum):
    """The four decisions of reconciliation."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    NOOP = "NOOP"


@dataclass(frozen=True, slots=True)
class Change:
    """One decision, kept for good, with the versions as they were then.

    Attributes:
        id: A UUID.
        op: What was decided.
        before: The version that was closed (UPDATE, DELETE) or that already said it (NOOP).
        after: The version that was opened (ADD, UPDATE).
        reason: Why, in words.
        actor: Who decided: `user`, `rules`, a model's name, …
        at: When it was recorded.
        evidence: Ids of the turns that led to it. A NOOP with an `after` adds them to the sources of that version:
            another observation of the same.
        cause: The change that it is a part of: turns that are withheld with a deleted statement name its DELETE.
        undoes: The change that it reverts; `after` is then a version that is there already and holds again.
    """

    id: str
    op: Op
    before: Memory | None
    after: Memory | None
    reason: str
    actor: str
    at: datetime
    evidence: tuple[str, ...] = ()
    cause: str | None = None
    undoes: str | None = None

    @property
    def memory(self) -> Memory:
        """The memory it is about: what it is now, else what it was."""
        memory = self.after or self.before
        assert memory is not None, "a change is always about a memory"
        return memory


def retirement(
    memory: Memory, at: datetime, reason: str, actor: str, *, evidence: tuple[str, ...] = (), cause: str | None = None
) -> Change:
    """Make the DELETE that retires a memory.

    Args:
        memory: As it is now.
        at: When it is retired.
        reason: See `Change`, and so the rest.
        actor: As above.
        evidence: As above.
        cause: As above.
    """
    before = replace(memory, retired_at=at)
    return Change(new_id(), Op.DELETE, before, None, reason, actor, at, evidence, cause=cause)


def observed(change: Change) -> Change:
    """Give an observation the sources that its versions had then, where only the present ones are kept.

    Before a NOOP the version lacks the sources in its evidence, after it has them; where it undoes another, reversed.
    """
    before, after = change.before, change.after
    if change.op is not Op.NOOP or before is None or after is None:
        return change
    without = tuple(id for id in after.sources if id not in change.evidence)
    lacking, having = replace(after, sources=without), replace(after, sources=(*without, *change.evidence))
    if change.undoes is None:
        return replace(change, before=lacking, after=having)
    return replace(change, before=having, after=lacking)
