"""Reads one attribute out of a statement that somebody rewrote by hand."""

from __future__ import annotations

from collections.abc import Iterator

from engram_core.ingest.learn.rules import naming
from engram_core.ingest.learn.rules.clauses import clauses
from engram_core.ingest.learn.rules.sentences import sentences
from engram_core.ingest.learn.rules.statements import STATED
from engram_core.ingest.learn.rules.statements.values import refined
from engram_core.ingest.learn.rules.subjects import People, said


def read_alone(text: str, attribute: str) -> tuple[str, str] | None:
    """Return what a text says, whoever it is about, as (attribute, value); None unless it is exactly one thing.

    Args:
        text: "Ada lives in Porto now."
        attribute: What it is to be about, where it says that beside other things: `home`.
    """
    found = set(_values(text))
    wanted = {each for each in found if each[0] == attribute} or found
    return wanted.pop() if len(wanted) == 1 else None


def _values(text: str) -> Iterator[tuple[str, str]]:
    for sentence in sentences(text):
        for clause in clauses(sentence):
            for person in naming.named(clause.text, None):
                yield person.attribute, person.value
            found = said(naming.short(clause.text), People(), None, is_open=True) if clause.is_said else None
            match = STATED.read(found.predicate, found.who, clause.text) if found is not None else None
            if match is not None:
                for attribute, value in match.values():
                    yield refined(attribute, value)
