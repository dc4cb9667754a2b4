"""Identifiers of memories and changes."""

from __future__ import annotations

import os
import time
from uuid import UUID

from engram_core.errors import InvalidInputError


def new_id() -> str:
    """Return a version 7 UUID (RFC 9562): its order is the order of time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))


def check_id(argument: str, value: object, what: str = "a memory") -> str:
    """Return the canonical text of an id, or raise `InvalidInputError` that says of `what` one is needed."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        try:
            return str(UUID(value))
        except ValueError:
            pass
    raise InvalidInputError(argument, value, f"the id of {what}, a UUID")
