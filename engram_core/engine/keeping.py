"""Verbs about single memories, and listing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engram_core.domain.change import Change
from engram_core.domain.checks import check_limit, check_text
from engram_core.domain.ids import check_id
from engram_core.domain.memory import Memory
from engram_core.domain.results import Page
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.engine.base import EngineBase, utc_now
from engram_core.errors import NotFoundError
from engram_core.ingest.consequences import deleted, retire_orphans, undone, updated
from engram_core.ingest.pages import pages
from engram_core.ingest.pending import try_vectors
from engram_core.ingest.revise import Revision, deletion, revise, with_origin

_PAGE = 1000


class Keeping(EngineBase):
    """`get`, `get_all`, `update`, `delete`, `delete_all`, `undo` and `history`."""

    async def get(
        self, id: str, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> Memory:
        """Return one version of one memory, whatever became of it.

        Raises:
            NotFoundError: There is none with this id in the tenant, or in the scope where one is given.
        """
        scope = Scope(self._tenant, user_id, agent_id, session_id)
        wanted = check_id("id", id)
        backend = await self._backend.opened()
        found = await backend.store.get(self._tenant, [wanted])
        if not found or not scope.contains(found[0].scope):
            raise NotFoundError(f"no memory {wanted}")
        return found[0]

    async def get_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """List current memories, oldest first; pass a page's `cursor` as `after` to go on. `limit` is 1 to 1,000."""
        selection = self._selection(user_id, agent_id, session_id, kinds, filters, as_of)
        check_limit("limit", limit, most=_PAGE)
        backend = await self._backend.opened()
        return await backend.store.listing(selection, limit=limit, after=after)

    async def update(
        self,
        id: str,
        text: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        expires_at: datetime | str | None = None,
        reason: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
    ) -> Change:
        """Close the current version of a memory and open a new one, with an id of its own; nothing is destroyed.

        When the embedding model fails, words alone find the new version until its vector is made up for.

        Args:
            id: The current version's.
            text: New words. For a turn, which stays as it was said, they become a fact that points to it.
            metadata: Replaces the whole of it.
            importance: 0 to 1.
            expires_at: From then on it is no longer found.
            reason: Kept in the history.
            user_id: Reach only memories in this scope, and so the rest.
            agent_id: As above.
            session_id: As above.

        Returns:
            The change: `before` is the closed version, `after` the new one.

        Raises:
            NotFoundError: There is none with this id in reach.
            ConflictError: The version was superseded or deleted before.
        """
        revision = Revision(text, metadata, importance, expires_at)
        revision.checked()
        memory = await self.get(id, user_id=user_id, agent_id=agent_id, session_id=session_id)
        backend = await self._backend.opened()
        # The new version begins anew with what was stated, not with what is left of it.
        stated = (await backend.store.uses(self._tenant, [memory.id]))[memory.id].stated
        change = revise(replace(memory, importance=stated), revision, utc_now(), reason)
        assert change.after is not None
        changes = await updated(backend.store, change)
        found = await try_vectors([change.after], backend.embedder)
        await backend.store.apply(changes, found.vectors, tokens=found.tokens)
        return changes[0]

    async def delete(
        self,
        id: str,
        *,
        reason: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
    ) -> Change:
        """Retire one memory: it is no longer found, and its history stays. `erase` removes physically.

        With a statement go the turns that say it; with a turn, the statements that were learned from it alone. `undo`
        brings all of them back.

        Raises:
            NotFoundError: There is none with this id in reach.
            ConflictError: It was superseded or deleted before.
        """
        memory = await self.get(id, user_id=user_id, agent_id=agent_id, session_id=session_id)
        change = deletion(memory, utc_now(), reason)
        backend = await self._backend.opened()
        await backend.store.apply(await deleted(backend.store, change), {})
        return change

    async def undo(self, change_id: str, *, reason: str | None = None) -> list[Change]:
        """Revert one decision, with what it caused: what it opened goes, what it closed holds again.

        Args:
            change_id: The `id` of a `Change`, as `add`, `delete` and `history` give it.
            reason: Kept in the history.

        Returns:
            The changes that revert it, in the history like every other.

        Raises:
            NotFoundError: The tenant has no such change.
            ConflictError: A later change builds on it: undo that one first. Or it was undone before.
        """
        wanted = check_id("change_id", change_id, "a change")
        if reason is not None:
            check_text("reason", reason)
        backend = await self._backend.opened()
        changes = await undone(backend.store, self._tenant, wanted, utc_now(), reason)
        await backend.store.apply(changes, {})
        return changes

    async def delete_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        reason: str | None = None,
    ) -> int:
        """Retire every current memory of a scope and return how many; an empty scope is an error.

        Statements that were learned from the scope's turns alone go too, also where they are kept beyond it.
        """
        scope = self._scope(user_id, agent_id, session_id).required()
        if reason is not None:
            check_text("reason", reason)
        backend = await self._backend.opened()
        now = utc_now()
        retired = 0
        async for page in pages(backend.store, Selection(scope, now)):
            changes = [deletion(memory, now, reason) for memory in page]
            # First what was learned from them: it is found by them alone, should this be cut off in between.
            retired += await retire_orphans(backend.store, self._tenant, changes)
            retired += await backend.store.retire_all(scope, changes)
        return retired

    async def history(
        self, id: str, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> list[Change]:
        """Tell every change of a memory, its earlier and its later versions, oldest first.

        Raises:
            NotFoundError: There is none with this id in reach.
        """
        memory = await self.get(id, user_id=user_id, agent_id=agent_id, session_id=session_id)
        backend = await self._backend.opened()
        return with_origin(await backend.store.history(self._tenant, memory.id), memory)
