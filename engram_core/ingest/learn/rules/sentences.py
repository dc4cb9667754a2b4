"""From a turn to the clauses in which its speaker plainly states something."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: What is read of one turn.
MOST_CHARACTERS = 20_000
_LONGEST_CLAUSE = 300

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LINE_QUOTED = re.compile(r"^\s*(?:>|\||#|\$|//|From:|To:|Subject:)", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n;…]+(?:\.(?=\w)[^.!?\n;…]*)*[.!?…]*")
_ABBREVIATED = re.compile(r"\b(St|Mr|Mrs|Ms|Dr|Prof|vs|etc|Inc|Ltd|No)\.(?=\s)")
#: Words by which somebody hands over text that is not about themselves.
_NOT_MINE = re.compile(
    r"\b(translat\w+|rewrit\w+|rephras\w+|paraphras\w+|proofread\w*|correct (?:this|the|my) (?:text|sentence|grammar|email)"
    r"|summari[sz]e|edit (?:this|the following)|the (?:sentence|phrase|text|quote|lyrics|example|line)\b"
    r"|for example|e\.g\.|role[- ]?play\w*|pretend\w*|imagine|act as|acting as|write (?:me )?(?:a|an|the)|draft|story"
    r"|poem|novel|screenplay|character|fiction\w*|lyrics|song|quiz|homework|exercise|my friend (?:wrote|says|said)"
    r"|he said|she said|they said|who said|copy[- ]?paste\w*|forwarded|template|sample|hypothetical\w*|joking|kidding"
    r"|sarcas\w*|/s\b|yeah right|just a test|testing)",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"[\"“”«»„`]|(?<!\w)['‘][^'’]{3,}['’](?!\w)")
_OPENING = re.compile(
    r"^(?:(?:oh|well|so|ok(?:ay)?|hi|hey|hello|yes|yeah|yep|no|nope|also|and|but|anyway|btw|by the way|fyi|honestly|in fact"
    r"|just so you know|for the record|as i said|like i said|as i told you|you know|to be clear|great news|good news|news"
    r"|update|quick update|big news|guess what|thanks|thank you|please note that|please note|note that|remember that"
    r"|remember|please remember that|please remember|don't forget that|don't forget|first of all|first|i think|i guess"
    r"|turns out|it turns out|finally|today|hmm+|ah|haha|lol|sorry|correction|wait|oops|my bad|my mistake|apologies|actually|scratch that)\b[\s,:!—–-]*)+",
    re.IGNORECASE,
)
_UNSURE = re.compile(r"^(?:i think|i guess)\b", re.IGNORECASE)
_SPLIT = re.compile(
    r"\s*[,;—–]+\s*(?:and|but|so|also|plus)?\s*(?=(?:i|i'm|i've|my|we|our|we're|he|she|they|actually)\b)"
    r"|\s+(?:and|but|so)\s+(?=(?:i|i'm|i've|my|we|our|we're|then|now)\b)"
    r"|,\s*(?:and\s+|but\s+)?(?=[A-Z][\w'-]+ (?:is|works|lives)\b)"
    r"|\s+(?:and|but|while)\s+(?=[A-Z][\w'-]+ (?:is|works|lives)\b)",
    re.IGNORECASE,
)
_SHARED = re.compile(
    r"\s*,?\s+and\s+(?=(?:live|work|avoid|love|like|enjoy|hate|dislike|have|speak|play|study|own|drive|moved|am|can't stand"
    r"|work as|don't)\b)",
    re.IGNORECASE,
)


def is_own_text(text: str) -> bool:
    """Tell whether a turn reads as its speaker's own plain words: no task about a text, no fiction, no sarcasm."""
    return not _NOT_MINE.search(text)


def clauses(text: str) -> Iterator[str]:
    """Yield the clauses of a turn, straightened: plain apostrophes, single spaces, no greeting before them."""
    text = text[:MOST_CHARACTERS].replace("’", "'").replace("‘", "'").replace("ʼ", "'")
    text = _FENCE.sub("\n", text)
    if not is_own_text(text):
        return
    lines = (line for line in text.splitlines() if not _LINE_QUOTED.match(line))
    for line in lines:
        # A colon hands over to what is listed or quoted; what stands before it is kept.
        for match in _SENTENCE.finditer(_ABBREVIATED.sub(r"\1", line)):
            sentence = " ".join(match.group().split())
            if sentence.endswith("?") or _QUOTE.search(sentence):
                continue
            yield from _clauses(sentence.rstrip(".!…,;: "))


def _clauses(sentence: str) -> Iterator[str]:
    for part in _SPLIT.split(sentence):
        if part is None:
            continue
        opened = part.strip()
        if _UNSURE.match(opened):
            continue
        shared = (
            _SHARED.split(opened)
            if re.match(r"(?:i|i'm|i've|we)\b", _OPENING.sub("", opened), re.IGNORECASE)
            else [opened]
        )
        for i, piece in enumerate(shared):
            stripped = _OPENING.sub("", piece).strip(" ,")
            whole = stripped if i == 0 else f"I {stripped}"
            if whole and len(whole) <= _LONGEST_CLAUSE:
                yield whole
