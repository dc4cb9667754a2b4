"""Values: how each kind is checked, taken apart and written.

A group of a pattern is named after its kind, with a digit where there are several: `place`, `job2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile

from engram_core.ingest.learn.rules.numbers import number
from engram_core.ingest.learn.rules.vocabulary.jobs import is_field, is_job
from engram_core.ingest.learn.rules.vocabulary.kinds import FLOCKS, LANGUAGES, SPECIES
from engram_core.ingest.learn.rules.vocabulary.names import is_bare_name, is_name
from engram_core.ingest.learn.rules.vocabulary.places import is_place

_LIST = re.compile(r"\s*,\s*(?:and |or |& )?\s*|\s+(?:and|&|or|plus)\s+(?:to )?", re.IGNORECASE)
#: What stands with an item of a list and is no part of it: how often, how well.
_TIMES = re.compile(
    r" (?:once|twice|(?:three|\d) times)$|^(?:fluent|some|a little(?: bit of)?|a bit of|conversational|enough|broken|rusty|decent) (?=[A-Z][a-z]+$)"
)
_ARTICLE = re.compile(r"^(?:a|an|the|some|any|my|our) (?=\w)", re.IGNORECASE)
_NO_ORG = re.compile(
    r"(?:I|My|A|An|Night|Nights|Home|Work|Weekends|Mr|Mrs|Ms|Dr|Free|Fun|Money|Myself|Peanuts|God|Jesus|Christmas|Easter|Santa|AM|PM|\d+(?:am|pm|h)?|The|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
    r"|January|February|March|April|May|June|July|August|September|October|November|December|Him|Her|Them|You|It|This|That)(?:'s)?(?: .*)?",
)
#: What one does not like or dislike as a person does: what lies before us, what somebody else does, empty words.
_NO_TASTE = re.compile(
    r"(?:for|in|on|at|with|about|from|of|by|it|that|this|these|those|to|how|when|where|why|who|what|you|yours|mine|theirs|hers|ours|him|her|them|me|us|your|his|their|its|if|being|having|getting|my|our|both|all|everything|anything|nothing|something|one|some|any|every|each|seeing|knowing"
    r"|zero|plenty|loads|lots|tons|wanting|talking|chatting|learning|hearing|working|waking|sitting|waiting|paying|living|i|he|she|they|we|someone|somebody|anyone|everyone|people|looking|making|doing|another|such|much|most|more|other|so|not|no|here|there|mondays?|meetings?"
    r"|taxes|traffic|queues|paperwork|homework|deadlines|spreadsheets|commuting|idea|ideas|first|second|third|last|previous|option|version|answer|suggestion|a|an|the|watching you|too|very|really|trying|thinking|using|having|life|up|down|out|by|still|idly|behind|straight|off|around|over|through|outside|upright|like|properly|obviously|especially|particularly|mostly|mainly|honestly|really|truly|sadly|seriously|actually|apparently|literally|usually|generally|specifically|though|btw|forever|etc|always|never|but|except|excluding|besides|unless|only|although|yet)(?:[ '].*)?",
    re.IGNORECASE,
)
_HOLLOW = re.compile(
    r".*(?<!\w)(?:it|that|this|these|those|you|him|them|me|us|your|one|ones|way|thing|things|stuff|idea|option|version|answer|suggestion|tone|draft|layout|wording|more|better|best|job|boss|company|landlord|moment|day|today|weather)(?:'s)?",
    re.IGNORECASE,
)
_PAIRS = re.compile(
    r"(?:mac|rock|fish|salt|gin|bread|drum|cookies|peanut butter|dungeons|black|bed|arts|rhythm|tom|simon|ham|bacon|wine|cheese|sweet|hot|hip|law|pride|war|country|science|R)\b.*",
    re.IGNORECASE,
)
_MANY = re.compile(r"\{(\w+)\*\}$")
#: Who is vegan may eat kosher and gluten-free as well; who is a student may be a barista.
_WITHOUT = re.compile(r"(?:halal|kosher|(?:gluten|dairy|lactose)[- ]free|low[- ]carb)", re.IGNORECASE)
_INDEPENDENT = re.compile(r"(?:semi-|self-)(?:retired|employed)|freelancer?", re.IGNORECASE)
_ANIMAL = re.compile(rf"(?:{SPECIES})", re.IGNORECASE)
_LEARNER = re.compile(r"(?:.* )?(?:student|undergrad|undergraduate|postgrad)", re.IGNORECASE)
#: In words; what is longer is half a sentence.
_LONGEST_TASTE = 4
_AGE = range(1, 111)
_PASTIMES = {
    "bake": "baking", "swim": "swimming", "run": "running", "cycle": "cycling", "hike": "hiking", "knit": "knitting", "sew": "sewing",
    "paint": "painting", "draw": "drawing", "climb": "climbing", "dance": "dancing", "garden": "gardening", "ski": "skiing", "surf": "surfing",
    "fish": "fishing", "row": "rowing", "curl": "curling", "box": "boxing", "fence": "fencing", "crochet": "crocheting", "jog": "jogging",
    "sail": "sailing", "skate": "skating",
}  # fmt: skip
PASTIMES = "|".join(_PASTIMES)


def fits(group: str, value: str) -> bool:
    """Tell whether a value is one that its group can have, however well it stands in the sentence.

    Args:
        group: Its name.
        value: What was matched.
    """
    check = _CHECKS.get(group.rstrip("0123456789"))
    return check is None or check(value)


def filled(template: str, groups: dict[str, str]) -> Iterator[str]:
    """Fill a template with groups: `{x?}` may be empty, `{x*}` gives one value for each of a list, `*` is no value."""
    if template == "*":
        yield ""
        return
    if (many := _MANY.search(template)) is not None:
        kind = "".join(filled(template[: many.start()].strip(), groups))
        for value in listed(groups.get(many[1], ""), apart=many[1].startswith("allergen")):
            yield f"{kind} {value}".strip()
        return
    parts: list[str] = []
    for piece in template.split():
        key = piece.strip("{}").rstrip("?")
        value = groups.get(key, "") if piece.startswith("{") else piece
        if not value and not piece.endswith("?}"):
            return
        if value:
            parts.append(_written(key, value))
    if parts:
        yield " ".join(parts)


def refined(attribute: str, value: str) -> tuple[str, str]:
    """Return the attribute and value that a claim is about at closer look: what does not exclude another is set apart."""
    if attribute == "diet" and _WITHOUT.fullmatch(value):
        return "eats", value
    if attribute == "occupation" and (_LEARNER.fullmatch(value) or _INDEPENDENT.fullmatch(value)):
        return "trait", value
    return attribute, value


def listed(text: str, *, apart: bool = False) -> list[str]:
    """Take a list apart: "hiking, cooking and jazz".

    Args:
        text: The list.
        apart: Whether "x and y z" must be two things; red and white wine are one.
    """
    if not apart and "," not in text and (_PAIRS.fullmatch(text) or _is_one(text)):
        return [_ARTICLE.sub("", text, count=1)]
    parts = [_ARTICLE.sub("", _TIMES.sub("", part.strip()), count=1) for part in _LIST.split(text)]
    # What begins otherwise than a thing is no part of the list: "I love techno, especially live".
    return list(takewhile(lambda part: not _NO_TASTE.fullmatch(part), filter(None, parts)))


def _is_one(text: str) -> bool:
    """Tell whether "x and y z" may be one thing, as "red and white wine" is."""
    first, *others = _LIST.split(text)
    return bool(others) and len(others[-1].split()) > len(first.split())


def _written(group: str, value: str) -> str:
    if group == "age":
        return number(value)
    if group.startswith("diet") and value.casefold() == "veggie":
        return "vegetarian"
    if group == "pastime":
        return _PASTIMES[value.casefold()]
    if group.startswith(("job", "role", "field", "thing")) and value.isupper() and len(value) > 4:
        return value.casefold()
    if group.startswith(("species", "relation")):
        return {"puppy": "dog", "pup": "dog", "kitten": "cat", "kitty": "cat"}.get(value.casefold(), value.casefold())
    return value


def _is_org(value: str) -> bool:
    return _NO_ORG.fullmatch(value) is None


def _is_taste(value: str) -> bool:
    parts = listed(value)
    is_short = all(len(part.split()) <= _LONGEST_TASTE for part in parts)
    return bool(parts) and is_short and not _NO_TASTE.fullmatch(value) and not any(map(_HOLLOW.fullmatch, parts))


def _are_languages(value: str) -> bool:
    plain = [
        re.sub(
            r"^(?:fluent|some|a little(?: bit of)?|a bit of|good|native|basic|decent|conversational|enough|broken|bad|rusty|also) ",
            "",
            p.casefold(),
        )
        for p in _LIST.split(value)
    ]
    return all(p in LANGUAGES for p in plain if p)


def _are_names(value: str) -> bool:
    return all(is_name(part) for part in _LIST.split(value) if part)


def _is_age(value: str) -> bool:
    age = number(value)
    return age.isdigit() and int(age) in _AGE


_CHECKS: dict[str, Callable[[str], bool]] = {
    "place": lambda value: is_place(value),
    "places": lambda value: all(is_place(part) for part in _LIST.split(value) if part),
    "org": _is_org,
    "name": lambda value: is_name(value),
    "bare": lambda value: is_bare_name(value),
    "names": _are_names,
    "job": lambda value: is_job(value),
    "role": lambda value: is_job(value, loose=True) and _ANIMAL.fullmatch(value) is None,
    "field": lambda value: is_field(value),
    "langs": _are_languages,
    "things": _is_taste,
    "flock": lambda value: value.casefold() in FLOCKS or " " in value,
    "age": _is_age,
}
