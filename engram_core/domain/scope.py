"""Who a memory belongs to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache

from engram_core.domain.checks import check_name
from engram_core.errors import InvalidInputError

PARTS = ("user_id", "agent_id", "session_id")


@dataclass(frozen=True, slots=True)
class Scope:
    """A tenant and up to three parts; a scope with fewer parts contains those with more.

    Attributes:
        tenant: The account that owns everything below; no scope reaches another tenant.
        user_id: The person the memories are about or from.
        agent_id: The agent that took part.
        session_id: One conversation.
    """

    tenant: str = "default"
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None

    def __post_init__(self) -> None:
        if check_name("tenant", self.tenant) is None:
            raise InvalidInputError("tenant", self.tenant, "a string that is not blank")
        for part in PARTS:
            check_name(part, getattr(self, part))

    @property
    def is_empty(self) -> bool:
        """Whether no part is set, so that the scope is the whole tenant."""
        return self.user_id is None and self.agent_id is None and self.session_id is None

    def required(self) -> Scope:
        """Return this scope, or raise `InvalidInputError` when it names nobody."""
        if self.is_empty:
            raise InvalidInputError("scope", None, "at least one of user_id, agent_id, session_id")
        return self

    def contains(self, other: Scope) -> bool:
        """Tell whether every part set here is the same in `other`."""
        return self.tenant == other.tenant and all(
            getattr(self, part) in (None, getattr(other, part)) for part in PARTS
        )

    def narrowed(self, *, session_id: str | None) -> Scope:
        """Return this scope with another session when one is given."""
        return self if session_id is None else replace(self, session_id=session_id)

    @property
    def named(self) -> str:
        """The parts that are set, for a person to read: `user 'ada', session 'march'`; no two scopes have the same."""
        parts = {part.removesuffix("_id"): getattr(self, part) for part in PARTS}
        return ", ".join(f"{name} {value!r}" for name, value in parts.items() if value is not None)

    @property
    def owner(self) -> Scope:
        """The part of the scope that decides where it is kept.

        That is the user; the agent where there is no user; else the session.
        """
        if self.user_id is not None:
            return Scope(self.tenant, user_id=self.user_id)
        if self.agent_id is not None:
            return Scope(self.tenant, agent_id=self.agent_id)
        return self

    @property
    def shard_key(self) -> int:
        """A stable signed 64-bit hash of the owner, the first column of every key."""
        owner = self.owner
        return _hash64(owner.tenant, owner.user_id, owner.agent_id, owner.session_id)


@lru_cache(maxsize=4096)
def _hash64(*parts: str | None) -> int:
    digest = hashlib.blake2b(json.dumps(parts, ensure_ascii=True).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
