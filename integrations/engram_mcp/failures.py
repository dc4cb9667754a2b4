"""What a model reads when something fails: what is wrong and what to do, never a traceback, never a secret."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from engram_core import (
    ConflictError,
    EngramError,
    InvalidInputError,
    NotFoundError,
    ProviderError,
    StoreUnavailableError,
)

logger = logging.getLogger(__name__)

#: The words of these are about the caller's own request, so they are handed on, with what helps.
_TOLD: dict[type[EngramError], str] = {
    InvalidInputError: "",
    NotFoundError: "`recall` and `list_recent` show the ids that there are.",
    ConflictError: "`history` tells what happened to it, and the id of its current version.",
}
#: The words of these may name hosts, files or accounts: they go to the log, and the caller reads these.
_WITHHELD: dict[type[EngramError], str] = {
    StoreUnavailableError: "The memory store cannot be reached now. Try again in a moment.",
    ProviderError: "A model that the memory works with failed. Try again in a moment.",
    EngramError: "The memory failed. The log of this server says why.",
}
_BROKEN = "This memory server failed, which is a fault of its own. Its log says where."


def explain(error: Exception) -> str:
    """Say an error in words that are safe to show, and log what they leave out."""
    for kind, advice in _TOLD.items():
        if isinstance(error, kind):
            return f"{error}. {advice}".rstrip() if advice else str(error)
    for kind, words in _WITHHELD.items():
        if isinstance(error, kind):
            logger.warning("%s: %s", type(error).__name__, error)
            return words
    logger.error("a request failed", exc_info=error)
    return _BROKEN


def misuse(tool: str, error: ValidationError, arguments: type[BaseModel]) -> str:
    """Say what is wrong with the arguments of a tool, a line for each mistake."""
    # Null is taken where a value may be left out, but nobody needs to be told.
    problems = [problem for problem in error.errors() if problem["type"] != "none_required"]
    lines = [_mistake(tool, problem["loc"], problem["type"], problem["msg"], arguments) for problem in problems]
    return "\n".join(dict.fromkeys(lines))


def _mistake(tool: str, place: Sequence[int | str], kind: str, message: str, arguments: type[BaseModel]) -> str:
    name = str(place[0]) if place else "arguments"
    if kind == "extra_forbidden":
        return (
            f"{name}: {tool} takes no such argument; it takes {', '.join(arguments.model_fields)}. "
            "Whose memories these are is fixed by this server's configuration."
        )
    if kind == "missing":
        return f"{name}: it is missing; {tool} needs it."
    return f"{name}: {message}."
