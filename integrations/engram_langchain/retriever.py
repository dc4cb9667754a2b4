"""Memories as LangChain documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, PrivateAttr

from engram_core import Bridge, Hit, InvalidInputError, Recall, Scope

_MOST = 200


class EngramRetriever(BaseRetriever):
    """Finds the memories of one scope that matter for a question, with and without `await`.

    ```python
    retriever = EngramRetriever(engram=memory, user_id="ada", k=4)
    for document in retriever.invoke("What can Ada eat?"):
        print(document.metadata["score"], document.page_content)
    ```

    `invoke` and `ainvoke` take `k`, `kinds`, `filters` and `as_of` for one call, as in
    `retriever.invoke("Where does Ada live?", k=1, as_of="2024-06-01")`. A document's `page_content` is the memory's
    text; its metadata holds `id`, `kind`, `score` (0 to 1), `signals`, the times `valid_from`, `valid_to` and
    `recorded_at` (ISO 8601, UTC), `role`, `speaker`, `origin`, the parts of its scope, `sources` and the memory's own
    `metadata`; where it replaced something `supersedes` (an id) and `replaced` (the words that were so before); where
    it is no longer so `ended_at`, `superseded_by` (an id) and `now` (the words that are so instead).

    Attributes:
        engram: An `Engram` or an `AsyncEngram`; it stays its owner's.
        user_id: Only memories about or from this user. At least one part of the scope is required.
        agent_id: Only those with this agent.
        session_id: Only those of this conversation.
        k: Documents at most, 1 to 200.
        kinds: Only these kinds (`turn`, `fact`, …).
        filters: What the memories' metadata must meet.
        as_of: What held at this time; None: now.

    Raises:
        InvalidInputError: The engine is none, the scope is empty, or `k` is out of range.
        pydantic.ValidationError: A field is of the wrong type or not known.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    engram: Any
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    k: int = 4
    kinds: str | Sequence[str] | None = None
    filters: Mapping[str, Any] | None = None
    as_of: datetime | str | None = None

    _bridge: Bridge = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Check what pydantic cannot, and bind the engine."""
        super().model_post_init(context)
        self._bridge = Bridge(self.engram)
        Scope(self._bridge.tenant, self.user_id, self.agent_id, self.session_id).required()
        _check_count(self.k)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the framework's signature
        k: int | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
    ) -> list[Document]:
        asked = self._asked(k, kinds, filters, as_of)
        return _documents(self._bridge.call(lambda engine: engine.search(query, **asked)))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - the framework's signature
        k: int | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
    ) -> list[Document]:
        asked = self._asked(k, kinds, filters, as_of)
        return _documents(await self._bridge.acall(lambda engine: engine.search(query, **asked)))

    def _asked(
        self,
        k: int | None,
        kinds: str | Sequence[str] | None,
        filters: Mapping[str, Any] | None,
        as_of: datetime | str | None,
    ) -> dict[str, Any]:
        """Return what is asked of the engine: as the call says, else as the constructor did."""
        return {
            "user_id": self.user_id,
            "agent_id": self.agent_id,
            "session_id": self.session_id,
            "limit": _check_count(self.k if k is None else k),
            "kinds": self.kinds if kinds is None else kinds,
            "filters": self.filters if filters is None else filters,
            "as_of": self.as_of if as_of is None else as_of,
        }


def _check_count(k: object) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= _MOST:
        raise InvalidInputError("k", k, f"a whole number from 1 to {_MOST}")
    return k


def _documents(recall: Recall) -> list[Document]:
    return [_document(hit) for hit in recall]


def _document(hit: Hit) -> Document:
    memory = hit.memory
    metadata: dict[str, Any] = {
        "id": memory.id,
        "kind": memory.kind,
        "score": hit.score,
        "signals": dict(hit.signals),
        "valid_from": memory.valid_from.isoformat(),
        "valid_to": memory.valid_to.isoformat() if memory.valid_to is not None else None,
        "recorded_at": memory.recorded_at.isoformat(),
        "role": memory.role,
        "speaker": memory.speaker,
        "origin": memory.origin,
        "user_id": memory.scope.user_id,
        "agent_id": memory.scope.agent_id,
        "session_id": memory.scope.session_id,
        "sources": list(memory.sources),
        "metadata": dict(memory.metadata),
    }
    return Document(id=memory.id, page_content=memory.text, metadata=metadata | _became(hit))


def _became(hit: Hit) -> dict[str, Any]:
    """Tell what a hit replaced and what replaced it, so that a change is never silent."""
    said: dict[str, Any] = {}
    if hit.memory.supersedes is not None:
        said["supersedes"] = hit.memory.supersedes
    if hit.replaced is not None:
        said["replaced"] = hit.replaced.text
    if hit.ended_at is not None:
        said["ended_at"] = hit.ended_at.isoformat()
    if hit.superseded_by is not None:
        said |= {"superseded_by": hit.superseded_by.id, "now": hit.superseded_by.text}
    return said
