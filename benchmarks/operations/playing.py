"""Plays dialogues to an engine through its public API, and keeps the changes that are counted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.operations.data import Call, Dialogue
from engram_core import AsyncEngram, Change, Memory, Message, Op

USER = "user"


@dataclass(frozen=True, slots=True)
class Made:
    """A change that the engine made.

    Attributes:
        change: As `add` returned it.
        subjects: What the data may call its subject. A speaker with a name is both `user` and that name, in what its
            own message says of it.
    """

    change: Change
    subjects: frozenset[str]


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a dialogue.

    Attributes:
        calls: For each of its calls, the changes in the order in which they were made.
        unlearned: Calls whose messages were not learned from: a model failed.
        seconds: In `add`, over all calls.
    """

    calls: tuple[tuple[Made, ...], ...]
    unlearned: int
    seconds: float


async def play(engine: AsyncEngram, dialogue: Dialogue, user_id: str) -> Played:
    """Add the calls of a dialogue one after the other, under a user of its own."""
    player = _Player(engine, user_id, len(dialogue.calls))
    for number, call in enumerate(dialogue.calls):
        await player.add(number, call)
    return Played(tuple(map(tuple, player.made)), player.unlearned, player.seconds)


class _Player:
    def __init__(self, engine: AsyncEngram, user_id: str, calls: int) -> None:
        self._engine = engine
        self._user_id = user_id
        self._turns: dict[str, Memory] = {}
        self._call_of: dict[str, int] = {}
        self.made: list[list[Made]] = [[] for _ in range(calls)]
        self.unlearned = 0
        self.seconds = 0.0

    async def add(self, number: int, call: Call) -> None:
        messages = [Message(said.content, role=said.role, name=said.name) for said in call.messages]
        start = time.perf_counter()
        result = await self._engine.add(messages, user_id=self._user_id, occurred_at=call.at)
        self.seconds += time.perf_counter() - start
        self.unlearned += bool(result.unlearned)
        for turn in result.turns:
            self._turns[turn.id] = turn
            self._call_of.setdefault(turn.id, number)
        for change in filter(is_counted, result.changes):
            self.made[self._caller(change, number)].append(Made(change, self._subjects(change)))

    def _caller(self, change: Change, number: int) -> int:
        """Return the call that a change follows from: an earlier one where its turns had to wait for a model."""
        return max((self._call_of[id] for id in change.evidence if id in self._call_of), default=number)

    def _subjects(self, change: Change) -> frozenset[str]:
        if change.memory.claim is None:
            return frozenset()
        subject = change.memory.claim.subject
        return frozenset({subject}).union(*(own for own in self._speakers(change.evidence) if subject in own))

    def _speakers(self, evidence: Iterable[str]) -> Iterable[frozenset[str]]:
        """Yield what the speaker of each turn of the user's is called."""
        for id in evidence:
            turn = self._turns.get(id)
            if turn is not None and turn.role == "user" and turn.speaker is not None:
                yield frozenset({USER, turn.speaker.casefold()})


def is_counted(change: Change) -> bool:
    """Tell whether a change was learned: stored and withheld turns are not, a refused command is."""
    return change.cause is None and (change.memory.kind != "turn" or change.op is Op.NOOP)
