"""A right word alone, for one that was wrong: "Sorry, 35", "no sorry, Keynsham", "Pixie, I mean"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engram_core.ingest.learn.rules.straighten import straightened
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed
from engram_core.ingest.learn.rules.vocabulary.names import is_name
from engram_core.ingest.learn.rules.vocabulary.shapes import DATE, NAME

#: Words that only a slip has.
_SLIP = r"i mean|i meant(?: to say| to write| to type)?|typo|correction(?: from me)?|my mistake|my bad|oops|whoops|scratch that|make that|auto-?correct"
_BESIDE = r"(?:(?:no|oh|oh no|ah|argh|ugh|well|so|it's|that's|it should be|should be|sorry|wait|actually)[\s,:.!…-]+)*"
_VALUE = rf"(?P<value>{DATE}|\d{{1,4}}|{NAME}|[a-z]{{3,15}})(?: years old)?"
#: "Sorry, 35": the cue, the word, and nothing else.
_LED = re.compile(
    rf"{_BESIDE}(?:(?P<sure>{_SLIP})|sorry|wait,? no|no,? wait)[\s,:.!…-]+(?:(?:{_SLIP})[\s,:.!…-]+)*{_BESIDE}{_VALUE}\W*",
    re.IGNORECASE,
)
#: "Pixie, sorry, autocorrect", at the beginning of a turn.
_FOLLOWED = re.compile(
    rf"\W*{_VALUE}[\s,.!…-]+(?:sorry,? )?(?:(?P<sure>{_SLIP})|sorry|actually)(?![\w'])(?!\W*\?)", re.IGNORECASE
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
    """

    value: str
    is_sure: bool


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


def _made(match: re.Match[str]) -> Mend | None:
    value, is_sure = match["value"], match["sure"] is not None
    if value.casefold() in _HOLLOW:
        return None
    is_plain = value[:1].isdigit() or (value[:1].isupper() and is_name(value))
    return Mend(value, is_sure) if is_plain or is_sure else None
