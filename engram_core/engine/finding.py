"""Verbs that recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from anyio import to_thread

from engram_core.domain.checks import check_limit
from engram_core.domain.results import Context, Recall
from engram_core.domain.selection import Selection
from engram_core.engine.base import EngineBase
from engram_core.errors import InvalidInputError
from engram_core.retrieval.pack import pack
from engram_core.retrieval.search import CANDIDATES, Search

_PACKED = 100


class Finding(EngineBase):
    """`search` and `context`."""

    async def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
        limit: int = 10,
    ) -> Recall:
        """Find the memories that matter for a question.

        Args:
            query: Any text; a blank one finds nothing.
            user_id: Only memories about or from this user.
            agent_id: Only those with this agent.
            session_id: Only those of this conversation.
            kinds: Only these kinds (`turn`, `fact`, …).
            filters: What metadata must meet; see `engram_core.domain.filters`.
            as_of: What held at this time; default now.
            limit: 1 to 200.

        Returns:
            Hits, best first; the same query on the same data gives the same hits in the same order.

        Raises:
            InvalidInputError: An argument is not acceptable.
        """
        selection = self._selection(user_id, agent_id, session_id, kinds, filters, as_of)
        check_limit("limit", limit, most=CANDIDATES)
        recall = await self._found(query, selection, limit)
        (await self._backend.opened()).uses.note(self._tenant, recall)
        return recall

    async def context(
        self,
        query: str,
        *,
        token_budget: int = 2000,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
    ) -> Context:
        """Find what matters for a question and write it for a prompt: dated, in the order of time.

        Args:
            query: Any text.
            token_budget: Tokens at most, by the counter in use; never exceeded.
            user_id: As in `search`, and so the rest.
            agent_id: As in `search`.
            session_id: As in `search`.
            kinds: As in `search`.
            filters: As in `search`.
            as_of: As in `search`.
        """
        check_limit("token_budget", token_budget, most=10_000_000)
        selection = self._selection(user_id, agent_id, session_id, kinds, filters, as_of)
        recall = await self._found(query, selection, _PACKED)
        backend = await self._backend.opened()
        # Counting the tokens of long texts takes a while: beside the event loop.
        packed = await to_thread.run_sync(partial(pack, recall.hits, token_budget, backend.counter))
        backend.uses.note(self._tenant, packed.hits)
        return packed

    async def _found(self, query: str, selection: Selection, limit: int) -> Recall:
        if not isinstance(query, str):
            raise InvalidInputError("query", query, "a string")
        backend = await self._backend.opened()
        return await Search(backend.store, backend.embedder).run(query, selection, limit)
