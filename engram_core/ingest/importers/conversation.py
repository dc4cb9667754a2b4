"""What every importer makes, and how it reads what others wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engram_core.domain.checks import check_time
from engram_core.domain.message import Message
from engram_core.errors import InvalidInputError

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of an export.

    Attributes:
        id: The id it has there; the `session_id` of its messages.
        title: The title it has there; empty when it has none.
        messages: What was said, in order.
        skipped: How many messages were left out: system, hidden, empty, calls and results of tools.
    """

    id: str
    title: str
    messages: tuple[Message, ...]
    skipped: int


def mapping_at(where: str, value: object) -> Mapping[str, Any]:
    """Return a JSON object or raise `InvalidInputError`."""
    if not isinstance(value, Mapping):
        raise InvalidInputError(where, value, "a JSON object")
    return value


def list_at(where: str, value: object) -> list[Any]:
    """Return a JSON array or raise `InvalidInputError`."""
    if not isinstance(value, list):
        raise InvalidInputError(where, value, "a JSON array")
    return value


def text_at(where: str, value: object) -> str:
    """Return a string, empty for null, or raise `InvalidInputError`.

    NUL and lone surrogates, which no UTF-8 store can keep, become U+FFFD as in any decoder.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInputError(where, value, "a string")
    return _UNREADABLE.sub("\ufffd", value)


def moment_at(where: str, value: object) -> datetime | None:
    """Return a time given as Unix seconds or as ISO 8601, None for null, or raise `InvalidInputError`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            raise InvalidInputError(where, value, "Unix seconds") from None
    return check_time(where, value)
