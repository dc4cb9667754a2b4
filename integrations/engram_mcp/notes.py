"""The notes that the engine writes into a context: what was so before, and what is so now."""

from __future__ import annotations

from collections.abc import Callable

from engram_core import Context, Hit, Memory

_ELLIPSIS = "…"


def without_unshown(context: Context, shows: Callable[[Memory | None], bool]) -> str:
    """Leave out of a context the words of memories that may not be shown; it only gets shorter.

    Of what a change did to a line, its date stays.

    Args:
        context: As the engine wrote it.
        shows: Tells whether a memory may be shown.
    """
    text = str(context)
    for hit in context.hits:
        for memory in (hit.replaced, hit.superseded_by):
            if memory is not None and not shows(memory):
                text = _without(text, memory, hit)
    return text


def _without(text: str, memory: Memory, hit: Hit) -> str:
    words = " ".join(memory.text.split())
    # Of a summary, the note follows the date; of all else, a word says which it is.
    leads = (f" (since {hit.ended_at:%Y-%m-%d}: ",) if hit.memory.kind == "summary" else ("; now: ", "; before: ")
    for lead in leads:
        note = f"{lead}{words})"
        if note in text:
            return text.replace(note, ")" if lead.startswith(";") else "")
        if text.endswith(_ELLIPSIS):
            # A text that was cut may end within the note.
            kept = text.removesuffix(_ELLIPSIS)
            whole = next((n for n in range(len(note), len(lead) - 1, -1) if kept.endswith(note[:n])), 0)
            if whole:
                return kept[:-whole] + _ELLIPSIS
    return text
