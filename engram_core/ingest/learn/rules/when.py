"""Since when something is so, or when it will be: read from what stands beside a statement."""

from __future__ import annotations

import re
from datetime import datetime

from engram_core.ingest.learn.dates import resolve
from engram_core.ingest.learn.rules.statements import Found
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed
from engram_core.ingest.learn.rules.vocabulary.shapes import FUTURE, NUMBER, PAST

#: Verbs that tell of a change, at a time that stands with them.
_CHANGES = listed(
    """adopted became began bought broke canceled cancelled cut dropped ended gave got graduated handed joined landed left lost married
    moved packed passed quit relocated resigned sold started stopped switched swapped took traded turned was went"""
)
_LATER = re.compile(rf"(?<!\w){FUTURE}(?!\w)", re.IGNORECASE)
_TO_COME = re.compile(r"^(?:on|in|at|by|this|next|from) (?=the |\d|next)", re.IGNORECASE)
_GONE_BY = re.compile(r"^(?:on|in|at|this) (?!week|month|year|morning)", re.IGNORECASE)
_SINCE = re.compile(
    rf"(?<!\w)(?:ever )?(?:since|as of|starting) (?:back in |in |early |late |around |about )*(?P<when>{PAST})(?![\w-])",
    re.IGNORECASE,
)
_AGO = re.compile(
    rf"(?<![\w'])(?:(?:back |early |late |just |only )*(?:in|on|around|about|at) )?(?P<when>{PAST})(?![\w-])",
    re.IGNORECASE,
)
_FOR = re.compile(
    rf"(?<!\w)(?:for|since) (?:the (?:last|past) |about |around |almost |nearly |over |more than |like |roughly )*(?P<count>{NUMBER}) (?P<unit>(?:day|week|month|year)s?)(?!\w)",
    re.IGNORECASE,
)
_NUMBERS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])} | {
    "a": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30,
}  # fmt: skip


def found_time(match: Found, predicate: str, fronted: str, moment: datetime) -> tuple[datetime | None, str]:
    """Return when what a rule found begins, or is to be, and the words for it; None and "" where nothing says so.

    Args:
        match: The rule with what it found.
        predicate: Whole.
        fronted: A time before the clause.
        moment: When it was said.
    """
    phrase = match.groups.get("when", "")
    if match.rule.toward == "future":
        later = _LATER.search(match.rest)
        phrase = phrase or fronted or (later[0] if later is not None else "")
        return resolve(_TO_COME.sub("", phrase), moment, "future"), phrase
    if phrase:
        return resolve(_GONE_BY.sub("", phrase), moment), phrase
    head = predicate.split(" ", 1)[0].casefold()
    rest = match.rest.lstrip(", ")
    # "For ten years, since 2009": the exact one counts.
    beside = f"{fronted} {rest if _SINCE.search(rest) else rest.split(',', 1)[0]}"
    found = since(beside, moment, changed=head in _CHANGES or predicate.startswith(("was born", "am born")))
    return found if found is not None else (None, "")


def is_change(predicate: str) -> bool:
    """Tell whether a predicate is about something that happened, rather than about what is so."""
    return predicate.removeprefix("have ").split(" ", 1)[0].casefold() in _CHANGES


def is_too_early(match: Found, predicate: str, *, is_ahead: bool) -> bool:
    """Tell whether a time to come stands before what is said to be so: "tomorrow I'm 30", but not "this spring I moved"."""
    is_plan = match.rule.toward == "future" or match.rule.intent != "state"
    return is_ahead and not is_plan and not is_change(predicate)


def since(words: str, moment: datetime, *, changed: bool) -> tuple[datetime, str] | None:
    """Resolve since when something holds.

    Args:
        words: What stands beside it.
        moment: When they were said.
        changed: Whether the verb tells of a change ("moved"), so that any past date is its date.

    Returns:
        The time and the words for it; None where nothing says it.
    """
    match = _SINCE.search(words) or (_AGO.search(words) if changed else None)
    phrase = match["when"] if match is not None else ""
    if match is None and not changed and (lasting := _FOR.search(words)) is not None:
        count = lasting["count"].casefold()
        number = int(count) if count.isdigit() else _NUMBERS.get(count)
        phrase = f"{number} {lasting['unit']} ago" if number else ""
    found = resolve(phrase, moment) if phrase else None
    return (found, phrase) if found is not None and found <= moment else None


def dated(when: datetime, phrase: str) -> str:
    """Write a date no more precisely than it was said."""
    words = phrase.casefold()
    if "year" in words or re.fullmatch(r"(?:in )?\d{4}", words):
        return f"in {when:%Y}"
    if "month" in words or (not re.search(r"\d|day", words) and when.day == 1):
        return f"in {when:%Y-%m}"
    return f"on {when:%Y-%m-%d}"
