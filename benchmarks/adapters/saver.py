"""`EngramSaver` beside `AsyncPostgresSaver`: the same checkpoints, as many connections, the same durability."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from benchmarks.adapters.pairs import Row, paired
from engram_core import AsyncEngram
from engram_langgraph import EngramSaver

#: Channels of an agent that hold plain values, and those that hold messages.
PLAIN = ("user", "topic", "attempts", "is_done", "score")
NODES = ("plan", "search", "read", "answer")

Saver = BaseCheckpointSaver[str]


async def measure(url: str, *, calls: int = 300) -> list[Row]:
    """Measure both on one Postgres.

    Args:
        url: Of a Postgres that may be written to; ours are in the schema `engram`, theirs in `public`.
        calls: Calls of each kind.
    """
    async with _ours(url) as (ours, pool_size), _theirs(url, pool_size) as theirs:
        return [
            await _puts("put", ours, theirs, calls, messages=10),
            await _writes(ours, theirs, calls),
            await _gets("get_tuple, 10 messages, 4 writes", ours, theirs, calls, messages=10),
            await _puts("put, a state of 1 MB", ours, theirs, calls // 10, messages=1000),
            await _gets("get_tuple, a state of 1 MB", ours, theirs, calls // 10, messages=1000),
            await _together(ours, theirs, calls // 10),
            await _listings(ours, theirs, calls // 10),
            await _graphs(ours, theirs, calls // 10),
        ]


@asynccontextmanager
async def _ours(url: str) -> AsyncIterator[tuple[Saver, int]]:
    async with AsyncEngram(database_url=url) as engine:
        saver = EngramSaver(engine)
        await saver.asetup()
        yield saver, engine.settings.pool_size


@asynccontextmanager
async def _theirs(url: str, pool_size: int) -> AsyncIterator[Saver]:
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    made: AsyncConnectionPool[AsyncConnection[DictRow]]
    made = AsyncConnectionPool(url, min_size=1, max_size=pool_size, kwargs=options, open=False)
    async with made as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        yield saver


class Conversation:
    """Checkpoints of one thread as an agent makes them: each has a new list of messages, and new plain values."""

    def __init__(self, saver: Saver, thread: str, messages: int) -> None:
        self.saver = saver
        self.config: RunnableConfig = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
        self.said = [
            (HumanMessage if number % 2 else AIMessage)(f"{number}: " + "some words of a turn, " * 40, id=str(number))
            for number in range(messages)
        ]
        self.versions: dict[str, Any] = {}

    async def put(self, step: int) -> RunnableConfig:
        """Store the next checkpoint."""
        new: dict[str, Any] = {
            name: self.saver.get_next_version(self.versions.get(name), None)
            for name in ("messages", "attempts", f"branch:to:{NODES[step % 4]}")
        }
        self.versions = {**dict.fromkeys(PLAIN, next(iter(new.values()))), **self.versions, **new}
        values = {"messages": self.said, "user": "ada", "topic": "travel", "attempts": step, "is_done": False}
        checkpoint = Checkpoint(
            v=4,
            id=str(uuid6(clock_seq=step)),
            ts="2026-01-01T00:00:00+00:00",
            channel_values=values,
            channel_versions=self.versions,
            versions_seen={node: {f"branch:to:{node}": new["messages"]} for node in NODES},
            updated_channels=list(new),
        )
        metadata: Any = {"source": "loop", "step": step, "parents": {}}
        self.config = await self.saver.aput(self.config, checkpoint, metadata, new)
        return self.config

    async def write(self, step: int) -> None:
        """Store what a task wrote."""
        writes = [("messages", self.said[:1]), ("attempts", step), ("topic", "travel"), ("branch:to:read", None)]
        await self.saver.aput_writes(self.config, writes, f"{step:08}-0000-4000-8000-000000000000", "~pull, read")


async def _puts(what: str, ours: Saver, theirs: Saver, calls: int, *, messages: int) -> Row:
    a, b = (Conversation(saver, what, messages) for saver in (ours, theirs))
    return await paired(what, a.put, b.put, calls=calls)


async def _writes(ours: Saver, theirs: Saver, calls: int) -> Row:
    a, b = (Conversation(saver, "writes", 10) for saver in (ours, theirs))
    await a.put(0)
    await b.put(0)
    return await paired("put_writes, 4 writes", a.write, b.write, calls=calls)


async def _gets(what: str, ours: Saver, theirs: Saver, calls: int, *, messages: int) -> Row:
    a, b = (Conversation(saver, what, messages) for saver in (ours, theirs))
    for one in (a, b):
        for step in range(20):
            await one.put(step)
        await one.write(0)
    latest: RunnableConfig = {"configurable": {"thread_id": what, "checkpoint_ns": ""}}
    return await paired(what, lambda _: ours.aget_tuple(latest), lambda _: theirs.aget_tuple(latest), calls=calls)


async def _together(ours: Saver, theirs: Saver, calls: int, threads: int = 16) -> Row:
    both = [[Conversation(saver, f"together {n}", 10) for n in range(threads)] for saver in (ours, theirs)]
    a, b = (lambda step, all_=all_: asyncio.gather(*(one.put(step) for one in all_)) for all_ in both)
    return await paired(f"put, {threads} threads at once, all of them", a, b, calls=calls, per_turn=3)


async def _listings(ours: Saver, theirs: Saver, calls: int) -> Row:
    for saver in (ours, theirs):
        one = Conversation(saver, "listing", 10)
        for step in range(50):
            await one.put(step)

    async def listed(saver: Saver) -> int:
        return len([found async for found in saver.alist({"configurable": {"thread_id": "listing"}})])

    return await paired("list, 50 checkpoints", lambda _: listed(ours), lambda _: listed(theirs), calls=calls)


class State(TypedDict):
    """What the nodes of the graph write to."""

    log: Annotated[list[str], operator.add]


async def _graphs(ours: Saver, theirs: Saver, calls: int) -> Row:
    builder = StateGraph(State)
    for node in NODES:
        builder.add_node(node, lambda _: {"log": ["some words of a turn"]})
    for before, after in zip([START, *NODES], [*NODES, END], strict=True):
        builder.add_edge(before, after)
    a, b = (builder.compile(checkpointer=saver) for saver in (ours, theirs))

    def invoked(graph: Any, number: int) -> Any:
        return graph.ainvoke({"log": []}, {"configurable": {"thread_id": f"graph {number}"}}, durability="sync")

    return await paired("ainvoke, a graph of 4 nodes", lambda n: invoked(a, n), lambda n: invoked(b, n), calls=calls)
