"""Requests to forget, and what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engram_core.ingest.learn.rules.straighten import straightened

#: A word without which a turn asks for nothing of the kind.
_ANY = re.compile(
    r"forg[eo]t|delet|remov|eras|drop|scrub|strike|un-?learn|un-?remember|un-?save|wip|\bbin\b|cross out|scratch|rid of|lose|clear|take out|n't|not|nt\b|rather|prefer|stop",
    re.IGNORECASE,
)
_FORGET = re.compile(
    r"(?<![\w'])(?:please |pls |kindly |can you |could you |would you |will you |i want you to |i'd like you to |you can |you should |just |actually,? )*"
    r"(?:forget|delete|remove|erase|drop|scrub|strike|unlearn|un-?remember|un-?save|wipe|bin|cross out|scratch|get rid of|lose|clear|take out|(?:don't|do not) (?:remember|store|save|keep|retain|hold on to)|stop (?:remembering|storing|keeping))(?: about)? "
    r"(?P<what>(?:(?:the fact )?that (?:i|i'm|my|we|i've) .+|(?:my|our) .+|where (?:i|we) (?:live|work)|(?:my |the |her |his |our |that )?[\w' /-]{2,40}? from (?:your|whatever you|what you|the(?= records?\b)) ?(?:own |long-term )?(?:memory|memories|notes|records?|files?|head|database|'ve (?:saved|stored|noted)|have (?:saved|stored|noted))\b|(?:what|everything|anything|all|whatever) (?:that )?you(?:'ve)? (?:know|have|saved|stored|remember|noted|keep|got)(?: down)? (?:about|on|of|regarding) .+|(?:what|everything|anything|all) (?:that )?(?:i|i've) (?:said|told you|mentioned|wrote) (?:about|on|regarding) .+|(?:the|any) (?:note|notes|memory|memories|fact|facts|info|information|stuff|bit|part|thing|entry|detail|details) (?:on|about|of|regarding) .+"
    r"|i(?:'m|'ve| am| have| live| work| like| love| hate| speak| own| drive) .+|(?:the|that) [\w -]{2,30} (?:thing|stuff|note|part|bit|fact|business)(?=[.,!?]|$| (?:now|please|pls|from (?:your|what)|again|entirely|completely))|(?<=erase )(?-i:[A-Z][\w-]+)(?=[.,!]|$)|(?<=wipe )(?-i:[A-Z][\w-]+)(?=[.,!]|$)|(?:everything|anything) about (?:him|her|me and )?[\w' -]+))",
    re.IGNORECASE,
)
#: What ends the name of what is to be forgotten: a reason, a courtesy, another sentence.
#: What may stand before a request: nothing that makes somebody else the one who forgets.
_ASKING = re.compile(
    r"\W*|.*[,;:.!?–—-]\W*|.*\b(?:and|so|but|then|now|ok|okay|also|hey|hi|well|yes|no|yeah|nah|wait|sorry|you to|kindness of|you) ",
    re.IGNORECASE | re.DOTALL,
)
_MANY_MEANINGS = re.compile(
    r"(?:(?:please|pls|kindly|just|can you|could you|would you|will you|actually,?) )*(?:wipe|bin|scratch|get rid of|lose|clear|take out|cross out|scrub|strike)\b",
    re.IGNORECASE,
)
_OF_MEMORY = re.compile(
    r"(?:thing|stuff|note|part|bit|fact|business)\b|\bfrom (?:your|what|the record)|\babout\b|\bi(?:'ve)? (?:said|told|mentioned|wrote)",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s*(?:,.*|(?<!\w)(?:please|pls|thanks|thank you|now|from (?:your|whatever you|what you|the) ?.*|ok(?:ay)?|entirely|completely|altogether|again|because .*|i don't want .*|for (?:privacy|me|now).*|if you .*|when you .*|and (?:don't|never|everything) .*))*[.!?\s]*$",
    re.IGNORECASE,
)
#: "I'd feel better if you had my phone number erased", "I don't want you to remember my age".
_FORGOTTEN = re.compile(
    r"(?<![\w'])(?:(?:have|had|get|want|like|see) (?:you )?(?P<what>my [\w ]{3,30}?) (?:erased|deleted|forgotten|removed|wiped|gone)|(?:don't|do not|didn't|wouldn't) want (?:you )?to (?:remember|keep|store|know|hold) (?P<what2>(?:my|where|what) [\w ]{3,30})|(?:i'd|i would) (?:rather|prefer|like)(?: it if)? you (?:forgot|forget|didn't (?:know|keep|remember|store)|don't (?:know|keep|remember|store)|not (?:to )?(?:know|keep|remember|store)) (?P<what3>(?:my|where|what|which) [\w ']{3,40}))(?=[.,!?]|$)",
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
    "boyfriend": "partner", "medication": "medication", "meds": "medication", "medications": "medication",
    "health": "condition", "condition": "condition", "diagnosis": "condition", "blood type": "blood_type", "pet": "pet", "pets": "pet",
    "kids": "children", "children": "children",
}  # fmt: skip
_ABOUT = re.compile(
    r"(?:the fact )?that |(?:what|everything|anything|all) (?:that )?(?:i|i've) (?:said|told you|mentioned|wrote) (?:about|on|regarding) (?:my |the |our )?"
    r"|(?:what|everything|anything|all|whatever) (?:that )?you(?:'ve)? (?:know|have|saved|stored|remember|noted|keep|got)(?: down)? (?:about|on|of|regarding) (?:me and )?(?:my |the |our )?"
    r"|(?:the|any) (?:note|notes|memory|memories|fact|facts|info|information|stuff|bit|part|thing|entry|detail|details) (?:on|about|of|regarding) (?:my |the |our )?|(?:everything|anything) about (?:me and )?(?:my |the )?",
    re.IGNORECASE,
)
_WHERE = {
    "where i live": "home",
    "where we live": "home",
    "which city i'm in": "home",
    "which city i live in": "home",
    "what i do": "occupation",
    "what i do for a living": "occupation",
    "where i work": "employer",
}


#: What "my job" means beside the employer.
_OF_WORK = ("occupation", "workplace", "field")


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
    if _ANY.search(text) is None:
        return
    plain = straightened(text)
    for sentence in re.split(r"(?<=[.!?\n])\s+", plain):
        match = _FORGET.search(sentence)
        if match is not None and not _CONTRARY.search(sentence) and _is_asked(sentence, match):
            yield _read(_END.sub("", match["what"]), match[0])
        elif (passive := _FORGOTTEN.search(sentence)) is not None:
            yield _read(_END.sub("", next(filter(None, passive.groups()))), "forget")


def _is_asked(sentence: str, request: re.Match[str]) -> bool:
    """Tell whether the memory is asked: one drops one's kids at school and clears a browser, but bins "that note"."""
    if _ASKING.fullmatch(sentence[: request.start()]) is None:
        return False
    return _MANY_MEANINGS.match(request[0]) is None or _OF_MEMORY.search(request[0]) is not None


def _read(what: str, request: str) -> Forgotten:
    lower = what.casefold()
    if lower in _WHERE:
        return Forgotten(((_WHERE[lower], ""),))
    noun = re.sub(r"^(?:my|our) (?:new |old |current |home )?", "", lower)
    topic = _ABOUT.sub("", what, count=1).strip()
    for name in (noun, topic.casefold()):
        if name in _NAMED:
            also = _OF_WORK if name in ("job", "work") else ()
            return Forgotten(tuple((attribute, "") for attribute in (_NAMED[name], *also)))
    nouns = [
        re.sub(r"^(?:my|our) (?:new |old |current |home )?", "", part)
        for part in re.split(r",? and |, ", topic.casefold())
    ]
    if len(nouns) > 1 and any(noun in _NAMED for noun in nouns):
        return Forgotten(tuple((_NAMED[noun], "") for noun in nouns if noun in _NAMED))
    is_plain = lower.startswith(("my ", "our ", "that i", "i ", "i'", "the fact", "what i", "everything i"))
    is_plain = is_plain and not re.match(r"(?:delete|remove|erase|drop)", request.strip(), re.IGNORECASE)
    bare = re.sub(r"^(?:the|that) | (?:thing|stuff|note|part|bit|fact)$", "", topic)
    bare = re.sub(
        r"^(?:being|having|owning|liking|loving|hating|knowing|living (?:in|at)|working (?:at|for|as|in)) (?:a |an |the |my )?",
        "",
        bare,
        flags=re.IGNORECASE,
    )
    words = re.sub(
        r"^(?:i|my|we|our)(?:'m| am|'ve| have| had)?(?: got)?(?: a| an| the)? ", "", bare, flags=re.IGNORECASE
    )
    topic = re.sub(r",? and (?:the fact )?that (?=i|my|we|our)", " and ", topic, flags=re.IGNORECASE)
    clause = topic if re.match(r"(?:i|my|we|our)\b", topic, re.IGNORECASE) else ""
    return Forgotten((("", words),), clause, is_plain)
