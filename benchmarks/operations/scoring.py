"""From judged dialogues to numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from benchmarks.operations.data import Operation
from benchmarks.operations.judging import JudgedDialogue
from benchmarks.statistics import Mean, share
from engram_core import Op

OPERATIONS: tuple[str, ...] = get_args(Operation)
#: The operations that change what is known, together: NOOP changes nothing.
CHANGING = ("ADD", "UPDATE", "DELETE")
TOGETHER, ALL = "ADD, UPDATE, DELETE", "all"


@dataclass(slots=True)
class Tally:
    """Counts of one or more operations.

    Attributes:
        right: Made and expected.
        neutral: Made and allowed.
        wrong: Made and neither.
        expected: Of the data.
    """

    right: int = 0
    neutral: int = 0
    wrong: int = 0
    expected: int = 0

    @property
    def precision(self) -> Mean | None:
        """Right among right and wrong; None where there are none."""
        return share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Mean | None:
        """Right among expected; None where nothing is."""
        return share(self.right, self.expected)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.right + other.right,
            self.neutral + other.neutral,
            self.wrong + other.wrong,
            self.expected + other.expected,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        counts = {"right": self.right, "neutral": self.neutral, "wrong": self.wrong, "expected": self.expected}
        return {**counts, "precision": _json(self.precision), "recall": _json(self.recall)}


@dataclass(slots=True)
class Score:
    """What a group of dialogues comes to.

    Attributes:
        dialogues: How many.
        flawless: How many of them have nothing wrong and nothing missed.
        operations: A tally each.
        closings: UPDATEs and DELETEs made.
        false_supersessions: Those that close a statement which should still hold.
        dated: Right changes whose `since` is given.
        dated_right: Those that begin when they should.
    """

    dialogues: int = 0
    flawless: int = 0
    operations: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in OPERATIONS})
    closings: int = 0
    false_supersessions: int = 0
    dated: int = 0
    dated_right: int = 0

    def together(self, names: Sequence[str] = CHANGING) -> Tally:
        """Sum up the tallies of some operations."""
        return sum((self.operations[name] for name in names), Tally())

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        tallies = {**self.operations, TOGETHER: self.together(), ALL: self.together(OPERATIONS)}
        return {
            "dialogues": self.dialogues,
            "flawless": self.flawless,
            "operations": {name: tally.as_dict() for name, tally in tallies.items()},
            "false_supersessions": {
                "count": self.false_supersessions,
                "closings": self.closings,
                "share": _json(share(self.false_supersessions, self.closings)),
            },
            "since": _json(share(self.dated_right, self.dated)),
        }


def score(dialogues: Sequence[JudgedDialogue]) -> Score:
    """Count what was made of dialogues."""
    found = Score(len(dialogues), sum(dialogue.is_flawless for dialogue in dialogues))
    for judged in (judged for dialogue in dialogues for judged in dialogue.judged):
        tally = found.operations[judged.operation]
        setattr(tally, judged.verdict, getattr(tally, judged.verdict) + 1)
        found.closings += judged.made.change.op in (Op.UPDATE, Op.DELETE)
        found.false_supersessions += judged.false_supersession
        found.dated += judged.is_dated_right is not None
        found.dated_right += judged.is_dated_right is True
    for wanted in (wanted for d in dialogues for call in d.dialogue.calls for wanted in call.expect):
        found.operations[wanted.op].expected += 1
    return found


def by_category(dialogues: Sequence[JudgedDialogue]) -> dict[str, Score]:
    """Count each category on its own, in the order of the alphabet."""
    groups: dict[str, list[JudgedDialogue]] = defaultdict(list)
    for dialogue in dialogues:
        groups[dialogue.dialogue.category].append(dialogue)
    return {name: score(groups[name]) for name in sorted(groups)}


def mistake(dialogue: JudgedDialogue) -> dict[str, Any]:
    """Tell what went wrong in a dialogue without a word of it: id, category, operations."""
    return {
        "id": dialogue.dialogue.id,
        "category": dialogue.dialogue.category,
        "wrong": [judged.made.change.op.value for judged in dialogue.wrong],
        "missed": [wanted.op for wanted in dialogue.missed],
        "false_supersessions": sum(judged.false_supersession for judged in dialogue.judged),
    }


def _json(mean: Mean | None) -> dict[str, float | int | None] | None:
    return mean.as_dict() if mean is not None else None
