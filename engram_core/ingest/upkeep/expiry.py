"""What is let go: memories whose time has come, and the least valuable of too many. Every one leaves its reason."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from engram_core.domain.change import Change, retirement
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ingest.consequences import retire_orphans
from engram_core.ingest.pages import PAGE, pages
from engram_core.ingest.upkeep.importance import present_importance, value
from engram_core.ports import MemoryStore, Use

logger = logging.getLogger(__name__)

ACTOR = "expiry"
#: The newest part of what may be kept is never let go, whatever it is worth.
NEWEST = 0.1


async def retire_expired(store: MemoryStore, scope: Scope, now: datetime) -> tuple[list[Change], int]:
    """Retire what has expired, and what was learned from such turns alone.

    Returns:
        The deletions of the former, and how many of the latter there were.
    """
    done: list[Change] = []
    orphaned = 0
    while expired := await store.expired(scope, now, PAGE):
        changes = [retirement(m, now, f"it expired at {m.expires_at:%Y-%m-%d %H:%M}", ACTOR) for m in expired]
        # First what was learned from them: it is found by them alone, should this be cut off in between.
        orphaned += await retire_orphans(store, scope.tenant, changes)
        if not (retired := await _retire(store, scope, changes)):
            break
        done += retired
    return done, orphaned


async def retire_least(store: MemoryStore, owner: Scope, most: int, now: datetime) -> list[Change]:
    """Retire the least valuable current memories of an owner beyond `most`, none of the newest tenth of `most`.

    Args:
        store: Open.
        owner: A whole one.
        most: How many may stay; 0 is no limit.
        now: The present.
    """
    if not most or await store.count(Selection(owner, now)) <= most:
        return []
    # An agent's scope contains what users said to it: that is theirs, and counts for them.
    weighed = [entry async for entry in weigh(store, Selection(owner, now)) if entry[0].scope.owner == owner]
    # Counted from the same listing, so that two at once name the same ones.
    surplus = max(len(weighed) - most, 0)
    candidates = weighed[: len(weighed) - max(1, int(most * NEWEST))]
    candidates.sort(key=lambda entry: value(*entry))  # of equal ones the oldest first, as they were listed
    reason = f"over the limit of {most:,} memories, and among the least valuable"
    done: list[Change] = []
    for start in range(0, min(surplus, len(candidates)), PAGE):
        batch = candidates[start : min(start + PAGE, surplus)]
        changes = [retirement(memory, now, f"{reason} (importance {weight:.2f})", ACTOR) for memory, weight in batch]
        done += await _retire(store, owner, changes)
    if done:
        whose = owner.user_id or owner.agent_id or owner.session_id
        logger.warning("%d memories of %s were retired: %s", len(done), whose, reason)
    return done


async def weigh(store: MemoryStore, selection: Selection) -> AsyncIterator[tuple[Memory, float]]:
    """Iterate over selected memories, oldest first, with the importance that they have now."""
    async for page in pages(store, selection):
        uses = await store.uses(selection.scope.tenant, [memory.id for memory in page])
        said = await _last_said(store, page.items)
        for memory in page:
            use = uses.get(memory.id, Use(0, None, memory.importance))
            yield memory, present_importance(memory, use, said.get(memory.id), selection.now)


async def _last_said(store: MemoryStore, memories: Sequence[Memory]) -> dict[str, datetime]:
    """Tell when statements were said last, those with several sources."""
    last = {memory.id: memory.sources[-1] for memory in memories if len(memory.sources) > 1}
    if not last:
        return {}
    turns = await store.get(memories[0].scope.tenant, list(dict.fromkeys(last.values())))
    moments = {turn.id: turn.valid_from for turn in turns}
    return {id: moments[turn] for id, turn in last.items() if turn in moments}


async def _retire(store: MemoryStore, scope: Scope, changes: Sequence[Change]) -> list[Change]:
    """Carry out deletions; return those that were, where others changed some of the memories meanwhile."""
    if await store.retire_all(scope, changes) == len(changes):
        return list(changes)
    present = {m.id: m for m in await store.get(scope.tenant, [change.memory.id for change in changes])}
    return [c for c in changes if (m := present.get(c.memory.id)) is not None and m.retired_at == c.memory.retired_at]
