"""Who a clause is about, and its predicate with the verb in the first person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engram_core.ingest.learn.rules.statements import Who
from engram_core.ingest.learn.rules.vocabulary.shapes import NAME

#: Words between subject and verb that leave what is said as it is.
_ADVERBS = r"(?:(?:still|now|currently|just|also|actually|really|recently|finally|always|both|definitely|officially|already|mostly|mainly|usually|normally|absolutely|truly|proudly|happily|sadly|unfortunately|presently|generally|typically|mainly|indeed|myself|himself|herself|do(?=\s(?:live|work|love|like|have|speak|play|own))),? )+"
_LEADING = re.compile(rf"^{_ADVERBS}", re.IGNORECASE)
_AFTER_VERB = re.compile(rf"^(am|have) {_ADVERBS}", re.IGNORECASE)
_MINE = re.compile(
    r"(?:and |so |now |then )*(?:(?P<we>we)|I|me)(?P<short>'m|'re|'ve|'d|'ll| am| are| have got| have)?(?: got (?=a |an |two |three |four |no ))?(?![\w'])\s*",
    re.IGNORECASE,
)
#: "My husband and I", "Ada and I", "me and my sister Ada".
_US = re.compile(
    rf"(?:(?:(?:my|our) (?:[\w-]+ ){{0,2}}?[\w-]+(?: {NAME})?|{NAME}),? (?:and|&) (?:I|me|myself)|me and (?:my [\w-]+(?: {NAME})?|{NAME}))(?P<short>'ve|'re|'d|'ll| are| have got| have)?(?![\w'])\s*",
    re.IGNORECASE,
)
#: "I've got asthma", but not "I've got married".
_HAVE_GOT = re.compile(
    r"^got (?!(?:to|back|home|married|engaged|divorced|promoted|hired|fired|laid|let|made|up|out|off|over|into|in|rid|used|lost|stuck|done|ready|tired|sick|better|worse|it|that|this|you|him|her|them|through|on|away|going|work)(?!\w))",
    re.IGNORECASE,
)
#: "Green is my new favourite colour".
_DEAREST = re.compile(
    r"(?!(?:it|this|that|he|she|they|you|which|what|who|there|here|one|mine)\b)(?P<value>[\w'&-]+(?: [\w'&-]+){0,3}?)(?: is|'s) (?:now )?my (?P<what>(?:new |current |all-time |absolute )*favou?rite [a-z]+(?: [a-z]+)?)",
    re.IGNORECASE,
)
#: "I will be moving" says what "I'm moving" says.
_WILL_BE = re.compile(r"^will be (?=\w+ing\b)", re.IGNORECASE)
_OWN = re.compile(r"(?:my|our|mine|home)(?![\w-])", re.IGNORECASE)
#: What is mine and says what I am: "my name is Ada, live in Rome".
_OF_ONESELF = re.compile(
    r"(?:my|our) (?:[\w-]+ )?(?:name|job|age|birthday|occupation|profession|home|address|diet)\b", re.IGNORECASE
)
_CALLED = re.compile(r"(?:everyone|everybody|people|friends|most people|they)(?: just| all)? calls? me ", re.IGNORECASE)
_PRONOUN = re.compile(r"(?P<p>he|she)(?P<short>'s| is| has)?(?![\w'])\s*", re.IGNORECASE)
_NAMED = re.compile(rf"(?P<name>{NAME}),?(?P<short>'s|’s)?(?= ) ", re.IGNORECASE)
#: A name in small letters, where something is said to be over.
_LOWER = re.compile(
    r"(?-i:(?P<name>[a-z]{2,15}) )(?=(?:just |finally )?(?:quit|left|no longer|stopped|sold|dropped out|graduated)(?!\w))"
)
#: What belongs to somebody named: "Shanthi's birthday is …".
_POSSESSED = re.compile(r"(?:birthday|favou?rite \w+|phone number|email|name)(?: is|'s| are)(?!\w)", re.IGNORECASE)
_VERBS = {
    "is": "am", "was": "was", "has": "have", "does": "do", "goes": "go", "teaches": "teach", "studies": "study", "doesn't": "don't", "isn't": "am not",
    "hasn't": "haven't", "practises": "practise", "practices": "practice", "can't": "can't", "attends": "attend",
}  # fmt: skip
_REGULAR = frozenset(["live", "work", "speak", "play", "love", "like", "hate", "enjoy", "drive", "own", "run", "keep", "collect", "avoid", "eat", "follow", "prefer", "sell", "adore", "dislike", "come", "hail", "reside", "sing", "take", "drink", "suffer", "manage", "rent", "share", "turn"])  # fmt: skip
_THIRD_PERSON = re.compile(
    rf"(?:{_ADVERBS})?(?:(?:{'|'.join(_REGULAR)}|teache|doe|goe)s|is|has|studies)(?!\w)", re.IGNORECASE
)
#: What a sentence without a subject begins with when it is about its writer.
_DROPPED_PAST = re.compile(
    r"(?:moved|relocated|adopted|rescued|turned \d+|got (?:a|an|two|three|married|engaged|divorced|promoted|hired|back from|my|fired|laid off)|started (?:at|a|my|work|working|learning|studying)|became|quit|left (?:my|the) job|left (?-i:[A-Z])|broke up|split up|passed my"
    r"|graduated|joined|switched (?:jobs|companies)|sold (?:my|the|our)|stopped|cancell?ed|went (?:vegan|vegetarian)|took up|was born|grew up|dropped out|traded|swapped (?:my|the|our)|gave up|handed in my|bought a|visited|went to (?-i:[A-Z])|flew to (?-i:[A-Z])|lost my job|came back from|no longer|stepped down|resigned|dumped|gave away|rehomed|dropped (?:the|my)|came off|ran (?:a|my|the)(?: [\w-]+)? (?:marathon|half|10k|5k|ultra)|resigned|switched (?:to|from)|changed (?:to|jobs|my)|picked up|got into)(?![\w'])",
    re.IGNORECASE,
)
_DROPPED_BEEN = re.compile(
    r"been (?=in (?-i:[A-Z])[\w-]+ (?:for |since |about |almost |over |nearly |around |\d|ten |a )|living|working|based|learning|vegan|vegetarian|married|diagnosed|to (?-i:[A-Z]))",
    re.IGNORECASE,
)
_DROPPED_AM = re.compile(
    r"(?:living|working (?:at|for|as)|starting (?:at|as|a|my)|studying|learning|flying to|moving to|relocating to|renting|getting married|dating (?-i:[A-Z])|engaged to (?-i:[A-Z])|allergic to|born (?:in|on|and raised)|(?:big|huge|not a(?: big| huge)?) fan of|not into|laid off from|made redundant from|fired from|based (?:in|out)|originally from|married to|severely allergic|on (?:[a-z]{5,} )?\d+ ?mg|not (?:a |an )?[\w-]+ any ?more|diagnosed with|obsessed with|training for|back (?:living )?in|(?:vegan|vegetarian|pescatarian|coeliac|celiac|diabetic|asthmatic|sober|retired|dyslexic)(?= (?:since|for|here|btw|now|by the way|and)|$))(?![\w'])",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"(?:hi |hey |hello |just )?(?:a |an |your |another )?(?P<what>[\w'&/-]+(?: [\w'&/-]+){0,4}) here(?=$|[\s,!.])",
    re.IGNORECASE,
)


@dataclass(slots=True)
class People:
    """Whom a turn has named so far.

    Attributes:
        known: Names that it ties to its speaker, or to a verb that only people have; with "he", "she" or "" for what
            they are called.
    """

    known: dict[str, str] = field(default_factory=dict)

    def meet(self, name: str, gender: str = "") -> None:
        """Take note of somebody."""
        self.known[name] = gender or self.known.get(name, "")

    def meant(self, pronoun: str) -> str | None:
        """Return whom "he" or "she" means, when it can be only one."""
        fitting = [name for name, gender in self.known.items() if gender in ("", pronoun)]
        return fitting[0] if len(fitting) == 1 and len(self.known) <= 2 else None


@dataclass(frozen=True, slots=True)
class Said:
    """A predicate and who it is said of.

    Attributes:
        who: The speaker alone, with others, or somebody else.
        name: Of somebody else.
        predicate: With its verb in the first person.
    """

    who: Who
    name: str
    predicate: str


def said(text: str, people: People, before: Said | None, *, is_open: bool) -> Said | None:
    """Read who a clause is about.

    Args:
        text: The clause, without its asides.
        people: Whom the turn has named.
        before: What the clause before it said, where this one goes on about the same.
        is_open: Whether the subject may be left out.
    """
    if (dearest := _DEAREST.fullmatch(text)) is not None:
        return Said("I", "", f"my {dearest['what']} is {dearest['value']}")
    if (us := _US.match(text)) is not None:
        return Said("we", "", _predicate(us["short"] or "", text[us.end() :]))
    if (match := _MINE.match(text)) is not None:
        return Said("we" if match["we"] else "I", "", _predicate(match["short"] or "", text[match.end() :]))
    if _OWN.match(text) or _CALLED.match(text):
        return Said("I", "", text)
    if before is not None:
        if before.who != "other" and _THIRD_PERSON.match(text):
            return None
        return Said(before.who, before.name, _predicate("", _going_on(text)))
    if (match := _PRONOUN.match(text)) is not None:
        name = people.meant(match["p"].casefold())
        return None if name is None else Said("other", name, _third(match["short"] or "", text[match.end() :]))
    if is_open and (mine := _dropped(text)) is not None:
        return Said("I", "", mine)
    if is_open and (match := _LOWER.match(text)) is not None:
        return Said("other", match["name"].capitalize(), _third("", text[match.end() :]))
    if (match := _NAMED.match(text)) is not None:
        return _of_named(match, text[match.end() :])
    return None


def goes_on_about(found: Said) -> bool:
    """Tell whether a clause without a subject can go on about the same: not after "my sister …", who has no name here."""
    return _OWN.match(found.predicate) is None or _OF_ONESELF.match(found.predicate) is not None


def _of_named(match: re.Match[str], rest: str) -> Said:
    if match["short"] and _POSSESSED.match(rest) is not None:
        return Said("other", match["name"], f"my {rest}")
    name = match["name"]
    return Said("other", name, _third(match["short"] or "", rest))


def _dropped(text: str) -> str | None:
    bare = _LEADING.sub("", text, count=1)
    if _DROPPED_PAST.match(bare):
        return bare
    if _DROPPED_BEEN.match(bare):
        return f"have {bare}"
    if _DROPPED_AM.match(bare):
        return f"am {bare[0].lower()}{bare[1:]}"
    if (match := _HERE.match(bare)) is not None:
        return f"am {match['what']}{bare[match.end() :]}"
    return (
        bare
        if re.match(
            r"(?:the |my )?(?:first )?name(?:'s| is|:)|favou?rite |call me |people call me |no longer ",
            bare,
            re.IGNORECASE,
        )
        else None
    )


def _going_on(text: str) -> str:
    bare = _LEADING.sub("", text, count=1)
    first, _, rest = bare.partition(" ")
    if first.casefold() == "been":
        return f"have {bare}"
    if bare.casefold().startswith(("originally from", "from ")):
        return f"am {bare}"
    return f"{_base(first)} {rest}".strip()


def _predicate(short: str, rest: str) -> str:
    verb = {
        "'m": "am",
        "'re": "am",
        "am": "am",
        "are": "am",
        "'ve": "have",
        "have": "have",
        "have got": "have",
        "'d": "would",
        "'ll": "will",
    }.get(short.strip().casefold(), "")
    bare = _LEADING.sub("", rest, count=1)
    if verb == "will":
        verb, bare = ("am", bare[3:]) if re.match(r"be \w+ing\b", bare, re.IGNORECASE) else (verb, bare)
    bare = _HAVE_GOT.sub("", bare, count=1) if verb == "have" else bare
    whole = _WILL_BE.sub("am ", f"{verb} {bare}".strip(), count=1)
    return _AFTER_VERB.sub(r"\1 ", whole, count=1)


def _third(short: str, rest: str) -> str:
    verb = {"'s": "am", "is": "am", "has": "have"}.get(short.strip().casefold(), "")
    bare = _LEADING.sub("", rest, count=1)
    if not verb:
        first, _, others = bare.partition(" ")
        bare = f"{_base(first)} {others}".strip()
    if verb == "am" and bare.casefold().startswith("got "):
        verb, bare = "have", bare[4:]
    return _AFTER_VERB.sub(r"\1 ", f"{verb} {bare}".strip(), count=1)


def _base(verb: str) -> str:
    """Return a verb of the third person in the first: "lives" as "live"."""
    word = verb.casefold()
    if word in _VERBS:
        return _VERBS[word]
    return word[:-1] if word.endswith("s") and word[:-1] in _REGULAR else word if word in _REGULAR else verb
