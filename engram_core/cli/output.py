"""JSON for scripts: the fields of the Python value of the same name."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def emit(value: object) -> None:
    """Write one JSON document on one line."""
    sys.stdout.write(line(value) + "\n")


def emit_lines(values: Iterable[object]) -> None:
    """Write JSON Lines."""
    for value in values:
        emit(value)


def line(value: object) -> str:
    """Write a value as JSON without a line break."""
    return json.dumps(value, ensure_ascii=False, default=plain)


def plain(value: object) -> Any:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
