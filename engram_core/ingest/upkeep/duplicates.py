"""Statements that say the same in nearly the same words become one.

Two are the same when subject, attribute and state are, and their values have the same words in the same order, stemmed,
"the" and possessives aside. Vectors do not decide: the built-in model puts "likes red wine" nearer to "likes white
wine" (cosine 0.87) than to "enjoys a glass of red" (0.68), and what is merged wrongly is lost to search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from engram_core.domain.change import Change, Op, retirement
from engram_core.domain.claim import plain
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory

ACTOR = "consolidation"
_EMPTY = frozenset(("the", "my", "his", "her", "its", "our", "their", "your"))


def merges(statements: Iterable[Memory], now: datetime) -> list[Change]:
    """Make the changes that merge duplicates: a DELETE of each copy, and what the kept one takes over from it.

    Args:
        statements: Current ones.
        now: When it is decided.

    Returns:
        Each DELETE is followed by the NOOP that gives the kept statement the sources of the copy, where it has others;
        `undo` of the DELETE reverts both.
    """
    same: dict[Hashable, list[Memory]] = defaultdict(list)
    for memory in statements:
        if (said := _said(memory)) is not None:
            same[said].append(memory)
    changes: list[Change] = []
    for group in same.values():
        kept, *copies = sorted(group, key=_rank)
        for copy in copies:
            if _loses_nothing(kept, copy):
                taken = _taken_over(kept, copy, now)
                changes += taken
                kept = taken[-1].after or kept
    return changes


def alike(one: Memory, other: Memory) -> bool:
    """Tell whether two statements say the same, whatever became of them."""
    if one.claim is None or other.claim is None:
        return one.claim is other.claim and _words(one.text) == _words(other.text)
    return one.claim.key == other.claim.key and _words(one.claim.value) == _words(other.claim.value)


def _said(memory: Memory) -> Hashable | None:
    """Return what a statement says, to be compared; None where it is no statement, or will end by itself."""
    if memory.kind in ("turn", "summary") or memory.valid_to is not None:
        return None
    claim = memory.claim
    words = _words(memory.text if claim is None else claim.value)
    if not words:
        return None
    about = None if claim is None else (claim.key, claim.holds)
    return memory.scope, memory.kind if claim is None else None, about, words


def _words(text: str) -> tuple[str, ...]:
    stem = _stemmer().stemWord
    return tuple(stem(word) for word in plain(text).split() if word not in _EMPTY)


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def _rank(memory: Memory) -> tuple[bool, bool, int, datetime, datetime, str]:
    """Order copies: the user's own word first, then what lasts, then what knows more, then the oldest."""
    lasting = (memory.origin != "user", memory.expires_at is not None)
    return *lasting, -len(memory.metadata), memory.valid_from, memory.recorded_at, memory.id


def _loses_nothing(kept: Memory, copy: Memory) -> bool:
    """Tell whether the kept one is found by every filter that finds the copy, and lasts as long."""
    if kept.expires_at is not None and kept.expires_at != copy.expires_at:
        return False
    return all(key in kept.metadata and kept.metadata[key] == value for key, value in copy.metadata.items())


def _taken_over(kept: Memory, copy: Memory, now: datetime) -> list[Change]:
    gone = retirement(copy, now, "another statement says the same", ACTOR, evidence=copy.sources)
    fresh = tuple(id for id in copy.sources if id not in kept.sources)
    if not fresh:
        return [gone]
    after = replace(kept, sources=kept.sources + fresh)
    reason = "merged with one that says the same"
    return [gone, Change(new_id(), Op.NOOP, kept, after, reason, ACTOR, now, fresh, cause=gone.id)]
