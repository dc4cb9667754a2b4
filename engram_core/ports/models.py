"""The models: what embeds, what answers, what counts tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import Space

Vector = NDArray[np.float32]  # (dimension,), unit length
Matrix = NDArray[np.float32]  # (n, dimension), rows of unit length
Tokens = NDArray[np.int8]  # (k, width), rows of length 127 as near as integers come

#: What token vectors of one text may take at most, in bytes.
MOST_TOKEN_BYTES = 3072


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Texts as a model reads them: one vector each, and one for each token where the model gives these.

    Attributes:
        vectors: (n, dimension), in the order of the texts.
        tokens: (n) of them, each (k, width) with the width of the space and `MOST_TOKEN_BYTES` at most; none at all
            where the model has no token vectors.
    """

    vectors: Matrix
    tokens: tuple[Tokens, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class EncodedQuery:
    """A question as a model reads it.

    Attributes:
        vector: (dimension,).
        tokens: (q, width) float32, unit rows; (0, 0) where the model has no token vectors.
        weights: (q,) float32, how much each token matters; they sum to 1.
    """

    vector: Vector
    tokens: NDArray[np.float32]
    weights: NDArray[np.float32]


class Embedder(ABC):
    """Turns texts into vectors of unit length."""

    @abstractmethod
    async def space(self) -> Space:
        """Name the model and the dimension of its vectors; may call the provider once."""

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found later.

        Args:
            texts: Any number, of any length; what the model cannot read of a long one is cut off.

        Returns:
            float32 of shape (len(texts), dimension), rows of unit length, in the order given.

        Raises:
            ProviderError: The model failed; `retryable` says whether to try again.
        """

    async def embed_query(self, text: str) -> Vector:
        """Embed a question; the same as `embed` unless the model treats questions in another way."""
        vector: Vector = (await self.embed([text]))[0]
        return vector

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Embed texts with their token vectors, for late interaction; the same as `embed` where the model has none."""
        return Encoded(await self.embed(texts))

    async def encode_query(self, text: str) -> EncodedQuery:
        """Embed a question with its token vectors, likewise."""
        return EncodedQuery(await self.embed_query(text), np.empty((0, 0), np.float32), np.empty(0, np.float32))

    async def close(self) -> None:  # noqa: B027 - most embedders hold nothing
        """Give back what is held. Closing twice is harmless."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: its text, and the tokens it took as the provider counted them."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class ChatModel(ABC):
    """A language model that answers in JSON."""

    #: What it is called in histories and counters, such as `openai:gpt-4o-mini`.
    name: str

    @abstractmethod
    async def answer(self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Answer once.

        Args:
            messages: (role, text) pairs, roles `system`, `user`, `assistant`.
            schema: The JSON Schema (an object, with a `title`) that the provider is asked to hold the answer to. A
                provider that cannot, or does not, gives text that the caller must check.

        Raises:
            RateLimitedError: It asks to slow down, and did so through all retries.
            ProviderUnavailableError: It cannot be reached, is too slow, or failed.
            InvalidOutputError: It answered what cannot be read as an answer at all, or refused, or was cut off.
            ProviderError: It refused: wrong key, unknown model.
        """

    async def close(self) -> None:  # noqa: B027 - some models hold nothing
        """Give back what is held. Closing twice is harmless."""


class TokenCounter(ABC):
    """Counts tokens for a budget."""

    #: What it counts by: an encoding, or the name of the estimate.
    name: str

    @abstractmethod
    def count(self, text: str) -> int:
        """Count the tokens of a text; an estimate errs high."""
