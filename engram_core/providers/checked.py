"""The boundary to an embedder that is not ours: what it answers is checked before anything is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from engram_core.domain.memory import Space
from engram_core.errors import EngramError, InvalidOutputError, ProviderError
from engram_core.ports import Embedder, Encoded, EncodedQuery, Matrix, Vector
from engram_core.providers.vectors import check_tokens, unit_rows

T = TypeVar("T")


class CheckedEmbedder(Embedder):
    """An embedder of the caller's own, held to the port.

    One vector of another length, once stored, would make its owner's memories unsearchable; an exception of a kind
    that the engine does not know would fail an `add` whose turns are stored already.

    Args:
        inner: The caller's.
    """

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._space: Space | None = None

    async def space(self) -> Space:
        """Name the space of the inner embedder.

        Raises:
            InvalidOutputError: What it names is not a model and a dimension.
        """
        if self._space is None:
            space: object = await _asked(self._inner.space())
            if not isinstance(space, Space) or not space.model or space.dimension < 1:
                raise InvalidOutputError(f"the embedder named the space {space!r}; a Space with a model is needed")
            self._space = space
        return self._space

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed by the inner embedder: float32 (len(texts), dimension), rows of unit length.

        Raises:
            InvalidOutputError: It answered another number or length of vectors, or ones without a direction.
            ProviderError: It failed.
        """
        dimension = (await self.space()).dimension
        return unit_rows(await _asked(self._inner.embed(texts)), len(texts), dimension)

    async def embed_query(self, text: str) -> Vector:
        """Embed a question by the inner embedder: float32 (dimension,), unit length; it raises as `embed` does."""
        dimension = (await self.space()).dimension
        vector: Vector = unit_rows([await _asked(self._inner.embed_query(text))], 1, dimension)[0]
        return vector

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Embed with token vectors by the inner embedder; it raises as `embed` does."""
        dimension = (await self.space()).dimension
        encoded: object = await _asked(self._inner.encode(texts))
        if not isinstance(encoded, Encoded):
            raise InvalidOutputError("the embedder answered something else than an Encoded")
        return Encoded(unit_rows(encoded.vectors, len(texts), dimension), check_tokens(encoded.tokens, len(texts)))

    async def encode_query(self, text: str) -> EncodedQuery:
        """Embed a question with token vectors by the inner embedder; it raises as `embed` does."""
        dimension = (await self.space()).dimension
        asked: object = await _asked(self._inner.encode_query(text))
        if not isinstance(asked, EncodedQuery) or len(asked.tokens) != len(asked.weights):
            raise InvalidOutputError("the embedder answered something else than an EncodedQuery with a weight a token")
        return EncodedQuery(unit_rows([asked.vector], 1, dimension)[0], asked.tokens, asked.weights)

    async def close(self) -> None:
        """Close the inner embedder."""
        await self._inner.close()


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except EngramError:
        raise
    except Exception as exc:
        raise ProviderError(f"the embedder failed: {type(exc).__name__}: {exc}") from exc
