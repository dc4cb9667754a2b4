"""Corrections: "it's Max, not Rex", "…, not Rex", and what is over in a clause of its own."""

from __future__ import annotations

import re

from engram_core.ingest.learn.rules.vocabulary.kinds import FRIENDS, PARTNERS, RELATIONS, SPECIES
from engram_core.ingest.learn.rules.vocabulary.shapes import NAME, ORG, PAST

#: "…, not Rex": what was wrong.
CORRECTED = re.compile(
    r"(?P<state>[^,]+(?:, [^,]+)?),? (?:and )?not (?:in |at |for |a |an |called |named |to |from )?(?P<old>(?!(?:anymore|any|yet|really|just|only|that|very|much|because|to|so|sure|even|too|always|far|a fan|in the|for long|quite)\b)[\w'&.-]+(?: [\w'&.-]+){0,2})(?: like i said| as i said)?",
    re.IGNORECASE,
)
#: "it's Max, not Rex", "I meant Max, not Rex": of something said before.
_NEW = rf"(?P<new>{NAME}|[\w'.-]+)"
_OLD = r"(?P<old>[\w'.-]+(?: [\w'-]+)?)"
RENAMED = re.compile(
    rf"(?:(?:it's|it is|its|that's|that should be|it should be|should be|i meant|i mean|i meant to say|the name is|(?:his|her|its) name(?: is|'s)|(?:he's|she's|he is|she is|it's|it is) (?:called|named)) )(?:actually )?{_NEW},? (?:and )?not {_OLD}"
    rf"|(?:it's|it is|that's|it) (?:not|isn't) (?:in |near |at |from )?(?P<old2>[\w'.-]+),? (?:but |it's |it is )+(?:in |near |at |from )?(?P<new2>{NAME}|[\w'.-]+)"
    rf"|i (?:said|wrote|typed|put|told you)(?: it was| that it's| it's)? (?P<old3>[\w'.-]+(?: (?!(?:but|and|i|earlier|before|yesterday)\b)[\w'-]+)?)(?: earlier| before| yesterday)?,? (?:but |and )?(?:i meant|i mean|it's|it is|it should be|that should be|should be|should have been)(?: actually| really| of course)* (?P<new3>{NAME}|[\w'.-]+)",
    re.IGNORECASE,
)
#: After "typo", "I meant", "sorry": the same without a verb.
MENDED = re.compile(
    rf"(?:i meant |it's )?{_NEW},? (?:and )?not {_OLD}(?:,.*)?|not (?P<old2>[\w'.-]+),? (?:but )?(?P<new2>{NAME}|[\w'.-]+)(?:,.*)?",
    re.IGNORECASE,
)
#: "Odin isn't nine", before "he's twelve".
DENIED = re.compile(
    r"am not (?!just\b|only\b|merely\b|simply\b)(?:a |an |in |from |near |called |named )?(?P<old>[\w'-]+(?: [\w'-]+){0,2}?)(?: years old)?",
    re.IGNORECASE,
)

_GONE = r"(?:has )?(?:just )?(?:died|passed away|passed on|is dead(?=$|,| now\b| and\b| since\b)|was put (?:down|to sleep)|had to be put (?:down|to sleep)|crossed the rainbow bridge)(?! laughing| of (?:laughter|boredom|embarrassment|shame)| down| out| inside| in (?:the|a) (?:game|film|movie|book|show|series))(?!\w)"
#: Who died, and was somebody to the speaker.
DIED = re.compile(
    rf"(?:my|our) (?:[\w-]+ ){{0,2}}?(?:(?P<kind>{RELATIONS}|{FRIENDS})|(?P<partner>{PARTNERS})),? (?P<name>{NAME}),? {_GONE}.*",
    re.IGNORECASE,
)
#: What is so of the living alone.
OF_THE_LIVING = (
    "home",
    "employer",
    "occupation",
    "workplace",
    "school",
    "studies",
    "age",
    "diet",
    "condition",
    "medication",
)
#: What is over, with the attribute that it ends.
OVER: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pet", re.compile(rf"(?:my|our) (?:[\w-]+ ){{0,2}}(?:{SPECIES}),? (?P<what>{NAME}),? {_GONE}.*", re.IGNORECASE)),
    ("pet", re.compile(rf"(?P<what>{NAME}) {_GONE}.*", re.IGNORECASE)),
    ("pet", re.compile(rf"(?:my|our) (?:[\w-]+ ){{0,2}}(?P<what>{SPECIES}) {_GONE}.*", re.IGNORECASE)),
    (
        "pet",
        re.compile(
            rf"(?:(?:my|our) (?:[\w-]+ )?(?:{SPECIES}),? )?(?P<what>{NAME}) (?:has )?ran away(?! (?:with|from (?:me|the|him|her)|laughing|again|but))(?:,? (?:{PAST}|and (?:never|hasn't)).*|,.*)?",
            re.IGNORECASE,
        ),
    ),
    (
        "pet",
        re.compile(
            rf"(?:(?:we|i) )?(?:had to put (?:(?:my|our) (?:[\w-]+ )?(?:{SPECIES}),? )?(?P<put>{NAME}) (?:down|to sleep)|had to say goodbye to (?P<bye>{NAME})).*|(?:we|i) (?:had to say goodbye to|said goodbye to|had to put down|put down|lost|buried) (?:(?:my|our) (?:[\w-]+ )?(?:{SPECIES}),? )?(?P<what>{NAME})(?=$|,| (?:on|last|yesterday|today|this|in (?!the park)|two|three|a (?:week|month|year)|to (?:cancer|old age|illness))\b).*",
            re.IGNORECASE,
        ),
    ),
    (
        "partner",
        re.compile(
            rf"(?:(?:my (?:[\w-]+ )?(?:{PARTNERS}),? )?(?P<what>{NAME}|(?!my|he|she|we|you|they|who|what|and|me|the\b)[a-z][\w-]+)(?:,)? and i|me and (?P<what2>(?!my\b)[\w-]+)) (?:have )?(?:just |finally |recently |officially )?(?:broke up|split up|broken up|got divorced|separated|are divorced|are getting divorced|are no longer together|aren't together anymore|called it quits)(?! the).*",
            re.IGNORECASE,
        ),
    ),
    (
        "partner",
        re.compile(
            rf"(?:my (?:{PARTNERS}) and i|me and my (?:{PARTNERS})) (?:have )?(?:just |finally |recently )?(?:broke up|split up|broken up|got divorced|separated|are divorced).*(?P<what>)",
            re.IGNORECASE,
        ),
    ),
    (
        "partner",
        re.compile(
            r"(?:we|i)(?:'ve| have| are|'re)? (?:just |finally |recently |officially |now )*(?:got |gotten |getting )?divorced(?! (?:from|in the (?:film|book|show))).*(?P<what>)",
            re.IGNORECASE,
        ),
    ),
    (
        "partner",
        re.compile(
            rf"(?P<what>{NAME}|[a-z]{{2,15}}) (?:has |just )?(?:dumped me|broke up with me)(?=$|,| (?:last|yesterday|today|over|by|for|and|because|two|three|this|via)\b(?! pile| load| lot)).*",
            re.IGNORECASE,
        ),
    ),
    (
        "partner",
        re.compile(
            rf"i(?:'ve| have)? (?:just )?(?:dumped|broken up with|broke up with) (?P<what>{NAME})(?=$|,| ).*",
            re.IGNORECASE,
        ),
    ),
    (
        "acquaintance",
        re.compile(
            rf"(?:my (?:flatmate|roommate|housemate|lodger) )?(?!(?:I|we|he|she|they|it)\b)(?P<what>{NAME}) (?:has )?(?:just |finally )?moved out(?=$|,| (?:on|last|yesterday|today|this|in (?!the way)|at|so|and|because|two|three|a)\b).*|(?P<what2>{NAME}) no longer lives with (?:us|me)(?!\w).*",
            re.IGNORECASE,
        ),
    ),
    (
        "condition",
        re.compile(
            rf"(?:our|my) (?:[\w-]+ ){{0,2}}(?:son|daughter|baby|twins|girl|boy)(?: {NAME})? (?:was|were) born (?:on|last|yesterday|today|this|in the)(?!\w).*",
            re.IGNORECASE,
        ),
    ),
    (
        "employer",
        re.compile(
            rf"(?P<what>{ORG}) (?:has |have )?(?:just )?(?:laid me off|fired me|let me go|made me redundant)(?!\w).*",
            re.IGNORECASE,
        ),
    ),
    ("pet", re.compile(rf"(?:r\.?i\.?p\.?|rest in peace),? (?P<what>{NAME}|[a-z]{{3,15}})(?:,.*)?", re.IGNORECASE)),
    (
        "medication",
        re.compile(
            r"(?:the|my|our) (?:[\w'-]+ )?[\w-]+ (?:has |have )?(?:just )?(?:took|taken) me off (?:the |my )?(?P<what>[a-z]{4,})(?:,.*)?",
            re.IGNORECASE,
        ),
    ),
    ("employer", re.compile(rf"no more (?P<what>{ORG})(?:,.*)?", re.IGNORECASE)),
)
#: The whole of a turn: beside other words it may be a game that is given up.
QUITS = re.compile(
    r"\W*(?:(?:well|so|ok|okay|news|omg|yay|hey|hi|ps|btw|update)\W+)*i(?:'ve| have)?(?: finally| just| actually)* quit(?: today| yesterday)?\W*",
    re.IGNORECASE,
)
#: Kinds of people and animals, for "the hamster is Noodle".
KINDS = rf"(?:{RELATIONS}|{PARTNERS}|{SPECIES}|{FRIENDS})"


_CUE = re.compile(r"(?<![\w'])(?:sorry|no|nope|wait|oops|actually|hm+)(?![\w'])")
#: What speaks of wording can only mean something said before.
_OF_WORDS = re.compile(
    r"i mean|(?:the|his|her|its|my) name|(?:he|she)(?:'s| is) (?:called|named)|i (?:said|wrote|typed|put)|should be|(?:it|that) should",
    re.IGNORECASE,
)


def renamed(text: str, opening: str, *, mends: bool) -> tuple[str, str, bool] | None:
    """Return (right, wrong, whether something marks it) where a clause only exchanges one word for another.

    Args:
        text: The clause.
        opening: What stands before it: "sorry, …".
        mends: Whether words before it say that something was wrong.
    """
    match = RENAMED.fullmatch(text) or (MENDED.fullmatch(text) if mends else None)
    if match is None:
        return None
    groups = match.groupdict()
    right, wrong = _first(groups, "new"), _first(groups, "old")
    # "It's summer, not winter" says something about the world; names and numbers are corrected.
    is_named = all(word[:1].isupper() or word[:1].isdigit() for word in (right, wrong))
    is_cued = bool(mends or _CUE.search(opening) or _OF_WORDS.match(text))
    return (right, wrong, is_cued) if is_named or is_cued else None


def _first(groups: dict[str, str | None], kind: str) -> str:
    return next(value for name, value in groups.items() if name.startswith(kind) and value)


def over(text: str) -> tuple[str, str] | None:
    """Return (attribute, words) of what a clause says is over, be it known or not."""
    for attribute, pattern in OVER:
        if (match := pattern.fullmatch(text)) is not None:
            words = "pregnant" if attribute == "condition" else ""
            return attribute, next((value for value in match.groups() if value), words)
    return None
