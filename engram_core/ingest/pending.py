"""Vectors that are still to come: a model that fails costs a retry later, never a memory."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engram_core.domain.memory import Memory
from engram_core.errors import ProviderError
from engram_core.ports import Embedder, Encoded, MemoryStore, Recorded, Tokens, Vector

logger = logging.getLogger(__name__)
_JOBS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors, and those of tokens where the model has them, by the id of the memory."""

    vectors: Mapping[str, Vector]
    tokens: Mapping[str, Tokens]

    @classmethod
    def of(cls, memories: Sequence[Memory], encoded: Encoded) -> Embedded:
        """Name what a model made of memories."""
        ids = [memory.id for memory in memories]
        tokens = dict(zip(ids, encoded.tokens, strict=True)) if encoded.tokens else {}
        return cls(dict(zip(ids, encoded.vectors, strict=True)), tokens)


async def try_vectors(memories: Sequence[Memory], embedder: Embedder) -> Embedded:
    """Embed memories, if there are any; when the model fails, log that and return none."""
    if not memories:
        return Embedded({}, {})
    try:
        return Embedded.of(memories, await embedder.encode([memory.spoken for memory in memories]))
    except ProviderError as exc:
        logger.warning("%d memories have no vector for now: %s", len(memories), exc)
        return Embedded({}, {})


async def try_embed(recorded: Recorded, store: MemoryStore, embedder: Embedder) -> int:
    """Embed what `record` left without a vector and store the vectors; return how many are left, by a failing model."""
    memories = recorded.unembedded
    if not memories:
        return 0
    found = await try_vectors(memories, embedder)
    if not found.vectors:
        return len(memories)
    await store.embedded(found.vectors, memories, recorded.job, tokens=found.tokens)
    return 0


async def catch_up(store: MemoryStore, embedder: Embedder) -> int:
    """Embed whatever is due from earlier failures or crashes; return how many memories got their vector."""
    done = 0
    while (claimed := await store.claim_unembedded(_JOBS_AT_ONCE)) is not None:
        job, memories = claimed
        found = await try_vectors(memories, embedder)
        if not found.vectors:
            return done
        await store.embedded(found.vectors, memories, job, tokens=found.tokens)
        done += len(memories)
    return done
