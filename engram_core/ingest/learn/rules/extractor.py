"""The extractor: clauses of the user's own turns against the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice

from engram_core.domain.claim import Claim
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.alike import mended, rewritten
from engram_core.ingest.learn.attributes import is_single
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.rules import corrections, naming
from engram_core.ingest.learn.rules.certainty import LIKELY, UNSURE, certainty
from engram_core.ingest.learn.rules.clauses import MENDING, Clause, clauses
from engram_core.ingest.learn.rules.commands import REFUSAL, is_command
from engram_core.ingest.learn.rules.drafts import Drafts
from engram_core.ingest.learn.rules.forgetting import Forgotten, forgets
from engram_core.ingest.learn.rules.guards import is_willing
from engram_core.ingest.learn.rules.mends import Mend, mends
from engram_core.ingest.learn.rules.numbers import number
from engram_core.ingest.learn.rules.owning import owned
from engram_core.ingest.learn.rules.sentences import sentences
from engram_core.ingest.learn.rules.statements import ENDED, STATED, Found
from engram_core.ingest.learn.rules.straighten import MOST_CHARACTERS
from engram_core.ingest.learn.rules.subjects import People, Said, goes_on_about, said
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed
from engram_core.ingest.learn.rules.vocabulary.names import is_name
from engram_core.ingest.learn.rules.vocabulary.places import KNOWN as PLACES
from engram_core.ingest.learn.rules.when import is_too_early, since

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
_YEAR = re.compile(r"(?:19|20)\d\d")
#: As many as 1,500 words of prose have.
_MOST_CLAUSES = 300
_BESIDE = re.compile(
    r"(?:by trade|by profession|by training|now|here|today|too|as well|myself|these days|and counting)?", re.IGNORECASE
)
_OF_ANOTHER = re.compile(
    r"(?<![\w'])(?:she|he|her|his|him|character|client|customer|persona|patient|candidate|applicant|protagonist|date|male|female|man|woman|differential|vignette)(?![\w'])",
    re.IGNORECASE,
)
_OF_ONESELF = re.compile(r"(?<![\w'])(?:i|i'm|im|i've|ive|me|my|we|our|here|\d\d ?[mf]?)(?![\w'])", re.IGNORECASE)
_PIECE = re.compile(r"\s*[,;]\s*(?:and |but |also )*|\s+and\s+", re.IGNORECASE)


class RulesExtractor:
    """Proposes what the user's own turns plainly say, in English; what it is not sure of stays a turn.

    The grammar is in GRAMMAR.md. Of one turn, the first 10,000 characters and 300 clauses are read.
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
        self._drafts = Drafts(turn)
        self._people = People()
        self._unnamed: re.Match[str] | None = None
        self._before: Said | None = None
        self._mends = False
        #: Of whom the clause before denied what.
        self._denied: tuple[str, str] | None = None
        self._made: set[tuple[str, str, str, str]] = set()

    @cached_property
    def _is_of_fame(self) -> bool:
        """Whether the turn is about what everybody knows: a film, a president."""
        return _FAMED.search(self._text) is not None

    def candidates(self) -> Iterator[Candidate]:
        if is_command(self._text):
            yield replace(self._drafts.bare(Claim(self._drafts.subject, "", "")), text=REFUSAL, intent="command")
            return
        asked = list(forgets(self._text))
        if asked:
            for forgotten in asked:
                yield from self._forgotten(forgotten)
            return
        slips = list(mends(self._text))
        stated = list(self._fresh())
        for slip in slips:
            if not self._mended(stated, slip) and not slip.is_within:
                bare = self._drafts.bare(Claim(self._drafts.subject, "", slip.value))
                made = replace(bare, text=slip.value, instead_of="", stands_for=slip.attributes)
                stated.append(replace(made, certainty=1.0 if slip.is_sure else LIKELY))
        yield from stated

    def _fresh(self) -> Iterator[Candidate]:
        """Read the turn; what it says twice is said once."""
        for candidate in self._stated(self._text):
            claim = candidate.claim
            key = (candidate.intent, claim.subject, claim.attribute, claim.value.casefold())
            if key not in self._made:
                self._made.add(key)
                yield candidate

    def _mended(self, stated: list[Candidate], slip: Mend) -> bool:
        """Put a right word into the statement of this turn that it is meant for; tell whether there was one."""
        fitting = [
            (i, claim)
            for i, candidate in enumerate(stated)
            if candidate.intent == "state"
            and (claim := mended(candidate.claim, slip.value, slip.attributes)) is not None
        ]
        if len(fitting) != 1:
            return False
        place, claim = fitting[0]
        wrong = stated[place]
        stated[place] = replace(wrong, claim=claim, text=rewritten(wrong.text, wrong.claim, claim))
        return True

    def _stated(self, text: str) -> Iterator[Candidate]:
        for clause in islice(self._clauses(text), _MOST_CLAUSES):
            yield from self._clause(clause)

    def _clauses(self, text: str) -> Iterator[Clause]:
        for sentence in sentences(text):
            if MENDING.fullmatch(sentence.text):
                self._mends = True
            yield from clauses(sentence)

    def _clause(self, clause: Clause) -> Iterator[Candidate]:
        if clause.is_said and (died := corrections.DIED.fullmatch(clause.text)) is not None:
            yield from self._died(died)
            return
        gone = corrections.over(clause.text) if clause.is_said and is_willing(clause.text) else None
        if clause.is_first and corrections.QUITS.fullmatch(self._text):
            gone = ("employer", "")
        if gone is not None:
            self._before = None
            yield self._drafts.end(
                Claim(self._drafts.subject, *gone),
                self._drafts.written,
                since(clause.text, self._turn.valid_from, changed=True),
            )
            if "divorced" not in clause.text:
                return
        people = list(
            naming.named(
                clause.text, self._unnamed, is_past=_YEAR.search(clause.when) is not None, is_said=clause.is_said
            )
        )
        for person in people:
            self._people.meet(person.name, person.gender)
        self._unnamed = naming.unnamed(clause.text) or self._unnamed
        if clause.is_said:
            yield from self._said(clause)
        else:
            self._before = None
        for attribute, value in owned(clause.text):
            made = self._drafts.own(attribute, value)
            yield replace(made, certainty=certainty(made.claim, clause.text))
        corrected = corrections.CORRECTED.fullmatch(clause.text) if people else None
        for person in people:
            key = ("state", self._drafts.subject, person.attribute, person.value.casefold())
            if key not in self._made:
                wrong = corrected["old"] if corrected is not None and len(people) == 1 else None
                made = self._drafts.own(person.attribute, person.value, person.kind)
                yield replace(made, instead_of=wrong, replaces=person.instead_of)

    def _died(self, died: re.Match[str]) -> Iterator[Candidate]:
        """Read of somebody's death: they stay who they were, and nothing more holds of them."""
        name, kind = died["name"], (died["kind"] or died["partner"]).casefold()
        when = since(died[0], self._turn.valid_from, changed=True)
        if died["partner"]:
            yield self._drafts.end(Claim(self._drafts.subject, "partner", name), self._drafts.written, when)
        yield replace(self._drafts.own("family", f"late {kind} {name}"), replaces=name)
        for attribute in corrections.OF_THE_LIVING:
            yield self._drafts.end(Claim(name.casefold(), attribute, ""), name, when)

    def _said(self, clause: Clause) -> Iterator[Candidate]:
        mends = clause.mends or self._mends
        if (exchanged := corrections.renamed(clause.text, clause.opening, mends=mends)) is not None:
            right, wrong, is_cued = exchanged
            sure = 1.0 if is_cued else UNSURE
            yield replace(
                self._drafts.bare(Claim(self._drafts.subject, "", right)), text=right, instead_of=wrong, certainty=sure
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
        return [replace(self._drafts.bare(claim), text=claim.value, instead_of=wrong)]

    def _read(self, clause: Clause, *, mends: bool = False) -> Iterator[Candidate]:
        before = self._before if clause.goes_on else None
        text = naming.short(clause.text)
        # "Same here": the capital is the sentence's; "Hi, Ada here": it is a name's.
        if clause.is_open and not clause.opening and text.split(" ", 2)[1:2] in (["here"], ["here,"]):
            text = text[0].lower() + text[1:]
        found = said(text, self._people, before, is_open=clause.is_open)
        self._before = found if found is not None and goes_on_about(found) else None
        if found is None or not found.predicate:
            if clause.is_first:
                yield from self._bio(clause)
            return
        if (denied := corrections.DENIED.fullmatch(found.predicate)) is not None:
            self._denied = (found.name.casefold() or self._drafts.subject, number(denied["old"]))
            if found.name:
                self._people.meet(found.name)
        for rules in (ENDED, STATED):
            match = rules.read(found.predicate, found.who, clause.text)
            if match is not None and is_too_early(match, found.predicate, is_ahead=clause.is_ahead):
                return
            if match is not None and (mends or self._may_say(found, match)):
                yield from self._drafts.claimed(match, found, clause)
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
        if not is_human or is_place or " " in found.name or not is_name(found.name) or self._is_of_fame:
            return False
        self._people.meet(found.name)
        return True

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
            yield from self._drafts.claimed(match, replace(found, predicate=predicate), clause)

    def _bio(self, clause: Clause) -> Iterator[Candidate]:
        """Read "32, nurse, from Leeds" at the beginning of a turn: fragments that all describe somebody."""
        pieces = [piece for piece in _PIECE.split(clause.text) if piece]
        # Without an age, and without a word in the first person, it may be anybody.
        if _OF_ANOTHER.search(self._text) or not _OF_ONESELF.search(self._text):
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
            Claim(self._drafts.subject, attribute, words) for attribute, words in forgotten.named
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
            yield replace(self._drafts.bare(claim), text=text, intent="forget", certainty=certainty)
