"""What a statement says, taken apart."""

from __future__ import annotations

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


def plain(text: str) -> str:
    """Write words in lower case, one space apart, without punctuation and leading articles."""
    cleaned = "".join(
        c if c.isalnum() or c in "+#&@" else " " for c in text.casefold().replace("'", "").replace("’", "")
    )
    words = cleaned.split()
    while len(words) > 1 and words[0] in ("a", "an", "the"):
        words = words[1:]
    return " ".join(words)
