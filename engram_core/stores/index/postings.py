"""Which slots hold which terms: an inverted index of a few sorted segments.

A write makes a small segment; segments of like size are merged, so that what a write costs is in proportion to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.stores.index.analysis import Terms

Slots = NDArray[np.int64]
_GROWTH = 8  # a segment is merged with the one before unless that is so many times larger


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings sorted by term: those of `terms[i]` are at `starts[i]:starts[i + 1]` of `slots` and `freqs`."""

    terms: Terms
    starts: NDArray[np.int64]
    slots: Slots
    freqs: NDArray[np.float32]

    @classmethod
    def build(cls, terms: Terms, slots: Slots, freqs: NDArray[np.float32]) -> Segment:
        """Sort postings (one entry of each array a posting) by term."""
        order = np.argsort(terms, kind="stable")
        terms = terms[order]
        firsts = np.flatnonzero(np.concatenate([[True], terms[1:] != terms[:-1]])) if len(terms) else order
        return cls(terms[firsts], np.append(firsts, len(terms)), slots[order], freqs[order])

    def expanded(self) -> Terms:
        """Return the term of each posting."""
        return np.repeat(self.terms, np.diff(self.starts))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.terms.nbytes + self.starts.nbytes + self.slots.nbytes + self.freqs.nbytes


@dataclass(frozen=True, slots=True)
class Matches:
    """Postings of some query terms: `slots` (m,) and `freqs` (m,) grouped; `which` (m,) says the query term of each."""

    slots: Slots
    freqs: NDArray[np.float32]
    which: NDArray[np.int64]


Postings = tuple[Segment, ...]


def added(postings: Postings, terms: Terms, slots: Slots, freqs: NDArray[np.float32]) -> Postings:
    """Return postings with more of them: of slots, or of terms of slots, that they do not hold yet."""
    if not len(terms):
        return postings
    segments = [*postings, Segment.build(terms, slots, freqs)]
    while len(segments) > 1 and len(segments[-2].slots) < _GROWTH * len(segments[-1].slots):
        segments[-2:] = [_merge(segments[-2:])]
    return tuple(segments)


def renumbered(postings: Postings, places: Slots) -> Postings:
    """Return postings with slot s moved to `places[s]`, or dropped where that is -1."""
    if not postings:
        return ()
    whole = _merge(postings)
    slots = places[whole.slots]
    kept = slots >= 0
    return (Segment.build(whole.expanded()[kept], slots[kept], whole.freqs[kept]),)


def find(postings: Postings, query: Terms) -> Matches:
    """Return the postings of distinct query terms."""
    slots: list[Slots] = []
    freqs: list[NDArray[np.float32]] = []
    which: list[int] = []
    counts: list[int] = []
    for segment in postings:
        places = np.minimum(np.searchsorted(segment.terms, query), len(segment.terms) - 1)
        known = np.flatnonzero(segment.terms[places] == query)
        begins, ends = segment.starts[places[known]].tolist(), segment.starts[places[known] + 1].tolist()
        slots += [segment.slots[a:b] for a, b in zip(begins, ends, strict=True)]
        freqs += [segment.freqs[a:b] for a, b in zip(begins, ends, strict=True)]
        which += known.tolist()
        counts += [b - a for a, b in zip(begins, ends, strict=True)]
    if not slots:
        return Matches(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64))
    return Matches(np.concatenate(slots), np.concatenate(freqs), np.repeat(which, counts))


def _merge(segments: Sequence[Segment]) -> Segment:
    if len(segments) == 1:
        return segments[0]
    return Segment.build(
        np.concatenate([segment.expanded() for segment in segments]),
        np.concatenate([segment.slots for segment in segments]),
        np.concatenate([segment.freqs for segment in segments]),
    )
