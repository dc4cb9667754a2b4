"""Surface signs of a text, packed into one number: what a ranking reads of it without reading it again.

They are kept beside the terms of a memory. A text stored before there were any has 0, which says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TIME = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|last|next|ago|week(?:end)?s?|months?|years?|days?|recently|since"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|september|october"
    r"|november|december|morning|evening|night|spring|summer|autumn|fall|winter|\d{4})\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:I|[Mm]y|me|mine|[Ww]e|[Oo]ur|i)\b")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][a-z]+")
_DIGIT = re.compile(r"\d")

#: Field and its largest value; the packing is theirs in this order, from the lowest bit.
_FIELDS = {"present": 1, "asks": 1, "question": 1, "digits": 1, "times": 3, "own": 7, "names": 7, "words": 4095}


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of n texts.

    Attributes:
        present: (n,) 1 where there are signs at all.
        asks: (n,) 1 where the text ends with a question mark.
        question: (n,) 1 where it holds one anywhere.
        digits: (n,) 1 where it holds a digit.
        times: (n,) words of time, 3 at most.
        own: (n,) words of the first person, 7 at most.
        names: (n,) capitalised words within a sentence, 7 at most.
        words: (n,) words, 4095 at most.
    """

    present: Floats
    asks: Floats
    question: Floats
    digits: Floats
    times: Floats
    own: Floats
    names: Floats
    words: Floats


def signs_of(text: str) -> int:
    """Pack the signs of a text: 0 to 2²⁶ - 1."""
    found = {
        "present": 1,
        "asks": int(text.rstrip().endswith("?")),
        "question": int("?" in text),
        "digits": int(_DIGIT.search(text) is not None),
        "times": len(_TIME.findall(text)),
        "own": len(_OWN.findall(text)),
        "names": len(_NAME.findall(text)),
        "words": len(text.split()),
    }
    packed, shift = 0, 0
    for field, most in _FIELDS.items():
        packed |= min(found[field], most) << shift
        shift += most.bit_length()
    return packed


def unpacked(packed: NDArray[np.int32]) -> Signs:
    """Read the signs of n texts."""
    columns: dict[str, Floats] = {}
    shift = 0
    for field, most in _FIELDS.items():
        columns[field] = ((packed >> shift) & most).astype(np.float32)
        shift += most.bit_length()
    return Signs(**columns)
