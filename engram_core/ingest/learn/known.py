"""What is known about the subjects of candidates, and what a candidate is about among it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from engram_core.domain.change import Change, Op
from engram_core.domain.claim import Claim
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.alike import CHANGING, NAMES, are_apart, exchanged, find, mentions, names
from engram_core.ingest.learn.attributes import is_single, opposite
from engram_core.ingest.learn.candidate import SURE, Candidate
from engram_core.ingest.learn.spoken import Spoken


def under_key(statements: Iterable[Memory], claim: Claim) -> list[Memory]:
    """Return the statements about the subject and the attribute of a claim."""
    return [memory for memory in statements if memory.claim is not None and memory.claim.key == claim.key]


class Known:
    """Current statements, kept up to date with what is decided.

    Args:
        statements: Those of the scope about the candidates' subjects, oldest first.
    """

    def __init__(self, statements: Iterable[Memory]) -> None:
        self._current = {memory.id: memory for memory in statements}

    def get(self, id: str) -> Memory | None:
        """Return a statement if it is current still."""
        return self._current.get(id)

    def note(self, change: Change) -> None:
        """Take out what a change closes, take in what it opens."""
        if change.before is not None and change.op in (Op.UPDATE, Op.DELETE):
            self._current.pop(change.before.id, None)
        if change.after is not None and change.after.valid_to is None:
            self._current[change.after.id] = change.after

    def with_key(self, claim: Claim) -> list[Memory]:
        """Return what is known about the subject and the attribute of a claim."""
        return under_key(self._current.values(), claim)

    def contrary(self, claim: Claim) -> Memory | None:
        """Return what cannot hold beside a claim: the same value of the opposite attribute."""
        other = opposite(claim.attribute)
        if other is None:
            return None
        claim = replace(claim, attribute=other)
        found = find(self.with_key(claim), claim)
        return found if found is not None and _holds(found) else None

    def named(self, candidate: Candidate) -> list[Memory]:
        """Find what `end`, `deny` and `forget` are about: by attribute and value, or by words alone."""
        claim = candidate.claim
        if not claim.attribute:
            mine = (m for m in self._current.values() if m.claim is not None and m.claim.subject == claim.subject)
            return [memory for memory in mine if memory.claim is not None and names(memory.claim, claim.value)]
        found = self.with_key(claim)
        if candidate.intent != "forget":  # what is over can still be forgotten
            found = [memory for memory in found if _holds(memory)]
        return [memory for memory in found if not claim.value or mentions(memory, claim.value)]

    def wrong(self, candidate: Candidate) -> list[Memory]:
        """Find what a correction says was wrong: what it names, else the last that says something else."""
        others = [memory for memory in self.with_key(candidate.claim) if not find([memory], candidate.claim)]
        if not candidate.instead_of:
            return others[-1:]
        named = [memory for memory in others if mentions(memory, candidate.instead_of)]
        return [memory for memory in named if memory.claim is not None and not are_apart(memory.claim, candidate.claim)]

    def said_last(self, subject: str, spoken: Spoken) -> list[Memory]:
        """Return what the last of the turns at hand that say something about a subject says about it."""
        said = [
            (max(times), memory)
            for memory, claim in self._latest(subject)
            if claim.holds and (times := spoken.times(memory.sources))
        ]
        last = max((when for when, _ in said), default=None)
        return [memory for when, memory in said if when == last]

    def renamed(self, candidate: Candidate, wrong: str, spoken: Spoken) -> Candidate | None:
        """Find what "it's Max, not Rex" is about: the latest statement whose value names what was wrong.

        Returns:
            The candidate as a statement of its own, with the right words in that one; None where nothing is known.
        """
        for memory, claim in self._latest(candidate.claim.subject):
            if not mentions(memory, wrong):
                continue
            if spoken.later(memory, candidate):
                continue
            # "It's Paris, not London" may be about a flight, the more so a day later; about a name there is no doubt.
            if claim.attribute not in NAMES and (
                candidate.certainty < SURE or not spoken.within_a_day(candidate, memory)
            ):
                continue
            right = exchanged(claim.value, wrong, candidate.claim.value)
            text = exchanged(memory.text, wrong, candidate.claim.value)
            if right == claim.value and is_single(claim.attribute):  # wrong in other words: exchanged as a whole
                right, text = candidate.claim.value, memory.text.replace(claim.value, candidate.claim.value)
            if text == memory.text:
                continue
            return replace(candidate, claim=replace(claim, value=right), text=text, kind=memory.kind)
        return None

    def changed(self, candidate: Candidate) -> tuple[Candidate, Memory] | None:
        """Find the latest value that a change names, in whose place its own is to be put.

        Returns:
            The candidate, with the attribute of what it replaces where it has none, and that.
        """
        wanted = {candidate.claim.attribute} if candidate.claim.attribute else CHANGING
        for memory, claim in self._latest(candidate.claim.subject):
            if not claim.holds or claim.attribute not in wanted or not mentions(memory, candidate.replaces):
                continue
            made = candidate
            if not candidate.claim.attribute:
                text = exchanged(memory.text, claim.value, candidate.claim.value)
                made = replace(
                    candidate, claim=replace(claim, value=candidate.claim.value), text=text, kind=memory.kind
                )
            if find([memory], made.claim) is None:
                return made, memory
        return None

    def _latest(self, subject: str) -> Iterator[tuple[Memory, Claim]]:
        """Iterate over what is known about a subject, the latest first."""
        for memory in reversed(self._current.values()):
            if memory.claim is not None and memory.claim.subject == subject:
                yield memory, memory.claim


def _holds(memory: Memory) -> bool:
    return memory.claim is not None and memory.claim.holds
