"""A question as the legs read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engram_core.ports import EncodedQuery, Vector
from engram_core.retrieval.temporal import Span, read_spans


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A question, its vectors unless the model failed, and the times that it names."""

    text: str
    encoded: EncodedQuery | None
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, encoded: EncodedQuery | None, now: datetime) -> Question:
        """Read the times; those without a year lie before `now`."""
        return cls(text, encoded, read_spans(text, now))

    @property
    def vector(self) -> Vector | None:
        """The vector of the whole, unless the model failed."""
        return None if self.encoded is None else self.encoded.vector
