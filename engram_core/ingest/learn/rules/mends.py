"""A right word alone, for one that was wrong: "Sorry, 35", "no sorry, Keynsham", "Pixie, I mean"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engram_core.ingest.learn.rules.straighten import straightened
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed
from engram_core.ingest.learn.rules.vocabulary.names import is_name
from engram_core.ingest.learn.rules.vocabulary.shapes import DATE, NAME

#: Words that only a slip has.
_SLIP = r"i meant(?: to say| to write| to type)?|typo|correction(?: from me)?|my mistake|my bad|oops|whoops|scratch that|make that|auto-?correct"
_BESIDE = (
    r"(?:(?:no|oh|oh no|ah|argh|ugh|well|so|it's|that's|it should be|should be|sorry|wait|actually|i mean)[\s,:.!…-]+)*"
)
_VALUE = rf"(?P<value>{DATE}|\d{{1,4}}|{NAME}|[a-z]{{3,15}})(?: years old)?"
#: "Sorry, 35": the cue, the word, and nothing else.
_LED = re.compile(
    rf"{_BESIDE}(?:(?P<sure>{_SLIP})|sorry|wait,? no|no,? wait|actually,? no)[\s,:.!…-]+(?:(?:{_SLIP})[\s,:.!…-]+)*{_BESIDE}{_VALUE}\W*",
    re.IGNORECASE,
)
#: "Pixie, sorry, autocorrect", at the beginning of a turn.
_FOLLOWED = re.compile(
    rf"\W*{_VALUE}[\s,.!…-]+(?:sorry,? )?(?:(?P<sure>{_SLIP}|i mean)|sorry|actually)(?![\w'])(?!\W*\?)", re.IGNORECASE
)
#: "I live in Lisbon, I mean Porto": of what stands before it.
_WITHIN = re.compile(
    rf"(?<=\w),? (?:(?P<sure>{_SLIP}|i mean|no wait|wait,? no|or rather)|sorry|actually,? no),? {_VALUE}(?=\W*$|[,.!;])",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+(?P<asks>[.!…]*\?)?")
_HOLLOW = listed(
    """that this it not now then yes yep okay fine great good well nothing never mind wrong right forget just please thanks
    thank again still here there what when where because about everyone everybody guys all mate dude love one two no nope
    oh ah hi hey hello so wait actually sorry typo correction oops whoops autocorrect slip mistake update edit ps"""
)


@dataclass(frozen=True, slots=True)
class Mend:
    """What is right.

    Attributes:
        value: The word.
        is_sure: Whether something says that the other was a slip; without that only a name or a number is one.
        is_within: Whether it goes on with the sentence that it mends.
    """

    value: str
    is_sure: bool
    is_within: bool = False


def mends(text: str) -> Iterator[Mend]:
    """Yield the words of a turn that stand for wrong ones before them."""
    plain = straightened(text[:1000])
    if (match := _FOLLOWED.match(plain)) is not None and (made := _made(match)) is not None:
        yield made
        return
    for sentence in _SENTENCE.finditer(plain):
        match = _LED.fullmatch(sentence[0].strip()) if sentence["asks"] is None else None
        if match is not None and (made := _made(match)) is not None:
            yield made
        for within in _WITHIN.finditer(sentence[0]) if match is None and sentence["asks"] is None else ():
            if (made := _made(within)) is not None:
                yield replace(made, is_within=True)


def _made(match: re.Match[str]) -> Mend | None:
    value, is_sure = match["value"], match["sure"] is not None
    if value.casefold() in _HOLLOW:
        return None
    if value[:1].isupper() and not is_name(value):
        return None
    return Mend(value, is_sure) if is_sure or not value[:1].islower() else None
