"""What a statement says, taken apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: The subject of what users say about themselves.
USER = "user"


@dataclass(frozen=True, slots=True)
class Claim:
    """Subject, attribute and value of a statement. Two claims can only contradict each other about the same key.

    Attributes:
        subject: `user`, or a name in lower case.
        attribute: What of the subject it is about, such as `home`, `employer`, `likes`; see `ingest.learn.attributes`.
        value: What it is, in the words of the speaker.
        holds: False where the statement says that it is no longer so ("no longer works at Acme").
    """

    subject: str
    attribute: str
    value: str
    holds: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What a contradiction must share: subject and attribute."""
        return self.subject, self.attribute

    def same_value(self, other: Claim) -> bool:
        """Tell whether both name the same value, however it is written."""
        return plain(self.value) == plain(other.value)


_SIGN = re.compile(r"[^\w\s+#&@%]|_")
_APOSTROPHES = str.maketrans("", "", "'’")


def plain(text: str) -> str:
    """Write words in lower case, one space apart, without leading articles and without punctuation.

    Signs that make another value of it stay: those of "-5", "3,5", "$100", "C++" and ".NET", and the vowels of scripts
    that write them as marks.
    """
    straight = unicodedata.normalize("NFC", text.casefold()).translate(_APOSTROPHES)
    words = _SIGN.sub(_kept, straight).split()
    while len(words) > 1 and words[0] in ("a", "an", "the"):
        words = words[1:]
    return " ".join(words)


def _kept(match: re.Match[str]) -> str:
    sign, text = match[0], match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    category = unicodedata.category(sign)
    if category.startswith("M") or category == "Sc":
        return sign
    if sign in ".," and before.isdigit() and after.isdigit():
        return sign
    leads = not before.isalnum() and (after.isdigit() if sign == "-" else sign == "." and after.isalpha())
    return sign if leads else " "
