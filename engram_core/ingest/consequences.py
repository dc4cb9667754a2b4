"""What else changes when a memory is deleted, corrected, or a decision is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.change import Change, Op
from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, NotFoundError
from engram_core.ingest.withhold import orphaned, orphans, withheld
from engram_core.ports import MemoryStore


async def deleted(store: MemoryStore, change: Change) -> list[Change]:
    """Add to the deletion of a statement that of the turns that say it; to that of a turn, what is learned from it."""
    memory = change.memory
    if memory.kind == "summary":
        return [change]
    if memory.kind == "turn":
        return [change, *orphaned(change, await _learned(store, memory), await _gone(store, memory))]
    turns = await store.get(memory.scope.tenant, list(memory.sources))
    changes = [change, *withheld(change, [turn for turn in turns if turn.kind == "turn"])]
    return [*changes, *await summaries_of(store, memory.scope.tenant, changes)]


async def summaries_of(store: MemoryStore, tenant: str, changes: Sequence[Change]) -> list[Change]:
    """Retire the summaries that tell of the turns that these changes withhold."""
    causes = {
        change.memory.id: replace(change, id=change.cause or change.id)
        for change in changes
        if change.op is Op.DELETE and change.memory.kind == "turn"
    }
    learned = await store.learned_from(Scope(tenant), list(causes)) if causes else []
    told = orphans([memory for memory in learned if memory.kind == "summary"], causes)
    return [
        retired
        for memory in told
        for retired in orphaned(next(causes[id] for id in memory.sources if id in causes), [memory], causes)
    ]


async def updated(store: MemoryStore, change: Change) -> list[Change]:
    """Give new words for a turn the place of what was learned from it; new words for a statement are its new value."""
    before, after = change.before, change.after
    assert before is not None
    assert after is not None
    if before.text == after.text:
        return [change]
    if before.kind != "turn":
        claim = None if after.claim is None else replace(after.claim, value=after.text, holds=True)
        # The new words are the caller's: no turn says them.
        return [replace(change, after=replace(after, claim=claim, sources=()))]
    learned = orphans(await _learned(store, before), await _gone(store, before))
    claims = [memory.claim for memory in learned if memory.claim is not None]
    claim = Claim(claims[0].subject, claims[0].attribute, after.text) if len(claims) == 1 else None
    first = replace(change, after=replace(after, claim=claim))
    return [first, *orphaned(first, learned, await _gone(store, before))]


async def retire_orphans(store: MemoryStore, tenant: str, deletions: Sequence[Change]) -> int:
    """Retire the statements that have no source left after these turns were deleted; return how many."""
    causes = {change.memory.id: change for change in deletions if change.memory.kind == "turn"}
    if not causes:
        return 0
    learned = await store.learned_from(Scope(tenant), list(causes))
    sources = {id for memory in learned for id in memory.sources}
    kept = {turn.id for turn in await store.get(tenant, list(sources)) if turn.retired_at is None}
    retired = 0
    by_scope: dict[Scope, list[Change]] = {}
    for memory in orphans(learned, sources - kept):
        cause = next(causes[id] for id in memory.sources if id in causes)
        by_scope.setdefault(memory.scope, []).extend(orphaned(cause, [memory], memory.sources))
    for scope, changes in by_scope.items():
        retired += await store.retire_all(scope, changes)
    return retired


async def undone(store: MemoryStore, tenant: str, id: str, now: datetime, reason: str | None) -> list[Change]:
    """Make the changes that revert a decision and what it caused.

    Raises:
        NotFoundError: There is no such change.
        ConflictError: It is part of another change, or was undone before, or a later one builds on it.
    """
    decision = await store.decision(tenant, id)
    if not decision:
        raise NotFoundError(f"no change {id}")
    if decision[0].cause is not None:
        raise ConflictError(f"change {id} is a part of {decision[0].cause}: undo that one")
    if decision[0].undoes is not None:
        raise ConflictError(f"change {id} undid another; what it undid can be said again, or corrected by `update`")
    why = reason or "undone by the caller"
    ids = [memory.id for change in decision for memory in (change.before, change.after) if memory is not None]
    present = {memory.id: memory for memory in await store.get(tenant, ids)}
    reverted: list[Change] = []
    for change in decision:
        made = _reverted(change, present, now, why)
        cause = reverted[0].id if reverted else None
        reverted.append(replace(made, cause=cause))
    return reverted


def _reverted(change: Change, present: dict[str, Memory], now: datetime, reason: str) -> Change:
    before = present.get(change.before.id) if change.before is not None else None
    after = present.get(change.after.id) if change.after is not None else None
    made = Change(new_id(), Op.NOOP, None, None, reason, "user", now, change.evidence, undoes=change.id)
    if change.op is Op.ADD and after is not None:
        _require(after.retired_at is None, change)
        return replace(made, op=Op.DELETE, before=replace(after, retired_at=now))
    if change.op is Op.UPDATE and before is not None and after is not None:
        _require(after.retired_at is None and after.valid_to is None and before.valid_to is not None, change)
        # It never held: no moment of the past is left to it, and none is without a version.
        ended = replace(after, valid_to=after.valid_from, retired_at=now)
        return replace(made, op=Op.UPDATE, before=ended, after=_reopened(before, change))
    if change.op is Op.DELETE and before is not None:
        _require(before.retired_at is not None, change)
        return replace(made, op=Op.ADD, after=_reopened(before, change))
    if change.op is Op.NOOP and before is not None:
        sources = tuple(id for id in before.sources if id not in change.evidence)
        observed = change.after is not None and sources != before.sources
        _require(observed, change)
        return replace(made, before=before, after=replace(before, sources=sources))
    raise ConflictError(f"what change {change.id} was about is erased")


def _reopened(memory: Memory, change: Change) -> Memory:
    """Return a version with the ends that it had before a change."""
    if change.op is Op.DELETE:
        return replace(memory, retired_at=None)
    return replace(memory, valid_to=None, retired_at=None)


def _require(condition: bool, change: Change) -> None:
    if not condition:
        raise ConflictError(f"change {change.id} was undone before, or a later one builds on it: undo that first")


async def _learned(store: MemoryStore, turn: Memory) -> list[Memory]:
    return await store.learned_from(turn.scope, [turn.id])


async def _gone(store: MemoryStore, turn: Memory) -> set[str]:
    """Return the turn and those other sources of what was learned from it that are retired already."""
    sources = {id for memory in await _learned(store, turn) for id in memory.sources}
    others = await store.get(turn.scope.tenant, list(sources - {turn.id}))
    return {turn.id} | {other.id for other in others if other.retired_at is not None}
