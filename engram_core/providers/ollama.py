"""Embeddings of models that Ollama serves, through its official client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from engram_core.domain.memory import Space
from engram_core.errors import (
    InvalidOutputError,
    MissingExtraError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
)
from engram_core.ports import Embedder, Matrix
from engram_core.providers.vectors import batches, check_texts, unit_rows

try:
    import httpx
    import ollama
except ImportError as exc:
    raise MissingExtraError("ollama", "ollama") from exc

# Bounds of one request, so that it ends well before the timeout on a slow machine. The server cuts off what its model
# cannot read; there is no use in sending it megabytes.
MAX_TEXTS = 128
MAX_CHARACTERS = 200_000
MAX_TEXT = 100_000


class OllamaEmbedder(Embedder):
    """Embeds with a model behind Ollama's `/api/embed`. A call that fails is not tried again here."""

    def __init__(self, model: str, *, host: str | None = None, timeout: float = 120.0) -> None:
        """Make the client; nothing is sent yet.

        Args:
            model: As `ollama list` names it, such as `nomic-embed-text`.
            host: Where it is served; default: this machine.
            timeout: Seconds that one request may take, loading the model included.
        """
        self._model = model
        self._dimension: int | None = None
        self._client = ollama.AsyncClient(host=host, timeout=timeout)

    async def space(self) -> Space:
        """Name the model; the first call embeds one word to find the dimension."""
        if self._dimension is None:
            await self.embed(["dimension"])
        assert self._dimension is not None
        return Space(f"ollama:{self._model}", self._dimension)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), dimension), rows of unit length.

        Raises:
            RateLimitedError: The server asks to slow down.
            ProviderUnavailableError: It cannot be reached, is too slow, or failed.
            InvalidOutputError: It answered what cannot be used.
            ProviderError: It refused: unknown model.
        """
        clipped = [text[:MAX_TEXT] or " " for text in check_texts(texts)]
        parts = [await self._embed_batch(batch) for batch in batches(clipped, MAX_TEXTS, MAX_CHARACTERS)]
        if not parts:
            return np.empty((0, (await self.space()).dimension), np.float32)
        return np.concatenate(parts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def _embed_batch(self, texts: list[str]) -> Matrix:
        with translated():
            response = await self._client.embed(model=self._model, input=texts)
        vectors = unit_rows(response.embeddings, len(texts), self._dimension)
        self._dimension = vectors.shape[1]
        return vectors


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except ollama.ResponseError as exc:
        kind: type[ProviderError] = ProviderError
        if exc.status_code == 429:
            kind = RateLimitedError
        elif exc.status_code >= 500:
            kind = ProviderUnavailableError
        raise kind(f"ollama: {exc.error} (status {exc.status_code})") from exc
    except (ConnectionError, httpx.TransportError) as exc:
        raise ProviderUnavailableError(f"ollama: {exc or type(exc).__name__}") from exc
    except (ValueError, TypeError, RecursionError) as exc:  # a damaged body, or one that misses fields
        raise InvalidOutputError(f"ollama: the answer cannot be read ({exc})") from exc
