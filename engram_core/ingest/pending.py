"""Vectors that are still to come: a model that fails costs a retry later, never a turn."""

from __future__ import annotations

import logging

from engram_core.errors import ProviderError
from engram_core.ports import Embedder, MemoryStore, Recorded

logger = logging.getLogger(__name__)
_JOBS_AT_ONCE = 256


async def embed_recorded(recorded: Recorded, store: MemoryStore, embedder: Embedder) -> None:
    """Embed what `record` left without a vector and store the vectors.

    Raises:
        ProviderError: The embedder failed; the turns are stored and their job stays.
    """
    memories = recorded.unembedded
    if not memories:
        return
    vectors = await embedder.embed([memory.spoken for memory in memories])
    by_id = {memory.id: vector for memory, vector in zip(memories, vectors, strict=True)}
    await store.embedded(by_id, memories, recorded.job)


async def try_embed(recorded: Recorded, store: MemoryStore, embedder: Embedder) -> int:
    """Embed as `embed_recorded` does; a failing model is logged and the number of turns left over returned."""
    try:
        await embed_recorded(recorded, store, embedder)
    except ProviderError as exc:
        logger.warning("%d turns are stored without vectors for now: %s", len(recorded.unembedded), exc)
        return len(recorded.unembedded)
    return 0


async def catch_up(store: MemoryStore, embedder: Embedder) -> int:
    """Embed whatever is due from earlier failures or crashes; return how many memories got their vector."""
    done = 0
    while (claimed := await store.claim_unembedded(_JOBS_AT_ONCE)) is not None:
        job, memories = claimed
        if await try_embed(Recorded((), frozenset(), memories, job), store, embedder):
            return done
        if not memories:
            await store.embedded({}, (), job)
        done += len(memories)
    return done
