"""Extraction by a language model: one call for a batch, and guards against what weak models make up."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, create_model

from engram_core.domain.checks import MAX_NAME, check_metadata
from engram_core.domain.claim import USER, Claim, plain
from engram_core.domain.memory import Memory
from engram_core.errors import InvalidInputError
from engram_core.ingest.learn.asking import Meter, ask
from engram_core.ingest.learn.attributes import ATTRIBUTES, kind_of
from engram_core.ingest.learn.candidate import Candidate, Intent
from engram_core.ingest.learn.dates import resolve
from engram_core.ingest.learn.prompting import Prompts, indented, on_one_line
from engram_core.ingest.learn.rules.commands import REFUSAL
from engram_core.ports import ChatModel

logger = logging.getLogger(__name__)

#: Statements taken from one call at most, and characters of turns put into one.
MOST_STATEMENTS = 50
MOST_CHARACTERS = 24_000
_LONGEST = 1000
#: Characters of an attribute's name, whatever was asked for; a subject may be as long as any name.
_LONGEST_ATTRIBUTE = 100
#: Characters that a statement may be longer than the turns it cites.
_WORDING = 100
#: How many statements a model is let make of any turns, and of how many characters one more.
_LEAST_STATEMENTS, _CHARACTERS_EACH = 3, 30
#: Characters that a model is let write; longer ones are taken all the same where it was not held to that.
_LONGEST_OF = {"subject": 100, "attribute": 50, "value": 300, "text": 500}
#: Below this, the model itself does not believe it.
_LEAST_CERTAIN = 0.5


def _share(given: object) -> object:
    """Take a share however a small model writes it: 85 is 0.85, and what lies outside lies at the edge."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return given
    return min(max(given / 100 if 1 < given <= 100 else given, 0.0), 1.0)


Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]


class Statement(BaseModel):
    """What the model is asked for."""

    turns: list[int]
    subject: str
    attribute: str
    value: str
    text: str
    intent: Intent = "state"
    stance: Literal["asserted", "hypothetical", "question", "quoted", "negated", "past", "future", "about_other"] = (
        "asserted"
    )
    instead_of: str | None = None
    since: str | None = None
    certainty: Share = 1.0
    importance: Share = 0.5


class Statements(BaseModel):
    """The whole answer."""

    statements: list[Statement]


class ModelExtractor:
    """Asks a model what a batch of turns says.

    Args:
        model: Asked once a batch; twice where its first answer does not fit.
        meter: Counts.
        prompts: Where `extract.v1` comes from.
        custom_instructions: Added to the prompt.
        memory_schema: What fits it is learned as a structured memory.
    """

    def __init__(
        self,
        model: ChatModel,
        meter: Meter,
        prompts: Prompts,
        *,
        custom_instructions: str | None = None,
        memory_schema: type[BaseModel] | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._meter = meter
        self._schema = memory_schema
        meanings = "; ".join(f"{a.name} ({a.meaning})" for a in ATTRIBUTES.values())
        self._system = prompts.write(
            "extract.v1", attributes=meanings, instructions=_instructions(custom_instructions, memory_schema)
        )
        self._shape = Statements if memory_schema is None else _with_records(memory_schema)

    async def extract(self, turns: list[Memory]) -> list[Candidate]:
        """Propose candidates, in the order in which the model gives them.

        Raises:
            ProviderError: The model failed, or its answer fits neither at first nor after a repair.
        """
        return [candidate for batch in _batches(turns) for candidate in await self._extract(batch)]

    async def _extract(self, turns: Sequence[Memory]) -> list[Candidate]:
        schema = _bounded(self._shape.model_json_schema(), turns)
        answer: Any = await ask(self._model, self._meter, self._system, _shown(turns), self._shape, schema=schema)
        found: dict[tuple[object, ...], Candidate] = {}
        for statement in answer.statements[:MOST_STATEMENTS]:
            candidate = self._candidate(statement, turns)
            if candidate is not None:
                found.setdefault((candidate.intent, candidate.claim, candidate.sources), candidate)
        records = [self._record(item, turns) for item in getattr(answer, "records", [])[:MOST_STATEMENTS]]
        return [*found.values(), *(record for record in records if record is not None)]

    def _candidate(self, statement: Statement, turns: Sequence[Memory]) -> Candidate | None:
        """Take a statement, unless a guard finds that it does not hold water."""
        cited = self._cited(statement.turns, turns)
        if not cited or statement.certainty < _LEAST_CERTAIN:
            return None
        if statement.intent == "command":
            claim = Claim(USER, "", "")
            return replace(_made(statement, claim, cited), text=REFUSAL)
        if statement.intent == "state" and statement.stance != "asserted":
            return None
        value, text = " ".join(statement.value.split()), " ".join(statement.text.split())
        attribute = re.sub(r"[^a-z0-9:]+", "_", statement.attribute.casefold()).strip("_")
        # A statement puts in a few words what was said: a longer one tells what the model knows of the matter.
        said = sum(len(turn.text) for turn in cited)
        if not attribute or max(len(text), len(value)) > min(said + _WORDING, _LONGEST):
            return None
        if statement.intent == "state" and (not value or not text or not _is_grounded(value, cited)):
            return None
        if statement.intent == "state" and kind_of(attribute) != "event" and _is_ahead(statement.since, cited):
            return None
        subject = _subject(statement.subject, cited)
        if len(subject) > MAX_NAME or len(attribute) > _LONGEST_ATTRIBUTE:  # a store has an index of subjects
            return None
        return replace(_made(statement, Claim(subject, attribute, value), cited), text=text or value)

    def _record(self, item: BaseModel, turns: Sequence[Memory]) -> Candidate | None:
        """Take a structured memory, unless no turn says it or no store could keep it."""
        given: Any = item
        cited = self._cited(given.turns, turns)
        if not cited or self._schema is None:
            return None
        try:
            data = check_metadata("data", given.data.model_dump(mode="json"))
        except InvalidInputError as exc:
            logger.info("a structured memory is left out: %s", exc)
            return None
        value = given.data.model_dump_json()
        if not _is_grounded(" ".join(map(str, data.values())), cited):
            return None
        name = self._schema.__name__
        text = f"{name}: " + ", ".join(f"{key} {value}" for key, value in data.items() if value not in (None, "", []))
        claim = Claim(_subject(USER, cited), f"record:{name}", value)
        metadata = {"schema": name, "data": data}
        return Candidate(
            text, claim, tuple(t.id for t in cited), cited[0].valid_from, origin=_origin(cited), metadata=metadata
        )

    def _cited(self, numbers: Sequence[int], turns: Sequence[Memory]) -> list[Memory]:
        """Return the turns of these numbers; numbers that the model made up are counted."""
        known = [number for number in dict.fromkeys(numbers) if 1 <= number <= len(turns)]
        self._meter.count(invented_ids=len(set(numbers)) - len(known))
        return [turns[number - 1] for number in known]


def _instructions(custom: str | None, schema: type[BaseModel] | None) -> str:
    parts = [custom or ""]
    if schema is not None:
        what = f"{schema.__name__} ({schema.__doc__ or 'a structured memory'})"
        parts.append(f'Also return "records", what the turns say of {what}: {{"turns": [...], "data": {{...}}}} each.')
    return "\n".join(part for part in parts if part)


def _with_records(schema: type[BaseModel]) -> type[Statements]:
    record = create_model("Record", turns=(list[int], ...), data=(schema, ...))
    return create_model("StatementsAndRecords", __base__=Statements, records=(list[record], []))  # type: ignore[valid-type]


def _bounded(schema: dict[str, Any], turns: Sequence[Memory]) -> dict[str, Any]:
    """Bound an answer by what it is about: as many statements as the turns may hold, and no turn that was not shown.

    A small model that is held to a schema goes on with its list until it is cut off: the bound is where it ends.
    """
    most = min(MOST_STATEMENTS, _LEAST_STATEMENTS + sum(len(turn.text) for turn in turns) // _CHARACTERS_EACH)
    for name in ("statements", "records"):
        if name in schema["properties"]:
            schema["properties"][name]["maxItems"] = most
    for item in schema["$defs"].values():
        if "turns" in item.get("properties", {}):
            numbers = {"type": "integer", "minimum": 1, "maximum": len(turns)}
            item["properties"]["turns"] |= {"items": numbers, "minItems": 1, "maxItems": len(turns)}
    for name, longest in _LONGEST_OF.items():
        schema["$defs"]["Statement"]["properties"][name]["maxLength"] = longest
    return schema


def _batches(turns: Sequence[Memory]) -> list[list[Memory]]:
    """Split turns that do not fit into one call."""
    batches: list[list[Memory]] = [[]]
    room = MOST_CHARACTERS
    for turn in turns:
        if batches[-1] and len(turn.text) > room:
            batches.append([])
            room = MOST_CHARACTERS
        batches[-1].append(turn)
        room -= len(turn.text)
    return batches


def _shown(turns: Sequence[Memory]) -> str:
    """Number the turns; a turn stays within its own number whatever it holds."""
    lines = []
    for number, turn in enumerate(turns, 1):
        who = f"{turn.role}{f' {on_one_line(turn.speaker)}' if turn.speaker else ''}"
        lines.append(f"{number}. [{turn.valid_from:%A %Y-%m-%d}] {who}:\n    {indented(turn.text[:MOST_CHARACTERS])}")
    return "\n".join(lines)


def _made(statement: Statement, claim: Claim, cited: Sequence[Memory]) -> Candidate:
    said = cited[0].valid_from
    return Candidate(
        text=statement.text,
        claim=claim,
        sources=tuple(turn.id for turn in cited),
        valid_from=_since(statement.since, said),
        intent=statement.intent,
        kind=kind_of(claim.attribute),
        origin=_origin(cited),
        happened=statement.intent == "end" or statement.since is not None,
        certainty=statement.certainty,
        importance=statement.importance,
        instead_of=statement.instead_of or None,
    )


def _since(phrase: str | None, said: datetime) -> datetime:
    """Resolve a phrase against the turn's own time; what would begin later began when it was said."""
    found = resolve(phrase, said) if phrase else None
    return said if found is None or found > said else found


def _is_ahead(phrase: str | None, cited: Sequence[Memory]) -> bool:
    """Tell whether a statement is to hold later than it was said; a day is left to time zones."""
    said = cited[0].valid_from
    found = resolve(phrase, said) if phrase else None
    return found is not None and found > said + timedelta(days=1)


def _origin(cited: Sequence[Memory]) -> Any:
    """Return whose word it is: the user's only where no other turn is needed for it."""
    others = [turn.origin for turn in cited if turn.origin != "user"]
    return others[0] if others else "user"


def _subject(given: str, cited: Sequence[Memory]) -> str:
    named = " ".join(given.split()).casefold()
    first = cited[0]
    speaker, user = (first.speaker or "").casefold(), (first.scope.user_id or "").casefold()
    if named not in ("", "user", "the user", "i", "me", "myself", "speaker", speaker, user):
        return named
    return USER if not speaker or first.origin != "user" or speaker == user else speaker


def _is_grounded(value: str, cited: Sequence[Memory]) -> bool:
    """Tell whether a value shares a word, or three letters of a script without spaces, with the turns it cites."""
    said = plain(" ".join(turn.text for turn in cited))
    words = plain(value).split()
    telling = [word for word in words if len(word) > 2 or word.isdigit() or not word.isascii()] or words
    return any(word in said or _shares_letters(word, said) for word in telling)


def _shares_letters(word: str, said: str) -> bool:
    return not word.isascii() and any(word[i : i + 3] in said for i in range(len(word) - 2))
