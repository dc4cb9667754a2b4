"""The times that a question names or asks for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from engram_core.errors import InvalidInputError
from engram_core.retrieval.temporal.names import is_person
from engram_core.retrieval.temporal.periods import DAYS, FORMS, MONTH, NUMBER, SEASON, TO, UNIT, WEEKDAY, Period
from engram_core.retrieval.temporal.span import Relation, Span


def _unnamed(form: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", form)


#: What every question with a date holds at least one of.
_HINT = re.compile(
    rf"\b(?=[1-2qjfmasondtwchvylpn])(?:(?:1[89]|20)\d\d|q[1-4]|{MONTH}|{WEEKDAY}|{SEASON}\b"
    r"|christmas|new year|hallow|valent|thanksg|yester|today|tonight|tomorrow"
    rf"|(?:last|(?:this )?past|this|previous|next)\s+(?:night|morning|evening|quarter|weekend"
    rf"|(?:{NUMBER}\s+)?{UNIT}s?\b)"
    r"|(?:day|week|weekend|month|year)s?\s+ago)",
)
_FORMS = tuple((re.compile(form), resolve) for form, resolve in FORMS)
_PLAIN = "(?:" + "|".join(_unnamed(form) for form, _ in FORMS) + ")"
_PHRASE = re.compile(
    r"(?<![\w$€£.])(?:(?P<lead>since|after|before|until|till|by|prior to|from|between|in|within|"
    r"on|over|through|during|of|around|for|throughout)"
    r"\s+)?(?:the\s+)?(?P<part>(?:early|mid|late)[\s-]+(?:in\s+)?|(?:beginning|start|middle|end)\s+of\s+"
    r"|(?:first|second|latter)\s+half\s+of\s+)?(?:the\s+)?"
    rf"(?P<period>{_PLAIN})(?:{TO}(?P<until>{_PLAIN}))?(?!\w)"
)
_DAYS = re.compile(_unnamed(DAYS))
#: What may be a name, a verb or a number, and is a time only behind a word that says so.
_DOUBTFUL = re.compile(r"(?:may|mar|march|april|june|august|jan|dec|sep|spring|summer|autumn|fall|winter)\.?|\d{4}")
#: "from May on": not only in May.
_ONWARDS = re.compile(r"\s+(?:on(?:wards?)?|forward)\b")
#: Halves of what is longer are whole months.
_MONTHS_LONG = 150
_AND = re.compile(r"\s*and\s*")
#: "is 19 may he": the verb, where the month has its capital.
_VERB = re.compile(r"\d (?:may|march)$")
_YEARED = re.compile(r"(?:1[89]|20)\d\d$")
_CALENDAR = re.compile(r"[a-z. ]*\d{0,2}(?:st|nd|rd|th)?[a-z. ]*")
_ASKS = re.compile(
    r"\b(?:when(?!ever)|what (?:date|day|month|year|time)|(?:which|in what|on what) (?:date|day|week|month|year|season)"
    r"|how (?:long|recently)|how many (?:days|weeks|months|years)|since when)\b",
    re.IGNORECASE,
)


def asks_when(question: str) -> bool:
    """Whether a question asks for a time ("when", "which year", "how long ago")."""
    return _ASKS.search(question) is not None


def read_spans(question: str, now: datetime) -> tuple[Span, ...]:
    """Read the dates and ranges that a question names.

    Args:
        question: Any text.
        now: When it is asked, with a time zone; a date without a year is the latest that is not after it.

    Returns:
        The spans in the order of the words; none for a question that names no time.

    Raises:
        InvalidInputError: When `now` has no time zone.
    """
    if now.tzinfo is None:
        raise InvalidInputError("now", now, "a datetime with a time zone")
    # Other letters than ASCII are left alone: lowering them may change the length.
    text = question.lower() if question.isascii() else re.sub("[A-Z]+", lambda m: m[0].lower(), question)
    if _HINT.search(text) is None:
        return ()
    today = now.astimezone(UTC).date()
    found = (_span(match, text, question, today) for match in _PHRASE.finditer(text))
    return tuple(span for span in found if span is not None)


def _span(match: re.Match[str], text: str, question: str, today: date) -> Span | None:
    words = question[match.start() : match.end()]
    if not _is_time(match, text, words):
        return None
    name, until, part = match["period"], match["until"], match["part"]
    try:
        begin, end = _resolve(name, today)
        if until is not None:
            begin, end = _range(name, until, today)
        elif part:
            begin, end = _cut(part, begin, end)
    except (ValueError, OverflowError, IndexError, StopIteration):
        return None  # no such day, or beyond the calendar
    low, high, relation = _sided(_side(match, text), begin, end)
    return Span(_moment(low), _moment(high), relation, words.strip())


def _is_time(match: re.Match[str], text: str, words: str) -> bool:
    """Tell times from names, verbs and numbers that look like them."""
    lead, part, name, until = match["lead"], match["part"], match["period"], match["until"]
    if part:
        return True
    if until is None:
        if _DOUBTFUL.fullmatch(name) and (not lead or lead == "for" or (lead == "over" and name.isdigit())):
            return False
        if is_person(name, lead, text[: match.start()], text[match.end() :]):
            return False
    elif not lead and _AND.fullmatch(text[match.end("period") : match.start("until")]):
        # "April and June" are two people as well as two months.
        return not (_DOUBTFUL.fullmatch(name) and _DOUBTFUL.fullmatch(until))
    return bool(lead) or _VERB.search(words) is None


def _side(match: re.Match[str], text: str) -> str | None:
    """Return the word that asks for a side of the period; None where the period itself is meant."""
    if match["until"] is not None or _DAYS.fullmatch(match["period"]):
        return None
    if match["lead"] == "from" and _ONWARDS.match(text, match.end()) is None:
        return None
    return match["lead"]


def _resolve(name: str, today: date) -> Period:
    for pattern, resolve in _FORMS:
        if (match := pattern.fullmatch(name)) is not None:
            return resolve(match, today)
    raise ValueError(name)


def _range(first: str, last: str, today: date) -> Period:
    """From the beginning of one to the end of the other; a year said once, at the end, is that of both."""
    end = _resolve(last, today)[1]
    begin = _resolve(first, today)[0]
    if not _YEARED.search(first) and (begin >= end or _YEARED.search(last)) and _CALENDAR.fullmatch(first):
        begin = _resolve(first, _resolve(last, today)[0])[0]
    if begin >= end:
        raise ValueError(f"{first} is after {last}")
    return begin, end


def _cut(part: str, begin: date, end: date) -> Period:
    """A half or a third of a period; of a day or two, all of it."""
    third = (end - begin) // 3
    if not third.days:
        return begin, end
    if "half" in part:
        middle = begin + (end - begin) // 2
        middle = middle.replace(day=1) if (end - begin).days > _MONTHS_LONG else middle
        return (begin, middle) if part.startswith("first") else (middle, end)
    if part.startswith(("early", "beginning", "start")):
        return begin, begin + third
    return (end - third, end) if part.startswith(("late", "end")) else (begin + third, end - third)


def _sided(lead: str | None, begin: date, end: date) -> tuple[date | None, date | None, Relation]:
    if lead in ("since", "from"):
        return begin, None, "after"
    if lead == "after":
        return end, None, "after"
    if lead in ("before", "prior to"):
        return None, begin, "before"
    return (None, end, "before") if lead in ("until", "till", "by") else (begin, end, "in")


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
