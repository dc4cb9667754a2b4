"""Bulk import: record, embed and write overlap, so that the embedder never waits for the database."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from datetime import datetime

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from engram_core.domain.message import Message
from engram_core.domain.results import AddManyResult
from engram_core.domain.scope import Scope
from engram_core.errors import InvalidInputError
from engram_core.ingest.occurrences import Occurrences
from engram_core.ingest.pending import Embedded
from engram_core.ingest.streams import each
from engram_core.ingest.turns import MessageLike, content_digest, make_turn, occurrence_key, read_message
from engram_core.ports import Embedder, Encoded, Learn, MemoryStore, Recorded

MessageStream = Iterable[MessageLike] | AsyncIterable[MessageLike]
Progress = Callable[[int], None]
Clock = Callable[[], datetime]

BATCH_MESSAGES = 512
BATCH_CHARACTERS = 2_000_000


class BulkImport:
    """One run of `add_many`: three stages joined by short queues.

    Every message is keyed by its content and by how often the same content came before, so that a second run over the
    same messages stores only what the first one did not.
    """

    def __init__(
        self,
        scope: Scope,
        store: MemoryStore,
        embedder: Embedder,
        clock: Clock,
        *,
        learn: Learn | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        self._scope = scope
        self._store = store
        self._embedder = embedder
        self._clock = clock
        self._learn = learn
        self._expires_at = expires_at
        self._added = 0
        self._done = 0

    async def run(
        self, messages: MessageStream, prepare: Callable[[Message], Message], progress: Progress | None
    ) -> AddManyResult:
        """Import all messages.

        Args:
            messages: Any iterable or async iterable.
            prepare: Applied to each message when it was read: the call's defaults.
            progress: Called with the number of messages that are safely stored, vectors included.

        Raises:
            InvalidInputError: A message is not acceptable; those before it are stored.
            ProviderError: The embedder failed; what was stored stays, and another run goes on from there.
        """
        send_recorded, recorded = anyio.create_memory_object_stream[tuple[Recorded, int]](1)
        send_embedded, embedded = anyio.create_memory_object_stream[tuple[Recorded, int, Encoded | None]](1)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._embed, recorded, send_embedded)
                tasks.start_soon(self._write, embedded, progress)
                await self._record(messages, prepare, send_recorded)
        except BaseExceptionGroup as group:
            raise _first(group) from None
        return AddManyResult(added=self._added, duplicates=self._done - self._added)

    async def _record(
        self,
        messages: MessageStream,
        prepare: Callable[[Message], Message],
        out: MemoryObjectSendStream[tuple[Recorded, int]],
    ) -> None:
        async with out:
            with Occurrences() as seen:
                async for batch in _batches(messages, prepare):
                    digests = [content_digest(message, self._scope) for message in batch]
                    now = self._clock()
                    turns = [
                        make_turn(message, self._scope, now, occurrence_key(digest, earlier), self._expires_at)
                        for message, digest, earlier in zip(batch, digests, seen.count(digests), strict=True)
                    ]
                    await out.send((await self._store.record(turns, learn=self._learn), len(batch)))

    async def _embed(
        self,
        inbox: MemoryObjectReceiveStream[tuple[Recorded, int]],
        out: MemoryObjectSendStream[tuple[Recorded, int, Encoded | None]],
    ) -> None:
        async with inbox, out:
            async for recorded, size in inbox:
                texts = [memory.spoken for memory in recorded.unembedded]
                await out.send((recorded, size, await self._embedder.encode(texts) if texts else None))

    async def _write(
        self, inbox: MemoryObjectReceiveStream[tuple[Recorded, int, Encoded | None]], progress: Progress | None
    ) -> None:
        async with inbox:
            async for recorded, size, encoded in inbox:
                if encoded is not None:
                    memories = recorded.unembedded
                    found = Embedded.of(memories, encoded)
                    await self._store.embedded(found.vectors, memories, recorded.job, tokens=found.tokens)
                self._added += len(recorded.fresh)
                self._done += size
                if progress is not None:
                    progress(self._done)


async def _batches(messages: MessageStream, prepare: Callable[[Message], Message]) -> AsyncIterator[list[Message]]:
    batch: list[Message] = []
    characters = 0
    async for message in each("messages", messages, "messages"):
        try:
            batch.append(prepare(read_message(message)))
        except InvalidInputError:
            if batch:  # What came before the bad message is good: store it, then say what is wrong.
                yield batch
            raise
        characters += len(batch[-1].content)
        if len(batch) == BATCH_MESSAGES or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
