"""One turn of a conversation as it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from engram_core.domain.checks import check_metadata, check_name, check_text, check_time
from engram_core.errors import InvalidInputError

Role = Literal["user", "assistant", "system", "tool"]
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        content: The words, kept exactly as given.
        role: `user`, `assistant`, `system` or `tool`.
        name: Who spoke, where the role does not tell ("Ada").
        occurred_at: When it was said; a naive time is taken as UTC, None means now.
        session_id: The conversation it belongs to, where a call mixes several.
        metadata: Anything JSON can hold.

    Raises:
        InvalidInputError: A field is not acceptable.
    """

    content: str
    role: Role = "user"
    name: str | None = None
    occurred_at: datetime | None = None
    session_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text("content", self.content)
        if not isinstance(self.role, str) or self.role not in ROLES:
            raise InvalidInputError("role", self.role, ", ".join(ROLES))
        check_name("name", self.name)
        check_name("session_id", self.session_id)
        object.__setattr__(self, "occurred_at", check_time("occurred_at", self.occurred_at))
        object.__setattr__(self, "metadata", check_metadata("metadata", self.metadata))
