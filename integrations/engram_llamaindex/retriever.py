"""A LlamaIndex retriever over Engram: for query engines, routers and everything else that takes one."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from engram_core import AsyncEngram, Bridge, Hit, InvalidInputError, Recall, Scope
from engram_llamaindex.connection import AnyEngine, check_engine

#: What a model reads beside the text; the rest of the metadata is for programs.
_READ_BY_MODELS = ("said", "since", "until", "before", "now")
_MOST = 200


class EngramRetriever(BaseRetriever):
    """Finds memories: of one user, agent or session, and of the engine's tenant alone.

    ```python
    retriever = EngramRetriever(Engram(), user_id="ada")
    nodes = retriever.retrieve("What can Ada eat?")
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm)
    ```

    Each node is one memory: its id, its text, its score from 0 to 1, and in its metadata `kind`, `user_id`, `agent_id`,
    `session_id`, `role`, `speaker`, `origin`, `valid_from`, `valid_to`, `recorded_at` (ISO 8601, UTC), `sources`,
    `signals` (what each leg of the search said) and `metadata` (its own). A model reads when it was said, and what
    became of it. A copy, deep or not, is a retriever of its own on the same engine.

    Args:
        engine: An `Engram` or an `AsyncEngram`; stays yours.
        user_id: Only memories about or from this user; at least one of the three is required.
        agent_id: Only those with this agent.
        session_id: Only those of this conversation.
        similarity_top_k: Nodes at most, 1 to 200.
        kinds: Only these kinds (`turn`, `fact`, `preference`, `event`, `summary`).
        filters: What metadata must meet, in Engram's form: `{"topic": "food", "year": {"$gte": 2020}}`.
        as_of: What held at this time; default now.
        callback_manager: As in every retriever.
        verbose: As in every retriever.

    Raises:
        InvalidInputError: An argument is not acceptable; kinds, filters and times are checked by the first search.
    """

    def __init__(
        self,
        engine: AnyEngine,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        similarity_top_k: int = 10,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | None = None,
        callback_manager: CallbackManager | None = None,
        verbose: bool = False,
    ) -> None:
        self._bridge = Bridge(check_engine(engine))
        self._scope = Scope(self._bridge.tenant, user_id, agent_id, session_id).required()
        if type(similarity_top_k) is not int or not 1 <= similarity_top_k <= _MOST:
            raise InvalidInputError("similarity_top_k", similarity_top_k, f"a whole number from 1 to {_MOST}")
        self._similarity_top_k = similarity_top_k
        self._kinds, self._filters, self._as_of = kinds, filters, as_of
        super().__init__(callback_manager=callback_manager, verbose=verbose)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        recall = self._bridge.call(lambda engine: self._search(engine, query_bundle.query_str))
        return [as_node(hit) for hit in recall]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        recall = await self._bridge.acall(lambda engine: self._search(engine, query_bundle.query_str))
        return [as_node(hit) for hit in recall]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = copy.copy(self)
        shared = {"_bridge", "callback_manager"}
        vars(twin).update({name: copy.deepcopy(v, memo) for name, v in vars(self).items() if name not in shared})
        return twin

    async def _search(self, engine: AsyncEngram, query: str) -> Recall:
        return await engine.search(
            query,
            user_id=self._scope.user_id,
            agent_id=self._scope.agent_id,
            session_id=self._scope.session_id,
            kinds=self._kinds,
            filters=self._filters,
            as_of=self._as_of,
            limit=self._similarity_top_k,
        )


def as_node(hit: Hit) -> NodeWithScore:
    """Write a hit as a node; what a model does not read is left out of its view of the metadata."""
    read = _told(hit)
    metadata = {**read, **_known(hit)}
    node = TextNode(
        id_=hit.memory.id,
        text=hit.memory.text,
        metadata=metadata,
        excluded_llm_metadata_keys=[key for key in metadata if key not in _READ_BY_MODELS],
        excluded_embed_metadata_keys=list(metadata),
    )
    return NodeWithScore(node=node, score=hit.score)


def _told(hit: Hit) -> dict[str, str]:
    """Say when it was said or began to hold, and what became of it, so that a change is never silent."""
    memory = hit.memory
    who = memory.speaker or memory.role
    day = f"{memory.valid_from:%Y-%m-%d}"
    told = {"said": f"{day} by {who}" if who else day} if memory.kind == "turn" else {"since": day}
    if hit.ended_at is not None:
        told["until"] = f"{hit.ended_at:%Y-%m-%d}"
    if hit.superseded_by is not None:
        told["now"] = hit.superseded_by.text
    if hit.replaced is not None:
        told["before"] = hit.replaced.text
    return told


def _known(hit: Hit) -> dict[str, Any]:
    memory = hit.memory
    return {
        "kind": memory.kind,
        "user_id": memory.scope.user_id,
        "agent_id": memory.scope.agent_id,
        "session_id": memory.scope.session_id,
        "role": memory.role,
        "speaker": memory.speaker,
        "origin": memory.origin,
        "valid_from": memory.valid_from.isoformat(),
        "valid_to": None if memory.valid_to is None else memory.valid_to.isoformat(),
        "recorded_at": memory.recorded_at.isoformat(),
        "sources": list(memory.sources),
        "signals": dict(hit.signals),
        "metadata": dict(memory.metadata),
    }
