"""How statements are worded: one sentence an attribute, in the third person."""

from __future__ import annotations

#: {s} the subject, {v} the value.
_WORDED = {
    "name": "{s}'s name is {v}.",
    "home": "{s} lives in {v}.",
    "address": "{s}'s address is {v}.",
    "hometown": "{s} comes from {v}.",
    "employer": "{s} works at {v}.",
    "occupation": "{s} works as {v}.",
    "school": "{s} studies at {v}.",
    "studies": "{s} studies {v}.",
    "age": "{s} is {v} years old.",
    "birthday": "{s}'s birthday is {v}.",
    "nationality": "{s} is {v}.",
    "relationship": "{s} is {v}.",
    "partner": "{s}'s partner is {v}.",
    "diet": "{s} eats {v}.",
    "email": "{s}'s email address is {v}.",
    "phone": "{s}'s phone number is {v}.",
    "native_language": "{s}'s native language is {v}.",
    "car": "{s} drives a {v}.",
    "likes": "{s} likes {v}.",
    "dislikes": "{s} dislikes {v}.",
    "avoids": "{s} avoids {v}.",
    "allergy": "{s} is allergic to {v}.",
    "pet": "{s} has a {v}.",
    "family": "{s}'s {v}.",
    "friend": "{s} has a friend {v}.",
    "speaks": "{s} speaks {v}.",
    "plays": "{s} plays {v}.",
    "owns": "{s} owns {v}.",
    "visited": "{s} visited {v}.",
    "plan": "{s} plans: {v}.",
    "event": "{s} {v}.",
}
_ENDED = {
    "home": "{s} no longer lives in {v}.",
    "employer": "{s} no longer works at {v}.",
    "diet": "{s} no longer eats {v}.",
    "likes": "{s} no longer likes {v}.",
    "dislikes": "{s} no longer dislikes {v}.",
    "plays": "{s} no longer plays {v}.",
    "pet": "{s} no longer has {v}.",
    "partner": "{s} is no longer with {v}.",
}
_INTOLERANT = ("lactose", "gluten", "fructose", "histamine")


def worded(subject: str, attribute: str, value: str) -> str:
    """Word a statement.

    Args:
        subject: As it is written: `User`, or a name.
        attribute: Of the claim.
        value: Of the claim.
    """
    if attribute == "family":
        relation, _, name = value.partition(" ")
        return f"{subject}'s {relation} is called {name}."
    if attribute == "allergy" and value.casefold() in _INTOLERANT:
        return f"{subject} is {value} intolerant."
    if attribute == "diet" and not value.casefold().startswith(("halal", "kosher")):
        return f"{subject} is {value}."
    if attribute.startswith("favourite:"):
        return f"{subject}'s favourite {attribute.partition(':')[2]} is {value}."
    return _WORDED[attribute].format(s=subject, v=value)


def worded_end(subject: str, attribute: str, value: str) -> str:
    """Word that a statement is no longer so; without a value, whatever was known under the attribute."""
    if not value:
        return f"{subject} no longer has the {attribute} that was known."
    if attribute == "diet":
        return f"{subject} is no longer {value}."
    return _ENDED[attribute].format(s=subject, v=value)
