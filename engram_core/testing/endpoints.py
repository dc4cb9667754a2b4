"""The bodies that OpenAI's and Ollama's endpoints answer with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engram_core.ports import Matrix
from engram_core.testing.embedder import embed_words

Json = dict[str, Any]

_LENGTH = 2.5  # not 1: whoever needs unit length has to see to it


def embeddings(dimension: int) -> dict[str, Callable[[Json], Json]]:
    """Return what answers each path of embeddings, with vectors of this dimension unless a request asks for another."""
    return {
        "/v1/embeddings": lambda body: _openai_embeddings(body, dimension),
        "/api/embed": lambda body: _ollama_embeddings(body, dimension),
    }


def error(message: str) -> Json:
    """Return an error body that both OpenAI's and Ollama's clients understand."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def with_vectors(body: Json, vector: Sequence[float] | None) -> Json:
    """Return the same answer with every vector replaced; None: by one of the same length that holds NaN."""
    if "embeddings" in body:
        return {**body, "embeddings": [_replacement(old, vector) for old in body["embeddings"]]}
    data = [{**item, "embedding": _replacement(_decode(item["embedding"]), vector)} for item in body["data"]]
    return {**body, "data": data}


def _openai_embeddings(body: Json, dimension: int) -> Json:
    vectors = _vectors(body["input"], body.get("dimensions") or dimension)
    encode = _base64 if body.get("encoding_format") == "base64" else _floats
    tokens = sum(len(text) // 4 + 1 for text in _texts(body["input"]))
    return {
        "object": "list",
        "model": body["model"],
        "data": [{"object": "embedding", "index": i, "embedding": encode(row)} for i, row in enumerate(vectors)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _ollama_embeddings(body: Json, dimension: int) -> Json:
    vectors = _vectors(body["input"], body.get("dimensions") or dimension)
    return {"model": body["model"], "embeddings": [_floats(row) for row in vectors], "total_duration": 1}


def _vectors(given: object, dimension: int) -> Matrix:
    rows: Matrix = np.stack([embed_words(text, dimension) for text in _texts(given)]) * np.float32(_LENGTH)
    return rows


def _texts(given: object) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise TypeError("input must be a string or a list of strings, none of them empty")
    return texts


def _floats(row: Matrix) -> list[float]:
    return [float(value) for value in row]


def _base64(row: Matrix) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _decode(embedding: str | list[float]) -> list[float]:
    if isinstance(embedding, str):
        return _floats(np.frombuffer(base64.b64decode(embedding), "<f4"))
    return embedding


def _replacement(old: Sequence[float], vector: Sequence[float] | None) -> list[float]:
    return [float("nan")] * len(old) if vector is None else list(vector)
