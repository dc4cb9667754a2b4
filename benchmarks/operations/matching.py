"""Which made change is which wanted one."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache

from benchmarks.operations.data import Wanted, Words
from benchmarks.operations.playing import Made
from engram_core import Memory, Op

#: From so many letters on, a word may go on for a few more: "peanut" is found in "peanuts", but "tea" not in "team".
_LONG, _ENDING = 4, 3


def fits(made: Made, wanted: Wanted) -> bool:
    """Tell whether a made change is the wanted one."""
    change = made.change
    if wanted.refused:
        return change.op is Op.NOOP and change.memory.kind == "turn"
    if wanted.subject not in made.subjects:
        return False
    if wanted.op == "ADD":
        return is_new(made, wanted)
    if wanted.op == "UPDATE":
        return change.op is Op.UPDATE and says(change.before, wanted.instead_of) and _opens(change.after, wanted)
    if wanted.op == "DELETE":
        return change.op is Op.DELETE and says(change.before, wanted.was)
    return change.op is Op.NOOP and says(change.memory, wanted.says)


def is_new(made: Made, wanted: Wanted) -> bool:
    """Tell whether a change opens a statement that says what is wanted, and closes none that holds."""
    change = made.change
    alone = change.op is Op.ADD or (change.op is Op.UPDATE and not _holds(change.before))
    # An end that says nothing new is told by what has ended.
    told = says(change.after, wanted.says or wanted.instead_of)
    return alone and wanted.subject in made.subjects and told and _opens(change.after, wanted)


def _opens(after: Memory | None, wanted: Wanted) -> bool:
    return _holds(after) != wanted.ended and says(after, wanted.says)


def _holds(memory: Memory | None) -> bool:
    return memory is not None and memory.claim is not None and memory.claim.holds


def says(memory: Memory | None, words: Words) -> bool:
    """Tell whether a statement has all of these words, in its text or in the value of its claim."""
    if memory is None or memory.kind == "turn":
        return False
    value = memory.claim.value if memory.claim is not None else ""
    return contains(f"{memory.text}\n{value}", words)


def contains(text: str, words: Words) -> bool:
    """Tell whether a text has, of each of these, one alternative: all words of it, in any order."""
    folded = _folded(text)
    return all(
        any(
            all(_pattern(word).search(folded) for word in _folded(choice).split()) for choice in alternatives.split("|")
        )
        for alternatives in words
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold().replace("’", "'"))


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    if any(_is_joined(letter) for letter in word):
        return re.compile(re.escape(word))
    ending = rf"[^\W\d_]{{0,{_ENDING}}}" if len(word) >= _LONG and word.isalpha() else ""
    return re.compile(rf"(?<!\w){re.escape(word)}{ending}(?!\w)")


def _is_joined(letter: str) -> bool:
    """Tell whether a letter is of a script that writes words without spaces, or joins small ones to them.

    That is every one from Hebrew on in the order of Unicode, without the blocks of more Latin and Greek letters.
    """
    return letter.isalpha() and letter >= "\u0590" and not "\u1e00" <= letter <= "\u1fff"


def best_matching(weights: Sequence[Mapping[int, int]]) -> dict[int, int]:
    """Match rows to columns, each at most once, so that the sum of the weights is as high as it can be.

    One row after the other comes in by the best alternating path, which keeps the matching of those so far the best
    (Kuhn 1955). Ties go to the earlier row and column.

    Args:
        weights: For each row, the weights (above 0) of the columns that it may be matched to.

    Returns:
        The columns of the matched rows.
    """
    row_of: dict[int, int] = {}
    for row in range(len(weights)):
        _enter(row, weights, row_of)
    return {row: column for column, row in row_of.items()}


def _enter(new: int, weights: Sequence[Mapping[int, int]], row_of: dict[int, int]) -> None:
    """Match one more row: rows before it may move to other columns, or lose theirs."""
    gain: dict[int, float] = {new: 0}  # of handing a column on until this row is without one
    came: dict[int, tuple[int, int]] = {}  # the row that took its column, and the column
    best, end = 0.0, (new, -1)
    waiting = deque([new])
    while waiting:
        row = waiting.popleft()
        for column, weight in weights[row].items():
            owner = row_of.get(column)
            total = gain[row] + weight - (weights[owner][column] if owner is not None else 0)
            if owner is None and total > best:
                best, end = total, (row, column)
            elif owner is not None and total > gain.get(owner, -math.inf):
                gain[owner], came[owner] = total, (row, column)
                waiting.append(owner)
                if total > best:
                    best, end = total, (owner, -1)
    _hand_on(end, came, row_of)


def _hand_on(end: tuple[int, int], came: Mapping[int, tuple[int, int]], row_of: dict[int, int]) -> None:
    row, column = end
    while True:
        if column >= 0:
            row_of[column] = row
        if row not in came:
            return
        row, column = came[row]
