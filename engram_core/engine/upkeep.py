"""Verbs that keep a store in shape."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from engram_core.domain.change import Change, Op
from engram_core.domain.checks import clean_characters
from engram_core.domain.memory import Memory
from engram_core.domain.results import ConsolidateResult, ExpireResult
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.engine.backend import Backend
from engram_core.engine.base import EngineBase, utc_now
from engram_core.errors import ConflictError, ProviderError
from engram_core.ingest.pages import PAGE, pages
from engram_core.ingest.pending import try_vectors
from engram_core.ingest.upkeep.duplicates import ACTOR, merges
from engram_core.ingest.upkeep.expiry import retire_expired, retire_least, weigh
from engram_core.ingest.upkeep.summaries import Plan, Summariser, plan
from engram_core.ports import MemoryStore

logger = logging.getLogger(__name__)

_TRIES = 5
#: An importance that differs by less is not written anew.
_NOTICEABLE = 0.001
_STATEMENTS = frozenset(("fact", "preference", "event"))


class Upkeep(EngineBase):
    """`consolidate` and `expire`."""

    async def consolidate(
        self, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> ConsolidateResult:
        """Merge statements that say the same, summarise sessions, and renew the importance of memories.

        Summaries need a language model; a session is summarised when four of its turns are new. Importance falls with
        age and rises with use: the formula and its source are in `engram_core.ingest.upkeep.importance`. Nothing is
        destroyed, and every decision can be undone. Run again, it does only what is new.

        Args:
            user_id: Whose memories.
            agent_id: Those with this agent.
            session_id: Those of this conversation; statements are kept beyond it, and are not merged then.

        Raises:
            InvalidInputError: The scope is empty.
        """
        scope = self._scope(user_id, agent_id, session_id).required()
        backend = await self._backend.opened()
        await backend.uses.flush()
        merged = await _merge(backend.store, scope)
        summaries, failed = await _summarise(backend, scope)
        return ConsolidateResult(merged, summaries, await _weigh(backend.store, scope), failed)

    async def expire(
        self, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> ExpireResult:
        """Retire what has expired, and the least valuable memories of a user who has too many.

        What has expired is never found, retired or not. The limit is `max_memories_per_user`, counts current turns and
        statements, and is applied where the scope is a whole user (or an agent, or a session, that has no user). What
        goes first has the lowest importance now, turns before statements; the newest tenth of the limit never goes.
        Everything retired has its reason in the history; `undo` brings back what was one too many.

        Args:
            user_id: Whose memories.
            agent_id: Only those with this agent.
            session_id: Only those of this conversation.

        Raises:
            InvalidInputError: The scope is empty.
        """
        scope = self._scope(user_id, agent_id, session_id).required()
        backend = await self._backend.opened()
        await backend.uses.flush()
        now = utc_now()
        expired, learned = await retire_expired(backend.store, scope, now)
        surplus: list[Change] = []
        if scope == scope.owner:
            surplus = await retire_least(backend.store, scope, backend.limits.max_memories, now)
        return ExpireResult(tuple(expired), tuple(surplus), learned)


async def _merge(store: MemoryStore, scope: Scope) -> tuple[Change, ...]:
    for _ in range(_TRIES):
        now = utc_now()
        statements = await _all(store, Selection(scope, now, kinds=_STATEMENTS))
        changes = merges(statements, now)
        if parted := await _parted(store, scope.tenant, changes):
            changes = merges((memory for memory in statements if memory.id not in parted), now)
        try:
            if changes:
                await store.apply(changes, {})
        except ConflictError as exc:
            logger.info("memories changed while they were merged, once more: %s", exc)
            continue
        return tuple(changes)
    return ()


async def _parted(store: MemoryStore, tenant: str, merging: Sequence[Change]) -> set[str]:
    """Return the copies that were merged before and parted again by `undo`: they are not the same to their owner."""
    copies = [change.memory.id for change in merging if change.op is Op.DELETE]
    return {
        id
        for id in copies
        for change in await store.history(tenant, id)
        if change.op is Op.DELETE and change.actor == ACTOR and change.memory.id == id
    }


async def _summarise(backend: Backend, scope: Scope) -> tuple[tuple[Change, ...], dict[str, str]]:
    """Bring the summary of each session up to date; a model that is away is not asked again for the others."""
    changes: list[Change] = []
    failed: dict[str, str] = {}
    if backend.summariser is None:
        return (), failed
    for session, planned in (await _plans(backend.store, scope)).items():
        try:
            changes += await _summarise_one(backend, backend.summariser, planned)
        except ProviderError as exc:
            failed[session.named] = clean_characters(str(exc))
            if exc.retryable:
                break
    return tuple(changes), failed


async def _plans(store: MemoryStore, scope: Scope) -> dict[Scope, Plan]:
    now = utc_now()
    sessions: dict[Scope, tuple[list[Memory], list[Memory]]] = defaultdict(lambda: ([], []))
    for memory in await _all(store, Selection(scope, now, kinds=frozenset(("turn", "summary")))):
        if memory.scope.session_id is not None:
            sessions[memory.scope][memory.kind == "summary"].append(memory)
    plans: dict[Scope, Plan] = {}
    for session, (turns, present) in sessions.items():
        # As they were said; those of one instant stay in the order of arrival.
        in_time = sorted(turns, key=lambda turn: turn.valid_from)
        if (planned := plan(in_time, present)) is not None:
            plans[session] = planned
    return plans


async def _summarise_one(backend: Backend, summariser: Summariser, planned: Plan) -> list[Change]:
    if await backend.store.get(planned.new[0].scope.tenant, [planned.id]):
        return []  # it was written, and deleted since: that is for its owner to say
    changes = await summariser.summarise(planned, utc_now())
    after = changes[-1].after
    assert after is not None
    try:
        found = await try_vectors([after], backend.embedder)
        await backend.store.apply(changes, found.vectors, tokens=found.tokens)
    except ConflictError as exc:
        logger.info("a summary was not written, the next consolidation does: %s", exc)
        return []
    return changes


async def _weigh(store: MemoryStore, scope: Scope) -> int:
    """Renew the importance of all that is current; return of how many it changed."""
    changed: dict[str, float] = {}
    count = 0
    async for memory, importance in weigh(store, Selection(scope, utc_now())):
        if abs(importance - memory.importance) >= _NOTICEABLE:
            changed[memory.id] = importance
            count += 1
        if len(changed) == PAGE:
            await store.weigh(scope.tenant, changed)
            changed = {}
    if changed:
        await store.weigh(scope.tenant, changed)
    return count


async def _all(store: MemoryStore, selection: Selection) -> list[Memory]:
    return [memory async for page in pages(store, selection) for memory in page]
