"""How far an answer agrees with the gold answer word by word: token F1, BLEU-1, and whether it answers at all."""

from __future__ import annotations

import math
import re
from collections import Counter

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
#: How answers say that they have none, once normalised.
_DECLINING = re.compile(
    r"not known|unknown|no information(?: available)?|not (?:mentioned|specified|stated)|(?:i )?do(?:nt| not) know|"
    r"na|"
)


def normalised(text: str) -> list[str]:
    """Return the tokens: lower case, without punctuation and articles (the usual normalisation of SQuAD's F1)."""
    return _ARTICLES.sub(" ", _PUNCTUATION.sub("", text.lower())).split()


def token_f1(answer: str, gold: str) -> float:
    """Return the harmonic mean of precision and recall over tokens, counted as often as they occur.

    Two answers without tokens agree; one without tokens agrees with no other.
    """
    given, wanted = Counter(normalised(answer)), Counter(normalised(gold))
    if not given or not wanted:
        return float(given == wanted)
    return 2 * (given & wanted).total() / (given.total() + wanted.total())


def bleu_1(answer: str, gold: str) -> float:
    """Return clipped unigram precision times the brevity penalty (Papineni et al. 2002), without smoothing."""
    given, wanted = Counter(normalised(answer)), Counter(normalised(gold))
    if not given or not wanted:
        return float(given == wanted)
    precision = (given & wanted).total() / given.total()
    return precision * _brevity(given.total(), wanted.total())


def declines(answer: str) -> bool:
    """Tell whether a whole answer says that nothing is known; an empty one does."""
    return _DECLINING.fullmatch(" ".join(normalised(answer))) is not None


def _brevity(given: int, wanted: int) -> float:
    return 1.0 if given >= wanted else math.exp(1 - wanted / given)
