"""Identifiers of memories and changes."""

from __future__ import annotations

import secrets
import threading
import time
from uuid import UUID

from engram_core.errors import InvalidInputError

_LOCK = threading.Lock()
#: Bits of an id below its milliseconds, version and variant aside.
_RANDOM = 74
_last = 0


def new_id() -> str:
    """Return a version 7 UUID (RFC 9562): its order is the order of time, also within a millisecond of this process."""
    global _last
    fresh = (time.time_ns() // 1_000_000) << _RANDOM | secrets.randbits(_RANDOM)
    with _LOCK:
        if (
            fresh >> _RANDOM <= _last >> _RANDOM
        ):  # the same millisecond, or a clock that was set back: go on from the last
            fresh = _last + 1 + secrets.randbits(32)
        _last = fresh
    milliseconds, random = fresh >> _RANDOM, fresh & ((1 << _RANDOM) - 1)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | low))


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
