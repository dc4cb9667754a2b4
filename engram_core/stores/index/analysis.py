"""Text to terms: what the lexical leg counts.

Text is normalised (NFKC, case folded) and cut into chunks: words with whatever joins them ("AB-1234-X", "ada@x.org",
"3.14") and pictures. A chunk gives a term for each part and one for the whole. A word's term is its Snowball stem with
accents folded; scripts that do not separate words give character bigrams. Terms are 64-bit hashes.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from engram_core.errors import InvalidInputError
from engram_core.stores.index.scripts import FLAG, HAN, LATIN, LETTER, PICTURE, PICTURES, RUN, SCRIPT_OF, script_of

MAX_QUERY_TERMS = 1024
#: BM25 takes a shorter text for one of this length: being three words long makes no turn a better answer.
SHORTEST = 40
MAX_QUERY_CHARACTERS = 100_000
_REVISION = "2"  # raise it when the same text gives other terms than before
_LONGEST_WORD = 64  # longer ones are not stemmed
_REMEMBERED_CHUNK = 32  # longer ones rarely come again
_LONGEST_WHOLE = 200

_CHUNK = re.compile(rf"{LETTER}+(?:(?:://|[-.@/:#&+=?%~']|(?<=\d),(?=\d)){LETTER}+)*(?:\+\+|#)?|{PICTURES}")
_PART = re.compile(rf"(?:(?!_){LETTER})+")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")
_ENDING = re.compile(r"'(?:s|re|ve|ll|d|m)\b")
_NO_STEM = re.compile(rf"\d|(?!{LETTER}).", re.DOTALL)
_HYPHENS = re.compile("[-_']")
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_STOP_WORDS = (
    "a about am an and are as at be been but by can could did do does for from had has have he her him "
    "his how i if in is it its me my of on or our she should so than that the their them then there they "
    "this to up us was we were what when where which who whom whose why will with would you your"
)

Terms = NDArray[np.int64]


class Analyzer:
    """Turns texts into terms; safe to share between threads.

    Args:
        languages: Snowball stemmers by name. A word in Latin script gives a term for each distinct stem; words in
            other scripts are read by the language given for that script, else by a usual one.
        stop_words: Leave English function words out of queries, unless nothing else is left.

    Raises:
        InvalidInputError: A language has no stemmer.
    """

    def __init__(self, languages: tuple[str, ...] = ("english",), *, stop_words: bool = False) -> None:
        known = snowballstemmer.algorithms()
        for name in languages:
            if name not in known:
                raise InvalidInputError("languages", name, ", ".join(known))
        #: Names the rules that made the terms; terms of different versions do not meet.
        self.version = f"{_REVISION}:{','.join(languages)}"
        self._stemmers = _stemmers_by_script(languages)
        self._lock = threading.Lock()
        self._remembered = lru_cache(maxsize=1 << 16)(self._chunk_terms)
        self._stems = lru_cache(maxsize=1 << 16)(self._stem)
        self._ignored = (
            frozenset(h for w in _STOP_WORDS.split() for h in self._chunk_terms(w)[0]) if stop_words else None
        )

    def terms(self, text: str) -> tuple[Terms, NDArray[np.int32], int]:
        """Analyse a text to be found later.

        Args:
            text: Any string.

        Returns:
            The distinct terms, ascending (n,); how often each occurs (n,); the length of the text in terms, `SHORTEST`
            at least.
        """
        counts: Counter[int] = Counter()
        found: list[int] = []
        for chunk in _CHUNK.findall(_normalise(text)):
            found += self._lookup(chunk)[0]
        counts.update(found)
        distinct = sorted(counts)
        return (
            np.array(distinct, np.int64),
            np.array([counts[t] for t in distinct], np.int32),
            max(len(found), SHORTEST),
        )

    def query_terms(self, text: str) -> Terms:
        """Analyse a question.

        Args:
            text: Any string; the first `MAX_QUERY_CHARACTERS` are read.

        Returns:
            Distinct terms, ascending, at most `MAX_QUERY_TERMS`: the first ones of a longer question.
        """
        found: dict[int, None] = {}
        for chunk in _CHUNK.findall(_normalise(text[:MAX_QUERY_CHARACTERS])):
            found.update(dict.fromkeys(self._lookup(chunk)[1]))
            if len(found) > MAX_QUERY_TERMS:
                break
        kept = [term for term in found if term not in self._ignored] if self._ignored else list(found)
        return np.sort(np.array((kept or list(found))[:MAX_QUERY_TERMS], np.int64))

    def _lookup(self, chunk: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self._remembered(chunk) if len(chunk) <= _REMEMBERED_CHUNK else self._chunk_terms(chunk)

    def _chunk_terms(self, chunk: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the terms of a chunk as they are stored, and as they are asked for."""
        if PICTURE.match(chunk):
            return (hashed := _hash_all(_picture_words(chunk))), hashed
        if "'" in chunk:
            chunk = _ENDING.sub("", chunk).replace("n't", "nt")
        parts = _PART.findall(chunk)
        stored: list[str] = []
        asked: list[str] = []
        whole = _HYPHENS.sub("", chunk)
        if parts and whole != parts[0] and len(whole) <= _LONGEST_WHOLE:
            stored += self._stems(whole)
            asked += stored
        for part in parts:
            for words, questions in map(self._run_words, RUN.finditer(part)):
                stored += words
                asked += questions
        return _hash_all(stored), _hash_all(asked)

    def _run_words(self, run: re.Match[str]) -> tuple[list[str], list[str]]:
        text = run[0]
        if run["unspaced"]:
            bigrams = _bigrams(text)
            # Among bigrams, single Han characters still mean something; single kana or Thai letters do not.
            return [*text, *bigrams], [*HAN.findall(text), *bigrams] if bigrams else [text]
        if run["hangul"]:
            words = [text, *_bigrams(text)] if len(text) != 2 else [text]
            return words, words
        stems = self._stems(text)
        return stems, stems

    def _stem(self, word: str) -> list[str]:
        stemmers = self._stemmers.get(script_of(word) or "", ())
        if not stemmers or len(word) > _LONGEST_WORD or _NO_STEM.search(word):
            return [_fold(word)]
        with self._lock:  # a stemmer keeps the word it works on
            stems = [stem(word) for stem in stemmers]
        return list(dict.fromkeys(map(_fold, stems)))


def _stemmers_by_script(languages: tuple[str, ...]) -> dict[str, list[Callable[[str], str]]]:
    names: dict[str, list[str]] = {}
    for language in languages:
        names.setdefault(SCRIPT_OF.get(language, LATIN), []).append(language)
    for language in SCRIPT_OF.keys() & SCRIPT_OF.values():
        names.setdefault(language, [language])
    return {script: [snowballstemmer.stemmer(name).stemWord for name in found] for script, found in names.items()}


def _normalise(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


def _picture_words(chunk: str) -> list[str]:
    whole = chunk.replace("\ufe0f", "")
    pictures = [] if FLAG.match(whole) else PICTURE.findall(whole)
    return pictures if whole in pictures else [whole, *pictures]


def _bigrams(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(len(text) - 1)]


def _fold(word: str) -> str:
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word))).translate(_UNDECOMPOSED)


def _hash_all(words: Iterable[str]) -> tuple[int, ...]:
    return tuple(map(_hash, words))


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
