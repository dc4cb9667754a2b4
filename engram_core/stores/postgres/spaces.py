"""Which embedding model's vectors serve, and how another one takes its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from asyncpg import Record

from engram_core.domain.memory import Memory, Space
from engram_core.errors import ConflictError, SchemaMismatchError
from engram_core.ports import Matrix, RefillBatch, Tokens
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.postgres import writing
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.owners import grow, lock_present
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of

SQL = load_queries("spaces")
ANALYSIS = "analysis"
_FIRST = -(1 << 63)


@dataclass(frozen=True, slots=True)
class Serving:
    """The space that a store was opened for, its number, and the analysis that makes its terms."""

    space: Space
    id: int
    analysis: str


async def open_space(connection: Connection, space: Space, analysis: str) -> Serving:
    """Find the space serving, or make it the first one; inside a transaction.

    Raises:
        SchemaMismatchError: Another space or another analysis serves.
    """
    await connection.execute(SQL.lock)
    serving = _serving(await connection.fetch(SQL.all))
    if serving is None:
        number = await connection.fetchval(SQL.add, space.model, space.dimension, "serving")
        await connection.execute(SQL.note_fact, ANALYSIS, analysis)
        return Serving(space, number, analysis)
    if _space(serving) != space:
        raise SchemaMismatchError(
            f"the store holds vectors of {_space(serving)}, but the embedder configured is {space}: set the embedder "
            "back, or run `engram reembed` to make vectors of the new one beside the old ones and switch over"
        )
    written = await connection.fetchval(SQL.fact, ANALYSIS)
    if written != analysis:
        raise SchemaMismatchError(
            f"the store's words were indexed as {written!r}, but the languages and version here make {analysis!r}: set "
            "the languages back, or run `engram reembed` to index them anew"
        )
    return Serving(space, serving["id"], analysis)


async def hold_serving(connection: Connection, serving: Serving) -> None:
    """Keep the space serving until the end of the transaction.

    Raises:
        SchemaMismatchError: It does not serve any more.
    """
    if await connection.fetchval(SQL.hold_serving, serving.id, serving.analysis) is None:
        raise no_longer(serving)


def no_longer(serving: Serving) -> SchemaMismatchError:
    """Say that a store was switched to another space behind the back of those who have it open."""
    return SchemaMismatchError(
        f"the store no longer serves {serving.space} with the analysis {serving.analysis}: it was switched to another "
        "since it was opened here; configure that embedder and open it again"
    )


class Refiller:
    """Fills a second space while the first one serves."""

    def __init__(self, database: Database, analyzer: Analyzer) -> None:
        self._database = database
        self._analyzer = analyzer

    async def refill(self, space: Space, batch: int) -> AsyncIterator[RefillBatch]:
        """Iterate over what the space lacks until nothing does; what is written meanwhile comes in a later round."""
        number = await self._begin(space)
        made_by = writing.analysis_key(self._analyzer.version)
        while left := await self._count(number, made_by):
            shard_key = seq = _FIRST
            while True:
                async with self._database.connection() as connection:
                    rows = await connection.fetch(SQL.next_incomplete, number, made_by, shard_key, seq, batch)
                if not rows:
                    break
                yield RefillBatch(tuple(map(memory_of, rows)), left)
                left = max(left - len(rows), len(rows))
                shard_key, seq = rows[-1]["shard_key"], rows[-1]["seq"]

    async def fill(self, space: Space, memories: Sequence[Memory], vectors: Matrix, tokens: Sequence[Tokens]) -> None:
        """Store vectors, tokens and terms of memories that are still there."""
        words = await writing.analysed(self._analyzer, memories)
        async with self._database.transaction() as connection:
            number = await connection.fetchval(SQL.hold, space.model, space.dimension)
            if number is None:
                raise ConflictError(f"{space} is not being filled")
            locked = await lock_present(connection, {memory.scope.shard_key for memory in memories})
            ids = [memory.id for memory in memories]
            by_id = dict(zip(ids, vectors, strict=True))
            told = dict(zip(ids, tokens, strict=True)) if tokens else {}
            await writing.insert_vectors(connection, locked, number, memories, by_id, told)
            await self._renew_terms(connection, [*zip(memories, words, strict=True)])

    async def switch(self, space: Space) -> Serving:
        """Let a space serve, drop the others."""
        analysis = self._analyzer.version
        async with self._database.transaction() as connection:
            await connection.execute(SQL.lock)
            spaces = await connection.fetch(SQL.all)
            wanted = next((row for row in spaces if _space(row) == space), None)
            if wanted is None:
                raise ConflictError(f"{space} was never filled")
            for row in spaces:
                await connection.execute(SQL.take, row["id"])
            lacking = await connection.fetchval(SQL.incomplete, wanted["id"], writing.analysis_key(analysis))
            if lacking:
                raise ConflictError(f"{lacking} memories still lack a vector in {space}")
            await connection.execute(SQL.drop_vectors, wanted["id"])
            await connection.execute(SQL.drop_tokens, wanted["id"])
            for row in await connection.fetch(SQL.old_indexes, f"vectors_hnsw_{wanted['id']}_"):
                await connection.execute(SQL.drop_index.format(name=row["name"]))
            await connection.execute(SQL.drop_spaces, wanted["id"])
            await connection.execute(SQL.serve, wanted["id"])
            await connection.execute(SQL.note_fact, ANALYSIS, analysis)
        return Serving(space, wanted["id"], analysis)

    async def _begin(self, space: Space) -> int:
        async with self._database.transaction() as connection:
            await connection.execute(SQL.lock)
            for row in await connection.fetch(SQL.all):
                if _space(row) == space:
                    return int(row["id"])
            return int(await connection.fetchval(SQL.add, space.model, space.dimension, "filling"))

    async def _count(self, number: int, made_by: int) -> int:
        async with self._database.connection() as connection:
            return int(await connection.fetchval(SQL.incomplete, number, made_by))

    async def _renew_terms(self, connection: Connection, words: list[tuple[Memory, writing.Words]]) -> None:
        """Replace the terms of memories that are still there, whatever made them."""
        by_owner: dict[int, dict[str, tuple[Memory, writing.Words]]] = {}
        for memory, found in words:
            by_owner.setdefault(memory.scope.shard_key, {})[memory.id] = memory, found
        for shard_key, mine in by_owner.items():
            old = await connection.fetch(SQL.renew_terms, shard_key, list(mine))
            present = [mine[str(row["memory_id"])] for row in old]
            lengths = await writing.insert_terms(connection, present, self._analyzer.version)
            lengths[shard_key] -= sum(row["length"] for row in old)
            await grow(connection, {}, lengths)


def _serving(spaces: list[Record]) -> Record | None:
    return next((row for row in spaces if row["state"] == "serving"), None)


def _space(row: Record) -> Space:
    return Space(row["model"], row["dimension"])
