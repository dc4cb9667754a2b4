"""What the verbs return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory


@dataclass(frozen=True, slots=True)
class AddResult:
    """What `add` did.

    Attributes:
        turns: The stored turns, in the order given; one that was there before is returned as it is.
        changes: What was learned from them, and from turns that waited before them.
        duplicates: How many of the turns were there before.
        pending: How many have no vector yet: deferred, or the embedder failed; it is made up for later.
        unlearned: How many are still to be learned from: deferred, or the model failed; it is made up for later.
    """

    turns: tuple[Memory, ...]
    changes: tuple[Change, ...] = ()
    duplicates: int = 0
    pending: int = 0
    unlearned: int = 0


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
        superseded_by: For a turn that says what is no longer so, or a summary of such turns: the statement that holds
            instead, where there is one.
        ended_at: For such a turn or summary: since when it is no longer so.
        replaced: For a statement: the version before it, where that was true once.
        question: Names the question that found it, for `feedback`; empty for a hit that no search made.
    """

    memory: Memory
    score: float
    signals: Mapping[str, float] = field(default_factory=dict)
    superseded_by: Memory | None = None
    ended_at: datetime | None = None
    replaced: Memory | None = None
    question: str = ""


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

    __slots__ = ("degraded", "entries", "hits", "tokens")

    #: Every entry of the text, in its order: the hits, and the turns that make them readable, with the share of their
    #: hit's score that they came in by. Of a long turn beside a hit, `memory.text` is the part that is written.
    entries: tuple[Hit, ...]
    #: Those of the entries that the search found.
    hits: tuple[Hit, ...]
    #: Tokens of the text by the counter in use.
    tokens: int
    #: What failed, by name, with the reason, as in `Recall`; also `neighbours`, without which only hits are written.
    degraded: Mapping[str, str]

    def __new__(
        cls,
        text: str,
        *,
        hits: tuple[Hit, ...] = (),
        tokens: int = 0,
        entries: tuple[Hit, ...] | None = None,
        degraded: Mapping[str, str] | None = None,
    ) -> Context:
        """Make the text with what it holds, its size and what failed; without `entries`, they are the hits."""
        self = super().__new__(cls, text)
        self.entries = hits if entries is None else entries
        self.hits = hits
        self.tokens = tokens
        self.degraded = degraded or {}
        return self


@dataclass(frozen=True, slots=True)
class ProcessedTurn:
    """What `process_turn` recalled and remembered.

    Attributes:
        context: The text for the prompt, with its `hits` and `tokens`; empty where nothing is known.
        added: The stored message, and what was learned from it.
    """

    context: Context
    added: AddResult


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
    labels: int = 0


@dataclass(frozen=True, slots=True)
class ConsolidateResult:
    """What `consolidate` did.

    Attributes:
        merged: Decisions about duplicates: a DELETE of each copy, and a NOOP for what the kept one took over from it.
        summaries: Summaries of sessions, written (ADD) or brought up to date (UPDATE).
        weighed: How many memories got another importance.
        failed: Sessions that could not be summarised (`user 'ada', session 'march'`), with the reason; the next call
            tries again.
    """

    merged: tuple[Change, ...]
    summaries: tuple[Change, ...]
    weighed: int
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpireResult:
    """What `expire` retired, each with its reason in the history.

    Attributes:
        expired: What had an `expires_at` that has passed.
        over_limit: The least valuable of more memories than may be kept.
        learned: How many statements and summaries went with expired turns.
    """

    expired: tuple[Change, ...]
    over_limit: tuple[Change, ...]
    learned: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What `import_` did: records stored now, and records that were there before."""

    memories: int
    changes: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the language model was used for, since the engine was made.

    Attributes:
        calls: Requests to the model, repairs included.
        repairs: Second requests after an answer that did not fit its schema.
        failures: Requests that gave nothing to use.
        input_tokens: As the provider counted.
        output_tokens: As the provider counted.
        cost: By the prices that were set; 0 without.
        invented_ids: Ids in answers that the model made up; ignored.
    """

    calls: int = 0
    repairs: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    invented_ids: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Turns that could not be learned from after all attempts; `replay` tries again.

    Attributes:
        id: Of the job.
        turns: Ids of the turns, which are stored and found as they were said.
        attempts: How often it was tried.
        error: What went wrong last.
        died_at: When it was given up.
    """

    id: str
    turns: tuple[str, ...]
    attempts: int
    error: str
    died_at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """Turns that wait to be learned from.

    Attributes:
        waiting: Jobs still to be done, those under way included.
        dead: Jobs given up.
        oldest: When the oldest that waits was written; None when none does.
    """

    waiting: int
    dead: int
    oldest: datetime | None
