"""What somebody did, and what they are going to do."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import OURS, Rule, state
from engram_core.ingest.learn.rules.vocabulary.shapes import DATE, FUTURE, PAST, PLACE, TOWN

_PLACES = (
    rf"(?P<places>{TOWN}(?: (?:once|twice|three times|\d times))?(?:(?:,? and |, ){TOWN}(?: (?:once|twice))?){{0,5}})"
)
_LATER = rf"(?P<when>(?:(?:on|in|at|by|this|next|from) )*{FUTURE})"
_AGO = rf"(?P<when>(?:(?:on|in|at|this) )*{PAST})"
_OCCASION = r"(?:appointment|interview|exam|job interview|final|flight|surgery|operation|wedding|deadline|check-?up|driving test|audition|recital|marathon|due date|viva|thesis defen[cs]e|hearing|scan|mri|biopsy|graduation|housewarming|retirement party|baby shower|citizenship test|theory test)"

RULES: tuple[Rule, ...] = (
    state(
        "visited have went travelled traveled flew was",
        rf"(?:have )?(?:visited|been to|went to|travell?ed to|flew to) {_PLACES}",
        ("visited", "{places*}"),
        tail=r"(?!bed|with (?:the|a) (?:idea|option)|at (?:work)|instead|high|school|university).*",
    ),
    state(
        "got came returned am have",
        rf"(?:have )?(?:just )?(?:got back|came back|returned|am back|gotten back|am just back) from (?:a (?:[\w-]+ ){{0,3}}(?:in|to) |visiting )?(?P<place>{PLACE})",
        ("visited", "{place}"),
    ),
    state(
        "am",
        rf"am (?P<plan>(?:flying|travell?ing|going|heading|moving|driving|relocating|emigrating) (?:back )?to {PLACE})(?:,?(?: [^,]{{1,25}}?)?,? {_LATER})?",
        ("plan", "{plan}"),
        mode="any",
        toward="future",
    ),
    state(
        "have",
        rf"have (?:got )?(?:a|an|my|another) (?P<plan>(?:[\w'-]+ ){{0,3}}{_OCCASION}(?: with (?:a|an|my|the|dr) [\w' .]{{2,30}}?)?),? {_LATER}",
        ("plan", "{plan}"),
        mode="any",
        toward="future",
    ),
    state(
        "my our",
        rf"(?:my|our) (?P<plan>(?:[\w'-]+ ){{0,2}}{_OCCASION}) (?:is|'s) {_LATER}",
        ("plan", "{plan}"),
        mode="any",
        toward="future",
    ),
    state(
        "am",
        rf"am (?P<plan>getting (?:married|divorced|my (?:[\w-]+ ){{0,2}}(?:braces|wisdom teeth|cast|stitches|license|licence|degree)(?: \w+)?)|getting surgery|having (?:surgery|a baby|an operation|our (?:first|second|third)(?: baby| child)?)|starting (?:a new job|at [\w&' ]{{2,20}}?|university|college|school)|running (?:a|the) (?:[\w-]+ )?(?:marathon|half marathon|10k|5k)|graduating(?: from [\w ]{{2,30}}?)?|retiring),? {_LATER}",
        ("plan", "{plan}"),
        mode="any",
        toward="future",
    ),
    state(
        "am",
        rf"am going to (?P<plan>(?!(?:bed|sleep|work|school|church|need|have|try|ask|call|say|be (?:honest|late|fine|there|back|busy|away))\b)[a-z]+ [\w' -]{{3,40}}?),? (?P<when>(?:on |in )?{DATE}(?: \d{{4}})?)",
        ("plan", "{plan}"),
        mode="any",
        toward="future",
        who=OURS,
    ),
    state("turn", r"turn (?P<plan>\d{1,3})", ("plan", "turning {plan}"), mode="any", toward="future"),
    state(
        "ran finished completed won passed graduated have attended",
        rf"(?:have )?(?P<event>(?:ran|finished|completed|won|attended|passed|graduated from|graduated) [\w'& -]{{3,60}}?),? {_AGO}",
        ("event", "{event}"),
        who=OURS,
    ),
    state(
        "passed have",
        r"(?:have )?(?P<event>passed my (?:[\w-]+ ){1,3}(?:test|exam|exams|finals))",
        ("event", "{event}"),
        who=OURS,
    ),
)
