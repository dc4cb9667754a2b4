"""Reads and writes the rows of checkpoints; serializes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engram_core import ConflictError, Database, load_queries

_FILE = load_queries("checkpoints", __package__)
SQL = {name: getattr(_FILE, name).replace("{columns}", _FILE.columns) for name in _FILE}

#: Bytes of new values from which on each is sent by itself: a server copies an array of them several times.
LARGE = 100_000

#: One row as the driver gives it.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of a tenant."""

    tenant: str
    id: str

    @property
    def key(self) -> tuple[int, str, str]:
        """What every statement about a thread begins with."""
        return _key(self.tenant, self.id), self.tenant, self.id


@lru_cache(maxsize=4096)
def _key(tenant: str, thread_id: str) -> int:
    """Hash a thread to a signed 64-bit number that never changes."""
    named = json.dumps(["thread", tenant, thread_id]).encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big", signed=True)


@dataclass(slots=True)
class Values:
    """Channels with their values, one list a column."""

    channels: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """A checkpoint on its way to the store."""

    ns: str
    id: str
    parent_id: str | None
    type: str
    body: bytes
    inlined: list[str]
    channels: list[str]
    versions: list[str]
    deltas: list[str]
    metadata: str
    new: Values


@dataclass(frozen=True, slots=True)
class NewWrites:
    """What one task wrote, on its way to the store."""

    ns: str
    checkpoint_id: str
    task_id: str
    task_path: str
    places: list[int]
    channels: list[str]
    types: list[str]
    values: list[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which checkpoints a listing is to have; None is any."""

    thread: Thread | None
    ns: str | None
    id: str | None
    before: str | None
    metadata: str | None


async def get(database: Database, thread: Thread, ns: str, id: str | None) -> Row | None:
    """Return one checkpoint with its values and writes: the latest of the namespace when no id is given."""
    async with database.connection() as connection:
        row: Row | None
        if id is None:
            row = await connection.fetchrow(SQL["latest"], *thread.key, ns)
        else:
            row = await connection.fetchrow(SQL["exact"], *thread.key, ns, id)
        return row


async def page(database: Database, tenant: str, wanted: Wanted, after: Row | None, limit: int) -> list[Row]:
    """Return the next so many checkpoints, newest first."""
    key = (None, tenant, None) if wanted.thread is None else wanted.thread.key
    cursor = ("checkpoint_id", "thread_id", "checkpoint_ns")
    place = (None, None, None) if after is None else tuple(after[name] for name in cursor)
    async with database.connection() as connection:
        rows: list[Row] = await connection.fetch(
            SQL["page"], *key, wanted.ns, wanted.id, wanted.before, wanted.metadata, *place, limit
        )
        return rows


async def put(database: Database, thread: Thread, new: NewCheckpoint) -> None:
    """Store a checkpoint and the new values of its channels, all or nothing."""
    values = new.new
    if sum(map(len, values.values)) < LARGE:
        async with database.connection() as connection:
            await _put(connection, thread, new, values)
        return
    async with database.transaction() as connection:
        for value in zip(values.channels, values.versions, values.types, values.values, strict=True):
            await connection.execute(SQL["put_value"], *thread.key, new.ns, *value)
        await _put(connection, thread, new, Values())


async def _put(connection: Any, thread: Thread, new: NewCheckpoint, values: Values) -> None:
    await connection.execute(
        SQL["put"],
        *thread.key,
        new.ns,
        new.id,
        new.parent_id,
        new.type,
        new.body,
        new.inlined,
        new.channels,
        new.versions,
        new.deltas,
        new.metadata,
        values.channels,
        values.versions,
        values.types,
        values.values,
    )


async def put_writes(database: Database, thread: Thread, new: NewWrites) -> None:
    """Store what a task wrote, all or nothing."""
    async with database.connection() as connection:
        await connection.execute(
            SQL["put_writes"],
            *thread.key,
            new.ns,
            new.checkpoint_id,
            new.task_id,
            new.task_path,
            new.places,
            new.channels,
            new.types,
            new.values,
        )


async def history(database: Database, thread: Thread, ns: str, id: str | None, channels: Sequence[str]) -> list[Row]:
    """Return what channels are made of at a checkpoint: seeds and writes, the oldest first."""
    async with database.connection() as connection:
        rows: list[Row] = await connection.fetch(SQL["history"], *thread.key, ns, id, channels)
        return rows


async def delete_threads(database: Database, threads: Sequence[Thread]) -> None:
    """Delete all that threads hold, in one transaction."""
    async with database.transaction() as connection:
        for thread in threads:
            await connection.execute(SQL["delete_thread"], *thread.key)


async def copy(database: Database, source: Thread, target: Thread) -> None:
    """Copy all that a thread holds to a thread that holds nothing.

    Raises:
        ConflictError: The target holds something.
    """
    taken = f"target_thread_id: {target.id!r} has checkpoints already; delete it first, or name another"
    try:
        async with database.transaction() as connection:
            await connection.execute(SQL["lock_thread"], target.key[0])
            if await connection.fetchval(SQL["holds"], *target.key):
                raise ConflictError(taken)
            for statement in ("copy_checkpoints", "copy_blobs", "copy_writes"):
                await connection.execute(SQL[statement], *source.key, target.key[0], target.id)
    except ConflictError:  # or a checkpoint came there meanwhile
        raise ConflictError(taken) from None
