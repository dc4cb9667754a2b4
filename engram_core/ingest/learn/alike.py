"""When two values say the same, one of them more precisely, and when a statement names some words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from engram_core.domain.claim import Claim, plain
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.attributes import is_single
from engram_core.ingest.learn.places import REGIONS

#: What may be said with a word more or less: "St Mary's Hospital" is "St Mary's". A place may not: "York", "New York".
_WORD_MORE = frozenset(["name", "employer", "workplace", "occupation", "school", "studies", "car", "partner"])
#: What may be said in another form of its words.
_IN_FORMS = frozenset(["occupation", "studies"])
#: With one of these it is another occupation.
_RANKS = frozenset(
    [
        *("assistant", "deputy", "junior", "senior", "trainee", "apprentice", "student", "associate", "vice", "acting"),
        *("interim", "intern", "former", "head", "chief", "lead", "retired", "would-be", "ex", "aspiring"),
    ]
)
#: Attributes whose value names somebody, beside the subject.
PEOPLE = frozenset(["partner", "friend", "family", "pet", "acquaintance"])
#: Attributes whose value is or holds a name.
NAMES = PEOPLE | {"name"}
#: Attributes of which one value may take the place of another; one may like tea and coffee.
CHANGING = frozenset(
    [
        *("employer", "occupation", "workplace", "school", "studies", "diet", "car", "owns", "plays", "learning"),
        *("hobby", "medication", "member", "activity", "native_language", "goal"),
    ]
)
#: Attributes whose value is a word for what somebody is, and a name.
_NAMED = frozenset(["family", "pet", "acquaintance"])
#: Words for the same person; any two words for an animal are.
_SAME_PERSON = tuple(
    frozenset(words.split())
    for words in (
        "mother mum mom mama mam mummy mommy stepmother stepmom",
        "father dad papa pa daddy stepfather stepdad",
        "grandmother grandma granny gran nan nana",
        "grandfather grandpa grandad granddad",
        "child kid son daughter baby toddler twin eldest youngest oldest firstborn stepson stepdaughter",
        "sibling brother sister twin",
        "aunt auntie",
        "boss manager supervisor",
        "colleague coworker co-worker",
        "roommate flatmate housemate",
        "neighbour neighbor",
        "landlord landlady",
    )
)
_ANIMALS = frozenset(
    [
        "dog",
        "cat",
        "horse",
        "pony",
        "rabbit",
        "hamster",
        "parrot",
        "bird",
        "fish",
        "goldfish",
        "tortoise",
        "turtle",
        "snake",
    ]
)
#: Words that any statement may have.
_HOLLOW = frozenset(
    [
        *(
            "user",
            "users",
            "in",
            "at",
            "on",
            "of",
            "to",
            "for",
            "from",
            "with",
            "and",
            "or",
            "is",
            "are",
            "has",
            "have",
        ),
        *(
            "part",
            "bit",
            "thing",
            "things",
            "stuff",
            "fact",
            "facts",
            "note",
            "notes",
            "about",
            "my",
            "our",
            "me",
            "i",
            "we",
        ),
        *("you", "your", "it", "that", "this", "the", "a", "an"),
    ]
)
#: Not the one inside a number: "2,000".
_COMMA = re.compile(r",(?!\d)|(?<!\d),")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_NICKNAME = 3
_LONG = 6
_STEM = 5


def find(memories: Iterable[Memory], claim: Claim) -> Memory | None:
    """Return the statement that says what a claim says, be it with a part more or less ("Porto, Portugal")."""
    for memory in memories:
        assert memory.claim is not None
        known, said = _parts(memory.claim.value), _parts(claim.value)
        shorter = min(len(known), len(said))
        if known[:shorter] == said[:shorter]:
            return memory
        if _is_same_person(memory.claim, claim) or _is_word_more(memory.claim, claim):
            return memory
    return None


def is_refined(known: Claim, said: Claim) -> bool:
    """Tell whether a value says what is known with something added."""
    if _is_same_person(known, said):
        return False
    return len(_parts(said.value)) > len(_parts(known.value)) or (
        said.attribute in _WORD_MORE and set(plain(known.value).split()) < set(plain(said.value).split())
    )


def may_lie_in(said: Claim, known: Claim) -> bool:
    """Tell whether a home may be a town of the country that is known."""
    return said.attribute == "home" and known.value.casefold() in REGIONS and said.value.casefold() not in REGIONS


def mentions(memory: Memory, words: str) -> bool:
    """Tell whether the value has these words; of an attribute with one value, also whether it is among them.

    "Acme Ltd" is the "Acme" that is known to employ somebody; that somebody no longer likes "New York pizza" says
    nothing of "pizza".
    """
    assert memory.claim is not None
    value, wanted = set(plain(memory.claim.value).split()), set(plain(words).split())
    if not wanted:
        return False
    return wanted <= value or (is_single(memory.claim.attribute) and value <= wanted)


def names(claim: Claim, words: str) -> bool:
    """Tell whether a claim has these words in its value or attribute: "dyslexia" names what says "dyslexic".

    A name is named by itself alone: "Patrick" is no form of "Patricia". Words that any statement may have name nothing.
    """
    wanted = [word for word in plain(words).split() if word not in _HOLLOW]
    said = claim.value.split() + re.split(r"[:_]", claim.attribute)
    return bool(wanted) and all(any(_is_meant(word, other) for other in said) for word in wanted)


def _is_meant(word: str, other: str) -> bool:
    return plain(other) == word if other[:1].isupper() else _is_form(word, plain(other))


def is_unnamed(claim: Claim) -> bool:
    """Tell whether a claim is about somebody by kind alone: "dog", where another would be "dog Rex"."""
    return claim.attribute in _NAMED and not _kind_and_name(claim.value)[1]


def mended(claim: Claim, word: str, attributes: Collection[str]) -> Claim | None:
    """Put a right word in the place of the one in a claim's value that it stands for.

    Args:
        claim: What was said.
        word: What is right instead.
        attributes: Of what it can be the value.
    """
    if claim.attribute not in attributes:
        return None
    kind, name = _kind_and_name(claim.value)
    if word.isdigit():
        numbers = _NUMBER.findall(claim.value)
        value = _NUMBER.sub(word, claim.value) if len(numbers) == 1 and len(numbers[0]) == len(word) else ""
    elif claim.attribute in _NAMED:
        value = f"{kind} {word}".strip() if name else ""
    else:
        value = word
    return replace(claim, value=value) if value and plain(value) != plain(claim.value) else None


def are_apart(claim: Claim, other: Claim) -> bool:
    """Tell whether both are about animals, and a cat is no dog."""
    kinds = {_kind_and_name(each.value)[0] for each in (claim, other)}
    return claim.attribute == other.attribute == "pet" and len(kinds & _ANIMALS) > 1


def rewritten(text: str, wrong: Claim, right: Claim) -> str:
    """Put the value of one claim in the place of another's in the sentence that says it."""
    whole = exchanged(text, wrong.value, right.value)
    if whole != text:
        return whole
    return exchanged(text, wrong.value.split()[-1], right.value.split()[-1])


def exchanged(text: str, old: str, new: str) -> str:
    """Put words in the place of others."""
    if not old.strip():
        return text
    return re.sub(rf"\b{re.escape(old)}\b", lambda _: new, text, flags=re.IGNORECASE)


def _parts(value: str) -> list[str]:
    return [words for part in _COMMA.split(value) if (words := plain(part))] or [""]


def _is_word_more(known: Claim, said: Claim) -> bool:
    if said.attribute not in _WORD_MORE:
        return False
    one, other = set(plain(known.value).split()), set(plain(said.value).split())
    if said.attribute == "partner" and _is_short_for(known.value, said.value):
        return True
    if said.attribute in _IN_FORMS and _are_forms(one, other):
        return True
    return bool(one and other) and (one <= other or other <= one) and not (one ^ other) & _RANKS


def _are_forms(one: set[str], other: set[str]) -> bool:
    """Tell whether each word of one is a form of a word of the other: "data engineer", "data engineering"."""
    return len(one) == len(other) and all(any(_is_form(word, form) for form in other) for word in one)


def _is_short_for(name: str, other: str) -> bool:
    """Tell whether one may be what somebody of the other name is called: Sam and Samantha."""
    short, long = sorted((plain(name), plain(other)), key=len)
    return len(short) >= _NICKNAME and long.startswith(short)


def _is_same_person(known: Claim, said: Claim) -> bool:
    """Tell whether "mum Ada" and "mother Ada" are meant, or "dog Rex" and "whippet Rex"."""
    if said.attribute not in _NAMED or known.attribute != said.attribute:
        return False
    (kind, name), (other, others) = _kind_and_name(known.value), _kind_and_name(said.value)
    if not name or name != others:
        return False
    return said.attribute == "pet" or any({kind, other} <= group for group in _SAME_PERSON)


def name_in(value: str) -> str:
    """Return the name in "golden retriever Rex": it begins with the first capital; empty where there is none."""
    words = value.split()
    begin = next((i for i, word in enumerate(words) if word[:1].isupper()), len(words))
    return " ".join(words[begin:])


def _kind_and_name(value: str) -> tuple[str, str]:
    name = name_in(value)
    return plain(value.removesuffix(name)), plain(name)


def _is_form(word: str, other: str) -> bool:
    if word == other:
        return True
    if min(len(word), len(other)) < _LONG:
        return word.rstrip("s") == other.rstrip("s")
    stem = max(_STEM, min(len(word), len(other)) - 2)
    return word[:stem] == other[:stem]
