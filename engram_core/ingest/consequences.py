"""What else changes when a memory is deleted, corrected, or a decision is undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engram_core.domain.change import Change, Op
from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, NotFoundError
from engram_core.ingest.echoes import echoes
from engram_core.ingest.learn.alike import PEOPLE, name_in
from engram_core.ingest.learn.rules.reading import read_alone
from engram_core.ingest.upkeep.duplicates import ACTOR as MERGER
from engram_core.ingest.upkeep.duplicates import alike
from engram_core.ingest.withhold import orphaned, orphaned_by, orphans, part_of, withheld
from engram_core.ports import MemoryStore


async def deleted(store: MemoryStore, change: Change) -> list[Change]:
    """Add to the deletion of a statement that of the turns that say it; to that of a turn, what is learned from it."""
    memory = change.memory
    if memory.kind == "summary":
        return [change]
    if memory.kind == "turn":
        learned = await _learned(store, memory)
        return [change, *orphaned(change, learned, await _gone(store, memory, learned))]
    turns = await _turns(store, memory)
    changes = [change, *withheld(change, turns), *await echoes(store, change, turns)]
    return [*changes, *await summaries_of(store, memory.scope.tenant, changes)]


async def forgotten(store: MemoryStore, changes: Sequence[Change], asked: Mapping[str, bool]) -> list[Change]:
    """Retire also what was so before that which is to be forgotten, with the turns that say it.

    Args:
        store: Open.
        changes: All that is going to happen.
        asked: Ids of the deletions that were asked for by "forget …"; True where an attribute was named as a whole.
    """
    done = {change.memory.id for change in changes if change.op is Op.DELETE}
    more: list[Change] = []
    for change in (change for change in changes if change.id in asked):
        for memory in [*await _earlier(store, change, whole=asked[change.id]), *await _of_somebody(store, change)]:
            fresh = [m for m in [memory, *await _turns(store, memory)] if m.retired_at is None and m.id not in done]
            more += [part_of(change, memory, change.reason) for memory in fresh]
            done |= {memory.id for memory in fresh}
        repeated = await echoes(store, change, await _turns(store, change.memory))
        more += [echo for echo in repeated if echo.memory.id not in done]
        done |= {echo.memory.id for echo in repeated}
    return more


async def _earlier(store: MemoryStore, change: Change, *, whole: bool) -> list[Memory]:
    """Return what a statement replaced, the latest first; with `whole`, all that its subject had as this attribute."""
    memory = change.memory
    found: dict[str, Memory] = {}
    if whole and memory.claim is not None:
        closed = await store.statements(memory.scope, [memory.claim.subject], change.at, closed=True)
        found = {m.id: m for m in closed if m.claim is not None and m.claim.key == memory.claim.key}
    seen = {memory.id}
    while memory.supersedes is not None and memory.supersedes not in seen:
        before = [m for m in await store.get(memory.scope.tenant, [memory.supersedes]) if m.scope == memory.scope]
        if not before or before[0].kind == "turn":
            break
        memory = found[before[0].id] = before[0]
        seen.add(memory.id)
    return list(found.values())


async def _of_somebody(store: MemoryStore, change: Change) -> list[Memory]:
    """Return what is known of somebody whom a statement names, when it is forgotten: "forget my son"."""
    memory = change.memory
    if memory.claim is None or memory.claim.attribute not in PEOPLE:
        return []
    name = name_in(memory.claim.value).casefold()
    if not name:
        return []
    found = [await store.statements(memory.scope, [name], change.at, closed=closed) for closed in (False, True)]
    return [statement for part in found for statement in part]


async def turns_in(store: MemoryStore, scope: Scope, ids: Iterable[str]) -> list[Memory]:
    """Return those turns among the sources of statements that are their owner's own, whatever an import may name."""
    found = await store.get(scope.tenant, list(ids))
    return [turn for turn in found if turn.kind == "turn" and turn.scope.owner == scope.owner]


async def _turns(store: MemoryStore, memory: Memory) -> list[Memory]:
    return await turns_in(store, memory.scope, memory.sources)


async def summaries_of(store: MemoryStore, tenant: str, changes: Sequence[Change]) -> list[Change]:
    """Retire the summaries that tell of the turns that these changes withhold."""
    causes = _of_turns(change for change in changes if change.op is Op.DELETE)
    learned = await store.learned_from(Scope(tenant), list(causes)) if causes else []
    return orphaned_by(causes, [memory for memory in learned if memory.kind == "summary"], causes)


async def updated(store: MemoryStore, change: Change) -> list[Change]:
    """Give new words for a turn the place of what was learned from it; new words for a statement are its new value."""
    before, after = change.before, change.after
    assert before is not None
    assert after is not None
    if after.kind == "turn":
        return [change, *await _following(store, change)]
    if before.kind == "summary" or before.text == after.text:
        return [change]
    if before.kind != "turn":
        claim = None if after.claim is None else _reworded(after.claim, before.text, after.text)
        # The new words are the caller's: no turn says them.
        return [replace(change, after=replace(after, claim=claim, sources=()))]
    learned = await _learned(store, before)
    gone = await _gone(store, before, learned)
    unfounded = orphans(learned, gone)
    claims = [memory.claim for memory in unfounded if memory.claim is not None and memory.is_open]
    claim = _reworded(claims[0], "", after.text) if len(claims) == 1 else None
    first = replace(change, after=replace(after, claim=claim))
    return [first, *orphaned(first, unfounded, gone)]


def _reworded(claim: Claim, before: str, after: str) -> Claim:
    """Give a claim the value that new words have: where they differ from the old, else as they read alone."""
    head, is_there, tail = before.partition(claim.value)
    tail = tail.rstrip(" .!")
    bare = after.rstrip(" .!")
    is_exchanged = (
        claim.value and is_there and bare.startswith(head) and bare.endswith(tail) and len(bare) > len(head) + len(tail)
    )
    if is_exchanged:
        return replace(claim, value=bare[len(head) : len(bare) - len(tail)], holds=True)
    attribute, value = read_alone(after, claim.attribute) or (claim.attribute, after)
    return replace(claim, attribute=attribute, value=value, holds=True)


async def _following(store: MemoryStore, change: Change) -> list[Change]:
    """Let what was learned from a turn name its new version too, so that both go on together."""
    assert change.before is not None
    assert change.after is not None
    new = (change.after.id,)
    learned = [memory for memory in await _learned(store, change.before) if memory.retired_at is None]
    return [
        Change(
            new_id(),
            Op.NOOP,
            memory,
            replace(memory, sources=memory.sources + new),
            "its turn has a new version",
            change.actor,
            change.at,
            new,
            cause=change.id,
        )
        for memory in learned
    ]


async def retire_orphans(store: MemoryStore, tenant: str, deletions: Sequence[Change]) -> int:
    """Retire the statements that have no source left when these turns are deleted, those that are deleted themselves
    aside; return how many."""
    causes = _of_turns(deletions)
    if not causes:
        return 0
    learned = await store.learned_from(Scope(tenant), list(causes))
    sources = {id for memory in learned for id in memory.sources}
    kept = {turn.id for turn in await store.get(tenant, list(sources)) if turn.is_open} - causes.keys()
    own = {change.memory.id for change in deletions}
    by_scope: dict[Scope, list[Change]] = defaultdict(list)
    for change in orphaned_by(causes, [memory for memory in learned if memory.id not in own], sources - kept):
        by_scope[change.memory.scope].append(change)
    return sum([await store.retire_all(scope, changes) for scope, changes in by_scope.items()])


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
    withheld_still = await _withheld_still(store, decision, present)
    reverted: list[Change] = []
    for change in decision:
        if change.memory.id in withheld_still:
            continue
        made = _reverted(change, present, now, why)
        cause = reverted[0].id if reverted else None
        reverted.append(replace(made, cause=cause))
    return reverted


async def _withheld_still(store: MemoryStore, decision: Sequence[Change], present: Mapping[str, Memory]) -> set[str]:
    """Return the turns of a decision that say something else, too, which was deleted: they stay withheld."""
    turns = [c.memory for c in decision if c.op is Op.DELETE and c.cause is not None and c.memory.kind == "turn"]
    if not turns:
        return set()
    scope = turns[0].scope
    learned = [m for m in await store.learned_from(scope, [turn.id for turn in turns]) if m.kind != "summary"]
    other = [memory for memory in learned if memory.retired_at is not None and memory.id not in present]
    kept = [memory for memory in learned if memory.retired_at is None or memory.id in present]
    return {
        turn.id
        for turn in turns
        if any(turn.id in m.sources and not any(turn.id in k.sources and alike(k, m) for k in kept) for m in other)
    }


def _reverted(change: Change, present: dict[str, Memory], now: datetime, reason: str) -> Change:
    before = present.get(change.before.id) if change.before is not None else None
    after = present.get(change.after.id) if change.after is not None else None
    made = Change(new_id(), Op.NOOP, None, None, reason, "user", now, change.evidence, undoes=change.id)
    if change.op is Op.ADD and after is not None:
        assert change.after is not None
        _require(after.retired_at is None and after.valid_to == change.after.valid_to, change)
        return replace(made, op=Op.DELETE, before=replace(after, retired_at=now))
    if change.op is Op.UPDATE and before is not None and after is not None:
        _require(_is_as_it_left(change, before, after), change)
        # It never held: no moment of the past is left to it, and none is without a version.
        ended = replace(after, valid_to=after.valid_from, retired_at=now)
        # A revision keeps the end of what it revises.
        reopened = replace(before, valid_to=after.valid_to if change.actor == "user" else None, retired_at=None)
        return replace(made, op=Op.UPDATE, before=ended, after=reopened)
    if change.op is Op.DELETE and before is not None:
        _require(before.retired_at is not None, change)
        return replace(made, op=Op.ADD, after=replace(before, retired_at=None))
    if change.op is Op.NOOP and before is not None:
        sources = tuple(id for id in before.sources if id not in change.evidence)
        observed = change.after is not None and sources != before.sources
        # What a copy was merged into is deleted: so was, then, what the copy says.
        merged_away = change.actor == MERGER and before.retired_at is not None
        _require(observed and not merged_away, change)
        return replace(made, before=before, after=replace(before, sources=sources))
    raise ConflictError(f"what change {change.id} was about is erased")


def _is_as_it_left(change: Change, before: Memory, after: Memory) -> bool:
    """Tell whether both versions of an UPDATE still have the ends that it gave them."""
    assert change.before is not None
    assert change.after is not None
    closed, opened = change.before, change.after
    return (before.valid_to, before.retired_at, after.valid_to, after.retired_at) == (
        closed.valid_to,
        closed.retired_at,
        opened.valid_to,
        opened.retired_at,
    )


def _require(condition: bool, change: Change) -> None:
    if not condition:
        raise ConflictError(f"change {change.id} was undone before, or a later one builds on it: undo that first")


async def _learned(store: MemoryStore, turn: Memory) -> list[Memory]:
    return await store.learned_from(turn.scope, [turn.id])


async def _gone(store: MemoryStore, turn: Memory, learned: Sequence[Memory]) -> set[str]:
    """Return the turn and those other sources of what was learned from it that are retired, or replaced, already."""
    sources = {id for memory in learned for id in memory.sources}
    others = await store.get(turn.scope.tenant, list(sources - {turn.id}))
    return {turn.id} | {other.id for other in others if not other.is_open}


def _of_turns(deletions: Iterable[Change]) -> dict[str, Change]:
    return {change.memory.id: change for change in deletions if change.memory.kind == "turn"}
