"""The limits that the engine is held against, bare: the embedder alone, and the exact vector query alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from engram_core import (
    AsyncEngram,
    ConfigError,
    Embedder,
    Scope,
    Settings,
    Space,
    build_database,
    build_embedder,
)

_SQL = Path(__file__).parent / "sql"
DIMENSION = 384

Floats = NDArray[np.float32]
Scan = Callable[[str, Floats], Awaitable[int]]


def default_embedder() -> Embedder:
    """Make the embedder that an engine without settings uses."""
    return build_embedder(AsyncEngram(embedder="minilm").settings)


class FillEmbedder(Embedder):
    """Fills a store fast: memories get random vectors, questions get real ones.

    A search cannot tell the difference in time; 100,000 real vectors would take a quarter of an hour to make.

    Args:
        questions: Embeds questions; its vectors have `DIMENSION` entries.
    """

    def __init__(self, questions: Embedder) -> None:
        self._questions = questions
        self._random = np.random.default_rng(0)
        self._known: dict[str, Floats] = {}
        #: Answer from memory what `prepare` embedded, so that a search can be timed without its embedding.
        self.is_prepared = False

    async def space(self) -> Space:
        """Name a space of its own: these vectors mean nothing to anybody else."""
        return Space("benchmark:random", DIMENSION)

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Make random vectors of unit length."""
        vectors = self._random.standard_normal((len(texts), DIMENSION), dtype=np.float32)
        unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    async def prepare(self, questions: Sequence[str]) -> None:
        """Embed questions beforehand."""
        for text in questions:
            self._known[text] = await self._questions.embed_query(text)

    def prepared(self, text: str) -> Floats:
        """Return the vector of a question that was prepared."""
        return self._known[text]

    async def embed_query(self, text: str) -> Floats:
        """Embed a question, or remember it where `is_prepared` says so."""
        return self._known[text] if self.is_prepared else await self._questions.embed_query(text)


@asynccontextmanager
async def exact_scan(settings: Settings) -> AsyncIterator[Scan]:
    """Connect to the Postgres of a running engine for bare queries.

    Yields:
        A coroutine function of a user and a question's vector that runs the query and returns its number of rows.
    """
    database = build_database(settings)
    if database is None:
        raise ConfigError("a store in memory has no query to be held against")
    await database.open()
    try:
        async with database.connection() as connection:
            await connection.execute(_read("no_vector_index"))
            statement = await connection.prepare(_read("exact_scan"))

            async def scan(user_id: str, vector: Floats) -> int:
                shard_key = Scope(settings.tenant, user_id=user_id).shard_key
                return len(await statement.fetch(shard_key, HalfVector(vector)))

            yield scan
    finally:
        await database.close()


def _read(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
