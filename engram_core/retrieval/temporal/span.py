"""A range of time that a question names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Relation = Literal["in", "before", "after"]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of time, `[begin, end)`.

    Attributes:
        begin: The first moment, in UTC; None where the range has no beginning.
        end: The first moment after it, in UTC; None where the range has no end.
        relation: Whether the question asks for what lies in a range, or on one side of a moment.
        words: The words of the question that say so.
    """

    begin: datetime | None
    end: datetime | None
    relation: Relation
    words: str
