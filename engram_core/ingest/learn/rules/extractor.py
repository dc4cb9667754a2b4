"""The extractor: clauses of the user's own turns against the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from engram_core.domain.claim import USER, Claim
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.attributes import kind_of
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.dates import resolve
from engram_core.ingest.learn.rules.commands import REFUSAL, forgets, is_command, named
from engram_core.ingest.learn.rules.grammar import CORRECTED, ENDS, NAMED, OTHERS, RENAMED, RULES, Rule
from engram_core.ingest.learn.rules.guards import is_plain
from engram_core.ingest.learn.rules.sentences import MOST_CHARACTERS, clauses
from engram_core.ingest.learn.rules.wording import worded, worded_end

_NOT_A_NAME = re.compile(
    r"(?:He|She|It|This|That|There|They|We|You|Who|What|Here|Everyone|Everybody|Nobody|Someone|Somebody|Life|Home|Today"
    r"|Work|Later|Back|Tomorrow|Tonight|Now|Anytime|Crazy|Dinner|Lunch|Mom|Dad|Mum|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April"
    r"|June|July|August|September|October|November|December|One|My|Our|His|Her|Their|Your)\b.*"
)
#: What people move to, or live in, that is no home: days, teams, products.
_HARDLY_A_PLACE = re.compile(
    r"(?:the )?(?:Moon|Mars|Internet|Cloud|God|AI|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Sales|Marketing"
    r"|Engineering|Finance|HR|Product|Design|Operations|Support|Legal|IT|R&D|Management|Slack|Teams|Zoom|Notion|Jira|Linear"
    r"|Trello|Asana|Discord|Git\w*|Bitbucket|Kubernetes|Docker|Postgres\w*|MySQL|Mongo\w*|Redis|Kafka|React|Vue|Angular"
    r"|Svelte|Python|Java\w*|Rust|Go|Golang|TypeScript|Kotlin|Swift|Linux|Ubuntu|Debian|Fedora|Windows|Mac|Mac[Oo][Ss]|Android"
    r"|iOS|iPhone|Firefox|Chrome|Safari|Gmail|Outlook|Spotify|Netflix|Figma|Azure|AWS|GCP|Heroku|Vercel|Terraform|Snowflake"
    r"|BigQuery|Excel|Obsidian|Claude|ChatGPT|Gemini|Signal|WhatsApp|Telegram|Twitter|Mastodon|Bluesky|Version|Plan|Phase"
    r"|Chapter|Step|Level)\b.*|.* (?:[Tt]eam|[Dd]epartment|[Ss]quad|[Dd]ivision|[Pp]lan|[Pp]ro|[Cc]loud)"
)


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

    def candidates(self) -> Iterator[Candidate]:
        if is_command(self._text):
            yield replace(self._candidate(Claim(self._subject, "", "")), text=REFUSAL, intent="command")
            return
        asked = list(forgets(self._text))
        for what in asked:
            yield from self._forgotten(what)
        if asked:
            return
        for clause in clauses(self._text):
            yield from self._clause(clause)

    def _clause(self, clause: str) -> Iterator[Candidate]:
        if (match := RENAMED.fullmatch(clause)) is not None:
            claim = Claim(self._subject, "", match["new"])
            yield replace(self._candidate(claim), text=match["new"], instead_of=match["old"])
            return
        ended = list(self._matched(clause, ENDS))
        if ended:
            yield from ended
            return
        stated = list(self._stated(clause))
        if not stated and (match := CORRECTED.fullmatch(clause)) is not None:
            right = list(self._stated(match["state"]))
            stated = [replace(right[0], instead_of=match["old"])] if len(right) == 1 else []
        yield from stated

    def _stated(self, clause: str) -> Iterator[Candidate]:
        found = list(self._matched(clause, RULES)) or list(self._others(clause))
        yield from found
        if is_plain(clause):
            keys = {(candidate.claim.attribute, candidate.claim.value) for candidate in found}
            for candidate in self._named(clause):
                if (candidate.claim.attribute, candidate.claim.value) not in keys:
                    yield candidate

    def _matched(self, clause: str, rules: tuple[Rule, ...]) -> Iterator[Candidate]:
        for rule in rules:
            match = rule.pattern.fullmatch(clause)
            if match is None or (rule.mode == "plain" and not is_plain(clause)):
                continue
            yield from self._claimed(rule, match, self._subject, self._written)
            return

    def _others(self, clause: str) -> Iterator[Candidate]:
        """Read what is said of somebody by name, the user's sister Anna included."""
        said = NAMED.sub(lambda match: match["v"], clause, count=1)
        for rule in OTHERS:
            match = rule.pattern.fullmatch(said)
            if match is not None and is_plain(clause) and not _NOT_A_NAME.fullmatch(match["n"]):
                yield from self._claimed(rule, match, match["n"].casefold(), match["n"])
                return

    def _claimed(self, rule: Rule, match: re.Match[str], subject: str, written: str) -> Iterator[Candidate]:
        groups = match.groupdict()
        phrase = groups.get("when")
        when = resolve(phrase, self._turn.valid_from, rule.toward) if phrase else None
        for attribute, template in rule.claims:
            value = _filled(template, groups)
            if value is None or _is_no_such_thing(attribute, value):
                continue
            attribute = attribute.format(k=(groups.get("k") or "").casefold())
            yield self._made(rule, Claim(subject, attribute, value), written, when, phrase or "")

    def _made(self, rule: Rule, claim: Claim, written: str, when: datetime | None, phrase: str) -> Candidate:
        said = self._turn.valid_from
        kind = kind_of(claim.attribute)
        since = when if when is not None and when <= said and kind != "event" else said
        if kind == "event" and when is not None:
            claim = replace(claim, value=f"{claim.value} {_dated(when, phrase)}")
        if rule.intent == "end":
            text = worded_end(written, claim.attribute, claim.value)
        else:
            text = worded(written, claim.attribute, claim.value)
        return replace(self._candidate(claim), text=text, intent=rule.intent, kind=kind, valid_from=since)

    def _named(self, clause: str) -> Iterator[Candidate]:
        for match in NAMED.finditer(clause):
            groups = match.groupdict()
            attribute = next(
                a for a, g in (("family", "r"), ("partner", "p"), ("pet", "s"), ("friend", "f")) if groups[g]
            )
            what = groups["r"] or groups["s"]
            value = f"{what.casefold()} {groups['v']}" if what else groups["v"]
            claim = Claim(self._subject, attribute, value)
            text = worded(self._written, attribute, value)
            yield replace(self._candidate(claim), text=text, kind=kind_of(attribute))

    def _forgotten(self, what: str) -> Iterator[Candidate]:
        read = named(what)
        if not isinstance(read, str):
            yield self._forget(Claim(self._subject, *read))
            return
        stated = [candidate for clause in clauses(read) for candidate in self._stated(clause)]
        if stated:
            yield from (self._forget(candidate.claim) for candidate in stated)
            return
        words = re.sub(
            r"^(?:that )?(?:i|my|we)(?:'m| am|'ve| have| had)?(?: got)?(?: a| an| the)? ", "", read, flags=re.IGNORECASE
        )
        yield self._forget(Claim(self._subject, "", words))

    def _forget(self, claim: Claim) -> Candidate:
        return replace(self._candidate(claim), text=claim.value or claim.attribute, intent="forget")

    def _candidate(self, claim: Claim) -> Candidate:
        return Candidate("", claim, (self._turn.id,), self._turn.valid_from, origin=self._turn.origin)


def _is_no_such_thing(attribute: str, value: str) -> bool:
    """Tell whether a value is none that the attribute can have, however well it stands in the sentence."""
    if attribute in ("home", "hometown"):
        return _HARDLY_A_PLACE.fullmatch(value) is not None
    return attribute == "name" and _NOT_A_NAME.fullmatch(value) is not None


def _filled(template: str, groups: dict[str, str | None]) -> str | None:
    """Fill a template with groups; `{x?}` may be empty, `*` is no value, and None says that a group is missing."""
    if template == "*":
        return ""
    parts: list[str] = []
    for piece in template.split():
        name = piece.strip("{}").rstrip("?")
        value = (groups.get(name) or "").strip(" ,.")
        if not value and not piece.endswith("?}"):
            return None
        if value:
            parts.append(value if name in ("v", "w", "x", "p", "s") and value[0].isupper() else _lowered(value))
    return " ".join(parts)


def _dated(when: datetime, phrase: str) -> str:
    """Write a date no more precisely than it was said."""
    words = phrase.casefold()
    if "year" in words or re.fullmatch(r"(?:in )?\d{4}", words):
        return f"in {when:%Y}"
    if "month" in words or (not re.search(r"\d|day", words) and when.day == 1):
        return f"in {when:%Y-%m}"
    return f"on {when:%Y-%m-%d}"


def _lowered(value: str) -> str:
    """Write a value that began in capitals only because somebody shouts in small letters."""
    return value.casefold() if value.isupper() and len(value) > 4 else value
