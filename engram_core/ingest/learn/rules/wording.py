"""How statements are worded: one sentence an attribute, in the third person."""

from __future__ import annotations

import re

from engram_core.ingest.learn.rules.numbers import SMALL

#: {s} the subject, {v} the value.
_WORDED = {
    "name": "{s}'s name is {v}.",
    "home": "{s} lives in {v}.",
    "address": "{s}'s address is {v}.",
    "hometown": "{s} comes from {v}.",
    "birthplace": "{s} was born in {v}.",
    "upbringing": "{s} grew up in {v}.",
    "workplace": "{s} works in {v}.",
    "field": "{s} works in {v}.",
    "birth_year": "{s} was born in {v}.",
    "citizenship": "{s} has {v} citizenship.",
    "children": "{s} has {v}.",
    "trait": "{s} is {v}.",
    "blood_type": "{s}'s blood type is {v}.",
    "condition": "{s} has this condition: {v}.",
    "medication": "{s} takes {v}.",
    "prefers": "{s} prefers {v}.",
    "hobby": "{s} does this in free time: {v}.",
    "learning": "{s} is learning {v}.",
    "acquaintance": "{s}'s {v}.",
    "employer": "{s} works at {v}.",
    "occupation": "{s} works as {v}.",
    "school": "{s} studies at {v}.",
    "studies": "{s} studies {v}.",
    "age": "{s} is {v} years old.",
    "birthday": "{s}'s birthday is {v}.",
    "nationality": "{s} is {v}.",
    "relationship": "{s} is {v}.",
    "partner": "{s}'s partner is {v}.",
    "diet": "{s} is {v}.",
    "eats": "{s} eats {v}.",
    "email": "{s}'s email address is {v}.",
    "phone": "{s}'s phone number is {v}.",
    "native_language": "{s}'s native language is {v}.",
    "car": "{s} drives {v}.",
    "likes": "{s} likes {v}.",
    "dislikes": "{s} dislikes {v}.",
    "avoids": "{s} avoids {v}.",
    "allergy": "{s} is allergic to {v}.",
    "pet": "{s} has {v}.",
    "family": "{s}'s {v}.",
    "friend": "{s} has a friend {v}.",
    "speaks": "{s} speaks {v}.",
    "plays": "{s} plays {v}.",
    "owns": "{s} owns {v}.",
    "visited": "{s} visited {v}.",
    "plan": "{s} plans: {v}.",
    "event": "{s} {v}.",
    "activity": "{s} {v}.",
    "member": "{s} is a member of {v}.",
    "goal": "{s} has this goal: {v}.",
    "weight": "{s} weighs {v}.",
    "height": "{s} is {v} tall.",
}
_ENDED = {
    "home": "{s} no longer lives in {v}.",
    "employer": "{s} no longer works at {v}.",
    "occupation": "{s} no longer works as {v}.",
    "likes": "{s} no longer likes {v}.",
    "dislikes": "{s} no longer dislikes {v}.",
    "plays": "{s} no longer plays {v}.",
    "pet": "{s} no longer has {v}.",
    "partner": "{s} is no longer with {v}.",
    "medication": "{s} no longer takes {v}.",
    "owns": "{s} no longer owns {v}.",
    "allergy": "{s} is no longer allergic to {v}.",
    "car": "{s} no longer drives the {v}.",
    "learning": "{s} is no longer learning {v}.",
    "trait": "{s} is no longer {v}.",
    "member": "{s} is no longer a member of {v}.",
    "hobby": "{s} no longer does this in free time: {v}.",
    "workplace": "{s} no longer works in {v}.",
    "school": "{s} no longer studies at {v}.",
    "studies": "{s} no longer studies {v}.",
    "avoids": "{s} no longer avoids {v}.",
    "goal": "{s} no longer has this goal: {v}.",
    "plan": "{s} no longer plans: {v}.",
    "acquaintance": "{s} no longer has to do with {v}.",
    "condition": "{s} no longer has this condition: {v}.",
    "speaks": "{s} no longer speaks {v}.",
}
#: Attributes whose value wants an article.
_COUNTABLE = ("car", "pet", "owns", "trait")
_COUNTED = (*SMALL.split("|"), "a", "an", "the", "my", "our", "some")
_ADJECTIVES = ("self-employed", "sober", "clean", "freelance")
_MY = re.compile(r"\b(?:my|our)\b")
_YEAR = 4
_INTOLERANT = ("lactose", "gluten", "fructose", "histamine")


def worded(subject: str, attribute: str, value: str) -> str:
    """Word a statement.

    Args:
        subject: As it is written: `User`, or a name.
        attribute: Of the claim.
        value: Of the claim.
    """
    if attribute in ("family", "acquaintance"):
        # The name begins with the first capital: "guinea pig Pickles", "late husband Walter".
        relation, name = _parted(value)
        return f"{subject}'s {relation} is called {name}."
    if value in ("retired", "self-employed", "semi-retired"):
        return f"{subject} is {value}."
    if attribute == "allergy" and value.casefold() in _INTOLERANT:
        return f"{subject} is {value} intolerant."
    if attribute.startswith("favourite:"):
        return f"{subject}'s favourite {attribute.partition(':')[2]} is {value}."
    if attribute in _COUNTABLE:
        value = _with_article(value)
    elif attribute in ("event", "plan", "goal", "activity"):
        value = _MY.sub("their", _in_third(value) if attribute == "activity" else value)
    return _WORDED[attribute].format(s=subject, v=value)


def _with_article(value: str) -> str:
    """Write "a dog Rex", "an iguana", "a 1998 Volvo", but "two cats" and "bees"."""
    words = value.split()
    counted = words[0].casefold() in _COUNTED or (words[0].isdigit() and len(words[0]) < _YEAR)
    many = words[-1].islower() and words[-1].endswith("s") and not words[-1].endswith("ss")
    if counted or many or value in _ADJECTIVES:
        return value
    return f"{'an' if value[0].casefold() in 'aeiou' else 'a'} {value}"


def _in_third(value: str) -> str:
    """Write "restore organs" as "restores organs"."""
    verb, _, rest = value.partition(" ")
    return f"{verb}{'es' if verb.endswith(('x', 'ch', 'sh')) else 's'} {rest}"


def worded_end(subject: str, attribute: str, value: str) -> str:
    """Word that a statement is no longer so; without a value, whatever was known under the attribute."""
    if not value:
        return f"{subject} no longer has the {attribute} that was known."
    if attribute in ("diet", "relationship"):
        return f"{subject} is no longer {value}."
    value = _with_article(value) if attribute == "trait" else value
    return _ENDED.get(attribute, "{s}: no longer {v}.").format(s=subject, v=value)


def _parted(value: str) -> tuple[str, str]:
    words = value.split(" ")
    place = next((i for i, word in enumerate(words) if word[:1].isupper()), len(words) - 1)
    return " ".join(words[:place]), " ".join(words[place:])
