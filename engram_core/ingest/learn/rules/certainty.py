"""What is said but need not put an end to what is known: a second job, a nickname, another car.

Such a statement is added beside an older value of its attribute instead of replacing it.
"""

from __future__ import annotations

import re

from engram_core.domain.claim import Claim
from engram_core.ingest.learn.places import REGIONS

#: Below what reconciliation takes for sure, see `candidate.SURE`.
UNSURE = 0.5
#: Of a home that is told without a move: it may lie in the country that is known.
LIKELY = 0.8

_BESIDE = re.compile(
    r"(?<![\w'])(?:also|as well|on the side|part[- ]time|besides|in addition|side (?:job|gig|hustle)|volunteer\w*|on weekends|on (?:mon|tues|wednes|thurs|fri|satur|sun)days|evenings?|in my (?:spare|free) time|second job|another|freelance gig|seasonal)(?![\w'])",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"(?<![\w'])(?:now|instead|from now on|these days|no longer|any ?more|since)(?![\w'])", re.IGNORECASE
)
_NICK = re.compile(r"(?<![\w'])(?:calls? me|go by|am called)(?![\w'])", re.IGNORECASE)
_I_AM = re.compile(r"(?:I'm|I am|this is) ", re.IGNORECASE)
_MOVED = re.compile(r"(?<![\w'])(?:moved|relocated|moving)(?![\w'])", re.IGNORECASE)
_ONLY_CAR = re.compile(
    r"(?<![\w'])(?:drive|traded|swapped|my (?:new )?car|our (?:new )?car|replaced|now)(?![\w'])", re.IGNORECASE
)
_SECOND = re.compile(
    r"(?<![\w'])(?:work|office|personal|private|second|other) (?:e-?mail|phone|mobile|cell|number)", re.IGNORECASE
)
#: True side by side: "I'm from Leeds", "I'm from England".
_ADDS_UP = ("hometown", "nationality", "citizenship")


def certainty(claim: Claim, clause: str) -> float:
    """Return 1, or less where a claim may be true beside what is known under its attribute."""
    attribute = claim.attribute
    is_beside = (
        attribute in _ADDS_UP
        or (attribute in ("occupation", "employer") and _BESIDE.search(clause))
        # Who is known as Katherine is Kat, too.
        or (attribute == "name" and (_NICK.search(clause) or _I_AM.match(clause)) and not _INSTEAD.search(clause))
        or (attribute == "car" and (not _ONLY_CAR.search(clause) or _BESIDE.search(clause)))
        or (attribute == "home" and claim.value.casefold() in REGIONS and not _MOVED.search(clause))
        or (attribute in ("email", "phone") and _SECOND.search(clause))
    )
    if is_beside:
        return UNSURE
    return LIKELY if attribute == "home" and not _MOVED.search(clause) else 1.0
