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
