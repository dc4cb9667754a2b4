"""Reads labelled conversations: gzipped (or plain) JSON Lines, one conversation a line.

The shape of a line:
`{"dataset", "id", "speakers", "turns": [{"id", "session", "speaker", "role", "time", "text"}],
"questions": [{"id", "question", "answer", "category", "evidence": [turn ids], "before"}]}`.
No data is shipped: the caller gives the path.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engram_core import InvalidInputError


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn; `id` is unique in its conversation, `position` counts from 0 in the order of the file."""

    id: str
    position: int
    session: str
    speaker: str
    role: str
    time: datetime
    text: str

    @property
    def spoken(self) -> str:
        """The turn as it is counted in tokens: "speaker: text"."""
        return f"{self.speaker}: {self.text}"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: Unique in its file.
        text: The question as asked.
        answer: The gold answer; empty where there is none.
        category: A name of the data set's own.
        evidence: Ids of the turns that hold the answer.
        before: Only turns earlier in the file than the turn of this id may answer; None means all may.
    """

    id: str
    text: str
    answer: str
    category: str
    evidence: frozenset[str]
    before: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns of one conversation in order, and what is asked about them."""

    dataset: str
    id: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


def read(path: Path, limit: int | None = None) -> Iterator[Conversation]:
    """Yield the conversations of a file, at most `limit` of them.

    Raises:
        InvalidInputError: There is no such file, or a line is not of the shape above.
    """
    if not path.is_file():
        raise InvalidInputError("data", str(path), "a file of conversations (.jsonl or .jsonl.gz)")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if limit is not None and number > limit:
                return
            yield _conversation(f"{path.name}, line {number}", line)


def _conversation(where: str, line: str) -> Conversation:
    try:
        raw = json.loads(line)
        turns = tuple(_turn(position, turn) for position, turn in enumerate(raw["turns"]))
        questions = tuple(_question(question) for question in raw["questions"])
        conversation = Conversation(str(raw["dataset"]), str(raw["id"]), turns, questions)
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidInputError("data", f"{where}: {exc!r}", "the shape in benchmarks/README.md") from exc
    _check_references(where, conversation)
    return conversation


def _turn(position: int, raw: Mapping[str, Any]) -> Turn:
    return Turn(
        id=str(raw["id"]),
        position=position,
        session=str(raw["session"]),
        speaker=str(raw["speaker"]),
        role=str(raw["role"]),
        time=datetime.fromisoformat(raw["time"]),
        text=str(raw["text"]),
    )


def _question(raw: Mapping[str, Any]) -> Question:
    before = raw.get("before")
    return Question(
        id=str(raw["id"]),
        text=str(raw["question"]),
        answer=str(raw.get("answer") or ""),
        category=str(raw["category"]),
        evidence=frozenset(map(str, raw["evidence"])),
        before=None if before is None else str(before),
    )


def _check_references(where: str, conversation: Conversation) -> None:
    ids = {turn.id for turn in conversation.turns}
    if len(ids) != len(conversation.turns):
        raise InvalidInputError("data", where, "turn ids that are unique in their conversation")
    for question in conversation.questions:
        named = question.evidence | ({question.before} if question.before is not None else set())
        unknown = named - ids
        if unknown:
            raise InvalidInputError("data", f"{where}: {question.id} names {sorted(unknown)}", "ids of its turns")
