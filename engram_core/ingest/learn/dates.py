"""Dates as people say them, resolved against the time at which they were said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

_LONGEST = 60
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
        The beginning of that day in UTC; None when the words are no date.
    """
    words = " ".join(phrase.split())
    if not words or len(words) > _LONGEST or _NO_DATE.fullmatch(words):
        return moment if words.casefold() in ("now", "today") else None
    return _parsed(words, moment, toward)


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
