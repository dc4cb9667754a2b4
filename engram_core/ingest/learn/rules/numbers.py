"""Numbers written out: "thirty-four" as 34, "the second of April" as the 2nd."""

from __future__ import annotations

import re

_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_FIRST = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
_LATER = [f"{teen}th" for teen in _TEENS[3:]] + [
    "twentieth",
    *(f"twenty-{day}" for day in _FIRST[:9]),
    "thirtieth",
    "thirty-first",
]
#: One to twelve, as they stand in a pattern.
SMALL = "|".join([*_UNITS, *_TEENS[:3]])
_SMALL = {word: number for number, word in enumerate([*_UNITS, *_TEENS], 1)}
_VALUES = _SMALL | {word: 10 * number for number, word in enumerate(_TENS, 2)}
_DAYS = {word: number for number, word in enumerate([*_FIRST, *_LATER], 1)}
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
#: From thirteen on, and in small letters: "two cats" stays, and so do "Fifty Shades".
_WRITTEN = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>{'|'.join(_UNITS)}))?|(?P<teen>{'|'.join(_TEENS[3:])}))\b(?!-)"
)
_DAY = re.compile(rf"\b(?P<day>{'|'.join(sorted(_DAYS, key=len, reverse=True))}) of (?={_MONTH}\b)", re.IGNORECASE)
_SUFFIX = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def in_digits(text: str) -> str:
    """Write numbers from thirteen on, and the days of a month, in digits."""
    return _DAY.sub(_day, _WRITTEN.sub(_number, text))


def number(word: str) -> str:
    """Return a number up to nineteen in digits; anything else as it is."""
    return str(_SMALL.get(word.casefold(), word))


def _number(match: re.Match[str]) -> str:
    return str(_VALUES[match["tens"] or match["teen"]] + _VALUES.get(match["unit"] or "", 0))


def _day(match: re.Match[str]) -> str:
    day = _DAYS[match["day"].casefold()]
    return f"{day}{_SUFFIX.get(day, 'th')} of "
