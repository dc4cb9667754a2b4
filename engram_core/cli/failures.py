"""What a failure looks like on the command line: one exit code, one line, one suggestion."""

from __future__ import annotations

import os
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
    Outcome(2, "the command or an argument is wrong", (InvalidInputError,)),
    Outcome(3, "there is no such memory", (NotFoundError,), "`engram list` or `engram search` shows ids"),
    Outcome(4, "the store cannot be reached", (StoreUnavailableError,), "`engram doctor` tells what is wrong"),
    Outcome(5, "it contradicts what is stored", (ConflictError,), "`engram history ID` tells what happened to it"),
    Outcome(6, "a setting cannot work", (ConfigError, SchemaMismatchError), "`engram doctor` shows every setting"),
    Outcome(7, "a model failed", (ProviderError,), "`engram doctor` tries the model"),
    Outcome(1, "anything else failed", (EngramError,), "`engram doctor` tells what is wrong"),
    Outcome(130, "interrupted"),
)

_SCOPE_ADVICE = "say whose memories: --user ID, --agent ID or --session ID"


def outcome(error: EngramError) -> Outcome:
    """Return the row of the table that an error belongs to."""
    return next(row for row in OUTCOMES if isinstance(error, row.errors))


def report(error: EngramError) -> int:
    """Write an error and its advice to stderr, and return the exit code."""
    row = outcome(error)
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    if advice := _advice(error, row):
        print(f"  try: {advice}", file=sys.stderr)
    return row.code


def leave_quietly() -> int:
    """End after the reader of our output went away (`engram list | head`), without a second complaint at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def table() -> str:
    """Write the exit codes for the help page."""
    rows = sorted(OUTCOMES, key=lambda row: row.code)
    # \b keeps the lines as they are.
    return "\b\nExit codes:\n" + "\n".join(f"  {row.code:>3}  {row.meaning}" for row in rows)


def _advice(error: EngramError, row: Outcome) -> str | None:
    if isinstance(error, InvalidInputError) and error.argument == "scope":
        return _SCOPE_ADVICE
    return None if "engram " in str(error) or "pip install" in str(error) else row.advice
