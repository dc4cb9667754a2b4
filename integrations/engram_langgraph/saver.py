"""LangGraph's checkpoints in Engram's database."""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from engram_core import AsyncEngram, Database, Engram, InvalidInputError
from engram_langgraph import checkpoints, pruning
from engram_langgraph.checkpoint_codec import (
    address,
    check_several,
    dump_checkpoint,
    dump_writes,
    load_checkpoint,
    load_history,
    thread_name,
)
from engram_langgraph.checkpoints import Thread, Wanted
from engram_langgraph.listing import Listing, check_limit, wanted
from engram_langgraph.opening import Opening
from engram_langgraph.tables import Tables

_Work = Callable[[Database], Awaitable[None]]


class EngramSaver(BaseCheckpointSaver[str]):
    """Keeps the checkpoints of graphs in the engine's database, bound to its tenant.

    Every method may be called with or without `await`, from any thread and any event loop. The tables are made at the
    first use.

    ```python
    with Engram() as memory:
        graph = builder.compile(checkpointer=EngramSaver(memory))
        graph.invoke({"messages": "Hi"}, {"configurable": {"thread_id": "march"}})
    ```

    Args:
        engram: The engine, on a PostgreSQL, embedded or not; it stays its owner's.
        serde: Serializes checkpoints, values and writes; metadata are kept as JSON. Default: LangGraph's msgpack.

    Raises:
        InvalidInputError: `engram` is no engine.
    """

    def __init__(self, engram: Engram | AsyncEngram, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        self._tables = Tables(engram)

    @classmethod
    def from_conn_string(
        cls, conn_string: str, *, serde: SerializerProtocol | None = None, tenant: str | None = None
    ) -> Opening[EngramSaver]:
        """Open a saver on a Postgres, for `with` or `async with`; everything is closed with the block.

        Args:
            conn_string: Such as `postgresql://user:password@host:5432/name`.
            serde: As for the class.
            tenant: The account; None for the one that the settings name.
        """
        return Opening(conn_string, tenant, lambda engine: cls(engine, serde=serde))

    def setup(self) -> None:
        """Make the tables now, which the first use does anyway.

        Raises:
            ConfigError: The engine has no database (`memory://`).
            SchemaMismatchError: The tables were made by a newer version.
        """
        self._tables.call(_nothing)

    async def asetup(self) -> None:
        """Make the tables now, as `setup` does."""
        await self._tables.acall(_nothing)

    def close(self) -> None:
        """End the event loop that was started for callers without `await`, if an `AsyncEngram` had none yet.

        The engine is its owner's and stays open, unless it ran there.
        """
        self._tables.bridge.close()

    async def aclose(self) -> None:
        """End the saver's own event loop as `close` does."""
        await asyncio.to_thread(self.close)

    def get_next_version(self, current: str | float | None, channel: None = None) -> str:  # noqa: ARG002
        """Return the version after `current`: a number of 32 digits, and something that no other branch has."""
        number = 0 if current is None else int(str(current).partition(".")[0])
        return f"{number + 1:032}.{secrets.token_hex(8)}"

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that `config` names, or the latest of its thread and namespace; None without one.

        Raises:
            InvalidInputError: `config` names no thread.
        """
        thread, ns, id = self._address(config)
        row = self._tables.call(lambda database: checkpoints.get(database, thread, ns, id))
        return None if row is None else load_checkpoint(self.serde, row)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint as `get_tuple` does."""
        thread, ns, id = self._address(config)
        row = await self._tables.acall(lambda database: checkpoints.get(database, thread, ns, id))
        return None if row is None else load_checkpoint(self.serde, row)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Iterate over checkpoints, the newest first. They are read a page at a time.

        Args:
            config: The thread; a namespace or a checkpoint if it names one. None: every thread of the tenant.
            filter: What the metadata contain.
            before: The checkpoint before which to begin.
            limit: Checkpoints at most; default: all.

        Raises:
            InvalidInputError: `config` names no thread, `limit` is negative, or JSON cannot say `filter`.
        """
        return self._listed(wanted(self._tables.tenant, config, filter, before), check_limit(limit))

    def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Iterate over checkpoints as `list` does."""
        return self._alisted(wanted(self._tables.tenant, config, filter, before), check_limit(limit))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the values of its channels that are new, all or nothing.

        Args:
            config: The thread, the namespace, and the parent checkpoint if there is one.
            checkpoint: What to store; the same id again replaces it.
            metadata: What listings can be filtered by.
            new_versions: The channels that have new values.

        Returns:
            What names the stored checkpoint.

        Raises:
            InvalidInputError: `config` names no thread, or JSON cannot say `metadata`.
        """
        work, stored = self._put(config, checkpoint, metadata, new_versions)
        self._tables.call(work)
        return stored

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint as `put` does."""
        work, stored = self._put(config, checkpoint, metadata, new_versions)
        await self._tables.acall(work)
        return stored

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote on top of a checkpoint, all or nothing. The same again changes nothing.

        Raises:
            InvalidInputError: `config` does not name a thread and a checkpoint.
        """
        self._tables.call(self._put_writes(config, writes, task_id, task_path))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote as `put_writes` does."""
        await self._tables.acall(self._put_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Delete all that a thread holds.

        Raises:
            InvalidInputError: `thread_id` is None or empty.
        """
        self._tables.call(self._delete_threads([thread_id]))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all that a thread holds, as `delete_thread` does."""
        await self._tables.acall(self._delete_threads([thread_id]))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints and writes of runs (`run_id` in the metadata), in all threads, all or nothing.

        LangGraph does not put a config's own `run_id` into the metadata of checkpoints; what a graph is called with
        under `metadata`, it does: `graph.invoke(state, {"metadata": {"run_id": run_id}, "configurable": {…}})`.

        Args:
            run_ids: As they stand in the metadata.

        Raises:
            InvalidInputError: `run_ids` is a string or None, or an id is None or empty.
            ConflictError: A delta channel of a later checkpoint, which stays, is read from them.
        """
        self._tables.call(self._delete_for_runs(run_ids))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what belongs to runs as `delete_for_runs` does."""
        await self._tables.acall(self._delete_for_runs(run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all that a thread holds to a thread that holds nothing.

        Raises:
            ConflictError: The target holds something.
            InvalidInputError: An id is None or empty, or both are the same.
        """
        self._tables.call(self._copy_thread(source_thread_id, target_thread_id))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread as `copy_thread` does."""
        await self._tables.acall(self._copy_thread(source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete checkpoints of threads.

        Args:
            thread_ids: The threads, one transaction each.
            strategy: `keep_latest` keeps the latest checkpoint of each namespace, and those before it that its delta
                channels are read from; a subgraph's call goes with the checkpoint it was made from. `delete` keeps
                none.

        Raises:
            InvalidInputError: There is no such strategy, `thread_ids` is a string or None, or an id is None or empty.
        """
        for work in self._prune(thread_ids, strategy):
            self._tables.call(work)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete checkpoints of threads as `prune` does."""
        for work in self._prune(thread_ids, strategy):
            await self._tables.acall(work)

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what delta channels are made of at a checkpoint: their nearest stored value and the writes since.

        Args:
            config: The checkpoint, or the thread whose latest is meant.
            channels: Their names.
        """
        if not channels:
            return {}
        thread, ns, id = self._address(config)
        rows = self._tables.call(lambda database: checkpoints.history(database, thread, ns, id, channels))
        return load_history(self.serde, rows, channels)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what delta channels are made of as `get_delta_channel_history` does."""
        if not channels:
            return {}
        thread, ns, id = self._address(config)
        rows = await self._tables.acall(lambda database: checkpoints.history(database, thread, ns, id, channels))
        return load_history(self.serde, rows, channels)

    def _thread(self, thread_id: object, argument: str = "thread_id") -> Thread:
        return Thread(self._tables.tenant, thread_name(argument, thread_id))

    def _address(self, config: RunnableConfig) -> tuple[Thread, str, str | None]:
        thread_id, ns, id = address(config)
        return self._thread(thread_id), ns or "", id

    def _put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, versions: ChannelVersions
    ) -> tuple[_Work, RunnableConfig]:
        thread, ns, _ = self._address(config)
        new = dump_checkpoint(self.serde, config, checkpoint, metadata, versions)
        stored = {"thread_id": thread.id, "checkpoint_ns": ns, "checkpoint_id": new.id}
        return lambda database: checkpoints.put(database, thread, new), {"configurable": stored}

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> _Work:
        thread, _, _ = self._address(config)
        new = dump_writes(self.serde, config, writes, task_id, task_path)
        return lambda database: checkpoints.put_writes(database, thread, new)

    def _delete_threads(self, thread_ids: Sequence[str]) -> _Work:
        threads = [self._thread(thread_id) for thread_id in thread_ids]
        return lambda database: checkpoints.delete_threads(database, threads)

    def _delete_for_runs(self, run_ids: Sequence[str]) -> _Work:
        ids = check_several("run_ids", run_ids)
        return lambda database: pruning.delete_runs(database, self._tables.tenant, ids)

    def _copy_thread(self, source_thread_id: str, target_thread_id: str) -> _Work:
        source = self._thread(source_thread_id, "source_thread_id")
        target = self._thread(target_thread_id, "target_thread_id")
        if source == target:
            raise InvalidInputError("target_thread_id", target_thread_id, "another thread than the source")
        return lambda database: checkpoints.copy(database, source, target)

    def _prune(self, thread_ids: Sequence[str], strategy: str) -> Sequence[_Work]:
        ids = check_several("thread_ids", thread_ids)
        if strategy == "delete":
            return [self._delete_threads([thread_id]) for thread_id in ids]
        if strategy != "keep_latest":
            raise InvalidInputError("strategy", strategy, "keep_latest, delete")
        threads = [self._thread(thread_id) for thread_id in ids]
        return [functools.partial(pruning.keep_latest, thread=thread) for thread in threads]

    def _listed(self, chosen: Wanted, limit: int | None) -> Iterator[CheckpointTuple]:
        listing = Listing(self._tables.tenant, chosen, limit)
        while not listing.is_over:
            for row in listing.took(self._tables.call(listing.read)):
                yield load_checkpoint(self.serde, row)

    async def _alisted(self, chosen: Wanted, limit: int | None) -> AsyncIterator[CheckpointTuple]:
        listing = Listing(self._tables.tenant, chosen, limit)
        while not listing.is_over:
            for row in listing.took(await self._tables.acall(listing.read)):
                yield load_checkpoint(self.serde, row)


async def _nothing(_: Database) -> None:
    """Do no work: what comes before it is what is wanted."""
