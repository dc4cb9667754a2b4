"""Counts tokens for reports."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec


def token_counter() -> tuple[str, Callable[[str], int]]:
    """Return a counter and its name: exact o200k counts with the `test` extra, else four characters a token."""
    if find_spec("bpe_openai") is None:
        return "characters / 4", lambda text: -(-len(text) // 4)
    import bpe_openai

    encoding = bpe_openai.get_encoding("o200k_base")
    return "o200k_base", lambda text: len(encoding.encode_ordinary(text))
