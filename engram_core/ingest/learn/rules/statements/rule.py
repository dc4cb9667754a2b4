"""What a rule is: a pattern for what is said of somebody, and the claims that follow from it.

Predicates come with their verb in the first person, whoever they are about: "lives in Rome" as "live in Rome", "she's 7" as
"am 7". So one rule reads what is said of the user, of a sister and of a friend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from engram_core.ingest.learn.rules.guards import is_for_a_while, is_lasting, is_plain, is_whole, is_willing
from engram_core.ingest.learn.rules.statements import values

Who = Literal["I", "we", "other"]
#: `plain`: the guards must find nothing else in the clause. `lasting`: nor anything that makes it pass. `whole`: nor an
#: exception. `any`: the pattern says enough.
Mode = Literal["plain", "lasting", "whole", "any"]

#: Where a value may end: at the end, at a comma, or before a word that goes on about time, place, company, reason.
_END = (
    r"(?=$|\s*[,;)]|\s(?:in|on|at|by|near|with|without|since|for|because|but|so|and|now|then|these|right now|currently|again|too|though|where|which|who|whose"
    r"|every|most|almost|around|last|this|yesterday|today|tonight|from|to|after|before|while|when|during|alone|together|full[- ]time|part[- ]time|just|outside|myself|here|there"
    r"|anyway|already|instead|as|by|over|until|till|lately|recently|like|once|twice|weekly|daily|a lot|very much|so much|until|either|if|of course|always|everyday|btw|lol|unfortunately|sadly|please|pls|obviously|thankfully|next|tomorrow|the day before yesterday|the other day|about|called|named|any ?more|all|back|officially|(?:a|one|two|three|four|five|six|seven|eight|nine|ten|\d+) (?:day|week|month|year)s?|somehow|though|than|except|excepting|excluding|apart from|aside from|other than|besides|minus|unless|especially|particularly)(?![\w'-]))"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for a predicate, and the claims that follow from it.

    Attributes:
        heads: First words of what it matches, in lower case; they choose the rules to try.
        source: The pattern; its groups name values, and the name of a group says how a value is checked, see `values`.
        claims: (attribute, template of the value) pairs; a template whose group is empty gives no claim.
        intent: What the clause does with them.
        mode: What the guards must leave of the clause.
        who: Of whom it may be said.
        toward: Where a date lies; a plan needs one in the future.
        tail: What may follow; None for anything that the guards leave.
    """

    heads: tuple[str, ...]
    source: str
    claims: tuple[tuple[str, str], ...]
    intent: Literal["state", "end", "deny", "change"] = "state"
    mode: Mode = "plain"
    who: frozenset[Who] = frozenset({"I", "we", "other"})
    toward: Literal["past", "future"] = "past"
    tail: str | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled when it is first tried: most turns need few of them."""
        return _ending(self.source)


@cache
def _ending(source: str) -> re.Pattern[str]:
    return re.compile(source + _END, re.IGNORECASE)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once; it tells no capitals from small letters except where it says so."""
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that fits a predicate.

    Attributes:
        rule: Which.
        groups: Its groups, where not empty.
        rest: What follows the match in the predicate.
    """

    rule: Rule
    groups: dict[str, str]
    rest: str

    def values(self) -> Iterable[tuple[str, str]]:
        """Yield the (attribute, value) pairs that follow."""
        for attribute, template in self.rule.claims:
            for value in values.filled(template, self.groups):
                yield attribute.replace("{kind}", self.groups.get("kind", "").casefold()), value


@dataclass(slots=True)
class Rules:
    """Rules by the first word of what they match, in the order in which they were written."""

    by_head: dict[str, list[Rule]] = field(default_factory=dict)

    def add(self, rules: Iterable[Rule]) -> None:
        """Add rules behind those that are there."""
        for rule in rules:
            for head in rule.heads:
                self.by_head.setdefault(head, []).append(rule)

    def read(self, predicate: str, who: Who, clause: str) -> Found | None:
        """Return the first rule that fits.

        Args:
            predicate: With its verb in the first person.
            who: Of whom it is said.
            clause: All of the clause, for the guards.
        """
        head = _head(predicate)
        for rule in self.by_head.get(head, ()):
            if who not in rule.who:
                continue
            match = rule.pattern.match(predicate)
            if match is None or not _allowed(rule.mode, clause, predicate[match.end() :]):
                continue
            if rule.intent == "end" and is_for_a_while(clause):
                continue
            groups = {name: value.strip(" ,.") for name, value in match.groupdict().items() if value}
            rest = predicate[match.end() :].strip()
            if rule.tail is not None and rest and compiled(rule.tail).fullmatch(rest) is None:
                continue
            if all(values.fits(name, value) for name, value in groups.items()):
                return Found(rule, groups, rest)
        return None


def _head(predicate: str) -> str:
    return predicate.split(" ", 1)[0].casefold().rstrip(",")


def _allowed(mode: Mode, clause: str, rest: str) -> bool:
    check: dict[Mode, Callable[[str, str], bool]] = {
        "plain": is_plain,
        "lasting": is_lasting,
        "whole": is_whole,
        "any": lambda clause, _: is_willing(clause),
    }
    return check[mode](clause, rest)


ALL: frozenset[Who] = frozenset({"I", "we", "other"})
ONE: frozenset[Who] = frozenset({"I", "other"})
ME: frozenset[Who] = frozenset({"I"})
OURS: frozenset[Who] = frozenset({"I", "we"})


def state(
    heads: str,
    pattern: str,
    *claims: tuple[str, str],
    mode: Mode = "plain",
    who: frozenset[Who] = ALL,
    toward: Literal["past", "future"] = "past",
    tail: str | None = None,
) -> Rule:
    """Make a rule for what is so."""
    return Rule(tuple(heads.split()), pattern, claims, mode=mode, who=who, toward=toward, tail=tail)


def end(heads: str, pattern: str, *claims: tuple[str, str], who: frozenset[Who] = ALL, tail: str | None = None) -> Rule:
    """Make a rule for what is no longer so."""
    return Rule(tuple(heads.split()), pattern, claims, "end", "any", who, tail=tail)


def change(heads: str, pattern: str, *, tail: str | None = None) -> Rule:
    """Make a rule for what takes the place of something: groups `old` and `new`."""
    return Rule(tuple(heads.split()), pattern, (("", "{new}"),), "change", "lasting", tail=tail)


def deny(heads: str, pattern: str, *claims: tuple[str, str], who: frozenset[Who] = ALL) -> Rule:
    """Make a rule for what was never so."""
    return Rule(tuple(heads.split()), pattern, claims, "deny", "any", who)
