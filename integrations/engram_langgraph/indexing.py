"""What is found by meaning: which texts of an item are embedded, and by what."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, PutOp, ensure_embeddings, get_text_at_path, tokenize_path
from numpy.typing import NDArray

from engram_core import Bridge, Embedder, InvalidInputError, InvalidOutputError

#: Names the engine's embedder in `index["embed"]`.
ENGINE = "engram"
#: pgvector's limit for half-precision vectors.
MOST_DIMENSIONS = 16_000
#: The largest number of half precision.
LARGEST = 65_504.0
DISTANCES = ("cosine", "l2", "inner_product")


class EngramIndexConfig(TypedDict, total=False):
    """LangGraph's `IndexConfig`, and what this store offers beyond it.

    Attributes:
        dims: Length of the vectors; may be left out with an Engram embedder, which knows.
        embed: LangChain `Embeddings`, a function of texts (with or without `async`), `"provider:model"`, an Engram
            `Embedder`, or `"engram"`: the engine's own.
        fields: Paths of what is embedded, each text by a vector of its own; `["$"]`, the whole value, when left out.
        distance_type: What a score is made of: `cosine` (similarity, the default), `inner_product`, or `l2` (the
            distance, negated).
        hybrid: Rank by words as well as by vectors. Scores are then made of ranks: 1 is first in both.
    """

    dims: int
    embed: Embeddings | Embedder | Callable[..., Any] | str
    fields: list[str] | str | None
    distance_type: Literal["cosine", "l2", "inner_product"]
    hybrid: bool


@dataclass(frozen=True, slots=True)
class Distance:
    """How vectors are compared in SQL.

    Attributes:
        operator: pgvector's, by which vectors are put in order.
        score: What a score is made of, of `e.embedding` and a `{question}`.
    """

    operator: str
    score: str


_SQL = {
    # Vectors are of length one, but for rounding: the inner product orders them as well, and is the cheapest.
    "cosine": Distance("<#>", "1 - (e.embedding <=> {question}::halfvec)"),
    "l2": Distance("<->", "-n.distance"),
    "inner_product": Distance("<#>", "-n.distance"),
}


class Indexing:
    """An index configuration, ready to be used.

    Args:
        config: As the caller gave it.
        bridge: To the engine, whose loop runs what has only an `async` face.

    Raises:
        InvalidInputError: A part of the configuration cannot be used.
    """

    def __init__(self, config: IndexConfig | EngramIndexConfig, bridge: Bridge) -> None:
        if not isinstance(config, dict):
            raise InvalidInputError("index", config, "a dict with dims, embed and fields, or None")
        self.config: dict[str, Any] = dict(config)
        self.embeddings, knows_dims = _embeddings(self.config.get("embed"), bridge)
        self._dims = _checked_dims(self.config.get("dims"), knows_dims)
        self.paths = _paths(self.config.get("fields") or ["$"])
        self.hybrid = bool(self.config.get("hybrid", False))
        distance = self.config.get("distance_type", "cosine")
        if distance not in DISTANCES:
            raise InvalidInputError("index['distance_type']", distance, ", ".join(DISTANCES))
        self.distance = _SQL[distance]
        self._is_cosine = distance == "cosine"
        languages = bridge.engine.settings.language_names
        self.language = languages[0] if len(languages) == 1 and languages[0] in LANGUAGES else "simple"

    def texts(self, op: PutOp) -> list[str]:
        """List the texts of an item that are to be embedded, each once, in the order of the paths.

        Raises:
            InvalidInputError: `index` is no list of paths.
        """
        if op.index is False or op.value is None:
            return []
        paths = self.paths if op.index is None else _paths(op.index, "index")
        texts = [text for path in paths for text in get_text_at_path(op.value, path)]
        return [text for text in dict.fromkeys(texts) if text.strip()]

    def embed(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Embed texts; one that the embedder makes nothing of is left out."""
        return self._checked(texts, self.embeddings.embed_documents(list(texts))) if texts else {}

    async def aembed(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Embed texts, on the caller's loop."""
        return self._checked(texts, await self.embeddings.aembed_documents(list(texts))) if texts else {}

    def embed_query(self, text: str) -> dict[str, Vector]:
        """Embed a question."""
        return self._checked([text], [self.embeddings.embed_query(text)])

    async def aembed_query(self, text: str) -> dict[str, Vector]:
        """Embed a question, on the caller's loop."""
        return self._checked([text], [await self.embeddings.aembed_query(text)])

    def _checked(self, texts: Sequence[str], vectors: Any) -> dict[str, Vector]:
        try:
            rows = np.array(vectors, np.float32)
        except (TypeError, ValueError) as exc:
            raise InvalidOutputError(f"the embedder gave no vectors of one length: {exc}") from exc
        expected = len(texts), self._dims or (rows.shape[-1] if rows.ndim == 2 else 0)
        if rows.shape != expected:
            raise InvalidOutputError(f"the embedder gave an array of shape {rows.shape}; expected {expected}")
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise InvalidOutputError("the embedder gave a vector that is not finite")
        if self._is_cosine:
            rows /= np.where(lengths > 0, lengths, 1)
        if np.abs(rows).max(initial=0) > LARGEST:
            raise InvalidOutputError(f"the embedder gave a number beyond {LARGEST:,.0f}: use distance_type cosine")
        halves = rows.astype(np.float16)
        return {text: row for text, row, length in zip(texts, halves, lengths, strict=True) if length > 0}


#: One vector, float16 of shape (dims,).
Vector = NDArray[np.float16]

#: Text search configurations that every Postgres has.
_LANGUAGES = """
arabic armenian basque catalan danish dutch english finnish french german greek hindi hungarian indonesian irish italian
lithuanian nepali norwegian portuguese romanian russian serbian spanish swedish tamil turkish yiddish
"""
LANGUAGES = frozenset(_LANGUAGES.split())


class EngineEmbeddings(Embeddings):
    """An Engram embedder, the engine's own without one, as LangChain's `Embeddings`; it runs on the engine's loop."""

    def __init__(self, embedder: Embedder | None, bridge: Bridge) -> None:
        self._embedder = embedder
        self._bridge = bridge

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts."""
        return self._bridge.call(lambda _: self._documents(texts))

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts."""
        return await self._bridge.acall(lambda _: self._documents(texts))

    def embed_query(self, text: str) -> list[float]:
        """Embed a question."""
        return self._bridge.call(lambda _: self._query(text))

    async def aembed_query(self, text: str) -> list[float]:
        """Embed a question."""
        return await self._bridge.acall(lambda _: self._query(text))

    async def _documents(self, texts: list[str]) -> Any:
        return await (self._embedder or await self._bridge.embedder()).embed(texts)

    async def _query(self, text: str) -> Any:
        return await (self._embedder or await self._bridge.embedder()).embed_query(text)


class AsyncFunctionEmbeddings(Embeddings):
    """An `async` function of texts as LangChain's `Embeddings`; without `await`, the engine's loop runs it."""

    def __init__(self, function: Callable[[Sequence[str]], Coroutine[Any, Any, Any]], bridge: Bridge) -> None:
        self._function = function
        self._bridge = bridge

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts."""
        return self._bridge.call(lambda _: self._function(texts))

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts."""
        vectors: list[list[float]] = await self._function(texts)
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Embed a question."""
        return self.embed_documents([text])[0]

    async def aembed_query(self, text: str) -> list[float]:
        """Embed a question."""
        return (await self.aembed_documents([text]))[0]


def _embeddings(embed: Any, bridge: Bridge) -> tuple[Embeddings, bool]:
    """Make `Embeddings` of what a caller names, and tell whether it knows its dimension."""
    if embed == ENGINE or isinstance(embed, Embedder):
        return EngineEmbeddings(embed if isinstance(embed, Embedder) else None, bridge), True
    if inspect.iscoroutinefunction(embed) or inspect.iscoroutinefunction(getattr(embed, "__call__", None)):  # noqa: B004
        return AsyncFunctionEmbeddings(embed, bridge), False
    if not isinstance(embed, (str, Embeddings)) and not callable(embed):
        raise InvalidInputError(
            "index['embed']", embed, "Embeddings, a function of texts, 'provider:model' or 'engram'"
        )
    return ensure_embeddings(embed), False


def _checked_dims(dims: object, may_be_missing: bool) -> int | None:
    if dims is None and may_be_missing:
        return None
    if isinstance(dims, bool) or not isinstance(dims, int) or not 0 < dims <= MOST_DIMENSIONS:
        raise InvalidInputError("index['dims']", dims, f"the length of the vectors, 1 to {MOST_DIMENSIONS:,}")
    return dims


def _paths(fields: object, argument: str = "index['fields']") -> list[Any]:
    fields = [fields] if isinstance(fields, str) else fields
    if not isinstance(fields, (list, tuple)) or not all(isinstance(field, str) for field in fields):
        raise InvalidInputError(argument, fields, "a list of paths such as 'title' or 'notes[*].text'")
    return ["$" if field == "$" else tokenize_path(field) for field in fields]
