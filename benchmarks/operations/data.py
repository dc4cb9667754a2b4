"""Reads the dialogues of the scorecard: JSON Lines, in the format of README.md beside this file.

No error shows what a line says: one of the files is held out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from engram_core import InvalidInputError

HERE = Path(__file__).parent
SPLITS = {"dev": HERE / "dev.jsonl", "test": HERE / "test.jsonl"}
HELD_OUT = SPLITS["test"]

Operation = Literal["ADD", "UPDATE", "DELETE", "NOOP"]
Category = Literal[
    "add",
    "dates",
    "people",
    "supersession",
    "ended",
    "correction",
    "no-contradiction",
    "repetition",
    "hypothetical",
    "quoted",
    "negation",
    "question",
    "past",
    "future",
    "sarcasm",
    "other-speaker",
    "forget",
    "command",
    "chat",
    "language",
]


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


def _alternatives(words: str) -> str:
    if not all(alternative.strip() for alternative in words.split("|")):
        raise ValueError("it has a blank alternative")
    return words


def _lower(name: str) -> str:
    if name != name.lower() or name != name.strip():
        raise ValueError("a name is in lower case, without spaces around it")
    return name


def _period(text: str) -> str:
    try:
        date.fromisoformat(text + "2000-01-01"[len(text) :])
    except ValueError:
        raise ValueError("it is a day, a month or a year: 2024-09-13, 2024-09 or 2024") from None
    return text


Visible = Annotated[str, AfterValidator(_visible)]
Words = tuple[Annotated[str, AfterValidator(_alternatives)], ...]
Subject = Annotated[str, Field(min_length=1), AfterValidator(_lower)]
Period = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"), AfterValidator(_period)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Said(_Strict):
    """One message."""

    role: Literal["user", "assistant", "tool"]
    content: Visible
    name: Visible | None = None


class Wanted(_Strict):
    """A change that should be made, or may be: README.md says what each field means."""

    op: Operation
    subject: Subject | None = None
    says: Words = ()
    instead_of: Words = ()
    was: Words = ()
    ended: bool = False
    since: Period | None = None
    refused: bool = False

    @model_validator(mode="after")
    def _has_the_fields_of_its_operation(self) -> Wanted:
        needed, possible = _fields(self)
        given = {name for name in type(self).model_fields if getattr(self, name) not in (None, (), False)} - {"op"}
        if needed - given:
            raise ValueError(f"{self.op} needs {', '.join(sorted(needed - given))}")
        if given - needed - possible:
            raise ValueError(f"{self.op} has no {', '.join(sorted(given - needed - possible))}")
        return self

    @property
    def closed(self) -> Words:
        """Words of the statement that it closes; none where it closes nothing."""
        return self.instead_of or self.was


def _fields(wanted: Wanted) -> tuple[set[str], set[str]]:
    """Return the fields that a change needs, and those that it may have beside them."""
    if wanted.op == "ADD":
        return {"subject", "says"}, {"since"}
    if wanted.op == "DELETE":
        return {"subject", "was"}, set()
    if wanted.op == "NOOP":
        return ({"refused"}, set()) if wanted.refused else ({"subject", "says"}, set())
    if wanted.ended:
        return {"subject", "instead_of", "ended"}, {"says", "since"}
    return {"subject", "instead_of", "says"}, {"since"}


class Call(_Strict):
    """One `add`: what is said in it, and what should and what may follow."""

    at: AwareDatetime
    messages: tuple[Said, ...] = Field(min_length=1)
    expect: tuple[Wanted, ...] = ()
    allow: tuple[Wanted, ...] = ()


class Dialogue(_Strict):
    """Calls of one user to a memory that is empty before the first."""

    id: Visible
    category: Category
    language: Visible = "en"
    calls: tuple[Call, ...] = Field(min_length=1)


def paths_of(splits: list[str]) -> list[Path]:
    """Turn names of splits, and files of one's own, into paths."""
    return [SPLITS.get(split, Path(split)) for split in splits]


def is_held_out(path: Path) -> bool:
    """Tell whether a file is the one whose texts nobody who changes what is measured should read."""
    return path.resolve() == HELD_OUT.resolve()


def read(path: Path, limit: int | None = None) -> list[Dialogue]:
    """Read the dialogues of a file, or `limit` of them, spread over it: a file goes category by category.

    Raises:
        InvalidInputError: There is no such file, a line is not in the format, or an id comes twice; the message names
            file, line and field.
    """
    if not path.is_file():
        raise InvalidInputError("split", str(path), "dev, test, or a file of dialogues (.jsonl)")
    dialogues: dict[str, Dialogue] = {}
    for where, line in _lines(path):
        dialogue = _dialogue(where, line)
        if dialogue.id in dialogues:
            raise InvalidInputError("data", f"{where}, id", "an id that no line before it has")
        dialogues[dialogue.id] = dialogue
    whole = list(dialogues.values())
    count = len(whole) if limit is None else min(limit, len(whole))
    return [whole[i * len(whole) // count] for i in range(count)]


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            yield f"{path.name}, line {number}", line


def _dialogue(where: str, line: bytes) -> Dialogue:
    try:
        return Dialogue.model_validate_json(line)
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(map(str, problem["loc"])) or "the line"
    message = problem["msg"].removeprefix("Value error, ")
    raise InvalidInputError("data", f"{where}, {field}", f"the format in benchmarks/operations/README.md ({message})")
