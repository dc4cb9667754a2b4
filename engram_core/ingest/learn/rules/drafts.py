"""What a turn says, written down as candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from engram_core.domain.claim import USER, Claim
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.attributes import kind_of
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.rules.certainty import certainty
from engram_core.ingest.learn.rules.clauses import Clause
from engram_core.ingest.learn.rules.statements import Found
from engram_core.ingest.learn.rules.statements.values import refined
from engram_core.ingest.learn.rules.subjects import Said
from engram_core.ingest.learn.rules.when import dated, found_time, is_change
from engram_core.ingest.learn.rules.wording import worded, worded_end

#: What is over with a value of an attribute.
_OVER_WITH = {
    ("relationship", "single"): (("partner", ""),),
    ("relationship", "divorced"): (("partner", ""),),
    ("relationship", "widowed"): (("partner", ""),),
    ("occupation", "retired"): (("employer", ""), ("workplace", "")),
}
#: Who writes here, in years; children of others may be younger.
_YOUNGEST = 8


class Drafts:
    """Writes candidates of one turn.

    Attributes:
        subject: Of what its speaker says of themselves.
        written: The same as a statement has it.
    """

    def __init__(self, turn: Memory) -> None:
        self._turn = turn
        own = turn.speaker is None or turn.speaker.casefold() == (turn.scope.user_id or "").casefold()
        self.subject = USER if own else str(turn.speaker).casefold()
        self.written = turn.speaker or "User"

    def bare(self, claim: Claim) -> Candidate:
        """Write a claim of the turn's own time, without a text."""
        return Candidate("", claim, (self._turn.id,), self._turn.valid_from, origin=self._turn.origin)

    def own(self, attribute: str, value: str, kind: str = "") -> Candidate:
        """Write what is so of the speaker; a partner is called what the speaker calls them."""
        is_spoken_of = attribute == "partner" and kind and kind != "partner"
        text = f"{self.written}'s {kind} is called {value}." if is_spoken_of else worded(self.written, attribute, value)
        return replace(self.bare(Claim(self.subject, attribute, value)), text=text, kind=kind_of(attribute))

    def claimed(self, match: Found, found: Said, clause: Clause) -> Iterator[Candidate]:
        """Write what a rule found in a clause."""
        rule, moment = match.rule, self._turn.valid_from
        written = found.name or self.written
        subject = found.name.casefold() or self.subject
        when, phrase = found_time(match, found.predicate, clause.when, moment)
        if rule.toward == "future" and when is None:
            return
        for attribute, value in match.values():
            claim = Claim(subject, *refined(attribute, value))
            if attribute == "age" and found.who != "other" and int(claim.value) < _YOUNGEST:
                continue
            if rule.intent == "end":
                yield self.end(claim, written, (when, phrase) if when else None)
            elif rule.intent == "change":
                made = replace(self.bare(claim), text=value, replaces=match.groups["old"])
                yield replace(made, valid_from=when or moment, happened=True)
            elif rule.intent == "deny":
                yield replace(self.bare(claim), text=worded(written, attribute, value), intent="deny")
            else:
                made = self._state(claim, written, when, phrase)
                happened = is_change(found.predicate)
                made = replace(made, certainty=certainty(claim, clause.text), happened=happened)
                yield made
                yield from self._following(made, written)

    def _following(self, made: Candidate, written: str) -> Iterator[Candidate]:
        """Write what is over with a statement: who is single has no partner, who retired no employer."""
        claim = made.claim
        for attribute, value in _OVER_WITH.get((claim.attribute, claim.value.casefold()), ()):
            yield self.end(Claim(claim.subject, attribute, value), written, (made.valid_from, ""))
        if claim.attribute == "partner":
            yield self.end(Claim(claim.subject, "relationship", "single"), written, (made.valid_from, ""))

    def end(self, claim: Claim, written: str, when: tuple[datetime, str] | None) -> Candidate:
        """Write that something is over."""
        text = worded_end(written, claim.attribute, claim.value)
        begins = when[0] if when is not None else self._turn.valid_from
        made = replace(self.bare(claim), text=text, intent="end", kind=kind_of(claim.attribute))
        return replace(made, valid_from=begins, happened=True)

    def _state(self, claim: Claim, written: str, when: datetime | None, phrase: str) -> Candidate:
        moment, kind = self._turn.valid_from, kind_of(claim.attribute)
        begins = (
            when if when is not None and when <= moment and (kind != "event" or claim.attribute == "event") else moment
        )
        if kind == "event" and when is not None:
            claim = replace(claim, value=f"{claim.value} {dated(when, phrase)}")
        text = worded(written, claim.attribute, claim.value)
        return replace(self.bare(claim), text=text, kind=kind, valid_from=begins)
