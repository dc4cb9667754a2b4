"""Requests to forget, and what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FORGET = re.compile(
    r"(?<![\w'])(?:please |pls |kindly |can you |could you |would you |will you |i want you to |i'd like you to |you can |you should |just |actually,? )*"
    r"(?:forget|delete|remove|erase|drop|scrub|strike|unlearn|(?:don't|do not) (?:remember|store|save|keep|retain|hold on to)|stop (?:remembering|storing|keeping))(?: about)? "
    r"(?P<what>(?:(?:the fact )?that (?:i|i'm|my|we|i've) .+|(?:my|our) .+|where (?:i|we) (?:live|work|bank)|(?:what|everything|anything|all) (?:that )?(?:i|i've) (?:said|told you|mentioned|wrote) (?:about|on|regarding) .+|(?:the|any) (?:note|notes|memory|memories|fact|facts|info|information|stuff|bit|part|thing|entry|detail|details) (?:on|about|of|regarding) .+"
    r"|i(?:'m|'ve| am| have| live| work| like| love| hate| speak| own| drive) .+|(?:the|that) [\w -]{2,30} (?:thing|stuff|note|part|bit|fact)|(?-i:[A-Z][\w-]+)(?=[.,!]|$)|(?:everything|anything) about (?:him|her|me and )?[\w' -]+))",
    re.IGNORECASE,
)
#: What ends the name of what is to be forgotten: a reason, a courtesy, another sentence.
_END = re.compile(
    r"\s*(?:,.*|(?<!\w)(?:please|pls|thanks|thank you|now|from (?:your )?(?:memory|records?|notes)|ok(?:ay)?|entirely|completely|altogether|again|because .*|i don't want .*|for (?:privacy|me|now).*|if you .*|when you .*|and (?:don't|never|everything) .*))*[.!?\s]*$",
    re.IGNORECASE,
)
_CONTRARY = re.compile(
    r"(?<![\w'])(?:don't|do not|never|won't|can't|cannot|not|didn't|always|keep|how could i|how can i|i|i'll|they|he|she|we|might|may|to|almost|please don't) (?:ever |just |even |always |keep |almost )?(?:forget|forgetting)\b",
    re.IGNORECASE,
)
_NAMED = {
    "address": "address", "home address": "address", "street": "address", "home": "home", "city": "home", "location": "home",
    "phone": "phone", "phone number": "phone", "number": "phone", "telephone number": "phone", "mobile number": "phone",
    "cell number": "phone", "mobile": "phone", "email": "email", "email address": "email", "e-mail": "email", "mail address": "email",
    "name": "name", "job": "employer", "employer": "employer", "work": "employer", "workplace": "employer", "company": "employer",
    "occupation": "occupation", "profession": "occupation", "job title": "occupation", "birthday": "birthday",
    "date of birth": "birthday", "age": "age", "diet": "diet", "allergy": "allergy", "allergies": "allergy", "school": "school",
    "university": "school", "nationality": "nationality", "relationship status": "relationship", "marital status": "relationship",
    "hometown": "hometown", "car": "car", "wife": "partner", "husband": "partner", "partner": "partner", "girlfriend": "partner",
    "boyfriend": "partner", "bank": "bank", "medication": "medication", "meds": "medication", "medications": "medication",
    "health": "condition", "condition": "condition", "diagnosis": "condition", "blood type": "blood_type", "pet": "pet", "pets": "pet",
    "kids": "children", "children": "children",
}  # fmt: skip
_ABOUT = re.compile(
    r"(?:the fact )?that |(?:what|everything|anything|all) (?:that )?(?:i|i've) (?:said|told you|mentioned|wrote) (?:about|on|regarding) (?:my |the |our )?"
    r"|(?:the|any) (?:note|notes|memory|memories|fact|facts|info|information|stuff|bit|part|thing|entry|detail|details) (?:on|about|of|regarding) (?:my |the |our )?|(?:everything|anything) about (?:me and )?(?:my |the )?",
    re.IGNORECASE,
)
_WHERE = {"where i live": "home", "where we live": "home", "where i work": "employer", "where i bank": "bank"}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is to be forgotten.

    Attributes:
        named: (attribute, value) pairs; an empty attribute with words means whatever they name.
        clause: The statement itself, where the request repeats it.
        is_plain: Whether the request can only be meant for the memory.
    """

    named: tuple[tuple[str, str], ...]
    clause: str = ""
    is_plain: bool = True


def forgets(text: str) -> Iterator[Forgotten]:
    """Yield what a turn asks to forget."""
    plain = text.replace("’", "'").replace("dont ", "don't ").replace("Dont ", "Don't ")
    for sentence in re.split(r"(?<=[.!?\n])\s+", plain):
        match = _FORGET.search(sentence)
        if match is None or _CONTRARY.search(sentence):
            continue
        yield _read(_END.sub("", match["what"]), match[0])


def _read(what: str, request: str) -> Forgotten:
    lower = what.casefold()
    if lower in _WHERE:
        return Forgotten(((_WHERE[lower], ""),))
    noun = re.sub(r"^(?:my|our) (?:new |old |current |home )?", "", lower)
    topic = _ABOUT.sub("", what, count=1).strip()
    for name in (noun, topic.casefold()):
        if name in _NAMED:
            return Forgotten(((_NAMED[name], ""),))
    is_plain = lower.startswith(("my ", "our ", "that i", "i ", "i'", "the fact", "what i", "everything i"))
    is_plain = is_plain and not re.match(r"(?:delete|remove|erase|drop)", request.strip(), re.IGNORECASE)
    bare = re.sub(r"^(?:the|that) | (?:thing|stuff|note|part|bit|fact)$", "", topic)
    words = re.sub(
        r"^(?:i|my|we|our)(?:'m| am|'ve| have| had)?(?: got)?(?: a| an| the)? ", "", bare, flags=re.IGNORECASE
    )
    clause = topic if re.match(r"(?:i|my|we|our)\b", topic, re.IGNORECASE) else ""
    return Forgotten((("", words),), clause, is_plain)
