"""Embeddings of any sentence-transformers model, run in this process on torch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import numpy as np

from engram_core.domain.memory import Space
from engram_core.errors import ConfigError, MissingExtraError, ProviderError
from engram_core.ports import Embedder, Matrix, Vector
from engram_core.providers.vectors import check_texts, unit_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

# What one trip to the thread embeds, so that a question does not wait for a whole import.
BATCH_TEXTS = 256
# Far beyond what any of these models reads; a megabyte then costs no more.
MAX_CHARACTERS = 200_000


class SentenceTransformersEmbedder(Embedder):
    """Embeds with a sentence-transformers model: its name on the hub, or a folder.

    The model is loaded at first use, in the one thread that all its work runs in. A name that is not in the local
    cache is downloaded by the library.
    """

    def __init__(self, model: str, *, device: str | None = None) -> None:
        """Say which model; nothing is loaded yet.

        Args:
            model: Such as `BAAI/bge-small-en-v1.5`, or a path.
            device: As torch names it; default: the library's choice.
        """
        self._name = model
        self._device = device
        self._model: SentenceTransformer | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="engram-sentence-transformers")

    async def space(self) -> Space:
        """Name the model; loads it to know the dimension."""
        return Space(f"sentence-transformers:{self._name}", await self._in_thread(self._find_dimension))

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), dimension), rows of unit length.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
            ConfigError: There is no such model.
            ProviderError: The model failed.
        """
        texts = [text[:MAX_CHARACTERS] for text in check_texts(texts)]
        starts = range(0, len(texts), BATCH_TEXTS)
        parts = [await self._in_thread(self._encode, texts[start : start + BATCH_TEXTS], None) for start in starts]
        return np.concatenate(parts) if parts else np.empty((0, (await self.space()).dimension), np.float32)

    async def embed_query(self, text: str) -> Vector:
        """Embed a question, with the model's own prompt for questions where it has one."""
        vector: Vector = (await self._in_thread(self._encode, check_texts([text[:MAX_CHARACTERS]]), "query"))[0]
        return vector

    async def close(self) -> None:
        """Let go of the model; a later call loads it again."""
        self._model = None

    async def _in_thread(self, work: Callable[[*Args], Result], *args: *Args) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    def _find_dimension(self) -> int:
        return int(self._encode(["dimension"], None).shape[1])

    def _encode(self, texts: list[str], prompt: str | None) -> Matrix:
        model = self._load()
        known = prompt if prompt in (model.prompts or {}) else None
        try:
            raw = model.encode(texts, prompt_name=known, convert_to_numpy=True, show_progress_bar=False)
        except (RuntimeError, ValueError, IndexError) as exc:
            raise ProviderError(f"sentence-transformers: {self._name} failed: {exc}") from exc
        return unit_rows(raw, len(texts), None)

    def _load(self) -> SentenceTransformer:
        if self._model is None:
            try:
                from sentence_transformers import SentenceTransformer
            except ImportError as exc:
                raise MissingExtraError("sentence-transformers", "sentence-transformers") from exc
            try:
                self._model = SentenceTransformer(self._name, device=self._device)
            except (OSError, ValueError) as exc:
                raise ConfigError(f"sentence-transformers: {self._name!r} cannot be loaded: {exc}") from exc
        return self._model
