"""The built-in embedder: all-MiniLM-L6-v2 in eight bits, on onnxruntime, offline."""

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

from engram_core.domain.memory import Space
from engram_core.errors import ConfigError, InvalidInputError
from engram_core.ports import Embedder, Matrix
from engram_core.providers.models import MAX_TOKENS, SHORT
from engram_core.providers.vectors import check_texts

if TYPE_CHECKING:
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
    from tokenizers import Tokenizer

FOLDER = Path(__file__).parent / "models" / "all-MiniLM-L6-v2"
DIMENSION = 384
# A token is hardly ever longer than ten characters: beyond this nothing is read, so a megabyte costs no more.
MAX_CHARACTERS = 64 * MAX_TOKENS
# Measured: larger batches leave the processor's cache, smaller ones pay for each call.
BATCH_TOKENS = 256
TOKENISE_AT_ONCE = 256


class OnnxEmbedder(Embedder):
    """Embeds with the model that the package carries: 384 dimensions, 256 word pieces, no network.

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
        return Space(f"minilm-int8-{_read_manifest(self._folder)['model.onnx'][:8]}", DIMENSION)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts: float32 (len(texts), 384), rows of unit length.

        Raises:
            ConfigError: The model's files are missing, or are not those of the manifest.
        """
        texts = [text[:MAX_CHARACTERS] for text in check_texts(texts)]
        loop, pool = asyncio.get_running_loop(), self._open_pool()
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        if not texts:
            return vectors
        if len(texts) == 1:  # a question: one trip to a thread instead of three
            return await loop.run_in_executor(pool, self._embed_now, texts)
        model = await loop.run_in_executor(pool, self._open_model)
        pieces: list[list[int]] = []
        for start in range(0, len(texts), TOKENISE_AT_ONCE):
            pieces += await loop.run_in_executor(pool, model.tokenise, texts[start : start + TOKENISE_AT_ONCE])
        waiting = deque(plan_batches([len(ids) for ids in pieces]))

        async def work() -> None:
            while waiting:
                batch = waiting.popleft()
                vectors[batch] = await loop.run_in_executor(pool, model.run, [pieces[i] for i in batch])

        try:
            await asyncio.gather(*(work() for _ in range(min(self._threads, len(waiting)))))
        finally:
            waiting.clear()  # one failed or was cancelled: the others stop after their batch
        return vectors

    async def close(self) -> None:
        """Let go of the model and the threads; a later call loads it again."""
        with self._lock:
            pool, self._pool, self._model = self._pool, None, None
        if pool is not None:
            pool.shutdown(wait=False)

    def _embed_now(self, texts: list[str]) -> Matrix:
        model = self._open_model()
        return model.run(model.tokenise(texts))

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

    def run(self, pieces: list[list[int]]) -> Matrix:
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(pieces):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        return np.asarray(self.session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0])


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
