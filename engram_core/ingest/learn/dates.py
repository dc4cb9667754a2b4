"""Dates as people say them, resolved against the time at which they were said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

_LONGEST = 60
_EARLIEST, _LATEST = 1000, 9000
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
#: What the parser does not know, as it would say it.
_OTHERWISE = (
    (re.compile(r"(?:the )?first of (?=\w)", re.IGNORECASE), "1 "),
    (re.compile(r"new year'?s eve$", re.IGNORECASE), "31 december"),
    (re.compile(r"new year(?:'?s(?: day)?)?$", re.IGNORECASE), "1 january"),
    (re.compile(r"a couple(?: of)? (?=\w)", re.IGNORECASE), "2 "),
    # A month alone begins with its first day.
    (re.compile(rf"(?:in |last |next |this )?({_MONTHS})(?: of)?( \d{{4}})?$", re.IGNORECASE), r"1 \1\2"),
)
_OF_THE_MONTH = re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)?(?: of)? (?:the|this) month", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
#: What looks like a date to a parser and is a plain number or word.
_NO_DATE = re.compile(r"\d{1,3}|now|today|may|march|sun|sat|mar|second|minute|hour", re.IGNORECASE)


def resolve(phrase: str, moment: datetime, toward: Literal["past", "future"] = "past") -> datetime | None:
    """Resolve "last Friday", "in two weeks", "3 May" and the like.

    Args:
        phrase: The words alone.
        moment: When they were said.
        toward: Where a date without a year lies.

    Returns:
        The beginning of that day in UTC; None when the words are no date, or one of another age: what lies at the
        ends of time is no time to a database.
    """
    found = _resolved(phrase, moment, toward)
    return found if found is not None and _EARLIEST <= found.year <= _LATEST else None


def _resolved(phrase: str, moment: datetime, toward: Literal["past", "future"]) -> datetime | None:
    words = " ".join(phrase.split())
    words = _rewritten(words)
    if (day := _OF_THE_MONTH.fullmatch(words)) is not None:
        return _in_month_of(moment, int(day[1]))
    if not words or len(words) > _LONGEST or _NO_DATE.fullmatch(words):
        return moment if words.casefold() in ("now", "today") else None
    return _parsed(words, moment, toward)


def _rewritten(words: str) -> str:
    for pattern, instead in _OTHERWISE:
        if (match := pattern.match(words)) is not None:
            return match.expand(instead).replace("  ", " ") + words[match.end() :]
    return words


def _in_month_of(moment: datetime, day: int) -> datetime | None:
    try:
        return moment.astimezone(UTC).replace(day=day, hour=0, minute=0, second=0, microsecond=0)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _parsed(words: str, moment: datetime, toward: str) -> datetime | None:
    import dateparser  # takes a fifth of a second, and most turns hold no date

    base = moment.astimezone(UTC).replace(tzinfo=None)
    order = "YMD" if _ISO.match(words) else "DMY"
    settings = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": toward,
        "PREFER_DAY_OF_MONTH": "current",
        "DATE_ORDER": order,
    }
    found = dateparser.parse(words, languages=["en"], settings=settings)
    if found is None:
        return None
    try:
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    except ValueError:
        return None
