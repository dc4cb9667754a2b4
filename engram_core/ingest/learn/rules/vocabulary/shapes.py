"""Pieces of patterns: what a name, a place, an organisation and a date look like."""

from __future__ import annotations

#: Capitals of the scripts that have them, as a class.
UPPER = "A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я" + "".join(c for c in map(chr, range(0x100, 0x180)) if c.isupper())
_WORD = rf"(?-i:[{UPPER}][\w-]{{0,30}}(?:'[{UPPER}]\w+)?)"
#: A person or an animal by name.
NAME = rf"(?-i:(?:Dr\.? )?){_WORD}(?: (?!I\b){_WORD})?"
_JOINED = rf"(?:[ -](?:(?:de|da|do|dos|del|la|le|las|los|upon|an der|sur|of|on)[ -](?:(?:la|los|las|le|the)[ -])?)?(?!(?-i:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b){_WORD}){{0,4}}"
#: A place alone.
TOWN = rf"(?:the )?{_WORD}{_JOINED}"
#: A place, with its country or region after a comma.
PLACE = rf"(?:the )?{_WORD}{_JOINED}(?:, {_WORD}(?: {_WORD}){{0,3}}){{0,2}}"
_PART = rf"(?-i:[{UPPER}0-9][\w&.'+-]{{0,30}})"
#: An organisation.
ORG = rf"(?:the )?{_PART}(?:(?: (?:of|the|and|&|(?:(?<=Institute )|(?<=Centre )|(?<=Center )|(?<=School )|(?<=Society )|(?<=Museum ))for|de|do|da|dos|del|di|von|van)){{0,2}} {_PART}){{0,5}}"
#: Several names: "Mia and Leo", "Ade, Kunle & Femi".
NAMES = rf"{NAME}(?:(?:,? (?:and|&|n) |, ){NAME}){{0,7}}"

NUMBER = r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|\d+|a couple(?: of)?|a few|several)"
MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)"
DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = rf"(?:the )?(?:{ORDINAL}(?: of)? {MONTH}|{MONTH} (?:the )?{ORDINAL}|\d{{4}}-\d\d-\d\d)(?:,? \d{{4}})?"
_SPAN = r"(?:day|week|month|year|yr)s?"
#: When something was, or since when it is.
PAST = (
    rf"(?:last (?:{DAY}|night|week|weekend|month|year|summer|winter|spring|autumn|fall|{MONTH})|yesterday|the day before yesterday|today"
    rf"|this (?:morning|afternoon|evening|week|month|year)|{NUMBER} {_SPAN} ago|{DATE}|{MONTH}(?: (?:of )?\d{{4}})?|{DAY}|(?:19|20)\d\d"
    rf"|new year(?:'?s(?: (?:day|eve))?)?|the (?:{ORDINAL}|first)(?: of {MONTH}| of (?:the|this|last) month)?)"
)
#: When something will be.
FUTURE = (
    rf"(?:next (?:{DAY}|week|weekend|month|year|{MONTH}(?: \d{{4}})?|summer|winter|spring|autumn|fall)|this (?:coming )?(?:{DAY}|weekend|summer|winter|spring|autumn|fall)"
    rf"|tomorrow|the day after tomorrow|{NUMBER} {_SPAN}(?: from now)?|{DATE}(?: next year)?|{MONTH}(?: \d{{4}})?|{DAY}|20\d\d|the {ORDINAL})"
)
#: A phrase of a few words that is neither a pronoun nor a clause.
PHRASE = r"[\w'&/+.-]+(?: (?!(?:because|when|but|that|which|who|so|if|since|than|as|with|for|at|every|on|most|while|where|more|these|from|even|though|although|cause|after|before|during|whenever|anyway|until|till)\b)[\w'&/+.-]+){0,5}?"
