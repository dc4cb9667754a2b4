"""Who somebody is: name, age, birthday, how to reach them, whom they are married to."""

from __future__ import annotations

from engram_core.ingest.learn.rules.numbers import SMALL
from engram_core.ingest.learn.rules.statements.rule import ME, ONE, OURS, Rule, state
from engram_core.ingest.learn.rules.vocabulary.kinds import PARTNERS
from engram_core.ingest.learn.rules.vocabulary.shapes import DATE, MONTH, NAME, PLACE

_NAME_TAIL = r"(?:,|and|but|by the way|\.).*"
_KIDS = r"(?:kids?|children|sons?|daughters?|boys|girls|grandkids|grandchildren|toddlers|teenagers)"
#: Children are five, users are thirty-five.
_AGE = rf"(?P<age>\d{{1,3}}|(?!one\b)(?:{SMALL}))"
_COUNT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\d)"

RULES: tuple[Rule, ...] = (
    state(
        "my",
        rf"my (?:first |full |real |actual )?name(?: is|'s)(?: actually| now)? (?P<name>{NAME}(?: {NAME})?)",
        ("name", "{name}"),
        who=ME,
        tail=_NAME_TAIL,
    ),
    state(
        "the name's name's name",
        rf"(?:the )?(?:first )?name(?: is|'s|:) (?P<name>{NAME}(?: {NAME})?)",
        ("name", "{name}"),
        who=ME,
        tail=_NAME_TAIL,
    ),
    state(
        "call calls people everyone everybody friends most they you am go",
        rf"(?:(?:you can |you may |people |everyone |everybody |friends |my friends |most people |they )?(?:just |all )?calls? me|am called|am named|go by) (?P<name>{NAME})",
        ("name", "{name}"),
        who=ME,
        tail=r"(?:,|and|but|instead|for short|now|these days|because|by).*",
    ),
    state(
        "am",
        rf"am (?P<bare>{NAME}),? from (?P<place>{PLACE})",
        ("name", "{bare}"),
        ("hometown", "{place}"),
        who=ME,
        tail=r",.*|and.*|",
    ),
    state(
        "am",
        rf"am (?:(?:mr|mrs|ms|miss)\.? )?(?P<bare>{NAME})",
        ("name", "{bare}"),
        who=ME,
        tail=r",.*|and|by the way|again\b.*",
    ),
    state(
        "am",
        rf"am (?:a |an )?{_AGE}(?:[- ]years?[- ]olds?| ?y/?o| years? of age)?(?: ?[mf])?(?: today| now)?(?: (?:woman|man|guy|girl|female|male))?",
        ("age", "{age}"),
        who=ONE,
        tail=r"(?!.*\b(?:minutes?|hours?|days?|weeks|months|years? in|pages?|chapters?|percent|km|miles|of (?:a|the) kind|of (?:us|them|those|these))\b)(?:,|and|but|so|today|now|years|already|from|with|from|live|who|because|by).*",
    ),
    state(
        "am",
        r"am (?:a |an )?(?P<age>\d{1,3})[- ]years?[- ]old (?P<job>[\w'-]+(?: [\w'-]+){0,3}?)(?: (?:from|in|living in) .*)?",
        ("age", "{age}"),
        ("occupation", "{job}"),
        who=ONE,
    ),
    state("am", rf"am (?:a |an )?{_AGE}[- ]years?[- ]old", ("age", "{age}"), who=ONE),
    state(
        "am",
        r"am (?P<plan>expecting)(?! (?:a (?:call|package|delivery|guest|reply)|you|to|that|it|the))(?: (?:a baby|a boy|a girl|a child|twins|our (?:first|second|third)(?: (?:child|baby))?))?",
        ("plan", "{plan} a baby"),
        who=OURS,
    ),
    state("am", r"am (?:\w+ (?:weeks|months) )?(?P<condition>pregnant)", ("condition", "{condition}"), who=ONE),
    state(
        "am use",
        r"am in a (?P<condition>wheelchair)|use a (?P<condition2>wheelchair)",
        ("condition", "{condition}"),
        ("condition", "{condition2}"),
        who=ONE,
    ),
    state("turned have", rf"(?:have )?turned {_AGE}", ("age", "{age}"), who=ONE),
    state("my", rf"my birthday(?: is|'s)(?: on| in)? (?P<day>(?:the )?{DATE}|{MONTH})", ("birthday", "{day}"), who=ME),
    state("was am", rf"(?:was|am) born on (?P<day>(?:the )?{DATE})", ("birthday", "{day}"), who=ONE),
    state("was am", rf"(?:was|am) born in (?:{MONTH} )?(?P<year>(?:19|20)\d\d)", ("birth_year", "{year}"), who=ONE),
    state(
        "my",
        r"my (?:new |work |personal )?(?:e-?mail|email address|e-mail address)(?: is|'s)(?: now)? (?P<mail>\S+@\S+\w)",
        ("email", "{mail}"),
        who=ME,
    ),
    state(
        "my",
        r"my (?:new )?(?:(?:phone|mobile|cell|telephone|work)(?: phone)?(?: number)?|number)(?: is|'s)(?: now)? (?P<phone>\+?\d[\d ()/-]{5,}\d)",
        ("phone", "{phone}"),
        who=ME,
    ),
    state("mine", r"mine(?: is|'s) (?P<phone>\+?\d[\d ()/-]{5,}\d)", ("phone", "{phone}"), who=ME),
    state(
        "my",
        r"my (?:blood type|blood group)(?: is|'s) (?P<blood>(?:a|b|ab|o)(?:\+|-| positive| negative| pos| neg)?)",
        ("blood_type", "{blood}"),
        who=ME,
    ),
    state(
        "am have",
        rf"(?:am|have been) (?:happily |newly |recently )?(?P<status>single|married|divorced|engaged|widowed|separated)(?: to (?:my (?:\w+ )?(?:{PARTNERS}),? )?(?P<name>{NAME}))?",
        ("relationship", "{status}"),
        ("partner", "{name}"),
        tail=r"(?!to\b|from\b)(?:,|and|with|since|for|now|(?:in|on) (?:\d|last|january|february|march|april|may|june|july|august|september|october|november|december)|last|but|so|again|because|\d).*",
    ),
    state(
        "am",
        r"am in a (?:[\w-]+ )?relationship(?= now| again| with| since|,|$| and| but)",
        ("relationship", "in a relationship"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am have",
        r"(?:am|have been) (?:a |recently )*(?P<widow>widow|widower)(?= since| for| now|,|$| and)",
        ("relationship", "widowed"),
        who=ONE,
    ),
    state(
        "changed have",
        rf"(?:have )?(?:legally )?changed my name (?:from {NAME} )?to (?P<name>{NAME})",
        ("name", "{name}"),
        who=ME,
        tail=_NAME_TAIL,
    ),
    state(
        "changed have",
        r"(?:have )?changed my (?:phone |mobile |cell )*number to (?P<phone>\+?\d[\d ()/-]{5,}\d)",
        ("phone", "{phone}"),
        who=ME,
    ),
    state(
        "weigh",
        r"weigh (?:about |around |roughly |exactly |just under |just over )?(?P<weight>\d{2,3}(?:[.,]\d+)? ?(?:kilos?|kgs?|kilograms?|pounds|lbs?|stone))",
        ("weight", "{weight}"),
        who=ONE,
    ),
    state(
        "am",
        r"am (?:about |around )?(?P<height>\d[.,]\d\d ?(?:m|metres?|meters?)(?= tall)|\d ?(?:m|metres?|meters?) \d\d(?= tall)|1\d\d ?cm(?= tall|$|,| and)|(?:4|5|6|five|six|four) ?(?:ft|foot|feet)(?: (?:\d{1,2}|\w+)(?= tall| inch))?|2 metres(?= tall))(?: inches)?(?: tall)?",
        ("height", "{height}"),
        who=ONE,
    ),
    state(
        "will",
        r"will be (?P<plan>\d{1,3})(?: years old)?(?= (?:on|in|next|this|tomorrow))",
        ("plan", "turning {plan}"),
        mode="any",
        toward="future",
    ),
    state(
        "got have",
        rf"(?:have )?(?:got|gotten) (?P<status>married|engaged|divorced)(?: to (?:my (?:\w+ )?(?:{PARTNERS}),? )?(?P<name>{NAME}))?",
        ("relationship", "{status}"),
        ("partner", "{name}"),
    ),
    state(
        "married",
        r"(?P<status>married)(?= (?:last|in|on|two|three|a|this|yesterday))(?! a (?:doctor|lawyer|man|woman|guy))",
        ("relationship", "{status}"),
        who=ME,
    ),
    state(
        "married",
        rf"married (?:my (?:\w+ )?(?:{PARTNERS}),? )?(?P<name>{NAME})",
        ("partner", "{name}"),
        ("relationship", "married"),
    ),
    state(
        "am",
        rf"am (?:dating|seeing|in a relationship with|going out with) (?:(?:a (?:guy|girl|man|woman)|someone|somebody) (?:called|named) )?(?P<name>{NAME})",
        ("partner", "{name}"),
        tail=r"(?!tonight|tomorrow|about|for (?:lunch|dinner|coffee)|on|next|at).*",
    ),
    state(
        "have",
        rf"have been (?:dating|seeing|together with|going out with) (?P<name>{NAME})(?= (?:since|for)\b|$|,)",
        ("partner", "{name}"),
    ),
    state(
        "have",
        rf"have (?P<kids>{_COUNT} (?:\w+ )?{_KIDS})",
        ("children", "{kids}"),
        who=OURS,
        tail=r"(?:,|and|with|in|aged|who|under|now|between|together|but|so|:).*",
    ),
    state(
        "am",
        r"am (?:a |the )?(?:proud |single |busy |tired )?(?:mom|mum|dad|mother|father|parent) (?:of|to) (?P<count>one|two|three|four|five|six|\d)",
        ("children", "{count} kids"),
        who=ONE,
        tail=r"(?:,|and|with|in|aged|who|under|now|but|so|boys|girls|kids|children|little|young).*",
    ),
    state(
        "am",
        r"am (?:a )?(?P<person>only child|smoker|non-smoker|teetotaller|teetotaler|self-employed)",
        ("trait", "{person}"),
        who=ONE,
        tail=r"(?:,|and|but|so|now|since|for|because).*",
    ),
)
