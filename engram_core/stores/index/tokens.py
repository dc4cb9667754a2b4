"""Token vectors by slot: ragged, in one array that grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.ports import TokenBlock, Tokens
from engram_core.stores.index.postings import Slots

_SPARE = 1.5


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Those of one moment: the tokens of slot s are `values[starts[s] : starts[s] + counts[s]]`."""

    values: Tokens
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    def block(self, slots: Slots) -> TokenBlock:
        """Gather the tokens of some slots, one after the other."""
        counts = self.counts[slots]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.arange(offsets[-1]) + np.repeat(self.starts[slots] - offsets[:-1], counts)
        return TokenBlock(self.values[places], offsets)


def joined(blocks: Sequence[TokenBlock]) -> TokenBlock:
    """Put blocks one after the other; those without any token may be of any width."""
    held = [block.values for block in blocks if len(block.values)]
    values = np.concatenate(held) if held else np.empty((0, 0), np.int8)
    counts = [np.diff(block.offsets) for block in blocks]
    return TokenBlock(values, np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, np.int64), *counts]))]))


class TokenColumn:
    """Takes token vectors, all of one width, which the first of them sets.

    What `rows` returned stays as it was: tokens are added behind all that are there, never written over.
    """

    def __init__(self) -> None:
        self._values: Tokens = np.empty((0, 0), np.int8)
        self._used = 0
        self._starts = np.empty(0, np.int64)
        self._counts = np.empty(0, np.int64)

    @property
    def nbytes(self) -> int:
        """Bytes held, spare room included."""
        return self._values.nbytes + self._starts.nbytes + self._counts.nbytes

    def rows(self) -> TokenRows:
        """Take what a view reads."""
        return TokenRows(self._values[: self._used], self._starts.copy(), self._counts.copy())

    def extend(self, tokens: Sequence[Tokens | None]) -> None:
        """Add slots with their tokens; None where there are none."""
        slots = np.arange(len(self._starts), len(self._starts) + len(tokens))
        empty = np.zeros(len(tokens), np.int64)
        self._starts, self._counts = np.append(self._starts, empty), np.append(self._counts, empty)
        self.put(slots, tokens)

    def put(self, slots: Slots, tokens: Sequence[Tokens | None]) -> None:
        """Set the tokens of slots, where they are others than before; None leaves a slot as it is."""
        given = [
            (int(slot), one)
            for slot, one in zip(slots, tokens, strict=True)
            if one is not None and len(one) and not np.array_equal(self._held(int(slot)), one)
        ]
        if not given:
            return
        added = np.concatenate([one for _, one in given])
        self._reserve(len(added), added.shape[1])
        self._values[self._used : self._used + len(added)] = added
        counts = np.array([len(one) for _, one in given], np.int64)
        places = np.array([slot for slot, _ in given], np.int64)
        self._starts[places] = self._used + np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._counts[places] = counts
        self._used += len(added)

    def taken(self, slots: Slots) -> TokenColumn:
        """Return copies of some slots."""
        other = TokenColumn()
        block = self.rows().block(slots)
        other.extend([block.of(row) for row in range(len(slots))])
        return other

    def _held(self, slot: int) -> Tokens:
        return self._values[self._starts[slot] : self._starts[slot] + self._counts[slot]]

    def _reserve(self, more: int, width: int) -> None:
        needed = self._used + more
        if needed > len(self._values) or self._values.shape[1] != width:
            capacity = needed if not self._used else int(needed * _SPARE)
            grown = np.zeros((capacity, width), np.int8)
            if self._used:
                grown[: self._used] = self._values[: self._used]
            self._values = grown
