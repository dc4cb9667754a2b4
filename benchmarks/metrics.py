"""Retrieval metrics of one question: pure functions of what was found and of what should have been.

A result counts for the turns it stands for: a turn for itself, a learned fact for the turns in its `sources`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from benchmarks.datasets import Question, Turn

RECALL_AT = (1, 5, 10, 20, 50)
MOST = max(RECALL_AT)
DEPTH = 10
SESSIONS_AT = (5, 10)

_WORD = re.compile(r"\w+")
_ARTICLES = frozenset({"a", "an", "the"})

#: The metrics in the order of reports.
NAMES = (
    *(f"recall@{k}" for k in RECALL_AT),
    f"all@{DEPTH}",
    f"any@{DEPTH}",
    f"ndcg@{DEPTH}",
    *(f"session@{k}" for k in SESSIONS_AT),
    *(f"tokens@{k}" for k in RECALL_AT),
    f"share@{DEPTH}",
    f"answer@{DEPTH}",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One result: the turns that it stands for, the text that a prompt would get, and the score it came with."""

    turns: frozenset[str]
    text: str
    score: float = 0.0


def recall(found: Sequence[Found], evidence: frozenset[str], k: int) -> float:
    """Return the share of the evidence turns among the first k results."""
    return len(evidence & _covered(found[:k])) / len(evidence)


def ndcg(found: Sequence[Found], evidence: frozenset[str], k: int) -> float:
    """Return the normalised discounted cumulative gain (Järvelin & Kekäläinen 2002) with gains of 0 and 1.

    A result gains 1 when it stands for an evidence turn that no result before it stood for.
    """
    missing, gained = set(evidence), 0.0
    for rank, result in enumerate(found[:k]):
        if missing & result.turns:
            missing -= result.turns
            gained += 1 / math.log2(rank + 2)
    return gained / sum(1 / math.log2(rank + 2) for rank in range(min(k, len(evidence))))


def session_found(found: Sequence[Found], evidence: frozenset[str], session_of: Mapping[str, str], k: int) -> float:
    """Return 1 when any of the first k distinct sessions among the results holds evidence, else 0.

    Sessions are in the order of their first result.
    """
    order = dict.fromkeys(session_of[turn] for result in found for turn in sorted(result.turns))
    return float(bool(set(list(order)[:k]) & {session_of[turn] for turn in evidence}))


def answer_coverage(answer: str, found: Sequence[Found], k: int) -> float | None:
    """Return the share of the gold answer's distinct words (articles left out) in the texts of the first k results.

    None where the answer has no words.
    """
    wanted = _words(answer)
    if not wanted:
        return None
    return len(wanted & _words(" ".join(result.text for result in found[:k]))) / len(wanted)


class Scorer:
    """Scores questions about one conversation.

    Args:
        turns: The whole conversation.
        count: Counts the tokens of a text.

    Attributes:
        whole: Tokens of the whole conversation.
    """

    def __init__(self, turns: Sequence[Turn], count: Callable[[str], int]) -> None:
        self._session_of = {turn.id: turn.session for turn in turns}
        self._count = count
        self.whole = sum(count(turn.spoken) for turn in turns)

    def score(self, question: Question, found: Sequence[Found]) -> dict[str, float | None]:
        """Return every metric in `NAMES`; None where the question has nothing to measure it by."""
        evidence = question.evidence
        tokens = self.tokens(found)
        scores: dict[str, float | None] = dict.fromkeys(NAMES)
        scores |= {f"tokens@{k}": tokens[k - 1] for k in RECALL_AT}
        scores[f"share@{DEPTH}"] = tokens[DEPTH - 1] / self.whole if self.whole else None
        scores[f"answer@{DEPTH}"] = answer_coverage(question.answer, found, DEPTH)
        if evidence:
            scores |= {f"recall@{k}": recall(found, evidence, k) for k in RECALL_AT}
            scores[f"all@{DEPTH}"] = float(evidence <= _covered(found[:DEPTH]))
            scores[f"any@{DEPTH}"] = float(bool(evidence & _covered(found[:DEPTH])))
            scores[f"ndcg@{DEPTH}"] = ndcg(found, evidence, DEPTH)
            scores |= {f"session@{k}": session_found(found, evidence, self._session_of, k) for k in SESSIONS_AT}
        return scores

    def tokens(self, found: Sequence[Found]) -> list[int]:
        """Return the tokens of the first k results for every k from 1 to `MOST`; all of them where there are fewer."""
        counts = [self._count(result.text) for result in found[:MOST]]
        return list(accumulate(counts + [0] * (MOST - len(counts))))

    def recalls(self, question: Question, found: Sequence[Found]) -> list[float]:
        """Return the recall among the first k results for every k from 1 to `MOST`; the question must have evidence."""
        return [recall(found, question.evidence, k) for k in range(1, MOST + 1)]


def _covered(found: Sequence[Found]) -> frozenset[str]:
    return frozenset().union(*(result.turns for result in found))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold())) - _ARTICLES
