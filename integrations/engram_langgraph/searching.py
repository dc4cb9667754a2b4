"""Reading items: by key, by conditions, by meaning; and the namespaces there are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from langgraph.store.base import GetOp, Item, ListNamespacesOp, MatchCondition, SearchItem, SearchOp
from pgvector import HalfVector

from engram_core import Database, InvalidInputError, load_queries
from engram_langgraph.filters import Parameters, compile_filter
from engram_langgraph.hnsw import MOST_RESULTS, HnswIndexes, Part
from engram_langgraph.indexing import Indexing, Vector
from engram_langgraph.items import is_key, shard_key, to_item, to_path, to_search_item

SQL = load_queries("store", __package__)
ALIVE = "(i.expires_at IS NULL OR i.expires_at > now())"
#: Candidates of each leg that hybrid search ranks: as far as pages keep one order.
DEPTH = 200
Read = GetOp | SearchOp | ListNamespacesOp

#: Candidates that an index looks at, at least.
LEAST_EFFORT = 100
#: A limit beyond which nobody pages; Postgres counts in 64 bits.
MOST = 1 << 31


class Reader:
    """Reads for one tenant.

    Args:
        database: Each statement is a transaction of its own, on any connection.
        indexing: How questions are compared; None without an index.
        indexes: Of large namespaces.
        omits_expired: Whether what has expired is not seen.
    """

    def __init__(
        self,
        database: Database,
        tenant: str,
        indexing: Indexing | None,
        indexes: HnswIndexes,
        omits_expired: bool,
    ) -> None:
        self._indexes = indexes
        self._database = database
        self._tenant = tenant
        self._indexing = indexing
        self._alive = ALIVE if omits_expired else "true"

    async def read(self, reads: Sequence[Read], questions: Mapping[str, Vector | None]) -> list[Any]:
        """Do reads beside each other, all `get`s as one; return their results in order."""
        gets = [op for op in reads if isinstance(op, GetOp)]
        others = [self._read(op, questions) for op in reads if not isinstance(op, GetOp)]
        found, *answers = await asyncio.gather(self.get(gets), *others)
        items, rest = iter(found), iter(answers)
        return [next(items) if isinstance(op, GetOp) else next(rest) for op in reads]

    async def get(self, ops: Sequence[GetOp]) -> list[Item | None]:
        """Return the items asked for, None for each that is not there, in the order asked."""
        shards: dict[int, set[tuple[str, str]]] = defaultdict(set)
        for op in ops:
            if op.namespace and is_key(op.key):
                shards[shard_key(self._tenant, op.namespace[0])].add((to_path(op.namespace), op.key))
        rows = []
        for shard, places in shards.items():
            columns = [list(column) for column in zip(*places, strict=True)]
            rows += await self._fetch(SQL.get.format(alive=self._alive), shard, self._tenant, *columns)
        refreshed = {(to_path(op.namespace), op.key) for op in ops if op.refresh_ttl}
        await self._touch([row for row in rows if (row["namespace"], row["key"]) in refreshed])
        found = {(row["namespace"], row["key"]): row for row in rows}
        places_asked = [(to_path(op.namespace), op.key) for op in ops]
        return [to_item(found[place]) if place in found else None for place in places_asked]

    async def search(self, op: SearchOp, question: Vector | None) -> list[SearchItem]:
        """Return the items that match: by meaning when there is a question, else the last written first.

        What has no vector follows what has, without a score, so that a page is full while there are items.
        """
        end = op.offset + op.limit
        if question is None or self._indexing is None:
            rows = await self._listed(op, op.limit, op.offset)
        else:
            scored = await self._ranked(op, question, self._indexing, end)
            rows = scored[op.offset :]
            if len(scored) < end:
                skipped = max(0, op.offset - len(scored))
                rows += await self._listed(op, op.limit - len(rows), skipped, unscored=len(question))
        if op.refresh_ttl:
            await self._touch(rows)
        return [to_search_item(row) for row in rows]

    async def namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        """Return the namespaces that match, in order, each once, cut after `max_depth` labels."""
        parameters = Parameters()
        admitted = [f"i.tenant = {parameters.add(self._tenant)}", self._alive]
        matched = ["true"]
        for condition in op.match_conditions or ():
            path = tuple(condition.path)
            if condition.match_type == "prefix" and path and "*" not in path:
                admitted += self._below(path, "i", parameters)
            else:
                matched += _matches(condition, parameters)
        labels = "l.labels" if op.max_depth is None else f"l.labels[1:{parameters.add(op.max_depth)}::int]"
        statement = SQL.namespaces.format(
            labels=f"({labels})",
            admitted=" AND ".join(admitted),
            matched=" AND ".join(matched),
            limit=parameters.add(op.limit),
            offset=parameters.add(op.offset),
        )
        return [tuple(row["labels"]) for row in await self._fetch(statement, *parameters.values)]

    def _read(
        self, op: SearchOp | ListNamespacesOp, questions: Mapping[str, Vector | None]
    ) -> Coroutine[Any, Any, list[Any]]:
        return self.search(op, questions.get(op.query or "")) if isinstance(op, SearchOp) else self.namespaces(op)

    async def _fetch(self, statement: str, *values: object) -> list[Any]:
        async with self._database.connection() as connection:
            return list(await connection.fetch(statement, *values))

    async def _listed(self, op: SearchOp, limit: int, offset: int, unscored: int | None = None) -> list[Any]:
        """Return items without ranking them; with `unscored`, those without a vector of that dimension."""
        parameters = Parameters()
        admitted = self._admitted(op, parameters)
        if unscored is not None:
            admitted = f"{admitted} AND {SQL.unscored.format(dimension=parameters.add(unscored))}"
        statement = SQL.listed.format(admitted=admitted, limit=parameters.add(limit), offset=parameters.add(offset))
        return await self._fetch(statement, *parameters.values)

    async def _ranked(self, op: SearchOp, question: Vector, indexing: Indexing, wanted: int) -> list[Any]:
        """Return the best `wanted` items by meaning, best first."""
        if wanted == 0:
            return []
        if indexing.hybrid:
            return await self._hybrid(op, question, indexing, wanted)
        # An item comes once for each of its vectors: ask for more until there are enough, or no more.
        limit = min(wanted * len(indexing.paths), MOST)
        is_indexed = await self._is_indexed(op, len(question), indexing, limit)
        while True:
            rows = await self._nearest(op, question, indexing, limit, is_indexed)
            if is_indexed and len(rows) < limit:  # what an index leaves out, it leaves out without a word
                is_indexed = False
                continue
            best = {(row["shard_key"], row["id"]): row for row in reversed(rows)}
            items = [row for row in rows if best[row["shard_key"], row["id"]] is row]
            if len(items) >= wanted or len(rows) < limit:
                return items[:wanted]
            is_indexed, limit = False, limit * 4

    async def _is_indexed(self, op: SearchOp, dimension: int, indexing: Indexing, limit: int) -> bool:
        """Tell whether an HNSW index serves a search. Filters are no friends of it."""
        prefix = tuple(op.namespace_prefix)
        if not prefix or op.filter or limit > MOST_RESULTS:
            return False
        part = Part(shard_key(self._tenant, prefix[0]), dimension, indexing.distance.operator)
        return await self._indexes.is_ready(self._database, part, *_bounds(prefix))

    async def _nearest(
        self, op: SearchOp, question: Vector, indexing: Indexing, limit: int, is_indexed: bool
    ) -> list[Any]:
        parameters = Parameters()
        asked, operator = parameters.add(HalfVector(question)), indexing.distance.operator
        distance = SQL.indexed if is_indexed else SQL.exact
        statement = SQL.nearest.format(
            score=indexing.distance.score.format(question=asked),
            distance=distance.format(dimension=len(question), operator=operator, question=asked),
            order="distance" if is_indexed else "distance, v.item",
            owned=self._owned(op, parameters),
            limit=parameters.add(limit),
            **self._vectors(op, len(question), parameters),
        )
        if not is_indexed:
            return await self._fetch(statement, *parameters.values)
        iterative = SQL.iterative if self._database.pgvector >= (0, 8) else ""
        async with self._database.transaction() as connection:
            await connection.execute(SQL.tune.format(effort=max(LEAST_EFFORT, 2 * limit), iterative=iterative))
            return list(await connection.fetch(statement, *parameters.values))

    async def _hybrid(self, op: SearchOp, question: Vector, indexing: Indexing, wanted: int) -> list[Any]:
        parameters = Parameters()
        vectors = self._vectors(op, len(question), parameters)
        statement = SQL.hybrid.format(
            operator=indexing.distance.operator,
            question=parameters.add(HalfVector(question)),
            joined=SQL.joined,
            within=vectors["within"],
            admitted=self._admitted(op, parameters),
            language=parameters.add(indexing.language),
            words=parameters.add((op.query or "").replace("\0", " ").encode("utf-8", "replace").decode()),
            owned=self._owned(op, parameters),
            depth=parameters.add(max(DEPTH, wanted)),
            limit=parameters.add(wanted),
        )
        return await self._fetch(statement, *parameters.values)

    def _vectors(self, op: SearchOp, dimension: int, parameters: Parameters) -> dict[str, str]:
        """Return the conditions on vectors, and the join that those on items need, if there are any."""
        prefix = tuple(op.namespace_prefix)
        below = self._below(prefix, "v", parameters) if len(prefix) > 1 else self._sharded(prefix, "v", parameters)
        within = [f"v.dimension = {parameters.add(dimension)}", *below]
        needs_items = bool(op.filter) or not prefix or self._alive != "true"
        if needs_items:
            within += [
                f"i.tenant = {parameters.add(self._tenant)}",
                self._alive,
                *compile_filter(op.filter, parameters),
            ]
        return {"within": " AND ".join(within), "joined": SQL.joined if needs_items else ""}

    def _admitted(self, op: SearchOp, parameters: Parameters) -> str:
        """Return the conditions on items."""
        return " AND ".join([self._owned(op, parameters), self._alive, *compile_filter(op.filter, parameters)])

    def _owned(self, op: SearchOp, parameters: Parameters) -> str:
        """Return the condition that an item is the tenant's, and in or below the namespace."""
        below = self._below(tuple(op.namespace_prefix), "i", parameters)
        return " AND ".join([f"i.tenant = {parameters.add(self._tenant)}", *below])

    def _below(self, prefix: tuple[str, ...], table: str, parameters: Parameters) -> list[str]:
        """Return the conditions for what lies in or below a namespace; none for the root, which spans all shards."""
        if not prefix:
            return []
        low, high = _bounds(prefix)
        return [
            *self._sharded(prefix, table, parameters),
            f"{table}.namespace >= {parameters.add(low)}",
            f"{table}.namespace < {parameters.add(high)}",
        ]

    def _sharded(self, prefix: tuple[str, ...], table: str, parameters: Parameters) -> list[str]:
        """Return the condition for what may lie below a first label: enough where items are looked at after."""
        return [f"{table}.shard_key = {parameters.add(shard_key(self._tenant, prefix[0]))}"] if prefix else []

    async def _touch(self, rows: Sequence[Any]) -> None:
        lasting: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            if row["ttl_minutes"] is not None:
                lasting[row["shard_key"]].append(row["id"])
        for shard, ids in lasting.items():
            await self._fetch(SQL.touch.format(alive=self._alive), shard, ids)


def _bounds(prefix: tuple[str, ...]) -> tuple[str, str]:
    """Return the namespaces, as they are kept, from and before which everything in or below a namespace lies."""
    path = to_path(prefix)
    return path, f"{path[:-1]}/"  # the sign after the dot


def check_search(op: SearchOp) -> None:
    """Check a search before anything is done.

    Raises:
        InvalidInputError: The limit or the offset is no count, or the query is no text.
        InvalidFilterError: The filter cannot be read.
    """
    _check_page(op.limit, op.offset)
    if op.query is not None and not isinstance(op.query, str):
        raise InvalidInputError("query", op.query, "a text or None")
    compile_filter(op.filter, Parameters())


def check_listing(op: ListNamespacesOp) -> None:
    """Check a listing of namespaces before anything is done.

    Raises:
        InvalidInputError: The limit, the offset or the depth is no count, or a match type is not known.
    """
    _check_page(op.limit, op.offset)
    if op.max_depth is not None and not (_is_count(op.max_depth) and op.max_depth > 0):
        raise InvalidInputError("max_depth", op.max_depth, "a number of labels, 1 or more, or None")
    for condition in op.match_conditions or ():
        if condition.match_type not in ("prefix", "suffix"):
            raise InvalidInputError("match_type", condition.match_type, "prefix, suffix")


def _check_page(limit: object, offset: object) -> None:
    for argument, value in (("limit", limit), ("offset", offset)):
        if not _is_count(value):
            raise InvalidInputError(argument, value, "a number, 0 or more")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST


def _matches(condition: MatchCondition, parameters: Parameters) -> list[str]:
    """Return what a path with wildcards asks of the array of labels; from the end, where it is a suffix."""
    path = tuple(condition.path)
    conditions = [f"cardinality(l.labels) >= {len(path)}"]
    for place, label in enumerate(path):
        if label != "*":
            at = (
                f"{place + 1}"
                if condition.match_type == "prefix"
                else f"cardinality(l.labels) - {len(path) - 1 - place}"
            )
            conditions.append(f"l.labels[{at}] = {parameters.add(label)}")
    return conditions
