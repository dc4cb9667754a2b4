"""Export and import: every version and the whole history, as records."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.results import ImportResult
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ingest.pages import pages
from engram_core.ingest.pending import try_embed
from engram_core.ingest.records import ChangeRecord, Header, MemoryRecord, read_record, write_record
from engram_core.ingest.streams import each
from engram_core.ports import Embedder, MemoryStore

RecordLike = str | bytes | Mapping[str, Any]
RecordStream = Iterable[RecordLike] | AsyncIterable[RecordLike]
Progress = Callable[[int], None]

_PAGE = 500
_BATCH = 256


async def export_records(store: MemoryStore, scope: Scope, now: datetime) -> AsyncIterator[dict[str, Any]]:
    """Yield the header, then every version of every memory, then the history."""
    yield write_record(Header())
    selection = Selection(scope, now, past=True)
    async for page in pages(store, selection, _PAGE):
        keys = await store.keys(scope.tenant, [memory.id for memory in page.items])
        uses = await store.uses(scope.tenant, [memory.id for memory in page.items])
        for memory in page.items:
            # What it was given: what is left of that follows from its age.
            stated = uses[memory.id].stated if memory.id in uses else memory.importance
            yield write_record(MemoryRecord.of(replace(memory, importance=stated), keys.get(memory.id)))
    async for change in store.changes(scope):
        yield write_record(ChangeRecord.of(change))


class Importer:
    """One run of `import_` into one tenant, in batches that are each all or nothing."""

    def __init__(self, store: MemoryStore, embedder: Embedder, tenant: str) -> None:
        self._store = store
        self._embedder = embedder
        self._tenant = tenant
        self._memories: list[tuple[Memory, bytes | None]] = []
        self._changes: list[ChangeRecord] = []
        self._stored = 0
        self._seen = 0
        self._history = 0

    async def run(self, records: RecordStream, progress: Progress | None) -> ImportResult:
        """Import records; what is there already stays as it is.

        Raises:
            InvalidInputError: A record cannot be read; whole batches before it are stored.
            ConflictError: An id belongs to a memory of another scope.
        """
        number = 0
        async for given in each("records", records, "lines or mappings"):
            number += 1
            if isinstance(given, (str, bytes)) and not given.strip():
                continue
            self._take(given, number)
            if len(self._memories) >= _BATCH or len(self._changes) >= _BATCH:
                await self._flush()
                if progress is not None:
                    progress(number)
        await self._flush()
        if progress is not None:
            progress(number)
        return ImportResult(self._stored, self._history, self._seen - self._stored)

    def _take(self, given: RecordLike, number: int) -> None:
        record = read_record(given, number)
        if isinstance(record, MemoryRecord):
            self._memories.append((record.memory(self._tenant), record.key_bytes))
        elif isinstance(record, ChangeRecord):
            self._changes.append(record)

    async def _flush(self) -> None:
        if self._memories:
            recorded = await self._store.restore(self._memories, [])
            await try_embed(recorded, self._store, self._embedder)
            self._stored += len(recorded.fresh)
            self._seen += len(self._memories)
            self._memories = []
        if self._changes:
            await self._store.restore([], await self._read_changes())
            self._history += len(self._changes)
            self._changes = []

    async def _read_changes(self) -> list[Change]:
        ids = {id for record in self._changes for id in (record.before, record.after) if id}
        known = {memory.id: memory for memory in await self._store.get(self._tenant, sorted(ids))}
        return [record.change(known) for record in self._changes]
