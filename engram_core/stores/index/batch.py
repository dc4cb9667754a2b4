"""Rows for an index, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import KINDS, Memory
from engram_core.domain.signs import signs_of
from engram_core.ports import Matrix, Tokens, Vector
from engram_core.stores.index.analysis import Terms

#: A time that never comes.
NEVER = np.iinfo(np.int64).max
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: What `Analyzer.terms` returns.
Analysis = tuple[Terms, NDArray[np.int32], int]


def microseconds(moment: datetime | None) -> int:
    """Count microseconds since 1970 (UTC), exactly; None is `NEVER`."""
    if moment is None:
        return int(NEVER)
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


@dataclass(frozen=True, slots=True)
class Batch:
    """Memories to put into an index, n of them, each id once.

    Attributes:
        ids: (n,) canonical UUID texts.
        users: (n,) user parts of the scopes; agents, sessions likewise.
        agents: See `users`.
        sessions: See `users`.
        kinds: (n,) places in `domain.memory.KINDS`.
        valid_from: (n,) microseconds since 1970; `NEVER` where a time is None.
        valid_to: See `valid_from`.
        retired_at: See `valid_from`.
        expires_at: See `valid_from`.
        seq: (n,) order of arrival, distinct within an index.
        vectors: (n, dimension) unit rows; what stands where `embedded` is false is ignored.
        embedded: (n,) whether there is a vector.
        offsets: (n + 1,) where the terms of each memory begin and end in `terms` and `freqs`.
        terms: (m,) distinct and ascending within a memory.
        freqs: (m,) how often each occurs.
        lengths: (n,) length of each text in terms.
        speakers: (n,) names of who said it, where known.
        assistant: (n,) whether an assistant said it.
        signs: (n,) surface signs of each text; 0 where there are none.
        tokens: (n,) token vectors of each; None where there are none, or where they are known already.
    """

    ids: Sequence[str]
    users: Sequence[str | None]
    agents: Sequence[str | None]
    sessions: Sequence[str | None]
    kinds: NDArray[np.int8]
    valid_from: NDArray[np.int64]
    valid_to: NDArray[np.int64]
    retired_at: NDArray[np.int64]
    expires_at: NDArray[np.int64]
    seq: NDArray[np.int64]
    vectors: Matrix
    embedded: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    terms: Terms
    freqs: NDArray[np.int32]
    lengths: NDArray[np.int32]
    speakers: Sequence[str | None]
    assistant: NDArray[np.bool_]
    signs: NDArray[np.int32]
    tokens: Sequence[Tokens | None]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(
        cls,
        memories: Sequence[Memory],
        seq: Sequence[int],
        vectors: Mapping[str, Vector],
        analyses: Sequence[Analysis],
        dimension: int,
        tokens: Mapping[str, Tokens],
    ) -> Batch:
        """Make a batch from whole memories, their order of arrival, vectors and tokens by id, and analysed texts."""
        matrix = np.zeros((len(memories), dimension), np.float32)
        embedded = np.zeros(len(memories), np.bool_)
        for row, memory in enumerate(memories):
            if (vector := vectors.get(memory.id)) is not None:
                matrix[row], embedded[row] = vector, True

        def times(name: str) -> NDArray[np.int64]:
            return np.array([microseconds(getattr(memory, name)) for memory in memories], np.int64)

        return cls(
            ids=[memory.id for memory in memories],
            users=[memory.scope.user_id for memory in memories],
            agents=[memory.scope.agent_id for memory in memories],
            sessions=[memory.scope.session_id for memory in memories],
            kinds=np.array([KIND_CODES[memory.kind] for memory in memories], np.int8),
            valid_from=times("valid_from"),
            valid_to=times("valid_to"),
            retired_at=times("retired_at"),
            expires_at=times("expires_at"),
            seq=np.array(seq, np.int64),
            vectors=matrix,
            embedded=embedded,
            offsets=np.concatenate([[0], np.cumsum([len(terms) for terms, _, _ in analyses])]).astype(np.int64),
            terms=np.concatenate([terms for terms, _, _ in analyses] or [np.empty(0, np.int64)]),
            freqs=np.concatenate([freqs for _, freqs, _ in analyses] or [np.empty(0, np.int32)]),
            lengths=np.array([length for _, _, length in analyses], np.int32),
            speakers=[memory.speaker for memory in memories],
            assistant=np.array([memory.role == "assistant" for memory in memories], np.bool_),
            signs=np.array([signs_of(memory.text) for memory in memories], np.int32),
            tokens=[tokens.get(memory.id) for memory in memories],
        )
