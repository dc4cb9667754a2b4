"""Judges what was made of a dialogue: right, neutral or wrong, and what was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.operations.data import Call, Dialogue, Wanted
from benchmarks.operations.matching import best_matching, fits, is_new, says
from benchmarks.operations.playing import Made, Played
from engram_core import Memory, Op

Verdict = Literal["right", "neutral", "wrong"]

#: As many right changes as can be; among those as few wrong ones as can be; among those the better dates.
_RIGHT, _NEUTRAL, _DATED = 1_000_000, 1_000, 1


@dataclass(frozen=True, slots=True)
class Judged:
    """A made change.

    Attributes:
        made: What the engine did.
        verdict: How it counts.
        wanted: The expected or allowed change that it stands for; None for a wrong one.
        false_supersession: Whether it closes a statement which should still hold.
    """

    made: Made
    verdict: Verdict
    wanted: Wanted | None
    false_supersession: bool = False

    @property
    def operation(self) -> str:
        """Name what it counts for: a right change for what was expected, every other for what it is."""
        return self.wanted.op if self.wanted is not None and self.verdict == "right" else self.made.change.op.value

    @property
    def is_dated_right(self) -> bool | None:
        """Tell whether a right change begins when it should; None where nothing says when."""
        if self.verdict != "right" or self.wanted is None or self.wanted.since is None:
            return None
        return is_dated(self.made, self.wanted)


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """What was made in one call, in its order, and the expected changes that were not made."""

    judged: tuple[Judged, ...]
    missed: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class JudgedDialogue:
    """A dialogue, and how its calls were judged."""

    dialogue: Dialogue
    calls: tuple[JudgedCall, ...]

    @property
    def judged(self) -> list[Judged]:
        """All made changes that are counted."""
        return [judged for call in self.calls for judged in call.judged]

    @property
    def missed(self) -> list[Wanted]:
        """All expected changes that were not made."""
        return [wanted for call in self.calls for wanted in call.missed]

    @property
    def wrong(self) -> list[Judged]:
        """All wrong changes."""
        return [judged for judged in self.judged if judged.verdict == "wrong"]

    @property
    def is_flawless(self) -> bool:
        """Tell whether nothing is wrong and nothing missed."""
        return not self.wrong and not self.missed


def judge(dialogue: Dialogue, played: Played) -> JudgedDialogue:
    """Judge all calls of a dialogue, in their order."""
    judge = _Judge()
    calls = [judge.call(call, made) for call, made in zip(dialogue.calls, played.calls, strict=True)]
    return JudgedDialogue(dialogue, tuple(calls))


def is_dated(made: Made, wanted: Wanted) -> bool:
    """Tell whether a new statement holds from the day, month or year that is wanted."""
    after = made.change.after
    return after is not None and wanted.since is not None and f"{after.valid_from:%Y-%m-%d}".startswith(wanted.since)


class _Judge:
    """Remembers what was learned so far, and which statements should still hold."""

    def __init__(self) -> None:
        self._learned: list[Made] = []
        self._holding: set[str] = set()

    def call(self, call: Call, made: Sequence[Made]) -> JudgedCall:
        weights = [self._weights(one, call, [*self._learned, *made[:n]]) for n, one in enumerate(made)]
        matched = best_matching(weights)
        verdicts = [_verdict(weights[n].get(matched.get(n, -1), 0)) for n in range(len(made))]
        targets = (*call.expect, *call.allow)
        left = [wanted for n, wanted in enumerate(targets) if n not in _closing(made, matched)]
        earlier = len(self._learned)
        self._learn(made, verdicts)
        judged = [
            Judged(one, verdict, targets[matched[n]] if n in matched else None, self._is_false(one, verdict, left))
            for n, (one, verdict) in enumerate(zip(made, verdicts, strict=True))
        ]
        self._end(left, self._learned[:earlier])
        right = {matched[n] for n, verdict in enumerate(verdicts) if verdict == "right"}
        return JudgedCall(tuple(judged), tuple(wanted for n, wanted in enumerate(call.expect) if n not in right))

    def _weights(self, made: Made, call: Call, known: Sequence[Made]) -> dict[int, int]:
        """Weigh the expected and then the allowed changes that a made one may stand for."""
        weights = {}
        for number, wanted in enumerate((*call.expect, *call.allow)):
            if fits(made, wanted):
                is_expected = number < len(call.expect)
                weights[number] = _RIGHT + _DATED * is_dated(made, wanted) if is_expected else _NEUTRAL
            elif _was_right_as_known(made, wanted, known):
                weights[number] = _NEUTRAL
        return weights

    def _learn(self, made: Sequence[Made], verdicts: Sequence[Verdict]) -> None:
        self._learned += made
        for one, verdict in zip(made, verdicts, strict=True):
            if verdict != "wrong" and one.change.after is not None:
                self._holding.add(one.change.after.id)

    def _is_false(self, made: Made, verdict: Verdict, left: Sequence[Wanted]) -> bool:
        """Tell whether a change closes a statement that was learned rightly and that nothing asks to close."""
        before = made.change.before
        if verdict != "wrong" or made.change.op not in (Op.UPDATE, Op.DELETE) or before is None:
            return False
        return before.id in self._holding and not any(_closes(wanted, made, before) for wanted in left)

    def _end(self, left: Sequence[Wanted], earlier: Sequence[Made]) -> None:
        """Let go of what should have been closed and was not: closing it later is not false."""
        for one in earlier:
            after = one.change.after
            if after is not None and any(_closes(wanted, one, after) for wanted in left):
                self._holding.discard(after.id)


def _verdict(weight: int) -> Verdict:
    return "right" if weight >= _RIGHT else "neutral" if weight else "wrong"


def _closing(made: Sequence[Made], matched: Mapping[int, int]) -> set[int]:
    """Return the matched targets, without those that close only what the same call opened.

    Where "works at Acme" becomes "no longer works at Acme" and that "works at Globex", the first step closes rightly.
    """
    opened = {one.change.after.id for one in made if one.change.after is not None}
    return {
        target for n, target in matched.items() if (before := made[n].change.before) is None or before.id not in opened
    }


def _closes(wanted: Wanted, made: Made, memory: Memory) -> bool:
    return bool(wanted.closed) and wanted.subject in made.subjects and says(memory, wanted.closed)


def _was_right_as_known(made: Made, wanted: Wanted, known: Sequence[Made]) -> bool:
    """Tell whether a change was right given that what is to be closed, repeated or forgotten was never learned.

    It is a new statement that says what is wanted; of what is to be forgotten, a refusal that finds nothing.
    """
    if wanted.op == "DELETE":
        if made.change.op is not Op.NOOP or made.change.memory.kind != "turn":
            return False
    elif wanted.refused or wanted.op == "ADD" or not is_new(made, wanted):
        return False
    target = wanted.closed or wanted.says
    return not any(wanted.subject in one.subjects and says(one.change.after, target) for one in known)
