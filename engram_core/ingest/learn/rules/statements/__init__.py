"""The grammar: which predicates say what, one module a theme. GRAMMAR.md shows it by example."""

from engram_core.ingest.learn.rules.statements import (
    denials,
    doings,
    ends,
    food,
    habits,
    home,
    person,
    skills,
    study,
    tastes,
    work,
)
from engram_core.ingest.learn.rules.statements.rule import Found, Rules, Who

#: What is so, and what is no longer so or never was.
STATED, ENDED = Rules(), Rules()
for _theme in (home, study, work, person, food, tastes, habits, skills, doings):
    STATED.add(_theme.RULES)
for _rules in (denials.CHANGES, ends.RULES, denials.DENIALS):
    ENDED.add(_rules)

__all__ = ["ENDED", "STATED", "Found", "Rules", "Who"]
