"""When two values say the same."""

from datetime import UTC, datetime

import pytest

from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.alike import find, is_refined, names

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def known(attribute, value, text="it"):
    claim = Claim("user", attribute, value)
    return Memory(new_id(), Scope(user_id="ada"), "fact", text, NOW, NOW, claim=claim)


@pytest.mark.parametrize(
    ("attribute", "one", "other", "same"),
    [
        ("home", "Porto", "Porto, Portugal", True),
        ("home", "York", "New York", False),
        ("occupation", "veterinary nurse", "nurse", True),
        ("occupation", "assistant manager", "manager", False),
        ("occupation", "nurse", "retired nurse", False),
        ("employer", "St Mary's Hospital", "St Mary's", True),
        ("partner", "Sam", "Samantha", True),
        ("partner", "Al", "Alberta", False),
        ("family", "mum Ada", "mother Ada", True),
        ("family", "kid Ada", "daughter Ada", True),
        ("family", "uncle Tom", "brother Tom", False),
        ("family", "sister Ada", "sister Mia", False),
        ("pet", "dog Rex", "whippet Rex", True),
        ("pet", "dog", "dog Rex", False),
        ("likes", "tea", "green tea", False),
    ],
)
def test_values_that_say_the_same(attribute, one, other, same):
    for first, second in ((one, other), (other, one)):
        assert (find([known(attribute, first)], Claim("user", attribute, second)) is not None) == same


@pytest.mark.parametrize(
    ("attribute", "one", "other", "refined"),
    [
        ("home", "Porto", "Porto, Portugal", True),
        ("home", "Porto, Portugal", "Porto", False),
        ("occupation", "nurse", "veterinary nurse", True),
        ("occupation", "veterinary nurse", "nurse", False),
        ("family", "mum Ada", "mother Ada", False),
    ],
)
def test_what_is_said_more_precisely(attribute, one, other, refined):
    assert is_refined(Claim("user", attribute, one), Claim("user", attribute, other)) == refined


@pytest.mark.parametrize(
    ("attribute", "value", "words", "named"),
    [
        ("condition", "dyslexic", "dyslexia", True),
        ("allergy", "peanuts", "peanut", True),
        ("medication", "lithium", "my lithium", True),
        ("pet", "dog Rex", "the dog", True),
        ("favourite:colour", "green", "favourite colour", True),
        ("likes", "tea", "team", False),
        ("likes", "tea", "", False),
        ("home", "Porto", "port", False),
        ("home", "Australia", "Austria thing", False),
        ("family", "sister Patricia", "Patrick", False),
        ("home", "Berlin", "the user", False),
        ("home", "Berlin", "the in part", False),
        ("home", "Berlin", "a", False),
    ],
)
def test_words_that_name_a_claim(attribute, value, words, named):
    assert names(Claim("user", attribute, value), words) == named
