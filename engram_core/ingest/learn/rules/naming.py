"""People and animals whom a clause names in passing: "my brother Rui drives", "with our cats Miso and Soba"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engram_core.ingest.learn.rules.vocabulary.kinds import FRIENDS, OTHERS, PARTNERS, RELATIONS, SPECIES
from engram_core.ingest.learn.rules.vocabulary.names import is_bare_name, is_name, may_be_called
from engram_core.ingest.learn.rules.vocabulary.places import KNOWN as PLACES
from engram_core.ingest.learn.rules.vocabulary.shapes import NAME, NAMES

_ADJECTIVE = (
    r"(?:(?:new|old|little|small|big|older|younger|elder|twin|baby|first|second|third|eldest|oldest|youngest|middle|rescue|black|white|beloved|lovely|cute|orange|grey|gray"
    r"|ginger|brown|best|sweet|dear|current|own|only|favou?rite|actual|late|amazing|wonderful|future|darling|adorable|senior|elderly|half|foster|adopted|other|lil|great|eldest|good|close|\d{1,2}[- ]?(?:year|month|week|yr)[- ]old|\w+-eyed|\w+-legged|\w+-haired) )*"
)
_KINDS = rf"(?:(?P<relation>{RELATIONS})|(?P<partner>{PARTNERS})|(?P<species>{SPECIES})|(?P<friend>{FRIENDS})|(?P<other>{OTHERS}))"
_IS = r"(?: is|'s| are)"
_CALLED = rf"(?:'s name(?: is|'s)|(?:s' names?| names?) (?:is|are)|{_IS} (?:called|named))"
_IN_PASSING = re.compile(
    rf"(?<![\w'-])(?:my|our) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>s|es)?"
    rf"(?:,? (?:called|named|whose name is) | (?=(?-i:[^\sa-z]))|{_CALLED} |, (?=(?:{NAMES})(?:,| who(?!\w)| is(?!\w)|$))|: (?=(?-i:[^\sa-z])))(?P<names>{NAMES})(?!\w|-)",
    re.IGNORECASE,
)
_KIN_FIRST = re.compile(
    r"(?P<relation>grandma|grandpa|granny|nan|aunt|auntie|uncle) (?P<names>"
    + NAME
    + r")(?=(?:'s)? (?:is|was|has|turned|turns|lives|works|plays|still|just|and|who|can't|makes|always|used)(?!\w))",
    re.IGNORECASE,
)
_IS_MINE = re.compile(
    rf"(?P<names>{NAME})(?:,| is|'s| was|, is)(?: also| actually)? (?:my|our) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>s|es)?(?![\w'-])(?! of )",
    re.IGNORECASE,
)
#: "My daughter is Leilani", and nothing else: "my sister is English" says what she is.
_IS_CALLED = re.compile(
    rf"(?:my|our) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>s|ren)?(?: is|'s| are)(?P<now> now)? (?P<names>{NAMES})",
    re.IGNORECASE,
)
#: "I have a cat called Miso and a dog called Rex": those behind the first.
_HAVE_ALSO = re.compile(
    rf"(?<=and )(?:a|an|one) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>(?!))?,? (?:called|named) (?P<names>{NAME})",
    re.IGNORECASE,
)
_HAVING = re.compile(r"(?:I|we)(?:'ve| have)(?: got)? ", re.IGNORECASE)
_THE_NAME_OF = re.compile(
    rf"the names? of (?:my|our) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>s|es)? (?:is|are) (?P<names>{NAMES})",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    rf"(?<![\w'])(?:me and (?P<names>{NAME})|(?P<names2>{NAME}) and (?:I|me))(?:'ve| have|'re| are)? (?:been |now |still |finally |happily )*(?:together|dating|married|engaged|a couple|in a relationship)(?! to)(?!\w)",
    re.IGNORECASE,
)
_OF_MINE = re.compile(
    rf"(?:a |an |good |old |close )*(?P<other>friend|colleague|coworker|cousin|neighbou?r) of (?:mine|ours),? (?:called |named )?(?P<names>{NAME})",
    re.IGNORECASE,
)
_HAVE = re.compile(
    rf"(?:^(?:I|we|and)?(?:'ve| have)?(?: also| now| just| still)?(?: got| have| keep| own)?|(?<![\w'])(?:with|me and|welcomed)) (?:a|an|one|two|three|four|five|six|\d|my|our) (?P<adjective>{_ADJECTIVE}){_KINDS}(?P<many>s|es)?(?:,? (?:called|named) |, (?=(?:{NAMES})(?:,|$| and| who))|: )(?P<names>{NAMES})(?!\w|-)",
    re.IGNORECASE,
)
_KIDS = re.compile(
    rf"(?<![\w'])(?:I have|I've got|we have|we've got|my|our|have|with|^the(?= \w+ are )) (?:\w+ )?(?P<relation>kid|child|boy|girl|son|daughter|twin)(?P<many>s|ren)(?: are(?: called| named)?|,|:| called| named| -)? (?P<names>{NAMES})(?!\w|-)",
    re.IGNORECASE,
)
_THEIR_NAME = re.compile(
    rf"(?:his|her|its|it's|their)(?: names?)(?: is|'s|s| are)? (?P<names>{NAMES})|(?:he|she|it)(?:'s| is) (?:called|named) (?P<names2>{NAME})|(?:called|named|calling) (?:him|her|it) (?P<names3>{NAME})",
    re.IGNORECASE,
)
_UNNAMED = re.compile(
    rf"(?<![\w'])(?:my|our|a|an|this|the|new) (?P<adjective>{_ADJECTIVE}|[\w-]+ ){_KINDS}(?![\w'-])", re.IGNORECASE
)
_GIVING = re.compile(
    r"(?:name|call|naming|calling|rename|renaming|renamed|should we|should i|names? for)(?: \w+)? ?$", re.IGNORECASE
)
_PAST = re.compile(
    r"(?<![\w'])(?:used to|back when|back then|when (?:i|we|he|she) (?:was|were|lived|had)|growing up|as a (?:kid|child|teen\w*)|years ago|childhood|no longer|in (?:my|our) (?:first|previous|last|old)|once had|died|passed away|any ?more)(?![\w'])",
    re.IGNORECASE,
)
_OUTRIGHT = re.compile(r"\b(?:called|named|names?)\b", re.IGNORECASE)
_ASKED = re.compile(
    r"(?:is|isn't|was|wasn't|are|aren't|what|who|how|did|didn't|do|does|don't)\b|.*\b(?:whether|decide|if|wonder\w*|remember|not sure)\b",
    re.IGNORECASE,
)
_MALE = re.compile(
    r"(?:.*step|.*god|grand)?(?:father|dad|papa|brother|son|uncle|nephew|grandpa|grandad|granddad|grandson|husband|boyfriend|fiancé|bf|landlord)(?:-in-law)?",
    re.IGNORECASE,
)
_FEMALE = re.compile(
    r"(?:.*step|.*god|grand)?(?:mother|mom|mum|mama|sister|daughter|aunt|auntie|niece|grandma|granny|nan|granddaughter|wife|girlfriend|fiancée|gf|landlady)(?:-in-law)?",
    re.IGNORECASE,
)
_GROUPS = (
    ("family", "relation"),
    ("partner", "partner"),
    ("pet", "species"),
    ("friend", "friend"),
    ("acquaintance", "other"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody named.

    Attributes:
        attribute: Of the speaker: `family`, `partner`, `pet`, `friend`, `acquaintance`.
        value: As a claim has it: `sister Anna`.
        name: Alone.
        gender: "he", "she" or "".
        instead_of: What they are, where that can be one person alone: "my new boss".
        kind: What they are, in the speaker's word: "wife".
    """

    attribute: str
    value: str
    name: str
    gender: str
    instead_of: str = ""
    kind: str = ""


def named(
    clause: str, antecedent: re.Match[str] | None, *, is_past: bool = False, is_said: bool = True
) -> Iterator[Named]:
    """Yield whom a clause names as somebody of the speaker's.

    Args:
        clause: Whole.
        antecedent: Whom the words before spoke of without a name, see `unnamed`.
        is_past: Whether it tells of long ago.
        is_said: Whether it stands as said; where it does not, only names in passing are sure: "does my dog Rex …?".
    """
    is_past = is_past or bool(_PAST.search(clause))
    for person in _named(clause, antecedent if is_said else None, is_said=is_said):
        # A sister stays one; a dog, a girlfriend, a boss of long ago does not.
        if not is_past or person.attribute == "family":
            yield person


def _named(clause: str, antecedent: re.Match[str] | None, *, is_said: bool) -> Iterator[Named]:
    for pattern in (_IN_PASSING, _HAVE, _KIDS, _OF_MINE):
        for match in pattern.finditer(clause):
            is_asked = not is_said and _OUTRIGHT.search(match[0]) is not None and not match[0][:1].isupper()
            if not _GIVING.search(clause[: match.start()]) and not (is_asked and _ASKED.match(clause)):
                yield from _of(match, match["names"])
    if not is_said:
        return
    if _HAVING.match(clause):
        for also in _HAVE_ALSO.finditer(clause):
            yield from _of(also, also["names"])
    for pattern in (_KIN_FIRST, _IS_MINE, _THE_NAME_OF):
        if (begins := pattern.match(clause)) is not None:
            yield from _of(begins, begins["names"])
    if (is_called := _IS_CALLED.fullmatch(clause)) is not None and is_bare_name(is_called["names"]):
        yield from _of(is_called, is_called["names"])
    for both in _TOGETHER.finditer(clause):
        name = both["names"] or both["names2"]
        if is_name(name):
            yield Named("partner", name, name, "")
    if antecedent is not None and (theirs := _THEIR_NAME.match(clause)) is not None:
        yield from _of(antecedent, theirs["names"] or theirs["names2"] or theirs["names3"])


def unnamed(clause: str) -> re.Match[str] | None:
    """Find whom a clause speaks of without a name, the last of them: "I have a new puppy"."""
    found = list(_UNNAMED.finditer(clause))
    return found[-1] if found else None


def short(clause: str) -> str:
    """Leave of "my sister Anna lives" the name: "Anna lives"."""
    match = _IN_PASSING.match(clause) or _KIN_FIRST.match(clause)
    if match is None or match.groupdict().get("many"):
        return clause
    name = _first(match["names"])
    rest = clause[match.start("names") + len(name) :]
    # "my sister Anna, who lives in Berlin" says it of her too.
    return name + re.sub(
        r"^,? (?:who|which)(?='s| )|^, (?=an? )|^,(?= (?:is|has|lives|works|plays|speaks|loves|likes|hates|turned|moved|can't) )",
        _relative,
        rest,
        count=1,
    )


def _relative(match: re.Match[str]) -> str:
    return " is " if match[0] == ", " else ""


def _of(match: re.Match[str], names: str) -> Iterator[Named]:
    groups = match.groupdict()
    attribute, kind = next(((a, groups[g]) for a, g in _GROUPS if groups.get(g)), ("", ""))
    if not attribute:
        return
    adjective = (groups.get("adjective") or "").casefold()
    if re.search(r"\b(?:future|first|former|half)\b", adjective):
        return
    late = "late " if "late " in adjective else ""
    many = groups.get("many")
    is_called = _OUTRIGHT.search(match[0]) is not None
    for name in _all(names) if many else [_first(names)]:
        if not (may_be_called(name) if is_called else is_name(name)) or (
            name.casefold() in PLACES and name.casefold() not in _ALSO_NAMES
        ):
            continue
        gender = "he" if _MALE.fullmatch(kind) else "she" if _FEMALE.fullmatch(kind) else ""
        plain = {"puppy": "dog", "pup": "dog", "kitten": "cat", "kitty": "cat"}.get(kind.casefold(), kind.casefold())
        value = name if attribute in ("partner", "friend") and not late else f"{late}{plain} {name}"
        is_new = ("new " in f"{adjective} " or groups.get("now")) and plain in _ONE_OF_A_KIND
        kept = "family" if late and attribute == "partner" else attribute
        yield Named(kept, value, name, gender, plain if is_new else "", plain)


#: Of whom somebody has one at a time.
_ONE_OF_A_KIND = frozenset(
    ["boss", "manager", "supervisor", "landlord", "landlady", "therapist", "dentist", "doctor", "gp", "accountant"]
)
_ALSO_NAMES = frozenset(["paris", "sydney", "florence", "austin", "charlotte", "victoria", "jordan", "georgia", "madison", "phoenix", "savannah", "adelaide", "chelsea", "israel", "lima", "cali", "india", "milan", "verona", "rosario", "alexandria", "santiago", "salvador"])  # fmt: skip


def _first(names: str) -> str:
    return re.split(r",| and | & | n ", names, maxsplit=1)[0].strip()


def _all(names: str) -> list[str]:
    return [name for part in re.split(r",| and | & | n ", names) if (name := part.strip())]
