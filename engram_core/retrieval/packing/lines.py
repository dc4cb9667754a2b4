"""How one memory is written: dated, with who said it, and shortened where it only makes another one readable."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from engram_core.domain.memory import Memory
from engram_core.domain.results import Hit

ELLIPSIS = "…"
#: Characters that a turn may have beside a hit; of a longer one, whole sentences up to there are kept.
BESIDE = 240

_SENTENCE = re.compile(r"(?:(?<=[.!?。！？])|(?<=[.!?][\"'”’)*]))\s+|\s*\n\s*")


def write_line(hit: Hit) -> str:
    """Write one hit: when, who, what, and what became of it, so that a change is never silent."""
    memory = hit.memory
    when = memory.valid_from.strftime("%Y-%m-%d %H:%M" if memory.kind == "turn" else "%Y-%m-%d")
    line = f"[{when}] " + memory.spoken.replace("\r\n", "\n").replace("\n", "\n  ")
    if hit.replaced is not None:
        line += f" (since {memory.valid_from:%Y-%m-%d}; before: {_on_one_line(hit.replaced)})"
    if hit.ended_at is not None and memory.kind == "summary":
        now = _on_one_line(hit.superseded_by) if hit.superseded_by is not None else "some of it is no longer so"
        line += f" (since {hit.ended_at:%Y-%m-%d}: {now})"
    elif hit.ended_at is not None:
        now = f"; now: {_on_one_line(hit.superseded_by)}" if hit.superseded_by is not None else ""
        line += f" (until {hit.ended_at:%Y-%m-%d}{now})"
    return line


def shortened(memory: Memory, side: Literal["before", "after"]) -> Memory | None:
    """Keep of a turn what makes its neighbour readable: the end of what was said before it, the beginning of a reply.

    Args:
        memory: A turn.
        side: Where it stands beside the hit.

    Returns:
        The turn as it is where it is short, else with the sentences that go into `BESIDE` characters and the sign of an
        omission; None where not even one sentence does.
    """
    text = memory.text.strip()
    if len(text) <= BESIDE:
        return memory
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence]
    kept: list[str] = []
    room = BESIDE
    for sentence in reversed(sentences) if side == "before" else sentences:
        if len(sentence) > room:
            break
        kept.append(sentence)
        room -= len(sentence) + 1
    if not kept:
        return None
    words = f"{ELLIPSIS} {' '.join(reversed(kept))}" if side == "before" else f"{' '.join(kept)} {ELLIPSIS}"
    return replace(memory, text=words)


def _on_one_line(memory: Memory) -> str:
    return " ".join(memory.text.split())
