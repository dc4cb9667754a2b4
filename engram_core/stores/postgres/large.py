"""A view of a large scope: answered by the database, with its indexes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import numpy as np
from asyncpg import Record
from numpy.typing import NDArray

from engram_core.domain.memory import Memory
from engram_core.ports import Evidence, Leg, Outline, Rows, TimeRange, TokenBlock, Vector, View
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.batch import KIND_CODES, microseconds
from engram_core.stores.index.view import K1, B
from engram_core.stores.postgres.conditions import Condition
from engram_core.stores.postgres.database import Connection, Database
from engram_core.stores.postgres.hnsw import HnswIndexes
from engram_core.stores.postgres.keys import salt, salted
from engram_core.stores.postgres.queries import load_queries
from engram_core.stores.postgres.rows import memory_of, tokens_of
from engram_core.stores.postgres.spaces import Serving

SQL = load_queries("large")
#: A term that so many memories of an owner hold is common: it ranks what rarer terms have found.
COMMON = 5000
#: Rare terms are taken, the rarest first, while they find no more than this.
MOST_CANDIDATES = 5000
#: Of more memories than this in the times that a question names, the latest are looked at.
MOST_WITHIN = 2000
_MOST_EFFORT = 1000
_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SEQ_BITS = 40


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner in a view: its key, how many memories it has, and the length of their texts in terms."""

    shard_key: int
    memories: int
    length: int


@dataclass(frozen=True, slots=True)
class Question:
    """The terms of a question and their weights; and the rare ones, salted for every owner."""

    terms: list[int]
    weights: list[float]
    rare: list[int]

    def score(self, terms: str, weights: str, average: str) -> str:
        """Say the BM25 score in SQL, given the parameters that hold the terms, their weights and the average length."""
        norm = SQL.norm.format(k1=K1, b=B, average=average)
        pieces = [
            SQL.term_score.format(terms=terms, weights=weights, norm=norm, index=index + 1)
            for index in range(len(self.terms))
        ]
        return " + ".join(pieces) or "0"


class LargeView(View):
    """Rows are made of the owner's place and the order of arrival.

    Two things are coarser than in a small scope: statistics are those of the owners as a whole, and each step sees what
    is committed by then (no connection is held for as long as the view is).

    Args:
        database: Open.
        analyzer: The analysis of the terms in the store.
        serving: The space that is searched.
        owners: In the order of their keys.
        condition: What the selection admits.
        hnsw: Indexes of large owners.
    """

    def __init__(
        self,
        database: Database,
        analyzer: Analyzer,
        serving: Serving,
        owners: Sequence[Owner],
        condition: Condition,
        hnsw: HnswIndexes,
    ) -> None:
        self._database = database
        self._analyzer = analyzer
        self._serving = serving
        self._shards = [owner.shard_key for owner in owners]
        self._salts = [salt(shard_key) for shard_key in self._shards]
        self._places = {shard_key: place for place, shard_key in enumerate(self._shards)}
        self._size = sum(owner.memories for owner in owners)
        self._average = sum(owner.length for owner in owners) / max(self._size, 1) or 1.0
        self._condition = condition
        self._hnsw = hnsw
        self._questions: dict[str, Question] = {}
        self._asking = anyio.Lock()

    async def dense(self, query: Vector, limit: int) -> Leg:
        """Return the nearest rows: by HNSW where there is an index, and exactly where that finds too few."""
        rows: list[Record] = []
        if len(self._shards) == 1 and limit <= _MOST_EFFORT and await self._hnsw.ready(self._shards[0]):
            rows = await self._near(query, limit)
        if len(rows) < limit:
            sql = SQL.nearest.format(admitted=self._condition.sql)
            own = (self._shards, query, self._serving.id, limit)
            async with self._database.connection() as connection:
                rows = await connection.fetch(sql, *self._condition.parameters, *own)
        return self._leg(rows)

    async def lexical(self, query: str, limit: int) -> Leg:
        """Return the rows with the highest BM25 score among those that hold a rare term of the question."""
        question = await self._question(query)
        score = question.score("$14::bigint[]", "$15::float8[]", "$16::float8")
        sql = SQL.lexical.format(admitted=self._condition.sql, score=score)
        terms = (question.rare, question.terms, question.weights)
        own = (self._shards, self._salts, *terms, self._average, limit)
        async with self._database.connection() as connection:
            return self._leg(await connection.fetch(sql, *self._condition.parameters, *own))

    async def within(self, ranges: Sequence[TimeRange], query: Vector | None, limit: int) -> Leg:
        """Return the rows whose `valid_from` lies in any of the ranges, nearest first; the latest of very many."""
        begins, ends = [begin for begin, _ in ranges], [end for _, end in ranges]
        sql = SQL.within.format(admitted=self._condition.sql)
        own = (self._shards, begins, ends, query, self._serving.id, MOST_WITHIN, limit)
        async with self._database.connection() as connection:
            return self._leg(await connection.fetch(sql, *self._condition.parameters, *own))

    async def rows_of(self, ids: Sequence[str]) -> Rows:
        """Return the rows of memories by their ids (n,); -1 for what is not seen."""
        known = [id for id in ids if _CANONICAL.fullmatch(id)]
        sql = SQL.rows_of.format(admitted=self._condition.sql)
        async with self._database.connection() as connection:
            found = await connection.fetch(sql, *self._condition.parameters, self._shards, known)
        rows = {str(row["id"]): self._row(row["shard_key"], row["seq"]) for row in found}
        return np.array([rows.get(id, -1) for id in ids], np.int64)

    async def evidence(self, rows: Rows, near: Rows, query: Vector | None, text: str) -> Evidence:
        """Score these rows, and those beside them."""
        question = await self._question(text)
        wanted, places = np.unique(np.concatenate([rows[:, None], near], axis=1), return_inverse=True)
        present = wanted >= 0
        sql = SQL.evidence.format(score=question.score("$7::bigint[]", "$8::float8[]", "$9::float8"))
        terms = (question.terms, question.weights, self._average)
        own = (self._shards, self._salts, *self._addresses(wanted[present]), self._serving.id, query, *terms)
        async with self._database.connection() as connection:
            found = await connection.fetch(sql, *own)

        def column(name: str, missing: float) -> NDArray[np.float32]:
            values = np.full(len(wanted), missing, np.float32)
            values[present] = [missing if (value := row[name]) is None else value for row in found]
            return values[places].reshape(len(rows), 5)

        dense, lexical = column("dense", math.nan), column("lexical", 0.0)
        return Evidence(dense[:, 0], lexical[:, 0], dense[:, 1:], lexical[:, 1:], column("length", 0.0)[:, 0])

    async def neighbours(self, rows: Rows) -> Rows:
        """Return the rows of each one's neighbours (n, 4); -1 where there is none."""
        shards, seqs = self._addresses(rows)
        async with self._database.connection() as connection:
            sql = SQL.neighbours.format(admitted=self._condition.sql)
            found = await connection.fetch(sql, *self._condition.parameters, shards, seqs)
        near = np.full((len(rows), 4), -1, np.int64)
        for i, (row, shard_key) in enumerate(zip(found, shards, strict=True)):
            for side, places in (("before", (0, 2)), ("after", (1, 3))):
                for place, seq in zip(places, row[side] or (), strict=False):
                    near[i, place] = self._row(shard_key, seq)
        return near

    async def outline(self, rows: Rows) -> Outline:
        """Tell of these rows what a ranking reads beside their scores; of one that is gone, nothing that matters."""
        async with self._database.connection() as connection:
            found = await connection.fetch(SQL.outline, *self._addresses(rows))
        return Outline(
            kinds=np.array([KIND_CODES.get(row["kind"], 0) for row in found], np.int8),
            times=np.array([microseconds(row["valid_from"]) for row in found], np.int64),
            speakers=[row["speaker"] for row in found],
            assistant=np.array([row["role"] == "assistant" for row in found], np.bool_),
            signs=np.array([row["signs"] or 0 for row in found], np.int32),
        )

    async def tokens(self, rows: Rows) -> TokenBlock:
        """Return the token vectors of these rows."""
        shards, seqs = self._addresses(rows)
        async with self._database.connection() as connection:
            found = await connection.fetch(SQL.tokens, shards, seqs, self._serving.id)
        held = {row["place"] - 1: tokens_of(row) for row in found}
        counts = [0 if (mine := held.get(i)) is None else len(mine) for i in range(len(rows))]
        values = [mine for i in range(len(rows)) if (mine := held.get(i)) is not None]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return TokenBlock(np.concatenate(values) if values else np.empty((0, 0), np.int8), offsets)

    async def hydrate(self, rows: Rows) -> list[Memory | None]:
        """Fetch whole memories, in the order given; None for one that is gone."""
        shards, seqs = self._addresses(rows)
        async with self._database.connection() as connection:
            found = await connection.fetch(SQL.hydrate, shards, seqs)
        memories = {(row["shard_key"], row["seq"]): memory_of(row) for row in found}
        return [memories.get(address) for address in zip(shards, seqs, strict=True)]

    async def _near(self, query: Vector, limit: int) -> list[Record]:
        dimension = self._serving.space.dimension
        sql = SQL.near.format(admitted=self._condition.sql, dimension=dimension)
        tune = SQL.tune.format(effort=min(max(2 * limit, 100), _MOST_EFFORT))
        if self._database.pgvector >= (0, 8):
            tune = f"{tune}; {SQL.tune_iterative}"
        async with self._database.transaction() as connection:
            await connection.execute(tune)
            own = (self._shards[0], query, self._serving.id, limit)
            rows: list[Record] = await connection.fetch(sql, *self._condition.parameters, *own)
            return rows

    async def _question(self, text: str) -> Question:
        """Analyse a question and weigh its terms, once a text."""
        async with self._asking:
            if text not in self._questions:
                async with self._database.connection() as connection:
                    self._questions[text] = await self._weigh(connection, text)
            return self._questions[text]

    async def _weigh(self, connection: Connection, text: str) -> Question:
        terms = self._analyzer.query_terms(text)
        shards = [shard_key for shard_key in self._shards for _ in terms]
        mine = [term for shard_key in self._shards for term in salted(terms, shard_key).tolist()]
        held = {row["term"]: row["held"] for row in await connection.fetch(SQL.holders, shards, mine, COMMON)}
        counts = np.array([held.get(term, 0) for term in mine], np.int64).reshape(len(self._shards), len(terms))
        total = counts.sum(axis=0)
        weights = np.log(1 + np.maximum(self._size - total + 0.5, 0.5) / (total + 0.5)) * (K1 + 1)
        chosen = _chosen(total, np.max(counts, axis=0, initial=0) >= COMMON)
        rare = [term for place, term in enumerate(mine) if place % len(terms) in chosen]
        return Question(terms.tolist(), weights.tolist(), rare)

    def _leg(self, rows: Sequence[Record]) -> Leg:
        numbers = np.array([self._row(row["shard_key"], row["seq"]) for row in rows], np.int64)
        scores = np.array([row["score"] for row in rows], np.float32)
        order = np.lexsort((numbers, -scores))
        return Leg(numbers[order], scores[order])

    def _row(self, shard_key: int, seq: int) -> int:
        return self._places[shard_key] << _SEQ_BITS | seq

    def _addresses(self, rows: Rows) -> tuple[list[int], list[int]]:
        places, seqs = rows >> _SEQ_BITS, rows & ((1 << _SEQ_BITS) - 1)
        return [self._shards[place] for place in places.tolist()], seqs.tolist()


def _chosen(held: NDArray[np.int64], common: NDArray[np.bool_]) -> set[int]:
    """Choose the terms that find candidates: the rarest, while they are rare and few; one at least."""
    present = [int(place) for place in np.argsort(held, kind="stable") if held[place] > 0]
    found = np.cumsum(held[present])
    kept = [
        place for place, so_far in zip(present, found, strict=True) if not common[place] and so_far <= MOST_CANDIDATES
    ]
    return set(kept or present[:1])
