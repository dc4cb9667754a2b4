"""Hits that are honest about change: what is no longer so ranks under what holds instead, and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engram_core.domain.claim import plain
from engram_core.domain.filters import matches
from engram_core.domain.memory import Memory
from engram_core.domain.results import Hit
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ports import MemoryStore


class Truth:
    """Looks up what became of the hits of one search.

    Args:
        store: Open.
        selection: What the search may see; nothing beyond it is told.
    """

    def __init__(self, store: MemoryStore, selection: Selection) -> None:
        self._store = store
        self._selection = selection
        self._moment = selection.as_of or selection.now

    async def told(self, hits: Sequence[Hit], limit: int) -> tuple[Hit, ...]:
        """Return the best `limit` hits, outdated turns under their successors.

        Args:
            hits: Best first; more than `limit`, so that what shares a place leaves none empty.
            limit: How many to return.
        """
        marked = list(hits)
        if learned := await self._learned(hits):
            ended = await self._ended(learned)
            marked = [_marked(hit, ended) for hit in hits]
            marked = self._under_successors(marked)
        marked = _sharing_places(marked, limit)[:limit]
        return tuple(await self._with_replaced(marked))

    async def outdated(self, turns: Sequence[Memory]) -> frozenset[str]:
        """Return the ids of those turns that say what is no longer so."""
        learned = await self._learned([Hit(turn, 0.0) for turn in turns])
        return frozenset(await self._ended(learned)) if learned else frozenset()

    async def _learned(self, hits: Sequence[Hit]) -> list[Memory]:
        """Return the statements learned from turns that are found, or summarised, as far as known at the moment.

        A summary is none: it tells of what was said, and does not keep it true.
        """
        owners = {id: hit.memory.scope.owner for hit in hits for id in _turns(hit.memory)}
        learned = await self._store.learned_from(self._selection.scope, list(owners)) if owners else []
        asked = self._selection.as_of
        return [
            memory
            for memory in learned
            if memory.kind != "summary"
            and any(owners.get(id) == memory.scope.owner for id in memory.sources)
            and (asked is None or memory.valid_from <= asked)
        ]

    async def _ended(self, learned: Sequence[Memory]) -> dict[str, tuple[Memory, Memory | None]]:
        """Return, by turn, the statement of it that ended last, and what holds instead.

        A turn that still says the same otherwise, in what holds or in what replaced it, is left out.
        """
        closed = [m for m in learned if m.retired_at is None and m.valid_to is not None and m.valid_to <= self._moment]
        if not closed:
            return {}
        instead = await self._instead(closed)
        holding = [memory for memory in learned if memory.held_at(self._moment)]
        ended: dict[str, tuple[Memory, Memory | None]] = {}
        for memory in sorted(closed, key=lambda m: (m.valid_to or m.valid_from, m.id)):
            successor = instead.get(memory.id)
            kept = {id for other in holding if _says(other, memory, successor) for id in other.sources}
            ended |= {turn: (memory, successor) for turn in memory.sources if turn not in kept}
        return ended

    async def _instead(self, closed: Sequence[Memory]) -> dict[str, Memory]:
        """Find what holds instead of closed statements: successors, else what has their subject and attribute."""
        found = await self._store.successors(self._selection.scope, [memory.id for memory in closed])
        instead = {id: memory for id, memory in found.items() if memory.held_at(self._moment)}
        lost = [memory for memory in closed if memory.id not in found and memory.claim is not None]
        for scope in {memory.scope for memory in lost}:
            mine = [memory for memory in lost if memory.scope == scope]
            subjects = {memory.claim.subject for memory in mine if memory.claim is not None}
            known = await self._store.statements(scope, subjects, self._selection.now)
            holding = {m.claim.key: m for m in known if m.claim is not None and m.held_at(self._moment)}
            keyed = ((memory.id, memory.claim.key) for memory in mine if memory.claim is not None)
            instead |= {id: holding[key] for id, key in keyed if key in holding}
        wide = _beyond_session(self._selection)
        return {id: memory for id, memory in instead.items() if wide.contains(memory.scope)}

    def _under_successors(self, hits: Sequence[Hit]) -> list[Hit]:
        """Put each outdated turn after its successor, which takes its place where it stands lower or is missing."""
        by_id = {hit.memory.id: hit for hit in hits}
        placed: dict[str, Hit] = {}
        for hit in hits:
            successor = hit.superseded_by
            if successor is not None and successor.id not in placed and self._is_told(successor):
                own = by_id.get(successor.id)
                signals = {} if own is None else own.signals
                placed[successor.id] = Hit(successor, hit.score, {**signals, "succeeds": 1.0})
            placed.setdefault(hit.memory.id, hit)
        return list(placed.values())

    def _is_told(self, memory: Memory) -> bool:
        """Tell whether the search could have found it."""
        selection = self._selection
        if selection.kinds is not None and memory.kind not in selection.kinds:
            return False
        return selection.scope.contains(memory.scope) and matches(selection.condition, memory.metadata)

    async def _with_replaced(self, hits: Sequence[Hit]) -> list[Hit]:
        """Tell of each hit what it replaced, where that was true once."""
        ids = [hit.memory.supersedes for hit in hits if hit.memory.supersedes]
        found = await self._store.get(self._selection.scope.tenant, ids) if ids else []
        # An import may name any memory of the tenant as superseded: only those in reach are told.
        known = {m.id: m for m in found if m.retired_at is None and self._selection.scope.contains(m.scope)}
        return [replace(hit, replaced=known.get(hit.memory.supersedes or "")) for hit in hits]


def _beyond_session(selection: Selection) -> Scope:
    """Return where statements learned inside a scope are kept: the same without its session."""
    scope = selection.scope
    return scope if scope.user_id is None and scope.agent_id is None else replace(scope, session_id=None)


def _turns(memory: Memory) -> tuple[str, ...]:
    """Return the ids of the turns whose words a memory holds, a statement aside."""
    if memory.kind == "turn":
        return (memory.id,)
    return memory.sources if memory.kind == "summary" else ()


def _says(holding: Memory, closed: Memory, successor: Memory | None) -> bool:
    """Tell whether a statement that holds says what a closed one said: as another version of it, or again."""
    if successor is not None and holding.id == successor.id:
        return True
    if closed.claim is None or holding.claim is None:
        return closed.claim is holding.claim and plain(closed.text) == plain(holding.text)
    return closed.claim.key == holding.claim.key and closed.claim.same_value(holding.claim) and holding.claim.holds


def _marked(hit: Hit, ended: Mapping[str, tuple[Memory, Memory | None]]) -> Hit:
    if hit.memory.kind == "summary":
        return _marked_summary(hit, ended)
    if hit.memory.id not in ended:
        return hit
    statement, instead = ended[hit.memory.id]
    return replace(hit, superseded_by=instead, ended_at=statement.valid_to)


def _marked_summary(hit: Hit, ended: Mapping[str, tuple[Memory, Memory | None]]) -> Hit:
    """Say of a summary what changed last since: what changed within its session it tells itself."""
    since = [
        (statement.valid_to, instead)
        for statement, instead in (ended[id] for id in hit.memory.sources if id in ended)
        if statement.valid_to is not None and statement.valid_to > hit.memory.valid_from
    ]
    if not since:
        return hit
    moment, instead = max(since, key=lambda entry: entry[0])
    return replace(hit, superseded_by=instead, ended_at=moment)


def _sharing_places(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """Give places first to what says something new: a statement and a turn it came from share the better one's.

    The other of the two comes after all that is new, where places are left; the order by score is kept in what is
    returned.
    """
    said: set[str] = set()
    new: list[Hit] = []
    again: list[Hit] = []
    for hit in hits:
        memory = hit.memory
        # A summary tells of many turns and takes the place of none.
        names = {memory.id} if memory.kind in ("turn", "summary") else {memory.id, *memory.sources}
        (again if said & names else new).append(hit)
        said |= names
    kept = {hit.memory.id for hit in [*new, *again][:limit]}
    return [hit for hit in hits if hit.memory.id in kept]
