"""One retrievable statement, and where its vector lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from engram_core.domain.claim import Claim
from engram_core.domain.message import Role
from engram_core.domain.scope import Scope

Kind = Literal["turn", "fact", "preference", "event", "summary"]
Origin = Literal["user", "assistant", "tool", "import"]
KINDS: tuple[str, ...] = get_args(Kind)
ORIGINS: tuple[str, ...] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class Memory:
    """One version of one statement. Intervals are half-open, `[from, to)`; all times are in UTC.

    Attributes:
        id: A UUID; a new version has a new one.
        scope: Who it belongs to.
        kind: `turn` (verbatim, immutable), `fact`, `preference`, `event` or `summary`.
        text: The words.
        role: For a turn, the role it was said in.
        speaker: For a turn, who said it, where the role does not tell.
        origin: Where it came from.
        valid_from: World time: since when it holds; for a turn, when it was said.
        valid_to: World time: until when it held; None while it does.
        recorded_at: System time: when the store learned it.
        retired_at: System time: when the store let go of it (`delete`); None while it is kept.
        sources: Ids of the turns it came from.
        supersedes: Id of the version it replaced.
        importance: 0 to 1.
        metadata: Anything JSON can hold.
        expires_at: From then on it is no longer found.
        claim: For a learned statement, what it says, taken apart; what contradictions are looked for by.
    """

    id: str
    scope: Scope
    kind: Kind
    text: str
    valid_from: datetime
    recorded_at: datetime
    role: Role | None = None
    speaker: str | None = None
    origin: Origin = "user"
    valid_to: datetime | None = None
    retired_at: datetime | None = None
    sources: tuple[str, ...] = ()
    supersedes: str | None = None
    importance: float = 0.5
    metadata: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    claim: Claim | None = None

    @property
    def observations(self) -> int:
        """How often it was said: a turn once, a statement once for each turn that says it."""
        return max(1, len(self.sources))

    @property
    def occurred_at(self) -> datetime:
        """When it was said or began to hold: another name for `valid_from`."""
        return self.valid_from

    @property
    def spoken(self) -> str:
        """The text as it is embedded and indexed: "speaker: text" for a turn."""
        who = self.speaker or (self.role if self.kind == "turn" else None)
        return f"{who}: {self.text}" if who else self.text

    @property
    def is_open(self) -> bool:
        """Whether it is neither retired nor given an end, be that one still to come."""
        return self.retired_at is None and self.valid_to is None

    def is_current(self, now: datetime) -> bool:
        """Tell whether it is kept, still holds and has not expired at `now`."""
        return (
            self.retired_at is None
            and (self.valid_to is None or now < self.valid_to)
            and (self.expires_at is None or now < self.expires_at)
        )

    def held_at(self, moment: datetime) -> bool:
        """Tell whether it was true at `moment` and not yet retired then."""
        return (
            self.valid_from <= moment
            and (self.valid_to is None or moment < self.valid_to)
            and (self.retired_at is None or moment < self.retired_at)
            and (self.expires_at is None or moment < self.expires_at)
        )


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one embedding model: texts embedded by different models never share a space.

    Attributes:
        model: What made the vectors, such as `onnx:all-MiniLM-L6-v2-int8`.
        dimension: Length of each vector.
    """

    model: str
    dimension: int

    def __str__(self) -> str:
        return f"{self.model} ({self.dimension} dimensions)"
