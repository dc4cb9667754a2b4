"""The names of days, months and other periods, resolved against the present day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

Period = tuple[date, date]
_DAY = timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LOOSE = {"a": 1, "an": 1, "a couple of": 2, "a few": 3, "several": 4}
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3}
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
YEAR = r"(?:1[89]|20)\d\d(?![\d%]|[.,:/]\d)"
NUMBER = r"(?:\d{1,3}|an?|a couple of|a few|several|" + "|".join(_NUMBERS[1:]) + ")"
UNIT = r"(?:day|week|month|year)"
SEASON = "(?:spring|summer|autumn|fall|winter)"
_D = r"(?:0?[1-9]|[12]\d|3[01])"
_TH = "(?:st|nd|rd|th)?"
_OF_YEAR = rf"(?:,?\s+(?:of\s+|in\s+)?(?P<y>{YEAR}))?"
_NO_COUNT = r"(?![\w%:]|[.,]\d|\s+(?:people|miles|times|km|of)\b)"
DAY = (
    rf"(?:(?P<d>{_D}){_TH}\s+(?:of\s+)?(?P<m>{MONTH})|"
    rf"(?P<m2>{MONTH})\s+(?:the\s+)?(?P<d2>{_D}){_TH}{_NO_COUNT}){_OF_YEAR}"
)
#: What stands between the two ends of a range.
TO = r"\s*(?:\b(?:and|to|until|till|through)\b|-|–)\s*"
#: Days of one month that is said once: "May 3-7, 2023", "the 3rd to the 7th of May".
DAYS = (
    rf"(?:(?P<m>{MONTH})\s+(?:the\s+)?(?P<d>{_D}){_TH}{TO}(?:the\s+)?(?P<e>{_D}){_TH}(?!\s+(?:of\s+)?{MONTH}){_NO_COUNT}|"
    rf"(?P<d2>{_D}){_TH}{TO}(?:the\s+)?(?P<e2>{_D}){_TH}\s+(?:of\s+)?(?P<m2>{MONTH})){_OF_YEAR}"
)
HOLIDAY = (
    r"(?P<h>christmas eve|christmas(?: day)?|new year'?s eve|new year'?s(?: day)?|"
    rf"halloween|valentine'?s day|thanksgiving){_OF_YEAR}"
)


def month(year: int, number: int, count: int = 1) -> Period:
    """`count` months from month `number` (from 1; beyond 12 and below 1 go into other years) of a year."""
    return _first(year, number), _first(year, number + count)


def _first(year: int, number: int) -> date:
    return date(year + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def _latest(make: Callable[[int], Period], year: str | None, today: date) -> Period:
    """The period of the year given, or the latest that has begun."""
    if year:
        return make(int(year))
    for tried in range(today.year, today.year - 9, -1):
        try:
            found = make(tried)
        except ValueError:  # 29 February
            continue
        if found[0] <= today:
            return found
    raise ValueError("no such day")


def _one(day: date) -> Period:
    return day, day + _DAY


def _week(day: date) -> Period:
    monday = day - day.weekday() * _DAY
    return monday, monday + 7 * _DAY


def _month_number(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _day(m: re.Match[str], today: date) -> Period:
    number, day = _month_number(m["m"] or m["m2"]), int(m["d"] or m["d2"])
    return _latest(lambda year: _one(date(year, number, day)), m["y"], today)


def _days(m: re.Match[str], today: date) -> Period:
    number, first, last = (m[name] or m[f"{name}2"] for name in "mde")
    month_number = _month_number(number)

    def make(year: int) -> Period:
        return date(year, month_number, int(first)), date(year, month_number, int(last)) + _DAY

    begin, end = _latest(make, m["y"], today)
    if begin >= end:
        raise ValueError(f"{first} is after {last}")
    return begin, end


def _week_of(m: re.Match[str], today: date) -> Period:
    return _week(_day(m, today)[0])


def _iso(m: re.Match[str], _today: date) -> Period:
    if m["d"]:
        return _one(date(int(m["y"]), int(m["n"]), int(m["d"])))
    return month(date(int(m["y"]), int(m["n"]), 1).year, int(m["n"]))


def _holiday(m: re.Match[str], today: date) -> Period:
    name = m["h"].replace("'", "")

    def make(year: int) -> Period:
        if name == "thanksgiving":
            first = date(year, 11, 1)
            return _one(first + ((3 - first.weekday()) % 7 + 21) * _DAY)
        eve = name.endswith("eve")
        days = {"c": (12, 24 if eve else 25), "n": (12, 31) if eve else (1, 1), "h": (10, 31), "v": (2, 14)}
        return _one(date(year, *days[name[0]]))

    return _latest(make, m["y"], today)


def _part_of_month(m: re.Match[str], today: date) -> Period:
    begin, end = _latest(lambda year: month(year, _month_number(m["m"])), m["y"], today)
    if m["u"] == "week":
        if m["o"] == "last":
            return end - 7 * _DAY, end
        begin += 7 * _ORDINALS[m["o"]] * _DAY
        return begin, min(begin + 7 * _DAY, end)
    weekday = 5 if m["u"] == "weekend" else _WEEKDAYS.index(m["u"][:3])
    if m["o"] == "last":
        day = end - _DAY - ((end - _DAY).weekday() - weekday) % 7 * _DAY
    else:
        day = begin + ((weekday - begin.weekday()) % 7 + 7 * _ORDINALS[m["o"]]) * _DAY
    return day, day + (2 if m["u"] == "weekend" else 1) * _DAY


def _quarter_of(m: re.Match[str], today: date) -> Period:
    year = int(m["y"]) if m["y"] else today.year - (m["w"] == "last")
    return month(year, 1 + 3 * _ORDINALS.get(m["o"], 3), 3)


def _beside(m: re.Match[str], day: date) -> Period:
    """What lies so many days or weeks before or after a day; "the week after" is the seven days behind it."""
    sign = 1 if m["w"] == "after" else -1
    if m["u"] == "day":
        return _one(day + sign * number(m["n"] or "one") * _DAY)
    if m["n"] is None:
        return (day + _DAY, day + 8 * _DAY) if sign > 0 else (day - 7 * _DAY, day)
    middle = day + sign * 7 * number(m["n"]) * _DAY
    return middle - 3 * _DAY, middle + 4 * _DAY


def _beside_day(m: re.Match[str], today: date) -> Period:
    return _beside(m, _day(m, today)[0])


def _beside_holiday(m: re.Match[str], today: date) -> Period:
    return _beside(m, _holiday(m, today)[0])


def _ago(m: re.Match[str], today: date) -> Period:
    count = number(m["n"])
    if m["u"] == "day":
        return _one(today - count * _DAY)
    if m["u"] == "week":
        middle = today - 7 * count * _DAY
        return middle - 3 * _DAY, middle + 4 * _DAY
    if m["u"] == "weekend":
        begin, end = _week(today - 7 * count * _DAY)
        return begin + 5 * _DAY, end
    return month(today.year, today.month - count) if m["u"] == "month" else month(today.year - count, 1, 12)


def number(words: str) -> int:
    """A small number in digits or words."""
    return int(words) if words.isdigit() else _LOOSE[words] if words in _LOOSE else _NUMBERS.index(words)


def _past(m: re.Match[str], today: date) -> Period:
    days = {"day": 1, "week": 7, "month": 30, "year": 365}[m["u"]] * number(m["n"])
    return today - days * _DAY, today + _DAY


def _near(m: re.Match[str], today: date) -> Period:
    days = {"yesterday": -1, "last night": -1, "tomorrow": 1, "the day before yesterday": -2}
    return _one(today + days.get(m[0], 0) * _DAY)


def _relative(m: re.Match[str], today: date) -> Period:
    step = {"this": 0, "next": 1}.get(m["w"], -1)
    unit = m["u"]
    if unit in ("week", "weekend"):
        begin, end = _week(today + 7 * step * _DAY)
        return (begin if unit == "week" else begin + 5 * _DAY), end
    if unit == "month":
        return month(today.year, today.month + step)
    if unit == "year":
        return month(today.year + step, 1, 12)
    if unit == "quarter":
        return month(today.year, (today.month - 1) // 3 * 3 + 1 + 3 * step, 3)
    if unit in _SEASONS:
        return _cycle([month(today.year + k, _SEASONS[unit], 3) for k in (-2, -1, 0, 1)], step, today)
    if unit.endswith("day"):
        gap = (_WEEKDAYS.index(unit[:3]) - today.weekday()) % 7
        return _one(today + (gap if step == 0 else (gap or 7) if step > 0 else gap - 7) * _DAY)
    return _cycle([month(today.year + k, _month_number(unit)) for k in (-2, -1, 0, 1)], step, today)


def _cycle(turns: list[Period], step: int, today: date) -> Period:
    """Of what comes every year: the last that is over, the next to begin, or the nearest to end ("this")."""
    if step < 0:
        return [turn for turn in turns if turn[1] <= today][-1]
    return next(turn for turn in turns if (turn[0] if step else turn[1]) > today)


def _season(m: re.Match[str], today: date) -> Period:
    return _latest(lambda year: month(year, _SEASONS[m["s"]], 3), m["y"], today)


def _quarter(m: re.Match[str], today: date) -> Period:
    return _latest(lambda year: month(year, 3 * int(m["q"]) - 2, 3), m["y"], today)


def _month(m: re.Match[str], today: date) -> Period:
    return _latest(lambda year: month(year, _month_number(m["m"])), m["y"], today)


def _year(m: re.Match[str], _today: date) -> Period:
    return month(int(m["y"]), 1, 12)


def _decade(m: re.Match[str], _today: date) -> Period:
    return month(int(m["c"]), 1, 120)


def _weekday(m: re.Match[str], today: date) -> Period:
    return _one(today - (today.weekday() - _WEEKDAYS.index(m["w"][:3])) % 7 * _DAY)


_WHICH_ONE = r"(?P<o>first|second|third|fourth|last)"
_BESIDE = rf"(?:(?P<n>{NUMBER})\s+)?(?P<u>day|week)s?\s+(?P<w>before|after)"
_WHICH = r"(?P<w>last|this past|this|past|previous|next)"
#: Every way to name a period, the longer before the shorter.
FORMS: tuple[tuple[str, Callable[[re.Match[str], date], Period]], ...] = (
    (rf"(?<![\d.-])(?P<y>{YEAR})[-/](?P<n>\d\d)(?:[-/](?P<d>\d\d))?(?![\d-])", _iso),
    (rf"the\s+week\s+of\s+{DAY}", _week_of),
    (rf"{_WHICH_ONE}\s+(?P<u>weekend|week|{WEEKDAY})\s+(?:of|in)\s+(?P<m>{MONTH}){_OF_YEAR}", _part_of_month),
    (rf"{_WHICH_ONE}\s+quarter\s+(?:of|in)\s+(?:(?P<y>{YEAR})|(?P<w>this|last)\s+year)", _quarter_of),
    (rf"{_BESIDE}\s+{DAY}", _beside_day),
    (rf"{_BESIDE}\s+{HOLIDAY}", _beside_holiday),
    (DAYS, _days),
    (rf"(?:{WEEKDAY},?\s+(?:the\s+)?)?{DAY}", _day),
    (HOLIDAY, _holiday),
    (rf"(?P<n>{NUMBER})\s+(?P<u>{UNIT}|weekend)s?\s+ago", _ago),
    (rf"(?:last|past|previous)\s+(?P<n>{NUMBER})\s+(?P<u>{UNIT})s?", _past),
    (r"the day before yesterday|yesterday|today|tonight|tomorrow|last night|this morning|this evening", _near),
    (rf"{_WHICH}\s+(?P<u>weekend|week|month|year|quarter|{SEASON}|{WEEKDAY}|{MONTH})(?!\s+of\b|\s+\d)", _relative),
    (rf"(?P<s>{SEASON}){_OF_YEAR}", _season),
    (rf"q(?P<q>[1-4]){_OF_YEAR}", _quarter),
    (rf"(?P<m>{MONTH}){_OF_YEAR}", _month),
    (rf"(?P<y>{YEAR})", _year),
    (r"(?P<c>(?:1[89]|20)\d0)'?s", _decade),
    (rf"(?P<w>{WEEKDAY})", _weekday),
)
