"""Candidates become changes: what is known decides, and what is unsure is added beside it.

A contradiction needs the same subject and the same attribute, and an attribute that holds one value at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engram_core.domain.change import Change, Op, retirement
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.alike import find, is_refined, is_unnamed, may_lie_in, mended, rewritten
from engram_core.ingest.learn.attributes import ATTRIBUTES, FAVOURITE, is_single
from engram_core.ingest.learn.candidate import CERTAIN, SURE, Candidate
from engram_core.ingest.learn.known import Known, under_key
from engram_core.ingest.learn.spoken import Spoken
from engram_core.ingest.withhold import withheld

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
    same_key = under_key(known, claim)
    return bool(same_key) and not any(m.claim is not None and m.claim.same_value(claim) for m in same_key)


class Reconciler:
    """Decides one candidate after the other; each sees what those before it did.

    Args:
        known: Current statements of the scope about the candidates' subjects.
        turns: The turns that candidates and known statements come from, by id.
        scope: Where new statements go.
        now: When it is decided.
        actor: Who decides.
        before: The turn that the user said before a turn, by id, where that is known.
    """

    def __init__(
        self,
        known: Iterable[Memory],
        turns: Mapping[str, Memory],
        scope: Scope,
        now: datetime,
        actor: str,
        *,
        before: Mapping[str, str] | None = None,
    ) -> None:
        self._known = Known(known)
        self._spoken = Spoken(turns, before or {})
        self._scope = scope
        self._now = now
        self._actor = actor
        self.changes: list[Change] = []
        #: Ids of those deletions that were asked for by "forget …"; True where an attribute was named as a whole.
        self.forgotten: dict[str, bool] = {}
        #: By the turns that ask to forget: whether what they name was known, one after the other.
        self._requests: dict[tuple[str, ...], list[bool]] = {}

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
                self._refuse(candidate.sources, candidate.text)
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
        if candidate.instead_of == "" and not candidate.claim.attribute:
            self._mend(candidate)
            return
        if candidate.instead_of is not None and not candidate.claim.attribute:
            renamed = self._known.renamed(candidate, candidate.instead_of, self._spoken)
            if renamed is None:
                return
            candidate = renamed
        if candidate.instead_of is not None and self._correct(candidate):
            return
        same = self._known.with_key(candidate.claim)
        if (said := find(same, candidate.claim)) is not None:
            self._said_again(candidate, said)
        elif is_single(candidate.claim.attribute) and same:
            self._supersede(candidate, max(same, key=lambda memory: memory.valid_from))
        elif (contrary := self._known.contrary(candidate.claim)) is not None:
            self._supersede(candidate, contrary)
        else:
            self._add(candidate, "new")

    def _said_again(self, candidate: Candidate, said: Memory) -> None:
        assert said.claim is not None
        if not said.claim.holds:
            self._supersede(candidate, said)
        elif is_refined(said.claim, candidate.claim):
            self._supersede(candidate, said, "said more precisely", again=True)
        elif self._spoken.outlast(candidate, said):
            self._supersede(candidate, said, "said again, to be kept longer", again=True)
        else:
            self._observe(candidate, said, "said again")

    def _end(self, candidate: Candidate) -> None:
        named = self._known.named(candidate)
        if len(named) > 1 and is_unnamed(candidate.claim):
            return
        for memory in named:
            # What began after it was said to be over is not what was meant.
            if not self._spoken.precede(candidate, memory) and self._may_touch(candidate, memory):
                assert memory.claim is not None
                claim = replace(memory.claim, holds=False)
                is_told = candidate.claim.value and not is_unnamed(candidate.claim)
                text = candidate.text if is_told else f"No longer so: {memory.text}"
                self._update(replace(candidate, claim=claim, text=text), memory, "no longer so")

    def _deny(self, candidate: Candidate) -> None:
        for memory in self._known.named(candidate):
            if not self._spoken.later(memory, candidate) and self._may_touch(candidate, memory):
                self._delete(candidate, memory, "it was wrong")

    def _forget(self, candidate: Candidate) -> None:
        named = [memory for memory in self._known.named(candidate) if not self._spoken.later(memory, candidate)]
        for memory in named:
            if self._may_touch(candidate, memory):
                change = self._delete(candidate, memory, "the user asked to forget it")
                self.forgotten[change.id] = not candidate.claim.value
        # A request that may mean something else ("remove the tent thing") needs no answer where nothing is known.
        if candidate.certainty >= SURE:
            self._requests.setdefault(candidate.sources, []).append(bool(named))

    def answer(self) -> None:
        """Say of requests to forget that named nothing why nothing follows from them; to be called last."""
        for sources, found in self._requests.items():
            if not any(found):
                self._refuse(sources, "nothing was learned that this names; delete it by id, or erase its scope")

    def _correct(self, candidate: Candidate) -> bool:
        """Replace what was wrong, if it is known."""
        meant = [memory for memory in self._known.wrong(candidate) if not self._spoken.later(memory, candidate)]
        wrong = [memory for memory in meant if self._may_touch(candidate, memory)]
        if not wrong:
            return False
        for memory in wrong:
            self._delete(candidate, memory, "it was wrong")
        self._add(candidate, "corrected", supersedes=wrong[-1].id)
        return True

    def _mend(self, candidate: Candidate) -> None:
        """Put a right word in the place of the only one that it can stand for in what was said just before."""
        last = self._known.said_last(candidate.claim.subject, self._spoken)
        word, attributes = candidate.claim.value, candidate.stands_for
        claims = [(m, mended(m.claim, word, attributes)) for m in last if m.claim is not None]
        fitting = [(memory, claim) for memory, claim in claims if claim is not None]
        if len(fitting) != 1:
            return
        memory, claim = fitting[0]
        if self._spoken.follow_at_once(candidate, memory) and self._may_touch(candidate, memory):
            assert memory.claim is not None
            self._delete(candidate, memory, "it was wrong")
            text = rewritten(memory.text, memory.claim, claim)
            made = replace(candidate, claim=claim, text=text, kind=memory.kind, valid_from=memory.valid_from)
            made = replace(made, importance=memory.importance, metadata=memory.metadata)
            self._add(made, "corrected", supersedes=memory.id)

    def _change(self, candidate: Candidate) -> bool:
        """Put a value in the place of the latest one that a change names, if one is known."""
        found = self._known.changed(candidate)
        if found is None:
            return False
        self._supersede(*found)
        return True

    def _follow(self, candidate: Candidate, verdict: Verdict) -> None:
        neighbour = self._known.get(verdict.neighbour.id) if verdict.neighbour else None
        if neighbour is None or neighbour.claim is None:
            self._state(candidate)
        elif verdict.op is Op.NOOP and neighbour.claim.subject == candidate.claim.subject:
            self._observe(candidate, neighbour, verdict.reason)
        elif neighbour.claim.key != candidate.claim.key or verdict.op in (Op.ADD, Op.NOOP):
            self._state(candidate)
        elif verdict.op is Op.UPDATE:
            self._supersede(candidate, neighbour, verdict.reason)
        elif self._may_touch(candidate, neighbour):
            self._delete(candidate, neighbour, verdict.reason)
            self._add(candidate, "corrected", supersedes=neighbour.id)

    # -- changes

    def _add(self, candidate: Candidate, reason: str, *, supersedes: str | None = None) -> None:
        after = replace(self._statement(candidate), supersedes=supersedes)
        self._conclude(Op.ADD, None, after, reason, candidate.sources)

    def _supersede(
        self, candidate: Candidate, memory: Memory, reason: str | None = None, *, again: bool = False
    ) -> None:
        if candidate.certainty < SURE or _may_lie_in(candidate, memory):
            self._add(candidate, "unsure, so added beside what is known")
        elif not self._spoken.precede(candidate, memory):
            if self._may_touch(candidate, memory):
                self._update(candidate, memory, reason or "it replaces what was so until then", again=again)
        elif candidate.valid_from >= memory.valid_from:
            self._conclude(Op.NOOP, memory, None, "what is known was said again since", candidate.sources)
        else:
            after = replace(self._statement(candidate), valid_to=memory.valid_from)
            reason = "it was so before what is known"
            self._conclude(Op.ADD, None, after, reason, candidate.sources)

    def _update(self, candidate: Candidate, memory: Memory, reason: str, *, again: bool = False) -> None:
        # What begins to hold no later than what it replaces leaves it no time: it never held. What it had replaced
        # itself keeps its own end.
        moment = max(candidate.valid_from, memory.valid_from)
        begins = moment if memory.supersedes is not None else candidate.valid_from
        before = replace(memory, valid_to=moment)
        after = replace(self._statement(candidate), valid_from=begins, supersedes=memory.id)
        if again:  # what said it before still says it, and what was set for it stays
            sources = tuple(dict.fromkeys(memory.sources + after.sources))
            importance = max(memory.importance, after.importance)
            metadata = {**memory.metadata, **after.metadata}
            after = replace(after, sources=sources, importance=importance, metadata=metadata)
        self._conclude(Op.UPDATE, before, after, reason, candidate.sources)

    def _delete(self, candidate: Candidate, memory: Memory, reason: str) -> Change:
        change = retirement(memory, self._now, reason, self._actor, evidence=candidate.sources)
        self._note(change)
        gone = {c.before.id for c in self.changes if c.op is Op.DELETE and c.before is not None}
        if candidate.intent == "forget":
            said = tuple(dict.fromkeys(memory.sources + candidate.sources))
        else:  # a correction says what is right: its own turn stays, even where it names what was wrong
            said = tuple(id for id in dict.fromkeys(memory.sources) if id not in candidate.sources)
        self.changes += withheld(change, self._spoken.of(id for id in said if id not in gone))
        return change

    def _observe(self, candidate: Candidate, memory: Memory, reason: str) -> None:
        fresh = tuple(id for id in candidate.sources if id not in memory.sources)
        if not fresh:
            return
        if self._spoken.repeat(memory, fresh):
            self._conclude(Op.NOOP, memory, None, _RECALLED, fresh)
        else:
            self._conclude(Op.NOOP, memory, replace(memory, sources=memory.sources + fresh), reason, fresh)

    def _refuse(self, sources: tuple[str, ...], reason: str) -> None:
        """Say why nothing follows from a turn."""
        for turn in self._spoken.of(sources[:1]):
            self._conclude(Op.NOOP, turn, None, reason, sources)

    def _conclude(
        self, op: Op, before: Memory | None, after: Memory | None, reason: str, evidence: tuple[str, ...]
    ) -> None:
        self._note(Change(new_id(), op, before, after, reason, self._actor, self._now, evidence))

    def _note(self, change: Change) -> None:
        self.changes.append(change)
        self._known.note(change)

    # -- the candidate and its turns

    def _may_touch(self, candidate: Candidate, memory: Memory) -> bool:
        """Tell whether the speaker may change a statement: nobody but the user replaces the user's own word."""
        if memory.origin == "user" and candidate.origin != "user":
            reason = f"the word of the {candidate.origin} does not change what the user said"
            self._conclude(Op.NOOP, memory, None, reason, candidate.sources)
            return False
        return True

    def _statement(self, candidate: Candidate) -> Memory:
        first = self._spoken.of(candidate.sources[:1])
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
            metadata={**(first[0].metadata if first else {}), **candidate.metadata},
            expires_at=self._spoken.expiry(candidate.sources),
            claim=candidate.claim,
        )


def _may_lie_in(candidate: Candidate, memory: Memory) -> bool:
    """Tell whether a home may be a town of the country that is known, where nothing says that somebody moved."""
    return memory.claim is not None and candidate.certainty < CERTAIN and may_lie_in(candidate.claim, memory.claim)
