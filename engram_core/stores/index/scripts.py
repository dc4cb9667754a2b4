"""Writing systems: which characters make a word, and which stemmer reads it."""

from __future__ import annotations

import re

# Combining marks that `\w` leaves out, and whole blocks whose vowel signs are such marks.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e"
    "\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u109d\u17b4-\u17d3\u3099\u309a"
)
LETTER = rf"[\w{_MARKS}]"

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
# One run of a script without word separation, one of Hangul, or one of anything else.
RUN = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|(?P<hangul>[{_HANGUL}]+)|[^{_UNSPACED}{_HANGUL}]+")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

_PICTURE = "[$£¥§©®°\u20a0-\u20cf\u2190-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff]"
# A picture with its skin tone, variation selector and joined parts; a flag is two letters.
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
PICTURES = rf"{_FLAG}|{_PICTURE}(?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d{_PICTURE})*"
FLAG = re.compile(_FLAG)
PICTURE = re.compile(_PICTURE)

# First and last code point of a script, and the language it goes by: it is read so unless another one is configured.
_SCRIPTS = (
    (0x0041, 0x024F, None),
    (0x1E00, 0x1EFF, None),
    (0x0370, 0x03FF, "greek"),
    (0x1F00, 0x1FFF, "greek"),
    (0x0400, 0x052F, "russian"),
    (0x0530, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x06FF, "arabic"),
    (0x0900, 0x097F, "hindi"),
    (0x0B80, 0x0BFF, "tamil"),
)
LATIN = "latin"
#: Languages that are not written in Latin script, and the language their script goes by above.
SCRIPT_OF = {
    "greek": "greek",
    "russian": "russian",
    "serbian": "russian",
    "armenian": "armenian",
    "yiddish": "hebrew",
    "arabic": "arabic",
    "persian": "arabic",
    "hindi": "hindi",
    "nepali": "hindi",
    "tamil": "tamil",
}


def script_of(word: str) -> str | None:
    """Name the script that a word begins in; None where no stemmer reads it."""
    first = ord(word[0])
    for low, high, name in _SCRIPTS:
        if low <= first <= high:
            return name or LATIN
    return None
