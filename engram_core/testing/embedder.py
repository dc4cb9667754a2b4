"""A deterministic embedder without a model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engram_core.domain.memory import Space
from engram_core.errors import InvalidInputError
from engram_core.ports import Embedder, Matrix, Vector

_WORD = re.compile(r"\w+")


class FakeEmbedder(Embedder):
    """Embeds a text as the sum of one fixed random direction a word: texts that share words are near.

    The same text gives the same vector in every process and on every machine. Case and punctuation do not count;
    a text without words gets a direction of its own.

    Attributes:
        calls: How many texts each call of `embed` was given.
    """

    def __init__(self, dimension: int = 64) -> None:
        """Choose the length of the vectors.

        Raises:
            InvalidInputError: The dimension is not a positive integer.
        """
        if not isinstance(dimension, int) or dimension < 1:
            raise InvalidInputError("dimension", dimension, "a positive integer")
        self.dimension = dimension
        self.calls: list[int] = []

    async def space(self) -> Space:
        """Name the space by its dimension: `fake-64`."""
        return Space(f"fake-{self.dimension}", self.dimension)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), dimension), rows of unit length.

        Raises:
            InvalidInputError: Not a sequence of strings; a single string is not one.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InvalidInputError("texts", texts, "a sequence of strings")
        self.calls.append(len(texts))
        rows = np.empty((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = embed_words(text, self.dimension)
        return rows


def embed_words(text: str, dimension: int) -> Vector:
    """Return the vector of one text, (dimension,), unit length."""
    words = sorted(set(_WORD.findall(text.lower()))) or [text]
    total = np.sum([_direction(word, dimension) for word in words], axis=0)
    vector: Vector = (total / np.linalg.norm(total)).astype(np.float32)
    return vector


@lru_cache(maxsize=65536)
def _direction(word: str, dimension: int) -> Vector:
    seed = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    direction: Vector = np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(dimension, np.float32)
    return direction
