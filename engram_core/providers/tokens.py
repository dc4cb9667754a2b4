"""Counting tokens: exactly where the vocabulary is on this machine, else by an estimate that errs high."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engram_core.errors import ConfigError
from engram_core.ports import TokenCounter
from engram_core.providers.estimate import estimate_tokens

if TYPE_CHECKING:
    import tiktoken

# A word of a megabyte would take the merge loop minutes; cut into parts it counts at least as many tokens.
_PART = 100_000


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Where tiktoken would download a vocabulary, the hash of that file, and how text is split into words."""

    url: str
    sha256: str
    pattern: str


# As in tiktoken's `openai_public.py`, whose own functions download what is missing.
_STORE = "https://openaipublic.blob.core.windows.net/encodings"
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_VOCABULARIES = {
    "cl100k_base": _Vocabulary(
        f"{_STORE}/cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
        r"|\s*[\r\n]|\s+(?!\S)|\s",
    ),
    "o200k_base": _Vocabulary(
        f"{_STORE}/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _ENDING + "|"
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _ENDING + "|"
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}


def open_counter(encoding: str, cache_dir: Path | None = None) -> TokenCounter:
    """Open the exact counter where its vocabulary is at hand, else the estimate. Nothing is ever downloaded.

    Args:
        encoding: `cl100k_base` or `o200k_base`.
        cache_dir: Where tiktoken keeps vocabularies; default: its own default, in the folder of temporary files.

    Raises:
        ConfigError: There is no such encoding.
    """
    _known(encoding)
    try:
        return TiktokenCounter(encoding, cache_dir)
    except (FileNotFoundError, ModuleNotFoundError):
        return EstimateCounter()


class TiktokenCounter(TokenCounter):
    """Counts the tokens of an OpenAI encoding exactly, from the vocabulary that tiktoken has kept."""

    def __init__(self, encoding: str, cache_dir: Path | None = None) -> None:
        """Load the vocabulary: some tenths of a second.

        Args:
            encoding: `cl100k_base` or `o200k_base`.
            cache_dir: Where tiktoken keeps vocabularies; default: its own default.

        Raises:
            ConfigError: There is no such encoding.
            FileNotFoundError: Its vocabulary is not there, or is not the right file.
            ModuleNotFoundError: tiktoken is not installed.
        """
        self._encoding = _load(encoding, cache_dir)
        self.name = encoding

    def count(self, text: str) -> int:
        """Count the tokens; what looks like a special token counts as plain text."""
        parts = (text[start : start + _PART] for start in range(0, len(text), _PART))
        return sum(len(self._encoding.encode_ordinary(part)) for part in parts)


class EstimateCounter(TokenCounter):
    """Estimates from the kinds of characters; errs high for any encoding of the size of cl100k or larger."""

    name = "estimate"

    def count(self, text: str) -> int:
        """Estimate the tokens."""
        return estimate_tokens(text)


def vocabulary_path(encoding: str, cache_dir: Path | None = None) -> Path:
    """Return where tiktoken keeps the vocabulary of an encoding, whether it is there or not."""
    folder = cache_dir or Path(tempfile.gettempdir()) / "data-gym-cache"
    return folder / hashlib.sha1(_known(encoding).url.encode(), usedforsecurity=False).hexdigest()


def _known(encoding: str) -> _Vocabulary:
    if encoding not in _VOCABULARIES:
        raise ConfigError(f"tokens: got {encoding!r}; accepted: {', '.join(sorted(_VOCABULARIES))}")
    return _VOCABULARIES[encoding]


def _load(encoding: str, cache_dir: Path | None) -> tiktoken.Encoding:
    vocabulary, path = _known(encoding), vocabulary_path(encoding, cache_dir)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != vocabulary.sha256:
        raise FileNotFoundError(f"{path} is not the vocabulary of {encoding} (sha256 differs)")
    import tiktoken

    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}
    return tiktoken.Encoding(encoding, pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens={})
