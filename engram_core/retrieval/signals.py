"""The signals of a candidate: what the legs say of it and of the turns near it, who said it, when, and how.

Scores of a leg become standard scores over the candidates of the question, so that legs and questions compare. A
neighbour that is not there counts as an average candidate, and to the lexical leg as one without any of the words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.signs import unpacked
from engram_core.ports import Evidence, Outline, Rows
from engram_core.ports.ranking import Column
from engram_core.retrieval.late import Late
from engram_core.retrieval.temporal import Span, asks_when, overlap

#: A question of so many words is a long one: in a chat, hardly a question, but a request to go on with a matter.
LONG_WORDS, LONGEST = 50, 1.2
#: Mean and spread of each leg's scores over the candidates of the questions that the ranker was fitted to. They count
#: as `PRIOR_CANDIDATES` more: few candidates do not tell what an average one is like, and a single one not at all.
PRIOR = {"dense": (0.12, 0.09), "lexical": (0.45, 0.9), "late": (0.28, 0.1), "late_window": (0.35, 0.1)}
PRIOR_CANDIDATES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was read for one question about n candidates.

    Attributes:
        text: The question.
        spans: The times it names.
        evidence: Scores of the legs.
        outline: What is known of the candidates.
        asked_before: (n,) 1 where the turn before ends with a question mark.
        has_before: (n,) whether there is a turn before.
        late: Late interaction, where there are tokens.
    """

    text: str
    spans: tuple[Span, ...]
    evidence: Evidence
    outline: Outline
    asked_before: Column
    has_before: NDArray[np.bool_]
    late: Late | None


def signals_of(seen: Seen) -> dict[str, Column]:
    """Compute every signal, (n,) each, by name."""
    evidence, late = seen.evidence, seen.late
    legs = [("dense", evidence.dense, evidence.near_dense), ("lexical", evidence.lexical, evidence.near_lexical)]
    if late is not None:
        legs.append(("late", late.own, late.near))
    found: dict[str, Column] = {}
    for name, own, near in legs:
        found |= _of_leg(name, own, near)
    if late is not None:
        found["late_window"] = _standard("late_window", late.window, late.window)
        found["late_raw"] = late.own
    found["dense_raw"] = np.nan_to_num(evidence.dense)
    return {**found, **_of_speaker(seen), **_of_text(seen), "time": overlap(seen.spans, seen.outline.times)}


def _of_leg(name: str, own: Column, near: Column) -> dict[str, Column]:
    beside = _standard(name, own, near)
    return {
        name: _standard(name, own, own),
        f"{name}_before": beside[:, 0],
        f"{name}_after": beside[:, 1],
        f"{name}_beside": beside[:, :2].max(axis=1),
        f"{name}_beyond": beside[:, 2:].max(axis=1),
    }


def _standard(name: str, own: Column, values: Column) -> Column:
    """Standardise values by the mean and spread of the candidates' own; what is missing becomes 0."""
    known = own[np.isfinite(own)].astype(np.float64)
    if not known.size:
        return np.zeros(values.shape, np.float32)
    mean, spread = PRIOR[name]
    own_share = known.size / (known.size + PRIOR_CANDIDATES)
    centre = own_share * known.mean() + (1 - own_share) * mean
    width = np.sqrt(own_share * known.var() + (1 - own_share) * spread**2)
    standard: Column = np.nan_to_num((values - centre) / width).astype(np.float32)
    return standard


def _of_speaker(seen: Seen) -> dict[str, Column]:
    """Tell whose turns they are, where the question names some of those who speak and not all.

    `stranger` is 1 for all candidates where people speak with each other and the question names none of them: it may be
    about others. `chat` is 1 for all where an assistant is among those who speak.
    """
    speakers = seen.outline.speakers
    words = set(_words(seen.text))
    names = {name for name in speakers if name is not None}
    named = {name for name in names if words.intersection(_words(name)[:1])}
    others = names - named
    people = names.intersection(name for name, by in zip(speakers, seen.outline.assistant, strict=True) if not by)
    tells = bool(named and others)
    return {
        "speaker": np.array([tells and name in named for name in speakers], np.float32),
        "other_speaker": np.array([tells and name in others for name in speakers], np.float32),
        "assistant": seen.outline.assistant.astype(np.float32),
        "stranger": np.full(len(speakers), not named and len(people) > 1, np.float32),
        "chat": np.full(len(speakers), seen.outline.assistant.any(), np.float32),
    }


def _words(text: str) -> list[str]:
    """Split a text into words; a vowel sign or an accent belongs to the letter before it."""
    normal = unicodedata.normalize("NFC", text).casefold()
    kept = (sign if sign.isalnum() or sign == "_" or unicodedata.category(sign)[0] == "M" else " " for sign in normal)
    return "".join(kept).split()


def _of_text(seen: Seen) -> dict[str, Column]:
    signs = unpacked(seen.outline.signs)
    when = np.float32(asks_when(seen.text))
    words = np.log1p(signs.words)
    return {
        "words": words,
        "words_squared": words**2 / 5,
        "asks": signs.asks,
        "question": signs.question,
        "digits": signs.digits,
        "times": signs.times / 2,
        "own": signs.own / 3,
        "names": signs.names / 2,
        "asked_before": seen.asked_before,
        "opens": (~seen.has_before).astype(np.float32) * signs.present,
        "length": np.full(len(words), min(np.log1p(len(seen.text.split())) / np.log(LONG_WORDS), LONGEST), np.float32),
        "when_times": when * signs.times / 2,
        "when_digits": when * signs.digits,
    }


def rows_to_read(rows: Rows, near: Rows) -> tuple[Rows, Rows, Rows]:
    """Return the distinct rows among candidates (n,) and neighbours (n, 4), and where in them each of both stands."""
    wanted = np.unique(np.concatenate([rows, near[near >= 0]]))
    places = np.searchsorted(wanted, near)
    return wanted, np.searchsorted(wanted, rows), np.where(near < 0, -1, places)


def told(signals: Mapping[str, Column], parts: Mapping[str, Column], rows: Rows) -> list[dict[str, float]]:
    """Return the signals of some candidates, and what the ranker made of them, as `Hit.signals` has them."""
    columns = {**signals, **{f"{name}_part": values for name, values in parts.items()}}
    table = np.stack([values[rows] for values in columns.values()], axis=1).astype(np.float64).round(6)
    return [dict(zip(columns, row, strict=True)) for row in table.tolist()]
