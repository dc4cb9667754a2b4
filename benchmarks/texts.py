"""Made-up messages and questions for timings: as long and as varied as chat, the same on every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engram_core import Message

#: Common English words, the most frequent first.
_COMMON = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
_SYLLABLES = (
    "ba",
    "cor",
    "den",
    "fi",
    "gal",
    "ho",
    "jun",
    "ka",
    "lim",
    "mo",
    "nar",
    "pel",
    "ri",
    "sto",
    "tu",
    "ven",
    "zi",
)
_RARE_WORDS = 20_000
_RARE_SHARE = 0.3
#: Words a message: median and spread (natural logarithm) of a log-normal, like the turns of people who chat.
_MEDIAN_WORDS, _SPREAD = 20, 0.7
_SPEAKERS = ("Ada", "Grace")


class Texts:
    """A stream of messages and questions from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        ranks = np.arange(1, len(_COMMON) + 1)
        self._common = (1 / ranks) / (1 / ranks).sum()

    def messages(self, count: int) -> list[Message]:
        """Make messages of two speakers."""
        lengths = np.exp(self._random.normal(np.log(_MEDIAN_WORDS), _SPREAD, count)).astype(int).clip(2, 200)
        return [Message(self._sentence(int(n)), name=_SPEAKERS[i % 2]) for i, n in enumerate(lengths)]

    def questions(self, count: int) -> list[str]:
        """Make questions of five to twelve words."""
        return [self._sentence(int(n)) + "?" for n in self._random.integers(5, 13, count)]

    def _sentence(self, length: int) -> str:
        words = self._random.choice(_COMMON, length, p=self._common)
        rare = self._random.random(length) < _RARE_SHARE
        # Zipf's law for rare words as well: some come back often, most hardly ever.
        ranks = (_RARE_WORDS ** self._random.random(length)).astype(int)
        return " ".join(
            _rare_word(int(r)) if is_rare else str(w) for w, is_rare, r in zip(words, rare, ranks, strict=True)
        )


def _rare_word(rank: int) -> str:
    word = ""
    while rank:
        rank, digit = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[digit]
    return word


def spoken(messages: list[Message]) -> list[str]:
    """Return the texts as the engine embeds them: "speaker: text"."""
    return [f"{message.name}: {message.content}" for message in messages]
