"""The attributes that statements are about: which of them hold one value at a time.

A single-valued attribute is superseded by a new value; the values of every other one accumulate, also of those that are
not in this list. Names are English whatever language the value is in, so that they can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from engram_core.domain.memory import Kind


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        name: As it stands in a claim.
        meaning: What its value is, for a prompt.
        single: Whether a subject has one value of it at a time.
        kind: What a statement about it is.
        opposite: The attribute that cannot have the same value at the same time.
    """

    name: str
    meaning: str
    single: bool = False
    kind: Kind = "fact"
    opposite: str | None = None


_ALL = (
    Attribute("name", "what the subject is called", single=True),
    Attribute("home", "the place where the subject lives", single=True),
    Attribute("address", "street and number", single=True),
    Attribute("hometown", "where the subject comes from", single=True),
    Attribute("birthplace", "where the subject was born", single=True),
    Attribute("upbringing", "a place where the subject grew up"),
    Attribute("employer", "whom the subject works for", single=True),
    Attribute("occupation", "what the subject does for a living", single=True),
    Attribute("workplace", "the town where the subject works"),
    Attribute("field", "the branch that the subject works in"),
    Attribute("school", "where the subject studies", single=True),
    Attribute("studies", "what the subject studies", single=True),
    Attribute("age", "in years", single=True),
    Attribute("birthday", "day and month, or date", single=True),
    Attribute("birth_year", "when the subject was born", single=True),
    Attribute("nationality", "what the subject is by nation", single=True),
    Attribute("citizenship", "a passport that the subject holds"),
    Attribute("relationship", "single, married, engaged, divorced, …", single=True),
    Attribute("partner", "name of wife, husband, girlfriend, boyfriend", single=True),
    Attribute("diet", "what the subject does or does not eat on principle", single=True, kind="preference"),
    Attribute("eats", "what the subject keeps to beside a diet: kosher, gluten-free", kind="preference"),
    Attribute("email", "mail address", single=True),
    Attribute("phone", "telephone number", single=True),
    Attribute("timezone", "of the subject", single=True),
    Attribute("native_language", "mother tongue", single=True),
    Attribute("car", "what the subject drives", single=True),
    Attribute("likes", "what the subject likes, loves, enjoys", kind="preference", opposite="dislikes"),
    Attribute("dislikes", "what the subject dislikes, hates", kind="preference", opposite="likes"),
    Attribute("allergy", "what the subject is allergic to or does not tolerate"),
    Attribute("condition", "an illness or disability that lasts"),
    Attribute("medication", "what the subject takes"),
    Attribute("blood_type", "of the subject", single=True),
    Attribute("prefers", "one thing rather than another", kind="preference"),
    Attribute("pet", "species and name, such as `dog Rex`"),
    Attribute("family", "relation and name, such as `sister Anna`"),
    Attribute("friend", "name"),
    Attribute("acquaintance", "what they are to the subject, and name, such as `boss Ingrid`"),
    Attribute("children", "how many", single=True),
    Attribute("speaks", "a language"),
    Attribute("plays", "a sport or an instrument"),
    Attribute("hobby", "a pastime"),
    Attribute("learning", "what the subject learns"),
    Attribute("trait", "what the subject is beside an occupation: student, smoker, self-employed"),
    Attribute("activity", "what the subject does week by week: teaches maths, restores organs"),
    Attribute("member", "a club, choir, party or team that the subject belongs to"),
    Attribute("height", "of the subject", single=True),
    Attribute("weight", "of the subject", single=True),
    Attribute("owns", "a thing"),
    Attribute("visited", "a place where the subject was"),
    Attribute("plan", "what the subject is going to do, with its date where known", kind="event"),
    Attribute("event", "what happened to the subject, with its date where known", kind="event"),
    Attribute("goal", "what the subject wants to reach"),
)
ATTRIBUTES = {attribute.name: attribute for attribute in _ALL}
#: Favourites are single-valued each: `favourite:colour`, `favourite:film`.
FAVOURITE = "favourite:"


def is_single(name: str) -> bool:
    """Tell whether an attribute holds one value at a time."""
    found = ATTRIBUTES.get(name)
    return found.single if found is not None else name.startswith(FAVOURITE)


def opposite(name: str) -> str | None:
    """Return the attribute that cannot have the same value at the same time, if there is one."""
    found = ATTRIBUTES.get(name)
    return found.opposite if found is not None else None


def kind_of(name: str) -> Kind:
    """Return what a statement about an attribute is."""
    found = ATTRIBUTES.get(name)
    if found is not None:
        return found.kind
    return "preference" if name.startswith(FAVOURITE) else "fact"
