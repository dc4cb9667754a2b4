"""Reads dialogues written for training: plain text, one dialogue a file.

```
@ Nadia, Tomasz
@ about: old school friends, in different cities now
= 2023-03-04 19:12
1 N: a message, all on one line
2 T: another
? one | a question | its answer | 1 2
? none | a question that nothing here answers | - | -
```

`= time` begins a session. The letter before a message is the first one of its speaker's name. A question names its kind
(`one`, `many`, `when`, `infer`, `change`, `none`), and the numbers of the turns that hold its answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from benchmarks.datasets import Conversation, Question, Turn
from engram_core import InvalidInputError

FOLDER = Path(__file__).parent / "dialogues"
KINDS = ("one", "many", "when", "infer", "change", "none")
_TURN = re.compile(r"(\d+) (\w): (.+)")


def dialogues(part: str) -> Iterator[Conversation]:
    """Yield the dialogues of a part: `embedder` or `ranker`; no dialogue is in both."""
    for path in sorted((FOLDER / part).glob("*.txt")):
        yield read_dialogue(path)


def read_dialogue(path: Path) -> Conversation:
    """Read one file.

    Raises:
        InvalidInputError: A line is not of the shape above; it says which.
    """
    reader = _Reader(path.stem)
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            reader.take(line.strip())
        except ValueError as exc:
            raise InvalidInputError("dialogue", f"{path.name}, line {number}: {line!r}", str(exc)) from exc
    return reader.conversation()


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._speakers: dict[str, str] = {}
        self._session = 0
        self._time = datetime.min
        self._turns: list[Turn] = []
        self._questions: list[Question] = []

    def take(self, line: str) -> None:
        if line.startswith("@ ") and not self._speakers:
            self._speakers = _by_letter([name.strip() for name in line[2:].split(",")])
        elif line.startswith("= "):
            self._session += 1
            self._time = datetime.strptime(line[2:], "%Y-%m-%d %H:%M")
        elif line.startswith("? "):
            self._questions.append(self._question(line[2:].split("|")))
        elif line and not line.startswith("@ "):
            self._turns.append(self._turn(line))

    def conversation(self) -> Conversation:
        return Conversation("dialogues", self._name, tuple(self._turns), tuple(self._questions))

    def _turn(self, line: str) -> Turn:
        match = _TURN.fullmatch(line)
        if match is None or int(match[1]) != len(self._turns) + 1:
            raise ValueError(f"turn number {len(self._turns) + 1}, a speaker's letter and a message")
        if match[2] not in self._speakers:
            raise ValueError(f"the first letter of one of {', '.join(self._speakers.values())}")
        if not self._session:
            raise ValueError("a time before the first message")
        speaker = self._speakers[match[2]]
        role = "assistant" if speaker == "assistant" else "user"
        return Turn(str(int(match[1])), len(self._turns), str(self._session), speaker, role, self._time, match[3])

    def _question(self, parts: list[str]) -> Question:
        if len(parts) != 4:
            raise ValueError("a kind, a question, its answer and its turns, between bars")
        kind, text, answer, evidence = ("" if part.strip() == "-" else part.strip() for part in parts)
        ids = frozenset(_numbers(evidence.split(), len(self._turns)))
        if kind not in KINDS or (kind == "none") == bool(ids):
            raise ValueError(f"one of {', '.join(KINDS)}, with evidence unless it is none")
        place = len(self._questions)
        return Question(f"{self._name}:{place}", text, answer, kind, ids, None)


def _by_letter(names: Sequence[str]) -> dict[str, str]:
    speakers = {name[:1]: name for name in names}
    if len(speakers) < len(names) or "" in speakers:
        raise ValueError("names that begin with different letters")
    return speakers


def _numbers(names: Iterable[str], most: int) -> Iterator[str]:
    for name in names:
        if not name.isdecimal() or not 1 <= int(name) <= most:
            raise ValueError(f"numbers of turns from 1 to {most}")
        yield str(int(name))
