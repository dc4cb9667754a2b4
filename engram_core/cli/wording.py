"""How numbers are said."""

from __future__ import annotations


def counted(number: int, one: str, several: str | None = None) -> str:
    """Write a number with its noun, as in `1 memory` and `2,000 memories`; most nouns need no `several`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
