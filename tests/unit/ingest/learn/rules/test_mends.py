"""A right word alone, said at once after a wrong one."""

from datetime import UTC, datetime, timedelta

import pytest

from engram_core import AsyncEngram
from engram_core.testing import FakeEmbedder

START = datetime(2024, 5, 8, 9, tzinfo=UTC)


async def known(*turns, apart=timedelta(minutes=1)):
    """Add turns one after the other; return what is known then."""
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as memory:
        for number, text in enumerate(turns):
            await memory.add(text, user_id="ada", occurred_at=START + number * apart)
        page = await memory.get_all(user_id="ada", kinds=["fact", "preference"])
        return sorted(f"{m.claim.attribute}={m.claim.value}" for m in page if m.claim.holds)


@pytest.mark.parametrize(
    ("said", "slip", "right"),
    [
        ("I'm 34", "Sorry, 35", ["age=35"]),
        ("im 43", "34!!! typo lol, im not that tired yet", ["age=34"]),
        ("I live in Bath", "no sorry, Bristol", ["home=Bristol"]),
        ("I live in Bath", "no sorry, I meant Keynsham", ["home=Keynsham"]),
        ("I live in Lisbon, I mean Porto", "Yes.", ["home=Porto"]),
        ("My dog is called Rex", "No, sorry, I meant Bella", ["pet=dog Bella"]),
        ("My youngest is called Stella", "No, sorry, I meant Bella.", ["family=youngest Bella"]),
        ("My cat is called Pixel.", "Pixie, sorry, autocorrect. Not Pixel.", ["pet=cat Pixie"]),
        ("I play the violin", "Correction from me: viola.", ["plays=viola"]),
        ("I'm 34 and live in Bath", "Sorry, 35", ["age=35", "home=Bath"]),
        ("I live in Graz", "Typo, I meant Linz. Not Graz.", ["home=Linz"]),
        ("My birthday is 4 May", "Sorry, 5 May", ["birthday=5 May"]),
    ],
)
async def test_a_right_word_takes_the_place_of_the_wrong_one(said, slip, right):
    assert await known(said, slip) == right


@pytest.mark.parametrize(
    "other",
    [
        "Sorry!",
        "Sorry, Bristol?",
        "Sorry, Tom, where were we?",
        "Sorry, 35",
        "sorry mate",
        "No.",
        "wait, what",
        "I mean it",
        "Sorry, Jessica",
        "I mean, Monday",
        "Noted, sorry about that.",
        "Perfect, actually.",
        "Excellent, my bad, carry on",
        "Oops, typo",
        "My mistake, apologies.",
        "I mean, seriously.",
        "oh no oh no oh no oh no oh no oh no oh no oh no oh no oh no oh no oh no oh no the cat is sick",
    ],
)
async def test_other_words_take_nothing_back(other):
    assert await known("I live in Bath", other) == ["home=Bath"]


async def test_a_word_that_can_stand_for_two_stands_for_none():
    assert await known("My dog Rex and my cat Tom are here", "Sorry, Tim") == ["pet=cat Tom", "pet=dog Rex"]


async def test_a_slip_is_put_right_at_once_or_not_at_all():
    assert await known("I'm 34", "Sorry, 35", apart=timedelta(hours=1)) == ["age=34"]


@pytest.mark.parametrize("between", ["My sister is 30", "What is two and two?"])
async def test_what_was_said_before_the_last_turn_is_no_slip(between):
    assert await known("I'm 34", between, "Sorry, 31") == ["age=34"]


async def test_what_answers_a_question_is_no_slip():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as memory:
        said = ["I live in Berlin.", {"role": "assistant", "content": "Flight to London?"}, "Sorry, Paris."]
        for number, message in enumerate(said):
            await memory.add(message, user_id="ada", occurred_at=START + timedelta(minutes=number))
        [home] = await memory.get_all(user_id="ada", kinds="fact")
        assert home.claim.value == "Berlin"


async def test_a_slip_of_another_conversation_is_none():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as memory:
        for session, text in (("s1", "I'm 34."), ("s2", "Sorry, 35.")):
            await memory.add(text, user_id="ada", session_id=session, occurred_at=START)
        [age] = await memory.get_all(user_id="ada", kinds="fact")
        assert age.claim.value == "34"
