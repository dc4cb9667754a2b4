"""64-bit keys made of names, and the salt of an owner's terms."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.scope import Scope

_MASK = (1 << 64) - 1


@lru_cache(maxsize=8192)
def scope_key(scope: Scope) -> int:
    """Name a full scope (a conversation) within its owner."""
    return hash64("scope", scope.tenant, scope.user_id, scope.agent_id, scope.session_id)


def part_key(part: str, scope: Scope) -> int | None:
    """Name a tenant's agent (`agent_id`) or session (`session_id`); None where the scope has none."""
    value = getattr(scope, part)
    return None if value is None else hash64(part, scope.tenant, value)


def hash64(*parts: str | None) -> int:
    """Hash names to a signed 64-bit number that never changes."""
    digest = hashlib.blake2b(json.dumps(parts, ensure_ascii=True).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def salted(terms: NDArray[np.int64], shard_key: int) -> NDArray[np.int64]:
    """Make an owner's terms differ from every other owner's; applied twice, it gives the terms back."""
    return terms ^ np.int64(salt(shard_key))


def salt(shard_key: int) -> int:
    """Return what an owner's terms are combined with: its key, spread over all bits (the finaliser of SplitMix64,
    Steele et al. 2014).
    """
    value = (shard_key + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    value ^= value >> 31
    return value - (1 << 64) if value >> 63 else value
