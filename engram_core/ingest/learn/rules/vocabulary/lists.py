"""How word lists are written here: as text, one word after the other."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Return the words of a text; an underscore stands for a space within one."""
    return frozenset(word.replace("_", " ") for word in text.split())
