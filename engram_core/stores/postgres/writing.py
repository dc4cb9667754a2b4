"""Writing memories: turns, changes, restored versions. Each function runs inside a transaction of the caller."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from engram_core.domain.memory import Memory
from engram_core.domain.signs import signs_of
from engram_core.ports import Tokens, Vector
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.postgres import rows
from engram_core.stores.postgres.database import Connection
from engram_core.stores.postgres.keys import hash64, salted
from engram_core.stores.postgres.owners import Locked, grow, note_scopes
from engram_core.stores.postgres.queries import load_queries

SQL = load_queries("writing")


@dataclass(frozen=True, slots=True)
class Words:
    """The terms of one memory (n,), how often each occurs (n,), the length of its text in terms, and its signs."""

    terms: NDArray[np.int64]
    freqs: NDArray[np.int32]
    length: int
    signs: int


@dataclass(frozen=True, slots=True)
class New:
    """A memory to be stored, with its key and its terms."""

    memory: Memory
    key: bytes | None
    words: Words


async def analysed(analyzer: Analyzer, memories: Sequence[Memory]) -> list[Words]:
    """Make the terms of memories beside the event loop."""

    def analyse() -> list[Words]:
        return [Words(*analyzer.terms(memory.spoken), signs_of(memory.text)) for memory in memories]

    return await anyio.to_thread.run_sync(analyse)


async def insert(connection: Connection, locked: Locked, new: Sequence[New], analysis: str) -> None:
    """Store new memories with their terms and scopes."""
    if not new:
        return
    records = []
    for item in new:
        shard_key = item.memory.scope.shard_key
        records.append(rows.memory_row(item.memory, locked.take(shard_key), locked.versions[shard_key], item.key))
    await copy(connection, "memories", rows.MEMORY_COLUMNS, records)
    lengths = await insert_terms(connection, [(item.memory, item.words) for item in new], analysis)
    await note_scopes(connection, {item.memory.scope for item in new})
    await grow(connection, Counter(item.memory.scope.shard_key for item in new), lengths)


async def insert_terms(connection: Connection, words: Sequence[tuple[Memory, Words]], analysis: str) -> Counter[int]:
    """Store the terms of memories that have none; return their lengths by owner."""
    made_by = analysis_key(analysis)
    lengths: Counter[int] = Counter()
    records = []
    for memory, found in words:
        shard_key = memory.scope.shard_key
        lengths[shard_key] += found.length
        terms = salted(found.terms, shard_key).tolist()
        freqs = found.freqs.tolist()
        records.append((shard_key, memory.id, made_by, terms, freqs, found.length, found.signs))
    await copy(connection, "terms", rows.TERM_COLUMNS, records)
    return lengths


async def insert_vectors(
    connection: Connection,
    locked: Locked,
    space: int,
    memories: Iterable[Memory],
    vectors: Mapping[str, Vector],
    tokens: Mapping[str, Tokens],
) -> None:
    """Store vectors, and those of tokens as far as given, of memories that are there and have none in the space."""
    by_owner: dict[int, list[str]] = defaultdict(list)
    for memory in memories:
        if memory.id in vectors and memory.scope.shard_key in locked.versions:
            by_owner[memory.scope.shard_key].append(memory.id)
    records, ragged = [], []
    for shard_key, ids in by_owner.items():
        for row in await connection.fetch(SQL.lacking_vector, shard_key, ids, space):
            vector = np.asarray(vectors[str(row["id"])])
            records.append((shard_key, space, row["id"], locked.versions[shard_key], vector))
            mine = tokens.get(str(row["id"]))
            if mine is not None and len(mine):
                ragged.append((shard_key, space, row["id"], mine.shape[1], mine.tobytes()))
    await copy(connection, "vectors", rows.VECTOR_COLUMNS, records)
    await copy(connection, "tokens", rows.TOKEN_COLUMNS, ragged)


async def copy(connection: Connection, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
    """Write rows with COPY."""
    if records:
        await connection.copy_records_to_table(table, columns=columns, records=records)


def analysis_key(version: str) -> int:
    """Name an analysis in a row of `terms`."""
    return hash64("analysis", version)
