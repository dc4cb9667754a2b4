"""Labels of hits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from asyncpg import Record

from engram_core.domain.scope import Scope
from engram_core.ports import Label, LabelledQuestion
from engram_core.stores.postgres.database import Database
from engram_core.stores.postgres.owners import shards_of
from engram_core.stores.postgres.queries import load_queries

SQL = load_queries("feedback")
_PAGE = 1000
_KEY = ("shard_key", "question", "memory_id")
#: A key before every other: no UUID that names a memory is all zeros.
_START: tuple[Any, ...] = (-1 << 63, -1 << 63, "00000000-0000-0000-0000-000000000000")


class Labels:
    """Keeps labels, and reads them by question."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, scope: Scope, label: Label) -> bool:
        """Keep a label; False when the owner of the scope has no such memory."""
        key = (scope.shard_key, _number(label.question), label.memory_id)
        signals = json.dumps(dict(label.signals), ensure_ascii=False, allow_nan=False)
        async with self._database.transaction() as connection:
            await connection.execute(SQL.hold_owner, scope.shard_key)
            return bool(await connection.fetchval(SQL.put, *key, scope.tenant, label.useful, signals, label.at))

    async def within(self, tenant: str) -> AsyncIterator[LabelledQuestion]:
        """Iterate over the labels of a tenant by question; no connection is held between pages."""
        async with self._database.connection() as connection:
            shards = await shards_of(connection, Scope(tenant))
        place = _START
        group: list[Label] = []
        while True:
            async with self._database.connection() as connection:
                page = await connection.fetch(SQL.page, shards, *place, _PAGE)
            for label in map(_label_of, page):
                if group and label.question != group[0].question:
                    yield LabelledQuestion.of(group)
                    group = []
                group.append(label)
            if len(page) < _PAGE:
                break
            place = tuple(page[-1][column] for column in _KEY)
        if group:
            yield LabelledQuestion.of(group)

    async def count(self, tenant: str) -> int:
        """Count the labels of a tenant."""
        async with self._database.connection() as connection:
            return int(await connection.fetchval(SQL.count, await shards_of(connection, Scope(tenant))))


def _label_of(row: Record) -> Label:
    # A whole number in jsonb may have been a float.
    signals = {name: float(value) for name, value in json.loads(row["signals"]).items()}
    return Label(_digits(row["question"]), str(row["memory_id"]), row["useful"], signals, row["at"])


def _number(question: str) -> int:
    """Return the key of a question as a column holds it."""
    return int.from_bytes(bytes.fromhex(question), "big", signed=True)


def _digits(question: int) -> str:
    return question.to_bytes(8, "big", signed=True).hex()
