"""What the domain accepts: every check names the argument, what came and what is accepted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engram_core.errors import InvalidInputError

MAX_TEXT = 10_000_000
MAX_NAME = 512
MAX_METADATA_BYTES = 1_000_000
MAX_METADATA_DEPTH = 32
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def check_characters(argument: str, text: str) -> str:
    """Refuse what no UTF-8 database can keep: NUL and lone surrogates."""
    if "\x00" in text:
        raise InvalidInputError(argument, text, "text without NUL characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInputError(argument, text, "valid Unicode (no lone surrogates)") from None
    return text


def clean_characters(text: str) -> str:
    """Replace what `check_characters` refuses, in words that somebody else chose: a model, or a server's complaint."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def check_text(argument: str, text: object) -> str:
    """Check the words of a memory: non-blank, at most `MAX_TEXT` characters, kept exactly as given."""
    if not isinstance(text, str):
        raise InvalidInputError(argument, text, "a string")
    if not text.strip():
        raise InvalidInputError(argument, text, "text with at least one visible character")
    if len(text) > MAX_TEXT:
        raise InvalidInputError(argument, text, f"at most {MAX_TEXT:,} characters")
    return check_characters(argument, text)


def check_name(argument: str, value: object) -> str | None:
    """Check an identifier that a caller chose: a user, an agent, a session, a speaker."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInputError(argument, value, "a string or None")
    if not value.strip():
        raise InvalidInputError(argument, value, "a string that is not blank, or None")
    if len(value) > MAX_NAME:
        raise InvalidInputError(argument, value, f"at most {MAX_NAME} characters")
    return check_characters(argument, value)


def check_time(argument: str, value: object) -> datetime | None:
    """Take a datetime or an ISO 8601 string; a naive time is taken as UTC.

    The very first and the very last instant that a datetime can hold are refused: drivers of databases read and write
    them as minus and plus infinity.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidInputError(argument, value, "a datetime or an ISO 8601 string") from None
    if not isinstance(value, datetime):
        raise InvalidInputError(argument, value, "a datetime or an ISO 8601 string")
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (OverflowError, ValueError, TypeError):  # the last where a time zone of the caller's own is broken
        moment = _FIRST
    if not _FIRST < moment < _LAST:
        raise InvalidInputError(argument, value, "a time within the years 1 to 9999 in UTC, their two ends left out")
    return moment


def check_metadata(argument: str, value: object) -> dict[str, Any]:
    """Check that metadata is a JSON object and return a copy that no caller can change."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInputError(argument, value, "a mapping that JSON can hold")
    _check_json(argument, value, 0)
    text = json.dumps(value, ensure_ascii=False, default=dict)
    if len(text) > MAX_METADATA_BYTES:
        raise InvalidInputError(argument, value, f"at most {MAX_METADATA_BYTES:,} characters as JSON")
    copy: dict[str, Any] = json.loads(text)
    return copy


def check_limit(argument: str, value: object, *, most: int) -> int:
    """Check a count of results: a whole number from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidInputError(argument, value, f"a whole number from 1 to {most:,}")
    return value


def check_callback(argument: str, value: object) -> None:
    """Check a function that is to be told of progress, before any work is done."""
    if value is not None and not callable(value):
        raise InvalidInputError(argument, value, "a function or None")


def check_flag(argument: str, value: object) -> bool:
    """Return True or False, or raise `InvalidInputError`."""
    if not isinstance(value, bool):
        raise InvalidInputError(argument, value, "True or False")
    return value


def _check_json(path: str, value: object, depth: int) -> None:
    if depth > MAX_METADATA_DEPTH:
        raise InvalidInputError(path, value, f"at most {MAX_METADATA_DEPTH} levels of nesting")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) >= 10**1000:
            raise InvalidInputError(path, "a number of over 1,000 digits", "a smaller number")
    elif isinstance(value, str):
        check_characters(path, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInputError(path, value, "a finite number")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidInputError(path, key, "keys that are strings")
            check_characters(path, key)
            _check_json(f"{path}.{key}", item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_json(f"{path}[{index}]", item, depth + 1)
    else:
        raise InvalidInputError(path, value, "null, a boolean, number, string, list or mapping")
