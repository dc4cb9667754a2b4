"""The built-in embedders: MiniLM in eight bits, as published and as trained for memory, on onnxruntime, offline."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import Space
from engram_core.errors import ConfigError, InvalidInputError
from engram_core.ports import MOST_TOKEN_BYTES, Embedder, Encoded, EncodedQuery, Matrix, Tokens, Vector
from engram_core.providers.models import MAX_TOKENS, SHORT
from engram_core.providers.vectors import check_texts

if TYPE_CHECKING:
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
    from tokenizers import Tokenizer

_MODELS = Path(__file__).parent / "models"
#: all-MiniLM-L6-v2 as published.
PUBLISHED = _MODELS / "all-MiniLM-L6-v2"
#: The same, trained further for questions about conversations, with vectors of tokens.
FOLDER = _MODELS / "minilm-memory"
DIMENSION = 384
# A token is hardly ever longer than ten characters: beyond this nothing is read, so a megabyte costs no more.
MAX_CHARACTERS = 64 * MAX_TOKENS
# Measured: larger batches leave the processor's cache, smaller ones pay for each call.
BATCH_TOKENS = 256
TOKENISE_AT_ONCE = 256
_NO_TOKENS: Tokens = np.empty((0, 0), np.int8)


class OnnxEmbedder(Embedder):
    """Embeds with a model that the package carries: 384 dimensions, 256 word pieces, no network.

    The model is loaded at first use. Work runs in threads of its own, never on the event loop; calls at the same time
    share them batch by batch, so that a question does not wait for a long import. One embedder serves any number of
    event loops. A text's vector does not depend on the texts embedded beside it.
    """

    def __init__(self, threads: int = 0, folder: Path = FOLDER) -> None:
        """Say how it runs; nothing is loaded yet.

        Args:
            threads: Batches at the same time; 0 means one a core.
            folder: Holds `model.onnx`, `tokenizer.json` and `manifest.json`.

        Raises:
            InvalidInputError: `threads` is negative.
        """
        if threads < 0:
            raise InvalidInputError("threads", threads, "0 (one a core) or a positive number")
        self._threads = threads or _cores()
        self._folder = folder
        self._model: _Model | None = None
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None

    async def space(self) -> Space:
        """Name the model by the hash of its file, without loading it.

        Raises:
            ConfigError: The manifest is missing or damaged.
        """
        name = "minilm" if self._folder == PUBLISHED else self._folder.name
        return Space(f"{name}-int8-{_read_manifest(self._folder)['model.onnx'][:8]}", DIMENSION)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), 384), rows of unit length.

        Raises:
            ConfigError: The model's files are missing, or are not those of the manifest.
        """
        return (await self.encode(texts)).vectors

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Embed texts, with the vectors of their tokens where the model has a head for them.

        Of a text with more tokens than `MOST_TOKEN_BYTES` hold, those with the most weight are kept.
        """
        texts = [text[:MAX_CHARACTERS] for text in check_texts(texts)]
        loop, pool = asyncio.get_running_loop(), self._open_pool()
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        if not texts:
            return Encoded(vectors)
        model = await loop.run_in_executor(pool, self._open_model)
        tokens: list[Tokens] = [_NO_TOKENS] * len(texts)
        pieces: list[list[int]] = []
        for start in range(0, len(texts), TOKENISE_AT_ONCE):
            pieces += await loop.run_in_executor(pool, model.tokenise, texts[start : start + TOKENISE_AT_ONCE])
        waiting = deque(plan_batches([len(ids) for ids in pieces]))

        async def work() -> None:
            while waiting:
                batch = waiting.popleft()
                read = await loop.run_in_executor(pool, model.run, [pieces[i] for i in batch])
                vectors[batch] = read.vectors
                for place, own in zip(batch, read.tokens, strict=False):
                    tokens[place] = own

        try:
            await asyncio.gather(*(work() for _ in range(min(self._threads, len(waiting)))))
        finally:
            waiting.clear()  # one failed or was cancelled: the others stop after their batch
        return Encoded(vectors, tuple(tokens) if model.has_head else ())

    async def embed_query(self, text: str) -> Vector:
        """Embed a question."""
        return (await self.encode_query(text)).vector

    async def encode_query(self, text: str) -> EncodedQuery:
        """Embed a question, with the vectors of its tokens: one trip to a thread."""
        texts = [text[:MAX_CHARACTERS] for text in check_texts([text])]
        return await asyncio.get_running_loop().run_in_executor(self._open_pool(), self._ask_now, texts)

    async def close(self) -> None:
        """Let go of the model and the threads; a later call loads it again."""
        with self._lock:
            pool, self._pool, self._model = self._pool, None, None
        if pool is not None:
            pool.shutdown(wait=False)

    def _ask_now(self, texts: list[str]) -> EncodedQuery:
        model = self._open_model()
        return model.ask(model.tokenise(texts))

    def _open_pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="engram-embed")
            return self._pool

    def _open_model(self) -> _Model:
        with self._lock:
            if self._model is None:
                self._model = _load(self._folder)
            return self._model


@dataclass(frozen=True, slots=True)
class _Model:
    session: InferenceSession
    tokenizer: Tokenizer

    def tokenise(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts)]

    @property
    def has_head(self) -> bool:
        return len(self.session.get_outputs()) > 1

    def run(self, pieces: list[list[int]]) -> Encoded:
        if not self.has_head:
            return Encoded(self._outputs(pieces)[0])
        vectors, tokens, weights = self._outputs(pieces)
        kept = [_kept(tokens[i], weights[i], len(text)) for i, text in enumerate(pieces)]
        return Encoded(vectors, tuple(np.round(own * 127).astype(np.int8) for own in kept))

    def ask(self, pieces: list[list[int]]) -> EncodedQuery:
        if not self.has_head:
            return EncodedQuery(self._outputs(pieces)[0][0], np.empty((0, 0), np.float32), np.empty(0, np.float32))
        vectors, tokens, weights = self._outputs(pieces)
        own = weights[0, 1:-1]
        return EncodedQuery(vectors[0], tokens[0, 1:-1], own / max(float(own.sum()), 1e-9))

    def _outputs(self, pieces: list[list[int]]) -> list[NDArray[np.float32]]:
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(pieces):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        return [np.asarray(found) for found in self.session.run(None, {"input_ids": ids, "attention_mask": mask})]


def _kept(tokens: NDArray[np.float32], weights: NDArray[np.float32], pieces: int) -> NDArray[np.float32]:
    """Return the token vectors of a text without the two special ones: at most those that matter most, in order."""
    own = tokens[1 : pieces - 1]
    most = MOST_TOKEN_BYTES // own.shape[1]
    if len(own) <= most:
        return own
    return own[np.sort(np.argsort(-weights[1 : pieces - 1], kind="stable")[:most])]


def plan_batches(lengths: Sequence[int]) -> list[list[int]]:
    """Group texts of similar length: indexes into `lengths`, each batch at most `BATCH_TOKENS` with its padding.

    A short text and a longer one never share a batch: each is computed as it would be alone.
    """
    batches: list[list[int]] = []
    # Longest first: the last batches are cheap, so that all threads end at about the same time.
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[batches[-1][0]] if batches else 0
        fits = batches and (len(batches[-1]) + 1) * longest <= BATCH_TOKENS
        if fits and (longest <= SHORT) == (lengths[index] <= SHORT):
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _load(folder: Path) -> _Model:
    # From 1.29 on, onnxruntime reports to its makers unless this is set before it is loaded. We promise no telemetry.
    os.putenv("ORT_DISABLE_TELEMETRY", "1")
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
    from onnxruntime.capi.onnxruntime_pybind11_state import SessionOptions
    from tokenizers import Tokenizer

    files = {name: _read_checked(folder / name, digest) for name, digest in _read_manifest(folder).items()}
    options = SessionOptions()
    # Threads run whole batches side by side: cheaper than several threads on one batch, which wait for each other at
    # every operator.
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False  # it is kept for each shape, and shapes hardly repeat
    options.log_severity_level = 3
    session = InferenceSession(files["model.onnx"], options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_buffer(files["tokenizer.json"])
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return _Model(session, tokenizer)


def _read_manifest(folder: Path) -> dict[str, str]:
    try:
        hashes: dict[str, str] = json.loads((folder / "manifest.json").read_text("utf-8"))["sha256"]
        return {name: hashes[name] for name in ("model.onnx", "tokenizer.json")}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ConfigError(f"no usable manifest of the built-in model in {folder}: install the package again") from exc


def _read_checked(path: Path, digest: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: install the package again") from exc
    if hashlib.sha256(content).hexdigest() != digest:
        raise ConfigError(f"{path} is not the file it should be (sha256 differs): install the package again")
    return content


def _cores() -> int:
    # Those this process may use, which in a container are often fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
