"""Changing the embedding model: a second space is filled beside the one that serves, then they switch."""

from __future__ import annotations

from collections.abc import Callable

from engram_core.ports import Embedder, MemoryStore

_BATCH = 256


async def refill(store: MemoryStore, embedder: Embedder, progress: Callable[[int, int], None] | None) -> int:
    """Embed every memory with the present model and let its space serve.

    Interrupted, it goes on where it stopped when it is called again.

    Args:
        store: The store, which may still serve another space.
        embedder: The model to change to.
        progress: Called with how many are done in this run and how many there were to do.

    Returns:
        How many memories were embedded.
    """
    space = await embedder.space()
    done = 0
    async for batch in store.refill(space, _BATCH):
        encoded = await embedder.encode([memory.spoken for memory in batch.memories])
        await store.fill(space, batch.memories, encoded.vectors, tokens=encoded.tokens)
        total = done + batch.left
        done += len(batch.memories)
        if progress is not None:
            progress(done, max(total, done))
    await store.switch(space)
    return done
