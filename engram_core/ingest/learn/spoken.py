"""The turns behind candidates and statements: when they were said, how long they last, whose wording they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from engram_core.domain.claim import plain
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.candidate import CERTAIN, Candidate

#: What happened longer ago than this, before a statement was made, may have been followed by what the statement says.
_LATELY = timedelta(days=366)
#: Conversations whose last turn is kept.
_MOST_CONVERSATIONS = 10_000
#: A slip is put right at once.
_AT_ONCE = timedelta(minutes=15)


class LastSaid:
    """Keeps what users said last, conversation by conversation, as far as this process learned it."""

    def __init__(self) -> None:
        #: The last turn of the user, and whether it was answered by a question.
        self._last: dict[Scope, tuple[str, bool]] = {}

    def before(self, turns: Sequence[Memory]) -> dict[str, str]:
        """Return the turn that the user said before each of these, by id.

        Without those that nobody knows, and those that answer a question: what is said then is about that.
        """
        found: dict[str, str] = {}
        last = {scope: self._last[scope] for scope in {turn.scope for turn in turns} if scope in self._last}
        for turn in turns:
            id, is_asked = last.get(turn.scope, ("", False))
            if turn.origin == "user" and id and not is_asked:
                found[turn.id] = id
            _note(last, turn)
        return found

    def note(self, turns: Sequence[Memory]) -> None:
        """Take note of turns that were learned from."""
        for turn in turns:
            _note(self._last, turn)
        while len(self._last) > _MOST_CONVERSATIONS:
            del self._last[next(iter(self._last))]


def _note(last: dict[Scope, tuple[str, bool]], turn: Memory) -> None:
    if turn.origin == "user":
        last.pop(turn.scope, None)
        last[turn.scope] = (turn.id, False)
    elif turn.scope in last and "?" in turn.text:
        last[turn.scope] = (last[turn.scope][0], True)


class Spoken:
    """Turns by id.

    Args:
        turns: Those that candidates come from, and those of known statements that are at hand.
        before: The turn that the user said before a turn, by id, where that is known.
    """

    def __init__(self, turns: Mapping[str, Memory], before: Mapping[str, str]) -> None:
        self._turns = turns
        self._before = before

    def of(self, ids: Iterable[str]) -> list[Memory]:
        """Return those of these turns that are at hand."""
        return [self._turns[id] for id in ids if id in self._turns]

    def times(self, ids: Iterable[str]) -> list[datetime]:
        """Return when they were said."""
        return [turn.valid_from for turn in self.of(ids)]

    def expiry(self, ids: Iterable[str]) -> datetime | None:
        """Tell when what was learned from turns expires: with the last of them."""
        ends = [turn.expires_at for turn in self.of(ids)]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def outlast(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether a statement was set an end, and what a candidate says of the same is to be kept longer."""
        if memory.expires_at is None:
            return False
        ends = self.expiry(candidate.sources)
        return ends is None or ends > memory.expires_at

    def repeat(self, memory: Memory, ids: Iterable[str]) -> bool:
        """Tell whether every turn holds the statement's own wording, which is ours and not how a person says it."""
        said = plain(memory.text)
        spoken = [plain(turn.text) for turn in self.of(ids)]
        return len(said.split()) > 2 and bool(spoken) and all(said in text for text in spoken)

    def precede(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether a candidate is about a time before a statement, and not the last word on what is so now.

        It is the last word where it was said later and nobody told since when the statement holds: who says "I live in
        Lisbon" one day and "I moved to Porto last week" the next lives in Porto.
        """
        if self.later(memory, candidate):
            return True
        if candidate.valid_from >= memory.valid_from:
            return False
        if memory.valid_from not in self._begun(memory) or not self.times(candidate.sources):
            return True
        return candidate.happened and memory.valid_from - candidate.valid_from > _LATELY

    def later(self, memory: Memory, candidate: Candidate) -> bool:
        """Tell whether a statement was said, or said again, after a candidate was."""
        begun, spoken = self._begun(memory), self.times(candidate.sources)
        return bool(begun and spoken) and max(begun) > max(spoken)

    def within_a_day(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether a candidate was said no more than a day after a statement, as far as known."""
        begun, spoken = self._begun(memory), self.times(candidate.sources)
        return not begun or not spoken or max(spoken) - max(begun) <= timedelta(days=1)

    def _begun(self, memory: Memory) -> list[datetime]:
        """Return when a statement was said, clocks that were ahead set right; one that a caller wrote, when it was."""
        if not memory.sources:
            return [memory.recorded_at]
        return [min(time, memory.recorded_at) for time in self.times(memory.sources)]

    def follow_at_once(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether a candidate was said next after a statement, so soon that it can put a slip right.

        Where nobody knows what was said in between, only a candidate without doubt can.
        """
        begun, spoken = self._begun(memory), self.times(candidate.sources)
        if not begun or not spoken or not timedelta() <= max(spoken) - max(begun) <= _AT_ONCE:
            return False
        last = self._before.get(candidate.sources[-1])
        return last in memory.sources if last is not None else candidate.certainty >= CERTAIN
