"""A language model as the judge of what was retrieved: its grades are labels that a ranker is fitted to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from engram_core.domain.results import Hit
from engram_core.engine.base import utc_now
from engram_core.engine.verdicts import Verdicts, verdict_key
from engram_core.ingest.learn.asking import Meter, ask
from engram_core.ingest.learn.prompting import Prompts, on_one_line
from engram_core.ports import ChatModel, Label, LabelledQuestion

#: How many hits a judge sees: the best ones, and some of those further down, so that the fit also learns what the
#: present ranker thinks little of.
BEST, FURTHER = 15, 5
#: From this grade on a memory is useful.
USEFUL = 2
_LONGEST = 1000


class Grade(BaseModel):
    """What one memory is worth."""

    memory: int
    grade: int = Field(ge=0, le=3)


class Grades(BaseModel):
    """The whole answer; a memory without a grade is worth nothing."""

    grades: list[Grade]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one question, and whether it was known before."""

    question: LabelledQuestion
    known: bool


class Grader:
    """Asks a model what retrieved memories are worth.

    Args:
        model: Asked once a question, twice where its first answer does not fit.
        meter: Counts.
        prompts: Where `grade.v1` comes from.
        verdicts: What was said before, which is not asked again.
    """

    def __init__(self, model: ChatModel, meter: Meter, prompts: Prompts, verdicts: Verdicts) -> None:
        self._model = model
        self._meter = meter
        self._system = prompts.write("grade.v1")
        self._verdicts = verdicts

    async def grade(self, key: str, question: str, hits: Sequence[Hit]) -> Verdict:
        """Label some of the hits of a question.

        Args:
            key: Names the question.
            question: As asked.
            hits: Best first, one at least.

        Raises:
            ProviderError: The model failed, or its answer fits neither at first nor after a repair.
            OSError: The verdict cannot be written down.
        """
        shown = shuffled(key, sample(hits))
        user = f"Question: {on_one_line(question)}\n\nMemories:\n" + "\n".join(map(_shown, range(1, 100), shown))
        asked = verdict_key(self._model.name, self._system, user)
        grades = self._verdicts.get(asked)
        known = grades is not None
        if grades is None:
            grades = self._checked(await ask(self._model, self._meter, self._system, user, Grades), len(shown))
            self._verdicts.put(asked, grades)
        now = utc_now()
        labels = [
            Label(key, hit.memory.id, grades.get(number, 0) >= USEFUL, hit.signals, now)
            for number, hit in enumerate(shown, 1)
        ]
        return Verdict(LabelledQuestion.of(labels), known)

    def _checked(self, answer: Grades, count: int) -> dict[int, int]:
        """Return the grades of what was shown, the first where there are several; others are made up, and counted."""
        grades = {each.memory: each.grade for each in reversed(answer.grades)}
        self._meter.count(invented_ids=sum(not 1 <= number <= count for number in grades))
        return {number: grade for number, grade in sorted(grades.items()) if 1 <= number <= count}


def sample(hits: Sequence[Hit]) -> list[Hit]:
    """Return the best hits, and some of the others, evenly spread."""
    rest = hits[BEST:]
    places = np.linspace(0, len(rest) - 1, min(FURTHER, len(rest))).round().astype(int)
    return [*hits[:BEST], *(rest[place] for place in places)]


def shuffled(key: str, hits: Sequence[Hit]) -> list[Hit]:
    """Put hits into an order that tells nothing of how they were ranked, the same for the same question."""
    return sorted(hits, key=lambda hit: hashlib.blake2b(f"{key} {hit.memory.id}".encode(), digest_size=8).digest())


def _shown(number: int, hit: Hit) -> str:
    memory = hit.memory
    who = on_one_line(memory.speaker or memory.role or memory.kind)
    ended = f", no longer so since {hit.ended_at:%Y-%m-%d}" if hit.ended_at is not None else ""
    text = on_one_line(memory.text)
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{number} [{memory.valid_from:%Y-%m-%d}{ended}] {who}: {cut}"
