"""The dates a question names, and how well a memory's time fits them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core import InvalidInputError
from engram_core.retrieval.temporal import Span, asks_when, overlap, read_spans

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)  # a Wednesday
PHRASES = """
on 5 May 2023|2023-05-05|2023-05-06
May 5th|2024-05-05|2024-05-06
on 5th of May, 2023|2023-05-05|2023-05-06
December 31, 2023|2023-12-31|2024-01-01
July 4|2023-07-04|2023-07-05
February 29|2024-02-29|2024-03-01
in February 2024|2024-02-01|2024-03-01
in June|2024-06-01|2024-07-01
in July|2023-07-01|2023-08-01
in december|2023-12-01|2024-01-01
in may|2024-05-01|2024-06-01
in 2022|2022-01-01|2023-01-01
between March and May 2024|2024-03-01|2024-06-01
between November and February 2024|2023-11-01|2024-03-01
from March to May|2024-03-01|2024-06-01
since August|2023-08-01|
since May 2020|2020-05-01|
after August|2023-09-01|
before August||2023-08-01
by August 2022||2022-09-01
until 2021||2022-01-01
early July|2023-07-01|2023-07-11
late July|2023-07-22|2023-08-01
the week of May 5|2024-04-29|2024-05-06
in spring 2023|2023-03-01|2023-06-01
in winter 2023|2023-12-01|2024-03-01
the first weekend of August 2023|2023-08-05|2023-08-07
the last weekend of August 2023|2023-08-26|2023-08-28
on Christmas 2022|2022-12-25|2022-12-26
on Thanksgiving 2023|2023-11-23|2023-11-24
on New Year's Eve|2023-12-31|2024-01-01
2023-05-07|2023-05-07|2023-05-08
2023-05|2023-05-01|2023-06-01
Q3 2024|2024-07-01|2024-10-01
Q1|2024-01-01|2024-04-01
yesterday|2024-06-18|2024-06-19
the day before yesterday|2024-06-17|2024-06-18
tomorrow|2024-06-20|2024-06-21
last week|2024-06-10|2024-06-17
last weekend|2024-06-15|2024-06-17
last month|2024-05-01|2024-06-01
last year|2023-01-01|2024-01-01
this year|2024-01-01|2025-01-01
next month|2024-07-01|2024-08-01
last summer|2023-06-01|2023-09-01
last May|2024-05-01|2024-06-01
last Friday|2024-06-14|2024-06-15
on Wednesday|2024-06-19|2024-06-20
next Monday|2024-06-24|2024-06-25
two months ago|2024-04-01|2024-05-01
3 days ago|2024-06-16|2024-06-17
a year ago|2023-01-01|2024-01-01
a week ago|2024-06-09|2024-06-16
in the last 7 days|2024-06-12|2024-06-20
on May 3-7, 2023|2023-05-03|2023-05-08
between 3 and 7 May|2024-05-03|2024-05-08
between July 3rd and 7th|2023-07-03|2023-07-08
from the 3rd to the 7th of May, 2023|2023-05-03|2023-05-08
3–7 May 2023|2023-05-03|2023-05-08
3 May - 7 June 2023|2023-05-03|2023-06-08
May 30 through June 2|2024-05-30|2024-06-03
on Monday, May 6|2024-05-06|2024-05-07
on the last Friday of May|2024-05-31|2024-06-01
on the first Monday in June 2023|2023-06-05|2023-06-06
on the fourth Thursday of November|2023-11-23|2023-11-24
in the third quarter of 2024|2024-07-01|2024-10-01
in the last quarter of 2023|2023-10-01|2024-01-01
in the first quarter of last year|2023-01-01|2023-04-01
in the first half of 2023|2023-01-01|2023-07-01
in the second half of May|2024-05-16|2024-06-01
over the summer|2024-06-01|2024-09-01
over the last three months|2024-03-21|2024-06-20
through May|2024-05-01|2024-06-01
over Christmas|2023-12-25|2023-12-26
the day after Christmas 2022|2022-12-26|2022-12-27
two days before Halloween|2023-10-29|2023-10-30
in the week after May 5|2024-05-06|2024-05-13
the week before May 5|2024-04-28|2024-05-05
a week before May 5, 2023|2023-04-25|2023-05-02
two weekends ago|2024-06-08|2024-06-10
in the 1990s|1990-01-01|2000-01-01
from last summer|2023-06-01|2023-09-01
from May 2020 onwards|2020-05-01|
most of June|2024-06-01|2024-07-01
"""
ROWS = [line.split("|") for line in PHRASES.strip().splitlines()]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
NONE = """May I ask you something?|How many months did it take?|He trained for two weeks|What was the first time?
What came after the wedding?|How old is she at 34?|Open 24/7?|Is it version 2.0.1?|It cost $2000
Did they march home?
A second chance|Where is the sun?|It may rain|What is her sat score?|Who is April?|What did June say?|Did August call?
Spring water|He took a fall|The last time they met|What is this?|Next to the house|Past the gate|For 3 years?
How long is the trip?|When did she move?|20 people|1,999 pages|about 5 miles|the third child|What about that decision?
Is mayonnaise good?|the sunset
Is it a monster?|the marching band|She saturated it|a friend|Who won the match?|winter coat|novel
Did April move?|Did April and May meet?|What do April and June like?|after June left|before April moved to Rome
since May arrived|What does Ada think of June?|Who is the mother of April?|What did Rui hear from April?
by June's friend
after June's party|Who is this April?|a gift for June|over 2000 people|the third quarter|June 5 to 3|with May and June
The last thing|this is it|a decision of the company|the maybe|mondays are octopus days? No: Mon|in her 30s
Who is Janet?|Aged 19 may he drive?|on time|the next day|What is 2000 plus 5?""".replace("\n", "|").split("|")


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def micro(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(("words", "begin", "end"), ROWS)
@pytest.mark.parametrize("frame", ["{}", "What did Anna do {}?"])
def test_phrases(words, begin, end, frame):
    (span,) = read_spans(frame.format(words), NOW)
    assert (span.begin, span.end) == (day(begin), day(end))


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("year", [1999, 2020, 2024])
def test_every_month(number, year):
    (span,) = read_spans(f"Who came in {MONTHS[number - 1]} {year}?", NOW)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    assert (span.begin, span.end) == (datetime(year, number, 1, tzinfo=UTC), after)


@pytest.mark.parametrize("words", NONE)
def test_no_time(words):
    assert read_spans(words, NOW) == ()


@given(st.text(), st.sampled_from([row[0] for row in ROWS]), st.datetimes(timezones=st.just(UTC)))
def test_any_text_at_any_time(text, phrase, now):
    for span in read_spans(f"{text} {phrase} {text}", now):
        assert span.begin is None or span.end is None or span.begin < span.end


def test_a_time_zone_is_required():
    with pytest.raises(InvalidInputError, match="now"):
        read_spans("yesterday", datetime(2024, 1, 1))


def test_asks_when():
    assert all(map(asks_when, ["When did she go?", "Which year was it?", "How long ago?", "Since when?"]))
    assert not any(map(asks_when, ["Who is Bob?", "What did he eat?"]))


def test_half_open_and_decay():
    span = Span(day("2024-05-05"), day("2024-05-06"), "in", "")
    begin, end = micro(span.begin), micro(span.end)
    fit = overlap(
        [span], np.array([begin - 3_600 * 10**6, begin, end - 1, end + 3_600 * 10**6, end - 1 + 7 * 86_400 * 10**6])
    )
    assert fit[0] < fit[3] < 1
    assert fit[1] == fit[2] == 1
    assert fit[4] == pytest.approx(0.5)
    later = overlap([span], end + np.arange(0, 300, 5) * 86_400 * 10**6)
    assert np.all(np.diff(later) <= 0)
    assert later[5] < later[1]
    earlier = overlap([span], begin - np.arange(1, 30) * 86_400 * 10**6)
    assert np.all(np.diff(earlier) < 0)
    assert earlier[0] < later[0]


def test_what_holds_over_a_time_overlaps():
    span = Span(day("2024-05-05"), day("2024-05-06"), "in", "")
    begins = np.array([0, 0])
    fit = overlap([span], begins, np.array([2**63 - 1, micro(span.begin) - 10 * 86_400 * 10**6]))
    assert fit[0] == 1
    assert fit[1] < 0.1
    assert not overlap([], begins).any()
    with pytest.raises(InvalidInputError, match="ends"):
        overlap([span], begins, np.array([1]))


@pytest.mark.parametrize("words", ["on 29 February 2023", "on 31 June 2024", "on 2023-13-01"])
def test_no_such_day(words):
    assert read_spans(words, NOW) == ()


def test_a_leap_day_without_a_year_is_the_latest():
    (span,) = read_spans("on February 29", datetime(2023, 6, 1, tzinfo=UTC))
    assert (span.begin, span.end) == (day("2020-02-29"), day("2020-03-01"))
