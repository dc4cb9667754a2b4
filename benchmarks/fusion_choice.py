"""Compares formulas of untrained fusion on data that may be learned from.

Every constant of `engram_core.retrieval.fuse` and of BM25 is a choice. It is made here, on chats reshaped as dialogues
of named people (`reshaping.py`), never on the data sets that measure the result. Chats as they are stand beside it: a
formula should not pay for people with what it loses on assistants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import Conversation, read
from benchmarks.reshaping import dialogues
from benchmarks.statistics import clustered_mean
from benchmarks.terms import asked, counted
from engram_core import Embedder

DEPTH = 10
CANDIDATES = 200  # of each leg, and of both together, as in the engine

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Formula:
    """z(dense) + `lexical` z(BM25), each with shares of the turns beside it.

    `near` counts for the better neighbour, `far` for the better of the next but one on each side; both less for a turn
    of more than `long` terms. BM25 takes a text of fewer than `shortest` terms for one of that length.

    The defaults are what the engine does.
    """

    near: float = 0.4
    far: float = 0.2
    long: float = 60.0
    shortest: float = 40.0
    lexical: float = 1.0
    k1: float = 1.2
    b: float = 0.75
    stop_words: bool = True
    better: bool = True  # the better neighbour counts; else both do


_ENDLESS = float("inf")
FORMULAS = {
    "as it is": Formula(),
    "near 0.5 alone": Formula(near=0.5, far=0, long=_ENDLESS, shortest=0),
    "nothing near": Formula(near=0, far=0),
    "near 0.4 alone": Formula(far=0),
    "near 0.3, far 0.15": Formula(near=0.3, far=0.15),
    "near 0.5, far 0.25": Formula(near=0.5, far=0.25),
    "near 0.2, far 0.1 each": Formula(near=0.2, far=0.1, better=False),
    "long 30": Formula(long=30),
    "long 100": Formula(long=100),
    "long turns borrow in full": Formula(long=_ENDLESS),
    "shortest 0": Formula(shortest=0),
    "shortest 25": Formula(shortest=25),
    "shortest 60": Formula(shortest=60),
    "shortest 0, b 0.4": Formula(shortest=0, b=0.4),
    "k1 0.9": Formula(k1=0.9),
    "lexical 1.2": Formula(lexical=1.2),
    "all words": Formula(stop_words=False),
}


class Dialogue:
    """A conversation with everything that formulas need."""

    def __init__(self, conversation: Conversation, vectors: NDArray[np.float32]) -> None:
        self.turns = conversation.turns
        self.vectors = vectors
        self.steps = {step: _beside(conversation, step) for step in (-2, -1, 1, 2)}
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths = []
        for row, turn in enumerate(conversation.turns):
            terms = counted(turn.spoken)
            lengths.append(terms.total())
            for term, times in terms.items():
                self._postings[term].append((row, times))
        self.lengths = np.array(lengths, np.float64)

    def bm25(self, terms: Sequence[str], formula: Formula) -> Floats:
        """Score all turns as the engine does, with free constants."""
        k1, b = formula.k1, formula.b
        lengths = np.maximum(self.lengths, max(formula.shortest, 1))
        lengths /= lengths.mean()
        scores = np.zeros(len(self.turns))
        for found in (self._postings[term] for term in terms if term in self._postings):
            rows, times = np.array(found).T
            idf = np.log(1 + (len(self.turns) - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += idf * (k1 + 1) * times / (times + k1 * (1 - b + b * lengths[rows]))
        return scores


def rank(formula: Formula, dense: Floats, lexical: Floats, lengths: Floats, steps: dict[int, Rows]) -> Rows:
    """Return the candidates, best first.

    Args:
        formula: What to compute.
        dense: (n,) cosines of the turns that may be found, the first n of the dialogue.
        lexical: (n,) their BM25 scores.
        lengths: (n,) their lengths in terms.
        steps: For -2, -1, 1 and 2 the row of the turn so many further, -1 for none.
    """
    rows = _candidates(dense, lexical)
    total = np.zeros(len(rows))
    borrowed = np.minimum(1, formula.long / np.maximum(lengths[rows], 1))
    for scores, weight, missing in ((dense, 1.0, np.nan), (lexical, formula.lexical, 0.0)):
        mean, spread = scores[rows].mean(), scores[rows].std()
        if spread < 1e-6:
            continue
        total += weight * (scores[rows] - mean) / spread
        for share, pair in ((formula.near, (-1, 1)), (formula.far, (-2, 2))):
            others = np.stack([steps[step][rows] for step in pair], axis=1)
            others = np.where(others < len(scores), others, -1)
            beside = np.nan_to_num((np.where(others < 0, missing, scores[others]) - mean) / spread)
            total += weight * share * borrowed * (beside.max(axis=1) if formula.better else beside.sum(axis=1))
    return rows[np.argsort(-total, kind="stable")]


async def run(paths: Sequence[Path], embedder: Embedder, *, limit: int | None, as_they_are: bool) -> None:
    """Print recall@10 of each formula by shape, and its difference from the present one with its interval."""
    recalls: dict[str, dict[str, list[float]]] = defaultdict(lambda: {name: [] for name in FORMULAS})
    chats: dict[str, list[str]] = defaultdict(list)
    remembered = _Remembering(embedder)
    for path in paths:
        for shape, chat_of, conversation in _conversations(list(read(path, limit)), as_they_are):
            dialogue, vectors = await _embedded(conversation, remembered)
            for chat, found in _recalls(conversation, dialogue, vectors, chat_of):
                chats[shape].append(chat)
                for name, value in found.items():
                    recalls[shape][name].append(value)
    _print(recalls, chats)


def _conversations(chats: list[Conversation], as_they_are: bool) -> Iterator[tuple[str, bool, Conversation]]:
    """Yield (shape, whether its questions are named by chat, conversation)."""
    half = max(len(chats) // 2, 1)
    for shape, distance in (
        ("replied", half),
        ("replied", 1),
        ("interleaved", half),
        ("interleaved", 1),
        ("split", half),
    ):
        yield from ((shape, True, dialogue) for dialogue in dialogues(chats, shape, distance))
    if as_they_are:
        yield from (("chats", False, chat) for chat in chats)


class _Remembering:
    """Embeds no text twice: the shapes are made of the same turns."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors |= zip(new, await self._embedder.embed(new), strict=True)
        return np.array([self._vectors[text] for text in texts])


async def _embedded(conversation: Conversation, embedder: _Remembering) -> tuple[Dialogue, NDArray[np.float32]]:
    vectors = await embedder.embed([turn.spoken for turn in conversation.turns])
    questions = await embedder.embed([question.text for question in conversation.questions])
    return Dialogue(conversation, vectors), questions


def _recalls(
    conversation: Conversation, dialogue: Dialogue, vectors: NDArray[np.float32], named_by_chat: bool
) -> Iterator[tuple[str, dict[str, float]]]:
    places = {turn.id: turn.position for turn in conversation.turns}
    for question, vector in zip(conversation.questions, vectors, strict=True):
        seen = len(places) if question.before is None else places[question.before]
        if not question.evidence or not seen:
            continue
        dense = (dialogue.vectors[:seen] @ vector).astype(np.float64)
        evidence = {places[id] for id in question.evidence}
        found = {}
        for name, formula in FORMULAS.items():
            terms = asked(question.text, stop_words=formula.stop_words)
            lexical = dialogue.bm25(terms, formula)[:seen]
            best = rank(formula, dense, lexical, dialogue.lengths, dialogue.steps)[:DEPTH]
            found[name] = 100 * len(evidence & set(best.tolist())) / len(evidence)
        yield question.id.split(" ")[0] if named_by_chat else conversation.id, found


def _print(recalls: dict[str, dict[str, list[float]]], chats: dict[str, list[str]]) -> None:
    made = [shape for shape in recalls if shape != "chats"]
    print(f"{'recall@10':28}" + "".join(f"{shape:>13}" for shape in recalls) + "   reshaped, difference")
    print(f"{'questions':28}" + "".join(f"{len(chats[shape]):13}" for shape in recalls))
    present = next(iter(FORMULAS))
    for name in FORMULAS:
        cells = "".join(f"{np.mean(recalls[shape][name]):13.1f}" for shape in recalls)
        gains = [a - b for s in made for a, b in zip(recalls[s][name], recalls[s][present], strict=True)]
        mean = clustered_mean(gains, [chat for shape in made for chat in chats[shape]])
        interval = "" if mean is None or mean.low is None else f"{mean.value:+.2f} [{mean.low:+.2f}, {mean.high:+.2f}]"
        print(f"{name:28}{cells}   {interval}")


def _candidates(dense: Floats, lexical: Floats) -> Rows:
    """Join the best of both legs by reciprocal rank, as the engine does; ascending."""
    shares = np.zeros(len(dense))
    for scores, rows in ((dense, np.arange(len(dense))), (lexical, np.flatnonzero(lexical))):
        best = rows[np.argsort(-scores[rows], kind="stable")[:CANDIDATES]]
        shares[best] += 1 / (61 + np.arange(len(best)))
    best = np.argsort(-shares, kind="stable")[:CANDIDATES]
    return np.sort(best[shares[best] > 0])


def _beside(conversation: Conversation, step: int) -> Rows:
    """Return for each turn the row of the turn `step` further in its session; -1 where there is none."""
    sessions: dict[str, list[int]] = defaultdict(list)
    for row, turn in enumerate(conversation.turns):
        sessions[turn.session].append(row)
    found = np.full(len(conversation.turns), -1, np.int64)
    for rows in sessions.values():
        if step > 0:
            found[rows[:-step]] = rows[step:]
        else:
            found[rows[-step:]] = rows[:step]
    return found
