"""What the verbs return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory


@dataclass(frozen=True, slots=True)
class AddResult:
    """What `add` did.

    Attributes:
        turns: The stored turns, in the order given; one that was there before is returned as it is.
        changes: What was learned from them.
        duplicates: How many of the turns were there before.
        pending: How many have no vector yet because the embedder failed; it is made up for later.
    """

    turns: tuple[Memory, ...]
    changes: tuple[Change, ...] = ()
    duplicates: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class AddManyResult:
    """What `add_many` did.

    Attributes:
        added: Turns stored by this call.
        duplicates: Turns that were there before.
    """

    added: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result.

    Attributes:
        memory: What was found.
        score: 0 to 1, higher is better.
        signals: What each leg and feature said, by name.
    """

    memory: Memory
    score: float
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recall(Sequence[Hit]):
    """A whole search result: a sequence of hits, best first.

    Attributes:
        query: The question as asked.
        hits: Best first; ties are ordered by id.
        degraded: Legs that failed, by name, with the reason; empty when all answered.
        timings: Seconds spent, by step; `total` is the whole.
    """

    query: str
    hits: tuple[Hit, ...]
    degraded: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        """Return one hit, or a slice of them."""
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


class Context(str):
    """Text for a prompt: a plain string that also knows what it was made of."""

    __slots__ = ("hits", "tokens")

    #: The hits that the text holds, in the order of the text.
    hits: tuple[Hit, ...]
    #: Tokens of the text by the counter in use.
    tokens: int

    def __new__(cls, text: str, *, hits: tuple[Hit, ...] = (), tokens: int = 0) -> Context:
        """Make the text with its hits and its size."""
        self = super().__new__(cls, text)
        self.hits = hits
        self.tokens = tokens
        return self


@dataclass(frozen=True, slots=True)
class Page(Sequence[Memory]):
    """A part of a listing: a sequence of memories.

    Attributes:
        items: Oldest first.
        cursor: Pass it as `after` for the next part; None at the end.
    """

    items: tuple[Memory, ...]
    cursor: str | None

    @overload
    def __getitem__(self, index: int) -> Memory: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Memory, ...]: ...
    def __getitem__(self, index: int | slice) -> Memory | tuple[Memory, ...]:
        """Return one memory, or a slice of them."""
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Memory]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class EraseReceipt:
    """What `erase` removed physically, by table."""

    memories: int
    vectors: int
    terms: int
    changes: int
    jobs: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What `import_` did: records stored now, and records that were there before."""

    memories: int
    changes: int
    duplicates: int
