"""Text that `context` wrote and that came back in a turn: it is never learned again."""

from __future__ import annotations

import re
from dataclasses import replace

from engram_core.domain.memory import Memory

#: How a line of `context` begins: its date in brackets. Lines that go on from it are indented by two spaces.
_BEGINS = re.compile(r"\s*\[\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?\] ")


def without_recalled(turn: Memory) -> Memory | None:
    """Leave out of a turn what was recalled into it; None when nothing is left."""
    kept: list[str] = []
    inside = False
    for line in turn.text.splitlines():
        inside = bool(_BEGINS.match(line)) or (inside and line.startswith("  "))
        if not inside:
            kept.append(line)
    text = "\n".join(kept)
    if not text.strip():
        return None
    return turn if len(kept) == len(turn.text.splitlines()) else replace(turn, text=text)
