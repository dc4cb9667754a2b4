"""What a failure looks like on the command line: one exit code, one line, one suggestion."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass

from engram_core.errors import (
    ConfigError,
    ConflictError,
    EngramError,
    InvalidInputError,
    NotFoundError,
    ProviderError,
    SchemaMismatchError,
    StoreUnavailableError,
)


class Misuse(EngramError):
    """The command was given what it cannot use; the message is a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exit code, what it means, the errors that end in it and what helps."""

    code: int
    meaning: str
    errors: tuple[type[EngramError], ...] = ()
    advice: str | None = None


#: The first row that an error belongs to decides.
OUTCOMES = (
    Outcome(0, "it worked"),
    Outcome(2, "the command or an argument is wrong", (InvalidInputError, Misuse)),
    Outcome(3, "there is no such memory", (NotFoundError,), "`engram list` or `engram search` shows ids"),
    Outcome(4, "the store cannot be reached", (StoreUnavailableError,), "`engram doctor` tells what is wrong"),
    Outcome(5, "it contradicts what is stored", (ConflictError,), "`engram history ID` tells what happened to it"),
    Outcome(6, "a setting cannot work", (ConfigError, SchemaMismatchError), "`engram doctor` shows every setting"),
    Outcome(7, "a model failed", (ProviderError,), "`engram doctor` tries the model"),
    Outcome(1, "anything else failed", (EngramError,), "`engram doctor` tells what is wrong"),
    Outcome(130, "interrupted"),
)

#: What the arguments of the verbs are called on the command line, and what is accepted for them there.
_NAMES = {
    "content": "TEXT",
    "text": "TEXT",
    "query": "QUESTION",
    "id": "ID",
    "ids": "ID",
    "change_id": "CHANGE",
    "user_id": "--user",
    "agent_id": "--agent",
    "session_id": "--session",
    "occurred_at": "--at",
    "expires_at": "--expires",
    "as_of": "--as-of",
    "kinds": "--kind",
    "filters": "--filter",
    "metadata": "--meta",
    "token_budget": "--budget",
    "languages": "ENGRAM_LANGUAGES",
    "path": "--out",
    "questions": "--questions",
    "judge": "--judge",
} | {name: f"--{name}" for name in ("role", "name", "limit", "reason", "importance", "concurrency")}
_SETTING = re.compile(r"(?P<name>\w+): got (?P<given>.+?); accepted: (?P<accepted>.+)", re.DOTALL)
_ACCEPTED = {
    "a datetime or an ISO 8601 string": "a time in ISO 8601, such as 2025-01-31T18:00",
    "a string that is not blank, or None": "text that is not blank",
}


def outcome(error: EngramError) -> Outcome:
    """Return the row of the table that an error belongs to."""
    return next(row for row in OUTCOMES if isinstance(error, row.errors))


def report(error: EngramError) -> int:
    """Write an error and its advice to stderr, and return the exit code."""
    row = outcome(error)
    print(f"error: {' '.join(sentence(error).split())}", file=sys.stderr)
    if advice := _advice(error, row):
        print(f"  try: {advice}", file=sys.stderr)
    return row.code


def sentence(error: EngramError) -> str:
    """Say an error in the words of the command line: of a mistake, what was typed or set, and what to give instead."""
    if isinstance(error, InvalidInputError):
        return _mistake(error)
    setting = _SETTING.fullmatch(str(error)) if isinstance(error, ConfigError) else None
    if setting is None:
        return str(error)
    return f"ENGRAM_{setting['name'].upper()} cannot be {setting['given']}; it takes {setting['accepted']}"


def leave_quietly() -> int:
    """End after the reader of our output went away (`engram list | head`), without a second complaint at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def table() -> str:
    """Write the exit codes for the help page."""
    rows = sorted(OUTCOMES, key=lambda row: row.code)
    # \b keeps the lines as they are.
    return "\b\nExit codes:\n" + "\n".join(f"  {row.code:>3}  {row.meaning}" for row in rows)


def _mistake(error: InvalidInputError) -> str:
    if error.argument == "scope":
        return "whose memories? Say it with --user ID, --agent ID or --session ID"
    argument, accepted = _typed(error.argument), _ACCEPTED.get(error.accepted, error.accepted)
    if error.given == "None":
        return f"{argument} is missing; it takes {accepted}"
    kind, _, value = error.given.partition(" ")
    return f"{argument} cannot be {value or kind}; it takes {accepted}"


def _typed(argument: str) -> str:
    """Return what an argument is called here; a place inside of it, as in `metadata.topic`, is named after it."""
    first = re.split(r"\W", argument, maxsplit=1)[0]
    inside = argument.removeprefix(first).lstrip(".")
    return f"{_NAMES[first]} {inside}".rstrip() if first in _NAMES else argument


def _advice(error: EngramError, row: Outcome) -> str | None:
    return None if "engram " in str(error) or "pip install" in str(error) else row.advice
