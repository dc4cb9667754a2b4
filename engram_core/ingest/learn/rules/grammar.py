"""The grammar: which clauses say what. GRAMMAR.md shows it by example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engram_core.ingest.learn.rules.words import (
    DIETS,
    FUTURE,
    JOBS,
    LANGUAGES,
    NAME,
    NATIONALITIES,
    ORG,
    PARTNERS,
    PAST,
    PHRASE,
    PLACE,
    PLAYED,
    RELATIONS,
    SPECIES,
    TAIL,
    WHEN,
)

Mode = Literal["plain", "any"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for a whole clause, and the claims that follow from it.

    Attributes:
        pattern: Its groups name values.
        claims: (attribute, template of the value) pairs; a template whose group is empty gives no claim.
        intent: What the clause does with them.
        mode: `plain`: only where the guards find nothing else in the clause; `any`: the pattern says enough.
        toward: Where a date in the group `when` lies.
    """

    pattern: re.Pattern[str]
    claims: tuple[tuple[str, str], ...]
    intent: Literal["state", "end", "deny"] = "state"
    mode: Mode = "plain"
    toward: Literal["past", "future"] = "past"


_I = r"(?:now )?(?:i|we)"
_AM = r"(?:now )?(?:i'm|i am|im|we're|we are)"
_HAVE = r"(?:i have|i've|i've got|i have got|we have|we've got)"
_VERY = r"(?:(?:really|absolutely|also|just|still|always|truly|totally|so|very much|do|now|currently|mostly|both) )*"
_JUST = r"(?:(?:just|recently|finally|actually|also|have|have just|both) )*"
_ADJ = r"(?:(?:new|old|little|small|big|older|younger|elder|twin|baby|first|second|eldest|oldest|youngest|rescue|black|white|beloved|lovely|cute|orange|grey|gray|ginger|brown|best|sweet) )*"

_BRAND = r"(?:[a-z]+ )?(?-i:[A-Z])[\w-]*(?: [\w-]+){0,2}"


def _state(
    pattern: str, *claims: tuple[str, str], mode: Mode = "plain", toward: Literal["past", "future"] = "past"
) -> Rule:
    return Rule(_compiled(pattern), claims, mode=mode, toward=toward)


def _end(pattern: str, *claims: tuple[str, str]) -> Rule:
    return Rule(_compiled(pattern), claims, "end", "any")


def _deny(pattern: str, *claims: tuple[str, str]) -> Rule:
    return Rule(_compiled(pattern), claims, "deny", "any")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


#: About the speaker; the first that fits a whole clause is taken.
RULES: tuple[Rule, ...] = (
    _state(
        rf"(?:my name is|my name's|(?:you can |people |everyone |please )?calls? me) (?P<v>{NAME})", ("name", "{v}")
    ),
    # home
    _state(rf"{_I} {_VERY}live in (?P<v>{PLACE}){WHEN}{TAIL}", ("home", "{v}")),
    _state(rf"{_AM} {_VERY}(?:based|living) in (?P<v>{PLACE}){WHEN}{TAIL}", ("home", "{v}")),
    _state(rf"(?:i've|we've|i have|we have) (?:been living|lived) in (?P<v>{PLACE}){WHEN}{TAIL}", ("home", "{v}")),
    _state(
        rf"(?:{_I}|i've|we've) {_JUST}(?:moved|relocated)(?: back)?(?: from {PLACE})? to (?P<v>{PLACE}){WHEN}{TAIL}",
        ("home", "{v}"),
    ),
    _state(r"my (?:new |home )?(?:address|home address) is(?: now)? (?P<v>.*\d.*)", ("address", "{v}")),
    _state(rf"{_I} live at (?P<v>\d+ .+|.+ \d+)", ("address", "{v}")),
    _state(rf"i was born(?: and raised)? in (?P<v>{PLACE})", ("hometown", "{v}")),
    _state(rf"i grew up in (?P<v>{PLACE})", ("hometown", "{v}")),
    _state(rf"(?:{_AM} originally from|my hometown is) (?P<v>{PLACE})", ("hometown", "{v}")),
    _state(rf"{_AM} (?:a |an )?(?P<v>{NATIONALITIES})(?: citizen)?", ("nationality", "{v}")),
    # work and school
    _state(
        rf"{_I} {_VERY}work (?:at|for) (?P<v>{ORG})(?: as (?:a|an|the) (?P<job>[\w -]{{3,40}}?))?{WHEN}{TAIL}",
        ("employer", "{v}"),
        ("occupation", "{job}"),
    ),
    _state(
        rf"{_AM} {_VERY}(?:working|employed) (?:at|for|by) (?P<v>{ORG})(?: as (?:a|an|the) (?P<job>[\w -]{{3,40}}?))?{WHEN}{TAIL}",
        ("employer", "{v}"),
        ("occupation", "{job}"),
    ),
    _state(
        rf"(?:{_I}|i've) {_JUST}(?:started|began|begun|took|taken|got|landed|accepted|switched to|changed to)(?: to work| working| work)?"
        rf"(?: (?:a|my|the)(?: new)? (?:job|role|position))? (?:at|for|with) (?P<v>{ORG})"
        rf"(?: as (?:a|an|the) (?P<job>[\w -]{{3,40}}?))?{WHEN}{TAIL}",
        ("employer", "{v}"),
        ("occupation", "{job}"),
    ),
    _state(
        rf"(?:{_I}|i've) {_JUST}joined (?P<v>{ORG}) as (?:a|an|the) (?P<job>[\w -]{{3,40}}?){WHEN}{TAIL}",
        ("employer", "{v}"),
        ("occupation", "{job}"),
    ),
    _state(rf"my (?:new )?(?:employer|company) is(?: now)? (?P<v>{ORG})", ("employer", "{v}")),
    _state(
        rf"{_AM} (?:a|an|the) (?P<job>(?:[\w-]+ ){{0,3}}(?:{JOBS}))(?: (?:at|for|with) (?P<v>{ORG}))?{WHEN}{TAIL}",
        ("occupation", "{job}"),
        ("employer", "{v}"),
    ),
    _state(
        rf"{_I} {_VERY}work as (?:a|an|the) (?P<job>[\w -]{{3,40}}?)(?: (?:at|for|with) (?P<v>{ORG}))?{WHEN}{TAIL}",
        ("occupation", "{job}"),
        ("employer", "{v}"),
    ),
    _state(
        rf"my (?:job|occupation|profession) is(?: now)? (?:a |an )?(?P<job>(?:[\w-]+ ){{0,3}}(?:{JOBS}))",
        ("occupation", "{job}"),
    ),
    _state(
        rf"(?:i got|i was|i've been|i just got|i have been) promoted to (?P<job>[\w -]{{3,40}}?){WHEN}{TAIL}",
        ("occupation", "{job}"),
    ),
    _state(rf"{_AM} studying (?P<s>{PHRASE}?)(?: at (?P<v>{ORG}))?{WHEN}{TAIL}", ("studies", "{s}"), ("school", "{v}")),
    _state(
        rf"i (?:study|major in) (?P<s>(?!hard|a lot|every|at|in|for|abroad|here)[\w-]+(?: [\w-]+){{0,3}}?)(?: at (?P<v>{ORG}))?{TAIL}",
        ("studies", "{s}"),
        ("school", "{v}"),
    ),
    _state(
        r"i (?:study at|go to|attend) (?P<v>(?-i:[A-Z])[\w' .-]*(?:University|College|School|Institute|Academy)[\w' .-]*)",
        ("school", "{v}"),
    ),
    # the person
    _state(rf"(?:now )?(?:i'm|i am|im) (?:now )?(?P<v>\d{{1,3}})(?: years old)?{TAIL}", ("age", "{v}")),
    _state(rf"i {_JUST}turned (?P<v>\d{{1,3}}){WHEN}", ("age", "{v}")),
    _state(
        r"my birthday is(?: on| in)? (?P<v>.*(?:\d|january|february|march|april|may|june|july|august|september|october|november|december).*)",
        ("birthday", "{v}"),
    ),
    _state(r"i was born on (?P<v>.*\d.*)", ("birthday", "{v}")),
    _state(
        r"my (?:new |work |personal )?(?:e-?mail|email address|e-mail address) is(?: now)? (?P<v>\S+@\S+\w)",
        ("email", "{v}"),
    ),
    _state(
        r"my (?:new )?(?:phone|mobile|cell|telephone)?(?: phone)?(?: number)? ?is(?: now)? (?P<v>\+?\d[\d ()/-]{5,})",
        ("phone", "{v}"),
    ),
    _state(
        rf"{_AM} {_VERY}(?P<v>single|married|divorced|engaged|widowed|separated)(?: to (?P<p>{NAME}))?{WHEN}{TAIL}",
        ("relationship", "{v}"),
        ("partner", "{p}"),
    ),
    _state(
        rf"{_I} {_JUST}got (?P<v>married|engaged|divorced)(?: to (?P<p>{NAME}))?{WHEN}{TAIL}",
        ("relationship", "{v}"),
        ("partner", "{p}"),
    ),
    _state(rf"my (?:new )?(?:{PARTNERS})(?:'s name is|(?:'s| is) (?:called|named)) (?P<v>{NAME})", ("partner", "{v}")),
    # food
    _state(
        rf"{_AM} {_VERY}(?:(?:a|an|strictly|strict|lifelong|committed) )*(?P<v>{DIETS}){WHEN}{TAIL}", ("diet", "{v}")
    ),
    _state(
        rf"(?:{_I}|i've) {_JUST}(?:became|become|went|gone|turned) (?:a )?(?P<v>{DIETS}){WHEN}{TAIL}", ("diet", "{v}")
    ),
    _state(
        rf"(?:{_I} {_JUST}(?:follow|eat|keep|switched to|started)|{_AM} on|{_AM} following) (?:a |an )?(?:strict )?(?P<v>{DIETS})(?: diet| food)?{WHEN}{TAIL}",
        ("diet", "{v}"),
    ),
    _state(
        rf"{_I} {_VERY}avoid (?P<v>(?:eating )?(?:dairy|gluten|sugar|meat|pork|alcohol|nuts|caffeine|shellfish|fish|red meat))",
        ("avoids", "{v}"),
    ),
    _state(
        rf"{_I} (?:don't|do not|never) (?:eat|drink) (?P<v>dairy|gluten|sugar|meat|pork|beef|alcohol|nuts|coffee|shellfish|seafood|fish|red meat|eggs|mushrooms)",
        ("avoids", "{v}"),
        mode="any",
    ),
    _state(
        rf"{_AM} (?:(?:severely|also|very|highly|badly|mildly) )*allergic to (?P<v>{PHRASE}){TAIL}", ("allergy", "{v}")
    ),
    _state(
        r"i have (?:a|an) (?:(?:severe|bad|mild|serious) )?(?P<v>[\w-]+(?: [\w-]+)?) (?:allergy|intolerance)",
        ("allergy", "{v}"),
    ),
    _state(rf"{_AM} (?P<v>lactose|gluten|fructose|histamine) intolerant", ("allergy", "{v}")),
    _state(
        rf"i have (?P<v>c(?:o)?eliac(?: disease)?)|{_AM} (?:a )?(?P<w>c(?:o)?eliac)",
        ("allergy", "{v}"),
        ("allergy", "{w}"),
    ),
    # family and pets
    _state(
        rf"my {_ADJ}(?P<r>{RELATIONS})(?:'s name is|(?:'s| is) (?:called|named)) (?P<v>{NAME})", ("family", "{r} {v}")
    ),
    _state(
        rf"{_HAVE} (?:a|an|one) {_ADJ}(?P<r>{RELATIONS}),? (?:(?:called|named) )?(?P<v>{NAME})", ("family", "{r} {v}")
    ),
    _state(
        rf"(?:my|our) {_ADJ}(?P<r>{SPECIES})(?:'s name is|(?:'s| is) (?:called|named)) (?P<v>{NAME})",
        ("pet", "{r} {v}"),
    ),
    _state(
        rf"(?:{_HAVE}|{_I} {_JUST}(?:have|own|got|adopted|bought|rescued)) (?:a|an|one) {_ADJ}(?P<r>{SPECIES})"
        rf"(?:,? (?:(?:called|named) )?(?P<v>{NAME}))?{WHEN}",
        ("pet", "{r} {v?}"),
    ),
    _state(rf"my best friend(?:'s name is|(?:'s| is)(?: called| named)) (?P<v>{NAME})", ("friend", "{v}")),
    # tastes
    _state(
        rf"{_I} {_VERY}(?:love|like|enjoy|adore) {_VERY}(?P<v>{PHRASE})(?: (?:a lot|very much|so much|most))?{TAIL}",
        ("likes", "{v}"),
    ),
    _state(
        rf"{_AM} (?:a |an )?(?:big |huge |massive |great )?(?:fan of|fond of|(?:really |very |so )?into) (?P<v>{PHRASE})",
        ("likes", "{v}"),
    ),
    _state(rf"{_I} {_VERY}(?:hate|dislike|detest|loathe|despise) (?P<v>{PHRASE})", ("dislikes", "{v}")),
    _state(
        rf"{_I} {_VERY}(?:can't stand|cannot stand|can't bear|(?:don't|do not) (?:really )?(?:like|enjoy)) (?P<v>{PHRASE})",
        ("dislikes", "{v}"),
        mode="any",
    ),
    _state(rf"{_AM} not (?:a (?:big |huge )?fan of|(?:really )?into) (?P<v>{PHRASE})", ("dislikes", "{v}"), mode="any"),
    _state(
        r"my (?:all-time |absolute )?favou?rite (?P<k>[a-z]+(?: [a-z]+)?) (?:is|are)(?: now)? (?P<v>(?!when|that|how|what|to\b)[\w'&-]+(?: [\w'&-]+){0,5})",
        ("favourite:{k}", "{v}"),
    ),
    # skills
    _state(
        rf"i {_VERY}speak (?:(?:fluent|some|a little|good|native|basic) )?(?P<v>{LANGUAGES})(?:(?:,| and|, and) (?:(?:fluent|some|a little|good) )?(?P<w>{LANGUAGES}))?(?: (?:fluently|well))?",
        ("speaks", "{v}"),
        ("speaks", "{w}"),
    ),
    _state(
        rf"(?:my (?:native language|mother tongue|first language) is|{_AM} a native speaker of) (?P<v>{LANGUAGES})",
        ("native_language", "{v}"),
    ),
    _state(
        rf"i {_VERY}play (?:the )?(?P<v>{PLAYED})(?: (?:every|on|with|at|in|twice|once) .+)?{TAIL}", ("plays", "{v}")
    ),
    _state(
        rf"i drive (?:a|an) (?P<v>{_BRAND})|my (?:new )?car is (?:a|an) (?P<w>{_BRAND})", ("car", "{v}"), ("car", "{w}")
    ),
    _state(rf"i own (?:a|an|two|three) (?P<v>{PHRASE})", ("owns", "{v}")),
    # what was, and what is to come
    _state(
        rf"(?:{_I}|i've|we've) {_JUST}(?:visited|been to|went to|travell?ed to|flew to) (?P<v>{PLACE})(?:,? (?P<when>{PAST}))?{TAIL}",
        ("visited", "{v}"),
    ),
    _state(
        rf"{_AM} (?P<v>(?:flying|travell?ing|going|heading|moving|driving) to {PLACE}),? (?P<when>{FUTURE}){TAIL}",
        ("plan", "{v}"),
        mode="any",
        toward="future",
    ),
    _state(
        rf"(?:{_HAVE}|i've got) (?:a|an|my) (?P<v>(?:[\w'-]+ ){{0,3}}(?:appointment|interview|exam|meeting|flight|concert|surgery|wedding|presentation|deadline|check-?up|lesson|trip(?: to {PLACE})?)),? (?P<when>{FUTURE}){TAIL}",
        ("plan", "{v}"),
        mode="any",
        toward="future",
    ),
    _state(
        rf"{_I} (?P<v>(?:ran|finished|completed|won|attended|passed|graduated from|signed up for) [\w' -]{{3,60}}?),? (?P<when>{PAST})",
        ("event", "{v}"),
    ),
)

#: What is said of somebody by name.
OTHERS: tuple[Rule, ...] = (
    _state(
        rf"(?P<n>{NAME}) is (?:a|an|the) (?P<job>(?:[\w-]+ ){{0,2}}(?:{JOBS}))(?: (?:at|for|with|in) (?P<v>{ORG}))?",
        ("occupation", "{job}"),
        ("employer", "{v}"),
    ),
    _state(
        rf"(?P<n>{NAME}) works (?:at|for) (?P<v>{ORG})(?: as (?:a|an) (?P<job>[\w -]{{3,40}}))?",
        ("employer", "{v}"),
        ("occupation", "{job}"),
    ),
    _state(
        rf"(?P<n>{NAME}) (?:lives in|moved to|has moved to|is based in) (?P<v>{PLACE}){WHEN}{TAIL}", ("home", "{v}")
    ),
)

#: People and animals named in passing: "with my cat Miso", "my brother Rui drives".
NAMED = _compiled(
    rf"\b(?:my|our) {_ADJ}(?:(?P<r>{RELATIONS})|(?P<p>{PARTNERS})|(?P<s>{SPECIES})|(?P<f>friend)),? (?P<v>{NAME})\b"
)

_ANYMORE = r"(?: any ?more)"
#: What is no longer so, and what never was.
ENDS: tuple[Rule, ...] = (
    _end(
        rf"{_I} no longer live in (?P<v>{PLACE}){TAIL}|{_I} (?:don't|do not) live in (?P<w>{PLACE}){_ANYMORE}",
        ("home", "{v}"),
        ("home", "{w}"),
    ),
    _end(
        rf"{_I} no longer work (?:at|for) (?P<v>{ORG}){TAIL}|{_I} (?:don't|do not) work (?:at|for) (?P<w>{ORG}){_ANYMORE}",
        ("employer", "{v}"),
        ("employer", "{w}"),
    ),
    _end(
        rf"(?:{_I}|i've) {_JUST}(?:quit|left)(?: (?:my|the) (?:job|position|role) (?:at|with))? (?P<v>{ORG}){WHEN}{TAIL}",
        ("employer", "{v}"),
    ),
    _end(
        rf"(?:{_I}|i've) {_JUST}stopped working (?:at|for) (?P<v>{ORG}){WHEN}{TAIL}|(?:i was|i got) (?:fired|laid off|let go) (?:from|by) (?P<w>{ORG}){TAIL}",
        ("employer", "{v}"),
        ("employer", "{w}"),
    ),
    _end(rf"(?:{_I}|i've) {_JUST}(?:quit|left|lost) my job(?P<v>){WHEN}{TAIL}", ("employer", "*")),
    _end(
        rf"{_AM} no longer (?:a |an )?(?P<v>{DIETS}){TAIL}|{_AM} not (?:a |an )?(?P<w>{DIETS}){_ANYMORE}{TAIL}",
        ("diet", "{v}"),
        ("diet", "{w}"),
    ),
    _end(rf"(?:{_I}|i've) {_JUST}stopped being (?:a |an )?(?P<v>{DIETS}){TAIL}", ("diet", "{v}")),
    _end(rf"{_I} (?:{_JUST}started eating|eat) (?:meat|fish|dairy) again{TAIL}", ("diet", "*")),
    _end(
        rf"{_I} no longer (?:like|love|enjoy) (?P<v>{PHRASE}?){TAIL}|{_I} (?:don't|do not) (?:like|love|enjoy) (?P<w>{PHRASE}?){_ANYMORE}",
        ("likes", "{v}"),
        ("likes", "{w}"),
    ),
    _end(
        rf"{_I} no longer (?:hate|dislike) (?P<v>{PHRASE}){TAIL}|{_I} (?:don't|do not) (?:hate|dislike|mind) (?P<w>{PHRASE}?){_ANYMORE}",
        ("dislikes", "{v}"),
        ("dislikes", "{w}"),
    ),
    _end(
        rf"{_I} no longer play (?:the )?(?P<v>{PLAYED})|i (?:don't|do not) play (?:the )?(?P<w>{PLAYED}){_ANYMORE}|i (?:stopped|quit|gave up)(?: playing)? (?:the )?(?P<x>{PLAYED})",
        ("plays", "{v}"),
        ("plays", "{w}"),
        ("plays", "{x}"),
    ),
    _end(rf"i sold my (?:old )?car{WHEN}", ("car", "*")),
    _end(rf"(?:my|our) (?:{SPECIES}),? (?P<v>{NAME}) (?:died|passed away|is dead).*", ("pet", "{v}")),
    _end(rf"i (?:{_JUST})?broke up with (?:my (?:{PARTNERS}) ?)?(?P<v>{NAME}).*", ("partner", "{v}")),
    _deny(rf"i(?:'ve| have)? never (?:actually )?(?:lived in) (?P<v>{PLACE})", ("home", "{v}")),
    _deny(rf"i(?:'ve| have)? never (?:actually )?(?:worked (?:at|for)) (?P<v>{ORG})", ("employer", "{v}")),
    _deny(rf"i(?:'ve| have)? never (?:actually )?(?:visited|been to) (?P<v>{PLACE})", ("visited", "{v}")),
    _deny(rf"{_AM} not (?:actually )?(?:a |an )?(?P<v>{DIETS})", ("diet", "{v}")),
    _deny(rf"{_AM} not (?:actually )?allergic to (?P<v>{PHRASE})", ("allergy", "{v}")),
)

#: "…, not Rex": what was wrong.
CORRECTED = _compiled(
    r"(?P<state>.+?),? (?:and )?not (?:in |at |for |a |an |called |named |to )?(?P<old>[\w'&.-]+(?: [\w'&.-]+){0,3})"
)
#: "it's Max, not Rex", "I meant Max, not Rex": of something said before.
RENAMED = _compiled(
    rf"(?:(?:it's|it is|that's|that should be|it should be|i meant|i mean|i meant to say) )(?P<new>{NAME}|[\w'-]+),? (?:and )?not (?P<old>[\w'-]+(?: [\w'-]+)?)"
)
