"""A right word alone, for one that was wrong: "Sorry, 35", "no sorry, Bristol", "Pixie, typo"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engram_core.ingest.learn.alike import NAMES
from engram_core.ingest.learn.rules.straighten import straightened
from engram_core.ingest.learn.rules.vocabulary.jobs import is_job
from engram_core.ingest.learn.rules.vocabulary.kinds import DIETS, FOODS, LANGUAGES, PLAYED, SPORTS
from engram_core.ingest.learn.rules.vocabulary.names import is_name
from engram_core.ingest.learn.rules.vocabulary.places import KNOWN as PLACES
from engram_core.ingest.learn.rules.vocabulary.shapes import DATE, NAME

#: Words that only a slip has.
_SURE = r"i meant(?: to say| to write| to type)?|typo|correction(?: from me)?|scratch that|make that|auto-?correct"
#: Words that a slip has, and much else.
_CUE = r"sorry|oops|whoops|my mistake|my bad|wait,? no|no,? wait|actually,? no"
_SEP = r"[\s,:.!…-]+"
_BESIDE = rf"(?:(?P<no>no)|oh|ah|argh|ugh|well|so|it's|that's|should be|wait|actually|i mean|{_CUE}|(?P<sure>{_SURE}))"
_VALUE = rf"(?P<value>{DATE}|\d{{1,4}}|{NAME}|[a-z]{{3,15}})(?: years old)?"
#: "Sorry, 35": cues, the word, and nothing else.
_LED = re.compile(rf"(?:{_BESIDE}{_SEP}){{1,6}}{_VALUE}\W*", re.IGNORECASE)
_CUED = re.compile(rf"(?<!\w)(?:{_CUE}|{_SURE})(?!\w)", re.IGNORECASE)
#: "Pixie, sorry, autocorrect", at the beginning of a turn.
_FOLLOWED = re.compile(
    rf"\W*(?:{_VALUE}{_SEP}(?:sorry,? )?(?P<sure>{_SURE}|i mean)(?=\W*$|[.!,]| (?:not|strikes|again|got me)\b)(?!\W*\?)|(?P<number>\d{{1,4}}){_SEP}(?:sorry,? )?(?:{_SURE}|i mean)(?!\w))",
    re.IGNORECASE,
)
#: "I live in Lisbon, I mean Porto": of what stands before it.
_WITHIN = re.compile(
    rf"(?<=\w),? (?:(?P<sure>{_SURE})|(?P<no>i mean|no wait|wait,? no|or rather|actually,? no)|sorry),? {_VALUE}(?=\W*$|[,.!;])",
    re.IGNORECASE,
)
_ANY_CUE = re.compile(rf"{_BESIDE}|yes|yeah|yep|nope|hi|hey|thanks|update|edit|ps", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+(?P<asks>[.!…]*\?)?")
_HOME = frozenset(["home", "hometown", "birthplace", "upbringing", "workplace", "visited"])
_FIRM = frozenset(["employer", "school"])
_SMALL: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (re.compile(rf"(?:{FOODS})"), frozenset(["allergy", "avoids", "likes", "dislikes"])),
    (re.compile(rf"(?:{DIETS})"), frozenset(["diet"])),
    (re.compile(rf"(?:{PLAYED}|{SPORTS})"), frozenset(["plays", "hobby", "learning", "likes"])),
)


@dataclass(frozen=True, slots=True)
class Mend:
    """What is right.

    Attributes:
        value: The word.
        attributes: Of what it can be the value.
        is_sure: Whether something says that the other was a slip.
        is_within: Whether it goes on with the sentence that it mends.
    """

    value: str
    attributes: frozenset[str]
    is_sure: bool
    is_within: bool = False


def mends(text: str) -> Iterator[Mend]:
    """Yield the words of a turn that stand for wrong ones before them."""
    plain = straightened(text[:1000])
    if (match := _FOLLOWED.match(plain)) is not None and (made := _made(match)) is not None:
        yield made
        return
    for sentence in _SENTENCE.finditer(plain):
        if sentence["asks"] is None:
            yield from _in_sentence(sentence[0].strip())


def _in_sentence(sentence: str) -> Iterator[Mend]:
    match = _LED.fullmatch(sentence)
    if match is not None:
        made = _made(match) if _CUED.search(sentence, 0, match.start("value")) else None
        if made is not None:
            yield made
        return
    for within in _WITHIN.finditer(sentence):
        if (made := _made(within)) is not None:
            yield replace(made, is_within=True)


def _made(match: re.Match[str]) -> Mend | None:
    groups = match.groupdict()
    if groups.get("number"):
        return Mend(groups["number"], _attributes(groups["number"], is_sure=True, is_denied=False), is_sure=True)
    if _ANY_CUE.fullmatch(match["value"]) is not None:
        return None
    is_sure = groups["sure"] is not None
    attributes = _attributes(match["value"], is_sure=is_sure, is_denied=groups.get("no") is not None)
    return Mend(match["value"], attributes, is_sure) if attributes else None


def _attributes(value: str, *, is_sure: bool, is_denied: bool) -> frozenset[str]:
    """Return of what a word can be the value; what names somebody needs more than a "sorry", which is also said to people."""
    lower = value.casefold()
    if value.isdigit():
        return frozenset(["age", "weight", "height", "birth_year", "children"] if is_sure else ["age"])
    if value[:1].isdigit() or " of " in lower or not value.isalpha():
        return frozenset(["birthday"]) if any(c.isdigit() for c in value) else _named(value, is_sure, is_denied)
    if value[:1].isupper():
        return _named(value, is_sure, is_denied)
    if not is_sure:
        return frozenset()
    found = [attributes for pattern, attributes in _SMALL if pattern.fullmatch(value)]
    if is_job(value):
        found.append(frozenset(["occupation"]))
    return frozenset().union(*found)


def _named(value: str, is_sure: bool, is_denied: bool) -> frozenset[str]:
    lower = value.casefold()
    if lower in LANGUAGES:
        return frozenset(["speaks", "learning", "native_language"])
    if lower in PLACES:
        return _HOME
    if not is_name(value) or not (is_sure or is_denied):
        return frozenset()
    return NAMES | _FIRM | _HOME if is_sure else NAMES
