"""What somebody does week by week, what they belong to and what they have."""

from __future__ import annotations

from engram_core.ingest.learn.rules.numbers import SMALL
from engram_core.ingest.learn.rules.statements.rule import ONE, Rule, state
from engram_core.ingest.learn.rules.statements.values import PASTIMES
from engram_core.ingest.learn.rules.vocabulary.firms import FIRMS
from engram_core.ingest.learn.rules.vocabulary.kinds import GROUPS, PLAYED, THINGS
from engram_core.ingest.learn.rules.vocabulary.shapes import NAME, ORG

#: What is made, mended, grown or sold, as a rule in numbers; anything may be "fixed", "sold" or "made" once.
_TRADE = r"(?P<trade>restore|repair|mend|fix|lay|bind|breed|grow|bake|sell|tune|translate|edit|carve|weld|shear|raise|brew|roast|install|design|knit|sew|refurbish|rebuild|collect|photograph|illustrate|import|export)"
_WARES = r"(?P<wares>(?!(?:things|mistakes|bugs|errors|problems|issues|questions|concerns|doubts|points|kids|children|funds|eyebrows|eggs|this|his|hers|ours|yours|theirs|always|sometimes|less|as|is|was|does|towards|clothes|dishes|the|my|our|your|a|an|it|them|that|these|those|all|for|on|up|down|out|in|at)\b)(?:[\w-]+ ){0,2}?(?!(?:things|mistakes|bugs|errors|problems|issues|questions|concerns|days|times|hours|weeks|months|years|weekends|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays|always|sometimes|less|as|is|was|this)\b)[\w-]{3,}s)"
_AFTER = r"(?:,|and|for|in|at|on|with|but|so|by|every|now|these days|here|too|from|out of|as a|btw)\b.*|,.*"
_GROUP = rf"(?P<group>(?:[\w'-]+ ){{0,3}}?(?:{GROUPS})(?: of (?:the )?(?-i:[A-Z])[\w' -]{{1,25}}?)?)"
_OF = rf"(?P<org>(?:the )?{ORG})"
_OFFICE = r"(?P<office>treasurer|chair|chairman|chairwoman|chairperson|secretary|captain|president|vice president|conductor|leader|goalkeeper|mascot)"
_ADJECTIVE = r"(?:(?!(?:an?|the|my|lot|bit)\b)[\w'+-]+ ){0,3}?"

RULES: tuple[Rule, ...] = (
    state(
        "restore repair mend fix lay bind breed grow bake sell tune translate edit carve weld shear raise brew roast install design knit sew refurbish rebuild photograph illustrate import export",
        rf"{_TRADE} {_WARES}",
        ("activity", "{trade} {wares}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER,
    ),
    state(
        " ".join(PASTIMES.split("|")),
        rf"(?P<pastime>{PASTIMES})(?= (?:every|each|on (?:mon|tues|wednes|thurs|fri|satur|sun)days?|on weekends|at weekends|twice|once|three times|\d times|most (?:days|mornings|evenings|weekends)|regularly|competitively|in my (?:free|spare) time|for fun|as a hobby))",
        ("hobby", "{pastime}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "volunteer am",
        rf"(?:volunteer|am volunteering|am a volunteer) (?:at|for|with|in) (?P<where>(?:a|an|the|our|my) (?:[\w'-]+ ){{0,3}}?(?:{FIRMS}|shelter|food bank|charity shop|library|church|hospice)|(?:the )?{ORG})",
        ("activity", "volunteer at {where}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "am have",
        rf"(?:am|have been) (?:a |an |the )?{_OFFICE} of (?:a|an|the|our|my) {_GROUP}",
        ("trait", "{office} of {group}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER + r"|since .*",
    ),
    state(
        "am have",
        rf"(?:am|have been) (?:a |an |the )?(?:active |paying |proud |lifelong |founding )*member of (?:a|an|the|our|my) {_GROUP}",
        ("member", "{group}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER + r"|since .*",
    ),
    state(
        "play",
        rf"play (?:the )?(?P<played>{PLAYED}) (?:in|for|with) (?:a|an|the|our|my) (?!(?:only|best|worst|new|whole)\b){_GROUP}(?: (?:called|named) (?P<name>{NAME}))?",
        ("plays", "{played}"),
        ("member", "{group} {name?}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER + r"|since .*",
    ),
    state(
        "am have",
        rf"(?:am|have been) (?:a |an )?(?:active |paying |proud |lifelong )*member of {_OF}",
        ("member", "{org}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER + r"|since .*",
    ),
    state(
        "am play sing joined have",
        rf"(?:am|play|sing|(?:have )?joined)(?: in| with| for)? (?:a|an|the|our|my) (?!(?:only|best|worst|new|whole)\b){_GROUP}",
        ("member", "{group}"),
        mode="lasting",
        who=ONE,
        tail=_AFTER + r"|since .*",
    ),
    state(
        "have own bought",
        rf"(?:have|own|have bought|bought) (?:a|an|two|three|four|\d|my own|our own) {_ADJECTIVE}(?P<thing>(?:{THINGS})s?)(?:,? (?:called|named) (?P<name>{NAME}))?",
        ("owns", "{thing} {name?}"),
        mode="lasting",
        tail=r"(?!(?:on order|booked|for (?:sale|hire|the|a|my|our)|to|idea|in mind|problem|question|lesson|appointment|accident|test|exam|theory|shop|recital|concert)\b).*",
    ),
    state(
        "smoke",
        rf"smoke(?: (?:about |around )?(?:\d+|{SMALL}|a few|a pack|half a pack|\d+ packs?)(?: cigarettes)?)?",
        ("trait", "smoker"),
        mode="lasting",
        who=ONE,
        tail=r"(?:cigarettes|a day|per day|every|daily|too|,|and|but|so)\b.*|,.*",
    ),
    state("have", r"have been (?P<dry>sober|clean)(?= (?:since|for)\b)", ("trait", "{dry}"), mode="lasting", who=ONE),
    state(
        "my",
        r"my (?:main |biggest |current |big )?goal(?: for [\w ]{3,20}?)?(?: is|'s) (?:to )?(?P<goal>(?!(?:that|not|the same|simple|clear|win)\b|.*\b(?:this|that|you|your|it|them|here)\b)[\w'-]+(?: [\w'-]+){1,7})$",
        ("goal", "{goal}"),
    ),
    state(
        "am",
        r"am (?:training for|preparing for|saving (?:up )?for) (?P<goal>(?:(?:a|an|the|my) (?!rainy)[\w'-]+|(?-i:[A-Z])[\w'-]+)(?: [\w'-]+){0,3}?)",
        ("goal", "{goal}"),
        mode="lasting",
        tail=r"(?!(?:and|or) (?:I|my)\b).*",
    ),
)
