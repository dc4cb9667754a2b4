"""Requests to forget, and commands at the memory, which are never carried out from text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMAND = re.compile(
    r"\b(?:forget|delete|erase|wipe|clear|reset|purge|remove)\b[^.!?\n]{0,40}?\b(?:everything|all(?: of it| that)?|it all|every(?: single)? memory"
    r"|(?:your|all|the|my)? ?(?:entire |whole |complete )?(?:memor(?:y|ies)|database|history|data|records?))\b"
    r"|\b(?:ignore|disregard|override|bypass)\b[^.!?\n]{0,40}\b(?:instruction|memor|rule|prompt|previous|prior|earlier|above)"
    r"|\b(?:update|overwrite|rewrite|change|modify|replace|edit|set)\b[^.!?\n]{0,20}\b(?:your|the|all|my) (?:long[- ]term |stored )?(?:memor(?:y|ies)|database|records?|facts)\b"
    r"|\b(?:store|save|write|add|insert|put)\b[^.!?\n]{0,60}\b(?:in|into|to) (?:your|the|my) (?:long[- ]term )?(?:memory|memories|database)\b"
    r"|^\s*(?:system|admin|developer|memory)(?: (?:message|override|update|command|prompt))?\s*:"
    r"|\bfrom now on\b[^.!?\n]{0,20}\b(?:you (?:are|must|will|have)|remember|treat|every)"
    r"|</?(?:memory|system|instructions?)>|\[(?:system|inst|memory)\]",
    re.IGNORECASE | re.MULTILINE,
)
REFUSAL = "a command at the memory itself is not carried out from what is said: use the verbs for that"

_FORGET = re.compile(
    r"\b(?:please |kindly |can you |could you |i want you to |you can |you should )*(?:forget|delete|remove|erase|don't remember|do not remember"
    r"|don't store|do not store|don't save|do not save|stop remembering)(?: about)? "
    r"(?P<what>(?:(?:the fact )?that (?:i|my|we) .+|my .+|where i (?:live|work)|what i (?:said|told you) about .+|i .+))",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:,? (?:please|thanks|thank you|now|from (?:your )?memory|ok(?:ay)?|entirely|completely|for (?:privacy|me).*))*[.!?\s]*$",
    re.IGNORECASE,
)
_NAMED = {
    "address": "address", "home address": "address", "street": "address", "home": "home", "city": "home",
    "phone": "phone", "phone number": "phone", "number": "phone", "telephone number": "phone", "mobile number": "phone",
    "cell number": "phone", "email": "email", "email address": "email", "e-mail": "email", "mail address": "email",
    "name": "name", "job": "employer", "employer": "employer", "work": "employer", "workplace": "employer",
    "company": "employer", "occupation": "occupation", "profession": "occupation", "job title": "occupation",
    "birthday": "birthday", "date of birth": "birthday", "age": "age", "diet": "diet", "allergy": "allergy",
    "allergies": "allergy", "school": "school", "university": "school", "nationality": "nationality",
    "relationship status": "relationship", "marital status": "relationship", "hometown": "hometown", "car": "car",
    "wife": "partner", "husband": "partner", "partner": "partner", "girlfriend": "partner", "boyfriend": "partner",
}  # fmt: skip


def is_command(text: str) -> bool:
    """Tell whether a turn holds a command at the memory's own workings."""
    return _COMMAND.search(text.replace("’", "'")) is not None


def forgets(text: str) -> Iterator[str]:
    """Yield what a turn asks to forget, in its words."""
    for sentence in re.split(r"(?<=[.!?\n])\s+", text.replace("’", "'")):
        match = _FORGET.search(sentence)
        # "Don't forget that …" asks for the contrary.
        if match is None or re.search(
            r"\b(?:don't|do not|never|won't|can't|not|didn't|always) (?:ever )?forget\b", sentence, re.IGNORECASE
        ):
            continue
        yield _END.sub("", match["what"])


def named(what: str) -> tuple[str, str] | str:
    """Read what is to be forgotten: (attribute, value or ""), a clause that states it, or its words.

    Returns:
        A pair; or a string: a clause when it begins with "I" or "my … is", else bare words.
    """
    plain = re.sub(r"^(?:the fact )?that |^what i (?:said|told you) about ", "", what, flags=re.IGNORECASE).strip()
    lower = plain.casefold()
    if lower == "where i live":
        return "home", ""
    if lower == "where i work":
        return "employer", ""
    noun = re.sub(r"^my (?:new |old |current )?", "", lower)
    if noun in _NAMED:
        return _NAMED[noun], ""
    return plain
