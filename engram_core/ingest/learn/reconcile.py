"""Candidates become changes: what is known decides, and what is unsure is added beside it.

A contradiction needs the same subject and the same attribute, and an attribute that holds one value at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engram_core.domain.change import Change, Op
from engram_core.domain.claim import plain
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.alike import CHANGING, NAMES, exchanged, find, is_refined, may_lie_in, mentions, names
from engram_core.ingest.learn.attributes import ATTRIBUTES, FAVOURITE, is_single, opposite
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.withhold import withheld

#: Below this, a candidate is added and replaces nothing.
SURE = 0.6
#: From here on a candidate leaves no doubt.
CERTAIN = 0.9
_RECALLED = "it repeats a recalled memory word for word"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a model says about a candidate that rules cannot place beside its neighbours.

    Attributes:
        op: ADD, or UPDATE, DELETE, NOOP of the neighbour.
        neighbour: The statement that it is about; None for ADD.
        reason: In words.
    """

    op: Op
    neighbour: Memory | None
    reason: str


def statement_scope(scope: Scope) -> Scope:
    """Return where statements learned in a scope are kept: beyond the session, where there is a user or an agent."""
    wide = Scope(scope.tenant, scope.user_id, scope.agent_id)
    return scope if wide.is_empty else wide


def is_doubtful(candidate: Candidate, known: Sequence[Memory]) -> bool:
    """Tell whether rules cannot say what a candidate means for what is known about its subject.

    That is so beside another value of the same attribute, where the attribute is not one whose rule is known.
    """
    claim = candidate.claim
    if candidate.intent != "state" or candidate.instead_of is not None:
        return False
    if claim.attribute in ATTRIBUTES or claim.attribute.startswith(FAVOURITE):
        return False
    same_key = [memory.claim for memory in known if memory.claim is not None and memory.claim.key == claim.key]
    return bool(same_key) and not any(other.same_value(claim) for other in same_key)


class Reconciler:
    """Decides one candidate after the other; each sees what those before it did.

    Args:
        known: Current statements of the scope about the candidates' subjects.
        turns: The turns that candidates and known statements come from, by id.
        scope: Where new statements go.
        now: When it is decided.
        actor: Who decides.
    """

    def __init__(
        self, known: Iterable[Memory], turns: Mapping[str, Memory], scope: Scope, now: datetime, actor: str
    ) -> None:
        self._current = {memory.id: memory for memory in known}
        self._turns = turns
        self._scope = scope
        self._now = now
        self._actor = actor
        self.changes: list[Change] = []
        #: Ids of those deletions that were asked for by "forget …"; True where an attribute was named as a whole.
        self.forgotten: dict[str, bool] = {}

    def decide(self, candidate: Candidate, verdict: Verdict | None = None) -> None:
        """Add what follows from a candidate to `changes`.

        Args:
            candidate: What was said.
            verdict: A model's, for a doubtful one. It may only touch a statement with the same subject and attribute.
        """
        # A client whose clock is ahead says what is so now, and what is said after it must not lie before.
        candidate = replace(candidate, valid_from=min(candidate.valid_from, self._now))
        match candidate.intent:
            case "command":
                self._refuse(candidate, candidate.text)
            case "forget":
                self._forget(candidate)
            case "end":
                self._end(candidate)
            case "deny":
                self._deny(candidate)
            case "state" if verdict is not None and verdict.neighbour is not None:
                self._follow(candidate, verdict)
            case "state":
                self._state(candidate)

    # -- intents

    def _state(self, candidate: Candidate) -> None:
        if candidate.replaces and (self._change(candidate) or not candidate.claim.attribute):
            return
        if candidate.instead_of is not None and not candidate.claim.attribute:
            renamed = self._renamed(candidate, candidate.instead_of)
            if renamed is None:
                return
            candidate = renamed
        if candidate.instead_of is not None and self._correct(candidate):
            return
        same = self._with_key(candidate)
        if (said := find(same, candidate.claim)) is not None:
            self._said_again(candidate, said)
        elif is_single(candidate.claim.attribute) and same:
            self._supersede(candidate, max(same, key=lambda memory: memory.valid_from))
        elif (contrary := self._contrary(candidate)) is not None:
            self._supersede(candidate, contrary)
        else:
            self._add(candidate, "new")

    def _said_again(self, candidate: Candidate, said: Memory) -> None:
        assert said.claim is not None
        if not said.claim.holds:
            self._supersede(candidate, said)
        elif is_refined(said.claim, candidate.claim):
            self._supersede(candidate, said, "said more precisely", again=True)
        elif said.expires_at is not None and (ends := self._expiry(candidate.sources)) != said.expires_at:
            if ends is None or ends > said.expires_at:
                self._supersede(candidate, said, "said again, to be kept longer", again=True)
            else:
                self._observe(candidate, said, "said again")
        else:
            self._observe(candidate, said, "said again")

    def _end(self, candidate: Candidate) -> None:
        for memory in self._named(candidate):
            # What began after it was said to be over is not what was meant.
            if memory.valid_from <= candidate.valid_from and self._may_touch(candidate, memory):
                assert memory.claim is not None
                claim = replace(memory.claim, holds=False)
                text = candidate.text if candidate.claim.value else f"No longer so: {memory.text}"
                self._update(replace(candidate, claim=claim, text=text), memory, "no longer so")

    def _deny(self, candidate: Candidate) -> None:
        for memory in self._named(candidate):
            if self._may_touch(candidate, memory):
                self._delete(candidate, memory, "it was wrong", ())

    def _forget(self, candidate: Candidate) -> None:
        named = self._named(candidate)
        for memory in named:
            if self._may_touch(candidate, memory):
                change = self._delete(candidate, memory, "the user asked to forget it", candidate.sources)
                self.forgotten[change.id] = not candidate.claim.value
        # A request that may mean something else ("remove the tent thing") needs no answer where nothing is known.
        if not named and candidate.certainty >= SURE:
            self._refuse(candidate, "nothing was learned that this names; delete it by id, or erase its scope")

    def _correct(self, candidate: Candidate) -> bool:
        """Replace what was wrong, if it is known."""
        same = [memory for memory in self._with_key(candidate) if memory.claim is not None]
        others = [memory for memory in same if not find([memory], candidate.claim)]
        wrong = [memory for memory in others if not candidate.instead_of or mentions(memory, candidate.instead_of)]
        if not candidate.instead_of:
            wrong = wrong[-1:]
        wrong = [memory for memory in wrong if self._may_touch(candidate, memory)]
        if not wrong:
            return False
        for memory in wrong:
            self._delete(candidate, memory, "it was wrong", ())
        self._add(candidate, "corrected", supersedes=wrong[-1].id)
        return True

    def _renamed(self, candidate: Candidate, wrong: str) -> Candidate | None:
        """Find what "it's Max, not Rex" is about: the latest statement whose value names what was wrong."""
        for memory in reversed(self._current.values()):
            claim = memory.claim
            if claim is None or claim.subject != candidate.claim.subject or not mentions(memory, wrong):
                continue
            # "It's Paris, not London" may be about a flight; where it is about a name, there is no doubt.
            if candidate.certainty < SURE and claim.attribute not in NAMES:
                continue
            right = exchanged(claim.value, wrong, candidate.claim.value)
            text = exchanged(memory.text, wrong, candidate.claim.value)
            if right == claim.value and is_single(claim.attribute):  # wrong in other words: exchanged as a whole
                right, text = candidate.claim.value, memory.text.replace(claim.value, candidate.claim.value)
            if text == memory.text:
                continue
            return replace(candidate, claim=replace(claim, value=right), text=text, kind=memory.kind)
        return None

    def _change(self, candidate: Candidate) -> bool:
        """Put a value in the place of the latest one that a change names, if one is known."""
        wanted = {candidate.claim.attribute} if candidate.claim.attribute else CHANGING
        for memory in reversed(self._current.values()):
            claim = memory.claim
            if claim is None or claim.subject != candidate.claim.subject or not _holds(memory):
                continue
            if claim.attribute in wanted and mentions(memory, candidate.replaces):
                if not candidate.claim.attribute:
                    text = exchanged(memory.text, claim.value, candidate.claim.value)
                    claim = replace(claim, value=candidate.claim.value)
                    candidate = replace(candidate, claim=claim, text=text, kind=memory.kind)
                if find([memory], candidate.claim) is None:
                    self._supersede(candidate, memory)
                    return True
        return False

    def _follow(self, candidate: Candidate, verdict: Verdict) -> None:
        neighbour = self._current.get(verdict.neighbour.id) if verdict.neighbour else None
        if neighbour is None or neighbour.claim is None:
            self._state(candidate)
        elif verdict.op is Op.NOOP and neighbour.claim.subject == candidate.claim.subject:
            self._observe(candidate, neighbour, verdict.reason)
        elif neighbour.claim.key != candidate.claim.key or verdict.op in (Op.ADD, Op.NOOP):
            self._state(candidate)
        elif verdict.op is Op.UPDATE:
            self._supersede(candidate, neighbour, verdict.reason)
        elif self._may_touch(candidate, neighbour):
            self._delete(candidate, neighbour, verdict.reason, ())
            self._add(candidate, "corrected", supersedes=neighbour.id)

    # -- changes

    def _add(self, candidate: Candidate, reason: str, *, supersedes: str | None = None) -> None:
        after = replace(self._statement(candidate), supersedes=supersedes)
        self._note(Change(new_id(), Op.ADD, None, after, reason, self._actor, self._now, candidate.sources))

    def _supersede(
        self, candidate: Candidate, memory: Memory, reason: str | None = None, *, again: bool = False
    ) -> None:
        if candidate.certainty < SURE or _may_lie_in(candidate, memory):
            self._add(candidate, "unsure, so added beside what is known")
        elif candidate.valid_from < memory.valid_from:
            after = replace(self._statement(candidate), valid_to=memory.valid_from)
            reason = "it was so before what is known"
            self._note(Change(new_id(), Op.ADD, None, after, reason, self._actor, self._now, candidate.sources))
        elif self._may_touch(candidate, memory):
            self._update(candidate, memory, reason or "it replaces what was so until then", again=again)

    def _update(self, candidate: Candidate, memory: Memory, reason: str, *, again: bool = False) -> None:
        # What begins to hold at the same instant as what it replaces leaves it no time: it never held.
        moment = max(candidate.valid_from, memory.valid_from)
        before = replace(memory, valid_to=moment)
        after = replace(self._statement(candidate), valid_from=moment, supersedes=memory.id)
        if again:  # what said it before still says it, and what was set for it stays
            sources = tuple(dict.fromkeys(memory.sources + after.sources))
            importance = max(memory.importance, after.importance)
            metadata = {**memory.metadata, **after.metadata}
            after = replace(after, sources=sources, importance=importance, metadata=metadata)
        self._note(Change(new_id(), Op.UPDATE, before, after, reason, self._actor, self._now, candidate.sources))

    def _delete(self, candidate: Candidate, memory: Memory, reason: str, also: Sequence[str]) -> Change:
        before = replace(memory, retired_at=self._now)
        change = Change(new_id(), Op.DELETE, before, None, reason, self._actor, self._now, candidate.sources)
        self._note(change)
        gone = {c.before.id for c in self.changes if c.op is Op.DELETE and c.before is not None}
        wanted = [id for id in dict.fromkeys((*memory.sources, *also)) if id not in gone]
        # A correction says what is right: its own turn stays, even where it names what was wrong.
        kept = () if candidate.intent == "forget" else candidate.sources
        said = [self._turns[id] for id in wanted if id in self._turns and id not in kept]
        self.changes += withheld(change, said)
        return change

    def _observe(self, candidate: Candidate, memory: Memory, reason: str) -> None:
        fresh = tuple(id for id in candidate.sources if id not in memory.sources)
        if not fresh:
            return
        if self._is_recalled(memory, fresh):
            self._note(Change(new_id(), Op.NOOP, memory, None, _RECALLED, self._actor, self._now, fresh))
            return
        after = replace(memory, sources=memory.sources + fresh)
        self._note(Change(new_id(), Op.NOOP, memory, after, reason, self._actor, self._now, fresh))

    def _refuse(self, candidate: Candidate, reason: str) -> None:
        """Say why nothing follows from a turn."""
        turn = self._turns.get(candidate.sources[0])
        if turn is not None:
            at, evidence = self._now, candidate.sources
            self._note(Change(new_id(), Op.NOOP, turn, None, reason, self._actor, at, evidence))

    def _note(self, change: Change) -> None:
        self.changes.append(change)
        if change.before is not None and change.op in (Op.UPDATE, Op.DELETE):
            self._current.pop(change.before.id, None)
        if change.after is not None and change.after.valid_to is None:
            self._current[change.after.id] = change.after

    # -- finding

    def _with_key(self, candidate: Candidate) -> list[Memory]:
        key = candidate.claim.key
        return [memory for memory in self._current.values() if memory.claim is not None and memory.claim.key == key]

    def _contrary(self, candidate: Candidate) -> Memory | None:
        other = opposite(candidate.claim.attribute)
        if other is None:
            return None
        claim = replace(candidate.claim, attribute=other)
        found = find(self._with_key(replace(candidate, claim=claim)), claim)
        return found if found is not None and found.claim is not None and found.claim.holds else None

    def _named(self, candidate: Candidate) -> list[Memory]:
        """Find what `end`, `deny` and `forget` are about: by attribute and value, or by words alone."""
        claim = candidate.claim
        mine = [m for m in self._current.values() if m.claim is not None and m.claim.subject == claim.subject]
        if claim.attribute:
            found = [m for m in mine if m.claim is not None and m.claim.attribute == claim.attribute]
            if candidate.intent != "forget":  # what is over can still be forgotten
                found = [m for m in found if _holds(m)]
            return [m for m in found if not claim.value or mentions(m, claim.value)]
        return [memory for memory in mine if names(memory, claim.value)]

    def _may_touch(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether the speaker may change a statement: nobody but the user replaces the user's own word."""
        if memory.origin == "user" and candidate.origin != "user":
            reason = f"the word of the {candidate.origin} does not change what the user said"
            self._note(Change(new_id(), Op.NOOP, memory, None, reason, self._actor, self._now, candidate.sources))
            return False
        return True

    def _is_recalled(self, memory: Memory, turns: Sequence[str]) -> bool:
        """Tell whether every turn holds the statement's own wording, which is ours and not how a person says it."""
        said = plain(memory.text)
        spoken = [plain(self._turns[id].text) for id in turns if id in self._turns]
        return len(said.split()) > 2 and bool(spoken) and all(said in text for text in spoken)

    def _statement(self, candidate: Candidate) -> Memory:
        first = self._turns.get(candidate.sources[0])
        return Memory(
            id=new_id(),
            scope=self._scope,
            kind=candidate.kind,
            text=candidate.text,
            valid_from=candidate.valid_from,
            recorded_at=self._now,
            origin=candidate.origin,
            sources=candidate.sources,
            importance=candidate.importance,
            metadata={**(first.metadata if first is not None else {}), **candidate.metadata},
            expires_at=self._expiry(candidate.sources),
            claim=candidate.claim,
        )

    def _expiry(self, sources: Sequence[str]) -> datetime | None:
        """Tell when what was learned from turns expires: with the last of them."""
        ends = [self._turns[id].expires_at for id in sources if id in self._turns]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None


def _may_lie_in(candidate: Candidate, memory: Memory) -> bool:
    """Tell whether a home may be a town of the country that is known, where nothing says that somebody moved."""
    return memory.claim is not None and candidate.certainty < CERTAIN and may_lie_in(candidate.claim, memory.claim)


def _holds(memory: Memory) -> bool:
    return memory.claim is not None and memory.claim.holds
