"""What one step of the embedder's training sees: questions about one conversation, and turns of it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from benchmarks.datasets import Conversation
from benchmarks.terms import asked, counted

QUESTIONS, TURNS, TOKENS = 12, 56, 2200
#: Word pieces that are read of a question.
_QUESTION_PIECES = 64
_EVIDENCE = 4  # turns of one question at most
_HARD = 4  # turns of one question that share its words
_FIRST = 20  # of so many
_END = 102  # the piece that ends a text


@dataclass(frozen=True, slots=True)
class Batch:
    """Word pieces of questions (q) and of turns (t).

    Attributes:
        questions: (q), word pieces each.
        turns: (t), word pieces each.
        labels: (q, t), whether a turn is evidence for a question.
        known: (q, t), whether the turn had been said when the question was asked.
    """

    questions: list[list[int]]
    turns: list[list[int]]
    labels: list[list[bool]]
    known: list[list[bool]]


@dataclass(frozen=True, slots=True)
class _Asked:
    questions: list[list[int]]
    evidence: list[list[int]]
    before: list[int]  # how many turns had been said when each question was asked
    turns: list[list[int]]
    alike: list[list[int]]  # the turns with the highest BM25 score of each question, best first


class Source:
    """Draws batches from conversations.

    Args:
        conversations: Those with fewer than two questions that have evidence are left out.
        tokenizer: Of the model.
        pieces: Word pieces that are read of a turn.
        weight: How often it is drawn from, beside others.
    """

    def __init__(
        self, conversations: Sequence[Conversation], tokenizer: Tokenizer, *, pieces: int, weight: float
    ) -> None:
        self.weight = weight
        read = (_read(conversation, tokenizer, pieces) for conversation in conversations)
        self._parts = [part for part in read if len(part.questions) > 1]

    def draw(self, rng: random.Random) -> Batch:
        """Draw questions about one conversation, with their evidence, turns beside it, and turns that share words."""
        part = rng.choices(self._parts, weights=[len(part.questions) for part in self._parts])[0]
        chosen = rng.sample(range(len(part.questions)), min(QUESTIONS, len(part.questions)))
        turns: dict[int, None] = {}
        for i in chosen:
            own = part.evidence[i]
            turns |= dict.fromkeys(rng.sample(own, _EVIDENCE) if len(own) > _EVIDENCE else own)
        self._fill(turns, self._others(part, chosen, rng), part)
        rows = list(turns)
        labels = [[row in part.evidence[i] for row in rows] for i in chosen]
        known = [[row < part.before[i] for row in rows] for i in chosen]
        return Batch([part.questions[i] for i in chosen], [part.turns[row] for row in rows], labels, known)

    @staticmethod
    def _others(part: _Asked, chosen: Sequence[int], rng: random.Random) -> list[int]:
        others = []
        for i in chosen:
            alike = [row for row in part.alike[i][:_FIRST] if row not in part.evidence[i]]
            others += rng.sample(alike, min(_HARD, len(alike)))
            others += [row + rng.choice((1, -1)) for row in part.evidence[i][:2]]
        rng.shuffle(others)
        return [row for row in others if 0 <= row < len(part.turns)]

    @staticmethod
    def _fill(turns: dict[int, None], others: Sequence[int], part: _Asked) -> None:
        held = sum(len(part.turns[row]) for row in turns)
        for row in others:
            if row in turns:
                continue
            if len(turns) >= TURNS or held + len(part.turns[row]) > TOKENS:
                return
            turns[row] = None
            held += len(part.turns[row])


def _read(conversation: Conversation, tokenizer: Tokenizer, pieces: int) -> _Asked:
    places = {turn.id: turn.position for turn in conversation.turns}
    texts = [turn.spoken for turn in conversation.turns]
    questions = [question for question in conversation.questions if question.evidence]
    words = [question.text for question in questions]
    return _Asked(
        questions=[encoding.ids[:_QUESTION_PIECES] for encoding in tokenizer.encode_batch_fast(words)],
        evidence=[sorted(places[id] for id in question.evidence) for question in questions],
        before=[len(texts) if question.before is None else places[question.before] for question in questions],
        turns=[_cut(encoding.ids, pieces) for encoding in tokenizer.encode_batch_fast(texts)],
        alike=_alike(texts, words),
    )


def _cut(ids: list[int], pieces: int) -> list[int]:
    return ids if len(ids) <= pieces else [*ids[: pieces - 1], _END]


def _alike(texts: Sequence[str], questions: Sequence[str]) -> list[list[int]]:
    """Rank texts by BM25 for each question."""
    counts = [counted(text) for text in texts]
    lengths = np.array([sum(count.values()) for count in counts], np.float64)
    norms = 1.2 * (0.25 + 0.75 * lengths / max(float(lengths.mean()), 1.0))
    holders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, count in enumerate(counts):
        for term, often in count.items():
            holders[term].append((row, often))
    ranked = []
    for question in questions:
        scores = np.zeros(len(texts))
        for term in asked(question, stop_words=True):
            found = holders.get(term, [])
            weight = np.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5))
            for row, often in found:
                scores[row] += weight * often * 2.2 / (often + norms[row])
        ranked.append(np.argsort(-scores, kind="stable")[:_FIRST].tolist())
    return ranked
