"""Embeddings of OpenAI, and of every server that speaks its protocol, through the official client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from engram_core.domain.memory import Space
from engram_core.errors import (
    ConfigError,
    InvalidOutputError,
    MissingExtraError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
)
from engram_core.ports import Embedder, Matrix
from engram_core.providers.estimate import clip_tokens
from engram_core.providers.vectors import batches, check_texts, unit_rows

try:
    import openai
except ImportError as exc:
    raise MissingExtraError("openai", "openai") from exc

# The service's limits: 8,192 tokens a text, 2,048 texts and 300,000 tokens a request. A character is at most three
# tokens in any script that people write.
MAX_TOKENS = 8191
MAX_TEXTS = 2048
MAX_CHARACTERS = 100_000


class OpenAIEmbedder(Embedder):
    """Embeds with a model behind OpenAI's `/v1/embeddings`."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        dimension: int | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        """Make the client; nothing is sent yet.

        Args:
            model: As the service names it, such as `text-embedding-3-small`.
            api_key: The service's key; a server of your own (`base_url`) may do without.
            base_url: Where it is served, up to and with `/v1`; default: OpenAI.
            dimension: Ask for vectors of this length; default: the model's own, found by one call.
            timeout: Seconds that one request may take.
            max_retries: How often the client tries again, with growing pauses, when the service is busy or away.

        Raises:
            ConfigError: There is neither a key nor a server of your own.
        """
        if not api_key and not base_url:
            raise ConfigError(f"openai:{model} needs a key: set OPENAI_API_KEY, or ENGRAM_OPENAI_BASE_URL to a server")
        self._model = model
        self._asked = dimension
        self._dimension = dimension
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "none", base_url=base_url, timeout=timeout, max_retries=max_retries
        )

    async def space(self) -> Space:
        """Name the model; without a dimension given, the first call embeds one word to find it."""
        if self._dimension is None:
            await self.embed(["dimension"])
        assert self._dimension is not None
        return Space(f"openai:{self._model}", self._dimension)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), dimension), rows of unit length.

        Raises:
            RateLimitedError: The service asks to slow down, and did so through all retries.
            ProviderUnavailableError: It cannot be reached, is too slow, or failed.
            InvalidOutputError: It answered what cannot be used.
            ProviderError: It refused: wrong key, unknown model.
        """
        clipped = [clip_tokens(text, MAX_TOKENS) or " " for text in check_texts(texts)]  # it refuses empty texts
        parts = [await self._embed_batch(batch) for batch in batches(clipped, MAX_TEXTS, MAX_CHARACTERS)]
        if not parts:
            return np.empty((0, (await self.space()).dimension), np.float32)
        return np.concatenate(parts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _embed_batch(self, texts: list[str]) -> Matrix:
        with translated():
            response = await self._client.embeddings.create(
                model=self._model, input=texts, dimensions=openai.omit if self._asked is None else self._asked
            )
            rows = [item.embedding for item in sorted(response.data, key=lambda item: item.index)]
        vectors = unit_rows(rows, len(texts), self._dimension)
        self._dimension = vectors.shape[1]
        return vectors


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except openai.RateLimitError as exc:
        if exc.code == "insufficient_quota":  # waiting does not help
            raise ProviderError(f"openai: {exc.message}") from exc
        raise RateLimitedError(f"openai: {exc.message}") from exc
    except (openai.APIConnectionError, openai.InternalServerError) as exc:
        raise ProviderUnavailableError(f"openai: {exc.message}") from exc
    except openai.APIResponseValidationError as exc:
        raise InvalidOutputError(f"openai: {exc.message}") from exc
    except openai.OpenAIError as exc:
        raise ProviderError(f"openai: {exc}") from exc
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:  # how the client lets damage through
        raise InvalidOutputError(f"openai: the answer cannot be read ({exc})") from exc
