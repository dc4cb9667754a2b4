"""Verbs that recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from anyio import to_thread

from engram_core.domain.checks import check_flag, check_limit
from engram_core.domain.results import Context, Recall
from engram_core.domain.selection import Selection
from engram_core.engine.base import EngineBase
from engram_core.errors import InvalidInputError
from engram_core.ports import question_key
from engram_core.retrieval.packing.pack import pack
from engram_core.retrieval.reading import CANDIDATES
from engram_core.retrieval.search import Search

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
        _, recall = await self._found(query, selection, limit)
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
        neighbours: bool = True,
    ) -> Context:
        """Find what matters for a question and write it for a prompt: dated, with who said it, in the order of time.

        The tokens go to what is most likely to hold the answer for its length. A turn brings the question that it
        answers, or the answer to what it asks; of a long one, the sentences nearest to it.

        Args:
            query: Any text.
            token_budget: Tokens at most, by the counter in use; never exceeded.
            user_id: As in `search`, and so the rest.
            agent_id: As in `search`.
            session_id: As in `search`.
            kinds: As in `search`.
            filters: As in `search`.
            as_of: As in `search`.
            neighbours: Whether turns that were not found are written beside those that are hardly understood without.

        Returns:
            The text, with its hits and tokens, and with what failed in `degraded`; empty where nothing is found.

        Raises:
            InvalidInputError: An argument is not acceptable.
        """
        check_limit("token_budget", token_budget, most=10_000_000)
        check_flag("neighbours", neighbours)
        selection = self._selection(user_id, agent_id, session_id, kinds, filters, as_of)
        search, recall = await self._found(query, selection, _PACKED)
        beside = await search.beside(recall.hits, selection) if neighbours else {}
        backend = await self._backend.opened()
        # Counting the tokens of long texts takes a while: beside the event loop.
        packing = partial(pack, neighbours=beside, degraded=recall.degraded)
        packed = await to_thread.run_sync(packing, recall.hits, token_budget, backend.counter)
        backend.uses.note(self._tenant, packed.hits)
        return packed

    async def _found(self, query: str, selection: Selection, limit: int) -> tuple[Search, Recall]:
        """Search; each hit names its question, so that it can be judged."""
        if not isinstance(query, str):
            raise InvalidInputError("query", query, "a string")
        backend = await self._backend.opened()
        search = Search(backend.store, backend.embedder, backend.ranker, backend.proposers)
        recall = await search.run(query, selection, limit)
        hits = tuple(replace(hit, question=question_key(hit.memory.scope, query)) for hit in recall.hits)
        return search, replace(recall, hits=hits)
