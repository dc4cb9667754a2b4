"""Texts to terms for measurements of BM25 with free constants: stems of words, close to what the engine counts."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
_FUNCTION_WORDS = (
    "a about am an and are as at be been but by can could did do does for from had has have he her him his how i if in "
    "is it its me my of on or our s she should so t than that the their them then there they this to up us was we were "
    "what when where which who whom whose why will with would you your"
)
_IGNORED = frozenset(_FUNCTION_WORDS.split())
_STEM = cache(snowballstemmer.stemmer("english").stemWord)


def counted(text: str) -> Counter[str]:
    """Count the terms of a text."""
    return Counter(_STEM(word) for word in _words(text))


def asked(question: str, *, stop_words: bool) -> list[str]:
    """Return a question's distinct terms, without function words if `stop_words` and anything else is left."""
    words = _words(question)
    kept = [word for word in words if word not in _IGNORED] if stop_words else words
    return list(dict.fromkeys(map(_STEM, kept or words)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
