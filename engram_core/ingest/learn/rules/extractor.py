"""The extractor: clauses of the user's own turns against the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from engram_core.domain.claim import USER, Claim
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.attributes import is_single, kind_of
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.rules import corrections, naming
from engram_core.ingest.learn.rules.certainty import UNSURE, certainty
from engram_core.ingest.learn.rules.clauses import MENDING, Clause, clauses
from engram_core.ingest.learn.rules.commands import REFUSAL, is_command
from engram_core.ingest.learn.rules.forgetting import Forgotten, forgets
from engram_core.ingest.learn.rules.guards import is_willing
from engram_core.ingest.learn.rules.numbers import number
from engram_core.ingest.learn.rules.owning import owned
from engram_core.ingest.learn.rules.sentences import MOST_CHARACTERS, sentences
from engram_core.ingest.learn.rules.statements import ENDED, STATED, Found
from engram_core.ingest.learn.rules.statements.values import refined
from engram_core.ingest.learn.rules.subjects import People, Said, said
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed
from engram_core.ingest.learn.rules.vocabulary.names import is_name
from engram_core.ingest.learn.rules.vocabulary.places import KNOWN as PLACES
from engram_core.ingest.learn.rules.when import dated, found_time, since
from engram_core.ingest.learn.rules.wording import worded, worded_end

#: What is said of somebody by name though nothing ties them to the speaker: only what people alone can do.
_PLAINLY_HUMAN = listed("""home employer occupation allergy avoids speaks plays partner relationship pet family""")
_DESCRIBES = listed(
    """age occupation employer workplace hometown home diet allergy relationship partner nationality children school
    studies field condition likes dislikes speaks name trait"""
)
_FAMED = re.compile(
    r"\b(?:characters?|novel|series|show|episode|season|movie|film|book|chapter|game|president|actor|actress|singer|band|album|plot|hero|anime|manga|netflix|fandom|canon|history|century|king|queen)\b",
    re.IGNORECASE,
)
#: Who writes here, in years; children of others may be younger.
_YOUNGEST = 8
_YEAR = re.compile(r"(?:19|20)\d\d")
_BESIDE = re.compile(
    r"(?:by trade|by profession|by training|now|here|today|too|as well|myself|these days|and counting)?", re.IGNORECASE
)
_OF_ANOTHER = re.compile(
    r"(?<![\w'])(?:she|he|her|his|him|character|client|customer|persona|patient|candidate|applicant|protagonist|date)(?![\w'])",
    re.IGNORECASE,
)
_OF_ONESELF = re.compile(r"(?<![\w'])(?:i|i'm|im|i've|ive|me|my|we|our|here|\d\d ?[mf]?)(?![\w'])", re.IGNORECASE)
_PIECE = re.compile(r"\s*[,;]\s*(?:and |but |also )*|\s+and\s+", re.IGNORECASE)


class RulesExtractor:
    """Proposes what the user's own turns plainly say, in English; what it is not sure of stays a turn.

    The grammar is in GRAMMAR.md. Of one turn, the first 20,000 characters are read.
    """

    name = "rules"

    async def extract(self, turns: list[Memory]) -> list[Candidate]:
        """Propose candidates, in the order in which the turns say them."""
        return [candidate for turn in turns if turn.origin == "user" for candidate in _Turn(turn).candidates()]


class _Turn:
    """One turn being read."""

    def __init__(self, turn: Memory) -> None:
        self._turn = turn
        self._text = turn.text[:MOST_CHARACTERS]
        own = turn.speaker is None or turn.speaker.casefold() == (turn.scope.user_id or "").casefold()
        self._subject = USER if own else str(turn.speaker).casefold()
        self._written = turn.speaker or "User"
        self._people = People()
        self._unnamed: re.Match[str] | None = None
        self._before: Said | None = None
        self._mends = False
        #: Of whom the clause before denied what.
        self._denied: tuple[str, str] | None = None
        self._made: set[tuple[str, str, str, str]] = set()

    def candidates(self) -> Iterator[Candidate]:
        if is_command(self._text):
            yield replace(self._candidate(Claim(self._subject, "", "")), text=REFUSAL, intent="command")
            return
        asked = list(forgets(self._text))
        if asked:
            for forgotten in asked:
                yield from self._forgotten(forgotten)
            return
        for candidate in self._stated(self._text):
            claim = candidate.claim
            key = (candidate.intent, claim.subject, claim.attribute, claim.value.casefold())
            if key not in self._made:
                self._made.add(key)
                yield candidate

    def _stated(self, text: str) -> Iterator[Candidate]:
        for sentence in sentences(text):
            if MENDING.fullmatch(sentence.text):
                self._mends = True
            for clause in clauses(sentence):
                yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[Candidate]:
        gone = corrections.over(clause.text) if clause.is_said and is_willing(clause.text) else None
        if gone is not None:
            self._before = None
            yield self._end(
                Claim(self._subject, *gone), self._written, since(clause.text, self._turn.valid_from, changed=True)
            )
            if "divorced" not in clause.text:
                return
        people = list(naming.named(clause.text, self._unnamed, is_past=_YEAR.search(clause.when) is not None))
        for person in people:
            self._people.meet(person.name, person.gender)
        self._unnamed = naming.unnamed(clause.text) or self._unnamed
        if clause.is_said:
            yield from self._said(clause)
        else:
            self._before = None
        for attribute, value in owned(clause.text):
            claim = Claim(self._subject, attribute, value)
            made = replace(self._candidate(claim), text=worded(self._written, attribute, value))
            yield replace(made, certainty=certainty(claim, clause.text))
        corrected = corrections.CORRECTED.fullmatch(clause.text) if people else None
        for person in people:
            key = ("state", self._subject, person.attribute, person.value.casefold())
            if key not in self._made:
                claim = Claim(self._subject, person.attribute, person.value)
                text = worded(self._written, person.attribute, person.value)
                wrong = corrected["old"] if corrected is not None and len(people) == 1 else None
                yield replace(
                    self._candidate(claim),
                    text=text,
                    kind=kind_of(person.attribute),
                    instead_of=wrong,
                    replaces=person.instead_of,
                )

    def _said(self, clause: Clause) -> Iterator[Candidate]:
        mends = clause.mends or self._mends
        if (exchanged := corrections.renamed(clause.text, clause.opening, mends=mends)) is not None:
            right, wrong, is_cued = exchanged
            sure = 1.0 if is_cued else UNSURE
            yield replace(
                self._candidate(Claim(self._subject, "", right)), text=right, instead_of=wrong, certainty=sure
            )
            return
        denied, self._denied = self._denied, None
        stated = list(self._read(clause, mends=mends))
        if not stated and (match := corrections.CORRECTED.fullmatch(clause.text)) is not None:
            stated = self._corrected(replace(clause, text=match["state"]), match["old"])
        elif denied is not None:
            subject, wrong = denied
            stated = [
                replace(c, instead_of=wrong)
                if c.intent == "state" and c.claim.subject == subject and is_single(c.claim.attribute)
                else c
                for c in stated
            ]
        elif mends:
            stated = [
                replace(c, instead_of="") if c.intent == "state" and is_single(c.claim.attribute) else c for c in stated
            ]
        yield from stated

    def _corrected(self, clause: Clause, wrong: str) -> list[Candidate]:
        """Read what stands before ", not Rex"; of somebody whom the turn does not know, it corrects what is known alone."""
        right = list(self._read(clause))
        if len(right) == 1:
            return [replace(right[0], instead_of=wrong)]
        unknown = list(self._read(clause, mends=True)) if not right else []
        if len(unknown) != 1 or unknown[0].intent != "state":
            return []
        claim = replace(unknown[0].claim, attribute="")
        return [replace(self._candidate(claim), text=claim.value, instead_of=wrong)]

    def _read(self, clause: Clause, *, mends: bool = False) -> Iterator[Candidate]:
        before = self._before if clause.goes_on else None
        found = said(naming.short(clause.text), self._people, before, is_open=clause.is_open)
        self._before = found
        if found is None or not found.predicate:
            if clause.is_first:
                yield from self._bio(clause)
            return
        if (denied := corrections.DENIED.fullmatch(found.predicate)) is not None:
            self._denied = (found.name.casefold() or self._subject, number(denied["old"]))
            if found.name:
                self._people.meet(found.name)
        for rules in (ENDED, STATED):
            match = rules.read(found.predicate, found.who, clause.text)
            if match is not None and (mends or self._may_say(found, match)):
                yield from self._claimed(match, found, clause)
                if rules is STATED:
                    yield from self._described(match, found, clause)
                return
        if clause.is_first and (found.who == "other" or found.predicate.startswith("am ")):
            yield from self._bio(clause)

    def _may_say(self, found: Said, match: Found) -> bool:
        """Tell whether a statement about somebody named is about a person of the speaker's world."""
        if found.who != "other":
            return True
        if found.name in self._people.known:
            return True
        if match.rule.intent != "state":
            return True
        is_human = all(attribute in _PLAINLY_HUMAN for attribute, _ in match.values())
        is_place = found.name.casefold() in PLACES
        # People of one's life go by one name; by two, the famous.
        if not is_human or is_place or " " in found.name or not is_name(found.name) or _FAMED.search(self._text):
            return False
        self._people.meet(found.name)
        return True

    def _claimed(self, match: Found, found: Said, clause: Clause) -> Iterator[Candidate]:
        rule, moment = match.rule, self._turn.valid_from
        written = found.name or self._written
        subject = found.name.casefold() or self._subject
        when, phrase = found_time(match, found.predicate, clause.when, moment)
        if rule.toward == "future" and when is None:
            return
        for attribute, value in match.values():
            claim = Claim(subject, *refined(attribute, value))
            if attribute == "age" and found.who != "other" and int(claim.value) < _YOUNGEST:
                continue
            if rule.intent == "end":
                yield self._end(claim, written, (when, phrase) if when else None)
            elif rule.intent == "change":
                made = replace(self._candidate(claim), text=value, replaces=match.groups["old"])
                yield replace(made, valid_from=when or moment)
            elif rule.intent == "deny":
                yield replace(self._candidate(claim), text=worded(written, attribute, value), intent="deny")
            else:
                made = self._state(claim, written, when, phrase)
                yield replace(made, certainty=certainty(claim, clause.text))

    def _state(self, claim: Claim, written: str, when: datetime | None, phrase: str) -> Candidate:
        moment, kind = self._turn.valid_from, kind_of(claim.attribute)
        begins = (
            when if when is not None and when <= moment and (kind != "event" or claim.attribute == "event") else moment
        )
        if kind == "event" and when is not None:
            claim = replace(claim, value=f"{claim.value} {dated(when, phrase)}")
        text = worded(written, claim.attribute, claim.value)
        return replace(self._candidate(claim), text=text, kind=kind, valid_from=begins)

    def _end(self, claim: Claim, written: str, when: tuple[datetime, str] | None) -> Candidate:
        text = worded_end(written, claim.attribute, claim.value)
        begins = when[0] if when is not None else self._turn.valid_from
        return replace(
            self._candidate(claim), text=text, intent="end", kind=kind_of(claim.attribute), valid_from=begins
        )

    def _described(self, match: Found, found: Said, clause: Clause) -> Iterator[Candidate]:
        """Read on in "I'm 38, accountant, from Zagreb": each piece as said of the same person."""
        attributes = {attribute for attribute, _ in match.rule.claims}
        head = found.predicate.split(" ", 1)[0].casefold()
        if not attributes <= _DESCRIBES or head not in ("am", "my", "name", "name's", "call"):
            return
        begin = match.rest.lstrip(" ,")
        if not (match.rest.startswith(",") or begin.casefold().startswith("and ")):
            return
        for piece in _PIECE.split(re.sub(r"^and ", "", begin)):
            for candidate in self._piece(piece, found, clause):
                if candidate.claim.attribute != "nationality" or attributes & {"age", "name", "hometown"}:
                    yield candidate

    def _piece(self, piece: str, found: Said, clause: Clause) -> Iterator[Candidate]:
        """Read a piece of a description; an employer alone ("at Acme") only where `found` is of a job."""
        bare = piece.strip(" .!")
        if not bare or len(bare) > 60:
            return
        counted = re.match(r"(?:two|three|four|five|six|\d) ", bare, re.IGNORECASE)
        predicate = f"have {bare}" if counted else f"am {bare}"
        match = STATED.read(predicate, "I" if found.who != "other" else "other", bare)
        if (
            match is not None
            and {a for a, _ in match.rule.claims} <= _DESCRIBES - {"name"}
            and _BESIDE.fullmatch(match.rest)
        ):
            yield from self._claimed(match, replace(found, predicate=predicate), clause)

    def _bio(self, clause: Clause) -> Iterator[Candidate]:
        """Read "32, nurse, from Leeds" at the beginning of a turn: fragments that all describe somebody."""
        if _OF_ANOTHER.search(self._text):
            return
        pieces = [piece for piece in _PIECE.split(clause.text) if piece]
        # Without an age, and without a word in the first person, it may be anybody.
        if not _OF_ONESELF.search(self._text):
            return
        me = Said("I", "", "")
        read = [list(self._piece(piece, me, clause)) for piece in pieces[:8]]
        if sum(map(bool, read)) >= 2 and all(
            found or len(piece.split()) <= 3 for found, piece in zip(read, pieces, strict=False)
        ):
            for found in read:
                yield from found

    def _forgotten(self, forgotten: Forgotten) -> Iterator[Candidate]:
        certainty = 1.0 if forgotten.is_plain else UNSURE
        stated = [c for c in self._stated(forgotten.clause) if c.intent == "state"] if forgotten.clause else []
        claims = [c.claim for c in stated] or [
            Claim(self._subject, attribute, words) for attribute, words in forgotten.named
        ]
        if not stated:
            # "Erase Caleb": what is said of him, too.
            claims += [
                Claim(words.casefold(), "", words)
                for attribute, words in forgotten.named
                if not attribute and is_name(words) and words[:1].isupper()
            ]
        for claim in claims:
            text = claim.value or claim.attribute
            yield replace(self._candidate(claim), text=text, intent="forget", certainty=certainty)

    def _candidate(self, claim: Claim) -> Candidate:
        return Candidate("", claim, (self._turn.id,), self._turn.valid_from, origin=self._turn.origin)
