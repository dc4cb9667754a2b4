"""Vectors that are still to come: a model that fails costs a retry later, never a memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from engram_core.domain.memory import Memory
from engram_core.errors import ProviderError
from engram_core.ports import Embedder, MemoryStore, Recorded, Vector

logger = logging.getLogger(__name__)
_JOBS_AT_ONCE = 256


async def try_vectors(memories: Sequence[Memory], embedder: Embedder) -> dict[str, Vector]:
    """Embed memories and return their vectors by id; when the model fails, log that and return none."""
    try:
        vectors = await embedder.embed([memory.spoken for memory in memories])
    except ProviderError as exc:
        logger.warning("%d memories have no vector for now: %s", len(memories), exc)
        return {}
    return {memory.id: vector for memory, vector in zip(memories, vectors, strict=True)}


async def try_embed(recorded: Recorded, store: MemoryStore, embedder: Embedder) -> int:
    """Embed what `record` left without a vector and store the vectors; return how many are left, by a failing model."""
    memories = recorded.unembedded
    if not memories:
        return 0
    vectors = await try_vectors(memories, embedder)
    if not vectors:
        return len(memories)
    await store.embedded(vectors, memories, recorded.job)
    return 0


async def catch_up(store: MemoryStore, embedder: Embedder) -> int:
    """Embed whatever is due from earlier failures or crashes; return how many memories got their vector."""
    done = 0
    while (claimed := await store.claim_unembedded(_JOBS_AT_ONCE)) is not None:
        job, memories = claimed
        vectors = await try_vectors(memories, embedder)
        if not vectors:
            return done
        await store.embedded(vectors, memories, job)
        done += len(memories)
    return done
