"""What users said of hits: labels, kept for whoever fits the ranker to this deployment."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from engram_core.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Label:
    """One verdict: whether a memory was of use for a question.

    Attributes:
        question: Names the question, as `question_key` does; its words are kept nowhere.
        memory_id: What was found.
        useful: The verdict.
        signals: `Hit.signals`: what the ranker saw of the memory when it was found, by name.
        at: When it was given.
    """

    question: str
    memory_id: str
    useful: bool
    signals: Mapping[str, float]
    at: datetime


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """All labels of one question: `labels` are the oldest first, ties by `memory_id`; there is one at least."""

    question: str
    labels: tuple[Label, ...]

    @classmethod
    def of(cls, labels: Iterable[Label]) -> Self:
        """Put labels of one question together."""
        ordered = tuple(sorted(labels, key=lambda label: (label.at, label.memory_id)))
        return cls(ordered[0].question, ordered)


class LabelStore(ABC):
    """Keeps labels beside the memories they are about, with which they are erased; they are no part of an export."""

    @abstractmethod
    async def label(self, scope: Scope, label: Label) -> bool:
        """Keep a label, in the place of an earlier one of the same question and memory.

        One that says the same, verdict and signals, stays as it is, its time included.

        Args:
            scope: The memory's.
            label: Its question names this scope's owner.

        Returns:
            False, with nothing written, when the owner of the scope has no such memory.
        """

    @abstractmethod
    def labels(self, tenant: str) -> AsyncIterator[LabelledQuestion]:
        """Iterate over all labels of a tenant, question by question, in an order that is the same on the same data.

        It is read bit by bit: what is written meanwhile may or may not be among them.
        """

    @abstractmethod
    async def count_labels(self, tenant: str) -> int:
        """Count the labels of a tenant."""


def question_key(scope: Scope, question: str) -> str:
    """Name a question that was asked of the owner of a scope: a hash of 64 bits (BLAKE2b), in 16 hexadecimal digits.

    It is salted by the owner: the same words asked of another have another name, and cannot be told to be the same.
    """
    salt = scope.shard_key.to_bytes(8, "big", signed=True)
    return hashlib.blake2b(question.encode("utf-8", "replace"), digest_size=8, salt=salt).hexdigest()
