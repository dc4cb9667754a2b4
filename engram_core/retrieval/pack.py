"""Packing hits into text for a prompt, under a token budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engram_core.domain.memory import Memory
from engram_core.domain.results import Context, Hit
from engram_core.ports import TokenCounter

_ELLIPSIS = "…"


def pack(hits: Sequence[Hit], budget: int, counter: TokenCounter) -> Context:
    """Write the best hits that fit, in the order of time.

    A hit that does not fit is passed over for a shorter one behind it; when not even one fits whole, the best is cut.

    Args:
        hits: Best first.
        budget: Tokens at most, by `counter`.
        counter: What tokens are counted by.
    """
    lines = {hit.memory.id: write_line(hit) for hit in hits}
    chosen: list[Hit] = []
    room = budget
    for hit in hits:
        # The whole is checked below; this estimate keeps the number of whole counts small.
        if counter.count(lines[hit.memory.id]) > room:
            continue
        text = _join([*chosen, hit], lines)
        tokens = counter.count(text)
        if tokens <= budget:
            chosen.append(hit)
            room = budget - tokens
    if not chosen and hits:
        return _cut(hits[0], lines[hits[0].memory.id], budget, counter)
    text = _join(chosen, lines)
    return Context(text, hits=_in_time(chosen), tokens=counter.count(text) if text else 0)


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


def _on_one_line(memory: Memory) -> str:
    return " ".join(memory.text.split())


def _in_time(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: (hit.memory.valid_from, hit.memory.recorded_at, hit.memory.id)))


def _join(hits: Sequence[Hit], lines: Mapping[str, str]) -> str:
    return "\n".join(lines[hit.memory.id] for hit in _in_time(hits))


def _cut(hit: Hit, line: str, budget: int, counter: TokenCounter) -> Context:
    """Keep the longest beginning of the line that fits, by bisection; nothing when not even one character does."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if counter.count(line[:middle] + _ELLIPSIS) <= budget:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        return Context("", hits=(), tokens=0)
    text = line[:low] + _ELLIPSIS
    return Context(text, hits=(hit,), tokens=counter.count(text))
