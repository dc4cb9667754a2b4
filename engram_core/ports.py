"""What the engine needs from the outside, said by behaviour.

Each port is a small abstract class. `stores/inmemory` is the reference implementation of the store ports; every
implementation passes the same suite in `tests/contracts/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory, Space
from engram_core.domain.results import DeadLetter, EraseReceipt, Page, Queue
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection

Vector = NDArray[np.float32]  # (dimension,), unit length
Matrix = NDArray[np.float32]  # (n, dimension), rows of unit length
Rows = NDArray[np.int64]  # (n,), row numbers of one View
Learn = Literal["now", "later"]


class Embedder(ABC):
    """Turns texts into vectors of unit length."""

    @abstractmethod
    async def space(self) -> Space:
        """Name the model and the dimension of its vectors; may call the provider once."""

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found later.

        Args:
            texts: Any number, of any length; what the model cannot read of a long one is cut off.

        Returns:
            float32 of shape (len(texts), dimension), rows of unit length, in the order given.

        Raises:
            ProviderError: The model failed; `retryable` says whether to try again.
        """

    async def embed_query(self, text: str) -> Vector:
        """Embed a question; the same as `embed` unless the model treats questions in another way."""
        vector: Vector = (await self.embed([text]))[0]
        return vector

    async def close(self) -> None:  # noqa: B027 - most embedders hold nothing
        """Give back what is held. Closing twice is harmless."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: its text, and the tokens it took as the provider counted them."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class ChatModel(ABC):
    """A language model that answers in JSON."""

    #: What it is called in histories and counters, such as `openai:gpt-4o-mini`.
    name: str

    @abstractmethod
    async def answer(self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Answer once.

        Args:
            messages: (role, text) pairs, roles `system`, `user`, `assistant`.
            schema: The JSON Schema (an object, with a `title`) that the provider is asked to hold the answer to. A
                provider that cannot, or does not, gives text that the caller must check.

        Raises:
            RateLimitedError: It asks to slow down, and did so through all retries.
            ProviderUnavailableError: It cannot be reached, is too slow, or failed.
            InvalidOutputError: It answered what cannot be read as an answer at all, or refused, or was cut off.
            ProviderError: It refused: wrong key, unknown model.
        """

    async def close(self) -> None:  # noqa: B027 - some models hold nothing
        """Give back what is held. Closing twice is harmless."""


class TokenCounter(ABC):
    """Counts tokens for a budget."""

    #: What it counts by: an encoding, or the name of the estimate.
    name: str

    @abstractmethod
    def count(self, text: str) -> int:
        """Count the tokens of a text; an estimate errs high."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to be stored.

    Attributes:
        memory: The turn as a memory of kind `turn`.
        key: What makes it the same turn when it comes again (32 bytes), or None: always a new one.
    """

    memory: Memory
    key: bytes | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` did.

    Attributes:
        turns: The stored turns in the order given: the earlier one where a key was there before.
        fresh: Ids of those stored now.
        unembedded: Those that have no vector in the serving space, fresh or not.
        job: The durable note that they need one; None when none does.
        lessons: The jobs that say that fresh turns are to be learned from, one an owner.
    """

    turns: tuple[Memory, ...]
    fresh: frozenset[str]
    unembedded: tuple[Memory, ...]
    job: str | None
    lessons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """Turns of one owner that are to be learned from together.

    Attributes:
        job: Names it.
        turns: In the order of arrival; those erased or retired meanwhile are left out, so there may be none.
        attempts: How often it was claimed, this time included.
    """

    job: str
    turns: tuple[Memory, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Use:
    """How a memory was used.

    Attributes:
        accesses: How often it was among the hits of a search.
        last_at: When it was last.
        stated: The importance that it was given when it was written; the present one is made from it.
    """

    accesses: int
    last_at: datetime | None
    stated: float


@dataclass(frozen=True, slots=True)
class Leg:
    """Candidates of one leg, best first, ties by row: `rows` (n,) and their raw `scores` (n,)."""

    rows: Rows
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Raw scores for given rows, complete where the legs are partial.

    A turn's neighbours are the turns before and after it in the same full scope (conversation), in the order of
    (`occurred_at`, order of arrival), among those that the view may see.

    Attributes:
        dense: (n,) cosine with the question; NaN where the memory has no vector yet.
        lexical: (n,) BM25 score with the statistics of the view's scope; 0 where no term matches.
        near_dense: (n, 4) the same for the turn before, the turn after, the one before that and the one after that;
            NaN where there is none.
        near_lexical: (n, 4) likewise; 0 where there is none.
        lengths: (n,) of the texts in terms, as BM25 takes them.
    """

    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    near_dense: NDArray[np.float32]
    near_lexical: NDArray[np.float32]
    lengths: NDArray[np.float32]


class View(ABC):
    """One consistent reading of the memories that a selection admits, numbered by rows of its own.

    Scope, kinds, time and metadata are applied before anything is scored. Row numbers mean nothing outside their view;
    on the same data, the same selection numbers in the same order.
    """

    @abstractmethod
    async def dense(self, query: Vector, limit: int) -> Leg:
        """Return the rows nearest to the query by cosine; exact while the scope is small."""

    @abstractmethod
    async def lexical(self, query: str, limit: int) -> Leg:
        """Return the rows with the highest BM25 score above 0. Any text is a legal query; some match nothing."""

    @abstractmethod
    async def evidence(self, rows: Rows, query: Vector | None, text: str) -> Evidence:
        """Score these rows and their neighbours completely; `dense` is all NaN without a query vector."""

    @abstractmethod
    async def hydrate(self, rows: Rows) -> list[Memory | None]:
        """Fetch whole memories, in the order given; None for one that was erased meanwhile."""


class MemoryStore(ABC):
    """Keeps memories, their vectors, their terms and their history.

    Each writing method is one transaction: all of it or nothing, durable on return. Writers to one owner are put in
    an order; what one has written, the next one sees. Ids are canonical UUID texts. Nothing returned can be changed
    by the caller. All methods raise `StoreUnavailableError` when the store cannot be reached.
    """

    @abstractmethod
    async def open(self, space: Space) -> None:
        """Make ready for vectors of this space; creates it in a store that has none.

        Raises:
            SchemaMismatchError: The store serves another space, or was written by a newer version.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back what is held. Closing twice is harmless."""

    # -- writing

    @abstractmethod
    async def record(self, turns: Sequence[Turn], *, learn: Learn | None = None) -> Recorded:
        """Store turns, of any number of owners, leaving out those whose key (per owner) is there already.

        Args:
            turns: At least one.
            learn: Write a lesson for the fresh turns of each owner, in the same transaction: `now` leaves it to the
                caller, who holds its lease; `later` makes it due at once for whoever claims it.
        """

    @abstractmethod
    async def embedded(self, vectors: Mapping[str, Vector], memories: Sequence[Memory], job: str | None) -> None:
        """Store the vectors of memories (by id) and strike the job.

        A memory that was erased meanwhile, or has its vector already, is passed over.

        Raises:
            SchemaMismatchError: The store has switched to another space since `open`.
        """

    @abstractmethod
    async def claim_unembedded(self, limit: int) -> tuple[str, tuple[Memory, ...]] | None:
        """Lease the oldest job whose vectors are due, of any tenant, with the memories that still lack one,
        which are one at least.

        A job is due some time after it was written or last claimed, so that two processes do not do the same work.
        None when nothing is due.
        """

    @abstractmethod
    async def apply(
        self, changes: Sequence[Change], vectors: Mapping[str, Vector], *, lesson: str | None = None
    ) -> bool:
        """Carry out changes and write their history; strike the lesson that they were learned in.

        ADD stores `after`; UPDATE closes `before` as given there and stores `after`; DELETE closes `before` as given
        there; NOOP writes history, and gives the version in `after`, where there is one, the `sources` it has there.
        A change that `undoes` another finds its `after` in the store and sets the ends and the sources that it has
        there; its `before` gets the ends given there, too. `vectors` holds those of the new memories, by id, as far as
        known.

        Returns:
            False, with nothing written, when the lesson is there no more: somebody else has learned it.

        Raises:
            ConflictError: A `before` is no longer the current version, or is gone. Nothing is written.
        """

    @abstractmethod
    async def claim_lesson(self, upto: str | None = None) -> Lesson | None:
        """Lease the oldest lesson that is due; lessons of one owner come strictly in the order they were written.

        A lesson is not given out while an earlier one of its owner, dead ones aside, is still to be learned.

        Args:
            upto: Only those of this lesson's owner, up to this one, whose lease counts as the caller's own.

        Returns:
            None when nothing is due, or (`upto`) somebody else holds an earlier one, or it is there no more.
        """

    @abstractmethod
    async def live_lessons(self, jobs: Sequence[str]) -> frozenset[str]:
        """Return those of these lessons that are still to be learned, dead ones aside."""

    @abstractmethod
    async def postpone_lesson(self, job: str, error: str, delay: float | None) -> None:
        """Give a claimed lesson back: due again after `delay` seconds; with None it is dead until `replay`."""

    @abstractmethod
    async def dead_lessons(self, tenant: str, limit: int) -> list[DeadLetter]:
        """Return the tenant's dead lessons, oldest first."""

    @abstractmethod
    async def replay(self, tenant: str, jobs: Sequence[str] | None = None) -> int:
        """Make dead lessons of a tenant due again, all or these, their attempts forgotten; return how many."""

    @abstractmethod
    async def queue(self, tenant: str) -> Queue:
        """Count the tenant's lessons."""

    @abstractmethod
    async def retire_all(self, scope: Scope, changes: Sequence[Change]) -> int:
        """Apply DELETE changes, passing over memories that are no longer current; return how many were retired."""

    @abstractmethod
    async def erase(self, scope: Scope) -> EraseReceipt:
        """Remove physically all that the scope contains: memories, vectors, terms, history, jobs.

        Statements outside the scope that were learned from turns inside it alone go with them; those that have other
        sources too forget the ones that are gone.
        """

    @abstractmethod
    async def restore(self, memories: Sequence[tuple[Memory, bytes | None]], changes: Sequence[Change]) -> Recorded:
        """Store exported versions and history with the ids they had; what is there already stays as it is.

        Raises:
            ConflictError: An id is in use by a memory of another scope. Nothing is written.
        """

    # -- reading

    @abstractmethod
    async def get(self, tenant: str, ids: Sequence[str]) -> list[Memory]:
        """Return the versions with these ids in the tenant, in the order given; unknown ids are left out."""

    @abstractmethod
    async def listing(self, selection: Selection, *, limit: int, after: str | None = None) -> Page:
        """List selected memories in the order of `recorded_at`, then arrival.

        Raises:
            InvalidInputError: `after` is not a cursor of this store.
        """

    @abstractmethod
    async def count(self, selection: Selection) -> int:
        """Count selected memories."""

    @abstractmethod
    async def history(self, tenant: str, id: str) -> list[Change]:
        """Return the changes of a memory, of all it superseded and of all that superseded it, oldest first."""

    @abstractmethod
    async def decision(self, tenant: str, id: str) -> list[Change]:
        """Return a change by id and those it caused, in that order; nothing when the tenant has none with this id."""

    @abstractmethod
    async def statements(self, scope: Scope, subjects: Collection[str], now: datetime) -> list[Memory]:
        """Return the current statements of exactly this scope that have a claim about one of the subjects, oldest
        first."""

    @abstractmethod
    async def learned_from(self, tenant: str, turns: Sequence[str]) -> list[Memory]:
        """Return every statement, whatever became of it, that has one of these turns among its sources."""

    @abstractmethod
    async def successors(self, tenant: str, ids: Sequence[str]) -> dict[str, Memory]:
        """Follow `supersedes` forward: the last version that is not retired, by the id it began from; without those
        that have none."""

    @abstractmethod
    async def expired(self, scope: Scope, now: datetime, limit: int) -> list[Memory]:
        """Return memories that the scope contains whose `expires_at` has passed and that are neither retired nor
        closed, the longest expired first, `limit` at most."""

    @abstractmethod
    async def used(self, tenant: str, accesses: Mapping[str, int], at: datetime) -> None:
        """Add accesses to the count of memories, by id; unknown ids are passed over. It touches no version."""

    @abstractmethod
    async def uses(self, tenant: str, ids: Sequence[str]) -> dict[str, Use]:
        """Tell how memories were used, by id, those never used or weighed included."""

    @abstractmethod
    async def weigh(self, tenant: str, importance: Mapping[str, float]) -> None:
        """Set the present importance of memories, by id: a statistic, renewed in place without a new version."""

    @abstractmethod
    def changes(self, scope: Scope) -> AsyncIterator[Change]:
        """Iterate over the history of all that the scope contains (an empty scope is the tenant), oldest first."""

    @abstractmethod
    async def keys(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of those turns that have one, by id."""

    @abstractmethod
    async def view(self, selection: Selection) -> View:
        """Open a consistent reading for one search."""

    # -- changing the embedding model

    @abstractmethod
    def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """Iterate over memories that lack a vector in `space` or terms of the present analysis, to fill it.

        The present space serves until `switch`. Each batch is to be answered by `fill` before the next is drawn;
        an interrupted refill goes on where it stopped. May be called on a store that serves another space.
        """

    @abstractmethod
    async def fill(self, space: Space, memories: Sequence[Memory], vectors: Matrix) -> None:
        """Store vectors (n, dimension) in a space that is being filled, and renew the terms of these memories."""

    @abstractmethod
    async def switch(self, space: Space) -> None:
        """Let a filled space serve and drop the one that served before.

        Raises:
            ConflictError: Memories still lack a vector in it.
        """


@dataclass(frozen=True, slots=True)
class RefillBatch:
    """Some memories to embed anew, and how many were left before this batch."""

    memories: tuple[Memory, ...]
    left: int
