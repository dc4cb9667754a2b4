"""Counting the tokens of chat messages, without a network."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_index.core
from llama_index.core.base.llms.types import ChatMessage, ContentBlock
from llama_index.core.utils import get_tokenizer

Tokenizer = Callable[[str], list[Any]]

# As in LlamaIndex's own memory: what a picture or a document costs depends on the model.
_FLAT_RATES = {"image": 256, "audio": 256, "video": 256, "document": 2048}
_CACHE = "TIKTOKEN_CACHE_DIR"
_lock = threading.Lock()


def offline_tokenizer() -> Tokenizer:
    """Return LlamaIndex's global tokenizer; where none is set, that of the vocabulary which its package carries.

    LlamaIndex alone would look for the vocabulary in the folder that `TIKTOKEN_CACHE_DIR` names, where that is set, and
    download what is not there.
    """
    with _lock, _bundled_vocabulary():
        tokenizer: Tokenizer = get_tokenizer()
    return tokenizer


@contextmanager
def _bundled_vocabulary() -> Iterator[None]:
    before = os.environ.get(_CACHE)
    os.environ[_CACHE] = str(Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache")
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE]
        else:
            os.environ[_CACHE] = before


def count_tokens(message: ChatMessage, tokenizer: Tokenizer) -> int:
    """Estimate what a message costs a model: its texts exactly, media by a flat rate."""
    extra = len(tokenizer(str(message.additional_kwargs))) if message.additional_kwargs else 0
    return extra + sum(_count(block, tokenizer) for block in message.blocks)


def _count(block: ContentBlock, tokenizer: Tokenizer) -> int:
    # By the names of their types: which there are differs between versions of LlamaIndex.
    if block.block_type == "text":
        return len(tokenizer(block.text))
    if block.block_type == "thinking":
        return len(tokenizer(block.content or ""))
    if block.block_type == "tool_call":
        return len(tokenizer(f"{block.tool_name} {block.tool_kwargs}"))
    return _FLAT_RATES.get(block.block_type, 0)
