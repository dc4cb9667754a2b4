"""What is written with a capital and is no person's name."""

from __future__ import annotations

import re

from engram_core.ingest.learn.rules.vocabulary.kinds import CARS, DEVICES, LANGUAGES, NATIONALITIES
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed

_WORDS = listed(
    """he she it this that there they we you i who what here where when why how which everyone everybody nobody someone somebody
    anyone anybody one life home today tonight tomorrow yesterday now then later back anytime crazy dinner lunch breakfast work
    mom mum dad mama papa mother father grandma grandpa granny nan sister brother son daughter wife husband kid kids baby boss
    monday tuesday wednesday thursday friday saturday sunday january february march may july september
    october november december spring summer autumn fall winter christmas easter ramadan diwali hanukkah halloween
    thanksgiving my our his her their your its the a an and or but so if not no yes please thanks hello hi hey ok okay
    god jesus allah satan buddha santa lord sir madam miss mister mr mrs ms dr prof majesty highness
    catholic christian muslim jewish buddhist hindu sikh protestant atheist agnostic mormon lutheran anglican orthodox
    aries taurus gemini cancer virgo libra scorpio sagittarius capricorn aquarius pisces
    republican democrat conservative labour tory liberal socialist communist marxist libertarian
    google siri alexa cortana chatgpt claude gemini copilot gpt bard facebook instagram whatsapp twitter youtube tiktok amazon
    apple microsoft netflix spotify uber paypal ebay reddit linkedin slack zoom discord duolingo wikipedia python java
    javascript typescript rust golang kotlin swift linux ubuntu windows android docker kubernetes postgres excel word
    bitcoin ethereum kafka redis react angular vue django rails git github gitlab
    batman superman spiderman spartacus ishmael legion groot gandalf frodo voldemort sherlock zeus hercules robin
    patient customer client male female target audience persona candidate applicant user subject
    adhd ok fine sorry sure ready happy sad tired sick done good great well bad mad hungry bored busy lost late
    asian african european latino latina hispanic arab caucasian texan californian parisian londoner
    army navy marines police air team class grade level version plan phase chapter step part nhs
    covid flu gen millennial boomer introvert extrovert intj infj intp infp entj enfj entp enfp istj isfj istp isfp estj
    esfj estp esfp
    live lives work works met went got took two three four five some people many most several every each lot lots friends
    neighbours guys folks man woman boy girl old young stuck same new cold help rain going gonna probably either supposed ditto
    vegan vegetarian pescatarian veggie keto celiac coeliac diabetic retired married single divorced pregnant deaf blind sober
    guilty jealous confused expat parent newbie lurker english latin hi-res unlike again exactly anyway anyhow though btw lol
    whatever like also just only even actually really honestly"""
)
_CAPITAL = re.compile(rf"(?:{NATIONALITIES}|{CARS}|{DEVICES})", re.IGNORECASE)
_ADJECTIVE = re.compile(r".{4,}(?:ish|ese|ist|ian|ean|crat|ic)", re.IGNORECASE)
#: "Spanish-speaking", "Berlin-based".
_COMPOUND = re.compile(r"-[a-z]")
#: Common given names that end like an adjective.
_GIVEN = listed(
    """christian adrian sebastian damian julian fabian vivian lillian marian ian brian cristian florian dorian dominic
    cedric eric frederic evangeline genevieve allan sean jean dean"""
)


def is_name(words: str) -> bool:
    """Tell whether capitalised words may be the name of a person or an animal."""
    first = words.split()[0].casefold() if words.split() else ""
    return bool(first) and first not in _WORDS and first not in LANGUAGES and not _CAPITAL.fullmatch(first)


def may_be_called(words: str) -> bool:
    """Tell whether somebody can be called so where it is said outright: a cat may be called Pixel."""
    first = words.split()[0].casefold() if words.split() else ""
    return bool(first) and first not in _WORDS


def is_bare_name(words: str) -> bool:
    """Tell whether capitalised words are a name even after "I am", where adjectives of nations and creeds stand too."""
    parts = words.casefold().split()
    return (
        is_name(words)
        and not words.isupper()
        and not _COMPOUND.search(words)
        and parts[0] not in ("leo", "april", "june", "august")
        and all(p in _GIVEN or not _ADJECTIVE.fullmatch(p) for p in parts)
    )
