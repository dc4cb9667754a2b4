"""Batches of operations: checked, sorted by kind, and joined with those that come at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, Result, SearchOp

from engram_core import InvalidInputError
from engram_langgraph.indexing import Indexing, Vector
from engram_langgraph.items import Written, check_namespace, check_place, to_path, to_row
from engram_langgraph.searching import Read, check_listing, check_search


@dataclass
class Batch:
    """Operations, checked and sorted by kind.

    Attributes:
        size: How many operations there are.
        reads: What is read, and at which places the results are wanted: equal reads are one.
        puts: What is to be at each namespace (as it is kept) and key; None for nothing.
        vectors: Of the texts of `puts`; filled in by whoever embeds them.
        questions: Vectors of the queries, None where the embedder makes nothing of one; likewise.
    """

    size: int = 0
    reads: dict[str, tuple[Read, list[int]]] = field(default_factory=dict)
    puts: dict[tuple[str, str], Written | None] = field(default_factory=dict)
    vectors: dict[str, Vector] = field(default_factory=dict)
    questions: dict[str, Vector | None] = field(default_factory=dict)

    @classmethod
    def of(cls, ops: Iterable[Op], indexing: Indexing | None) -> Batch:
        """Check operations and sort them; of several puts to one key the last one stays.

        Raises:
            InvalidInputError: One cannot be done.
            InvalidNamespaceError: Likewise.
        """
        batch = cls()
        puts: dict[tuple[str, str], PutOp] = {}
        for place, op in enumerate(ops):
            batch.size += 1
            check_namespace(op)
            if isinstance(op, PutOp):
                check_place(op)
                puts[to_path(op.namespace), op.key] = op
            else:
                batch._read(_checked(op), place)
        for key, op in puts.items():
            row = None if op.value is None else to_row(op)
            batch.puts[key] = row if row is None or indexing is None else row.with_texts(indexing.texts(op))
        return batch

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """Make one batch of several, whose results follow each other."""
        whole = cls()
        for batch in batches:
            for read, places in batch.reads.values():
                for place in places:
                    whole._read(read, whole.size + place)
            whole.puts.update(batch.puts)
            whole.size += batch.size
        return whole

    @property
    def texts(self) -> list[str]:
        """What is to be embedded of the puts, each text once."""
        return list(dict.fromkeys(text for item in self.puts.values() if item is not None for text in item.texts))

    @property
    def queries(self) -> list[str]:
        """The questions of the searches, each once."""
        searches = [read for read, _ in self.reads.values() if isinstance(read, SearchOp)]
        return list(dict.fromkeys(search.query for search in searches if search.query))

    def _read(self, op: Read, place: int) -> None:
        self.reads.setdefault(repr(op), (op, []))[1].append(place)


class Joiner:
    """Runs what callers of one event loop ask for at the same moment as one batch: one statement, one call of a model.

    Args:
        run: Does a batch.
    """

    def __init__(self, run: Callable[[Batch], Awaitable[list[Result]]]) -> None:
        self._run = run
        self._waiting: dict[asyncio.AbstractEventLoop, list[tuple[Batch, asyncio.Future[list[Result]]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, batch: Batch) -> list[Result]:
        """Do a batch, with others that come before the loop turns."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(loop)
        if waiting is None:
            waiting = self._waiting[loop] = []
            loop.call_soon(self._start, loop)
        future: asyncio.Future[list[Result]] = loop.create_future()
        waiting.append((batch, future))
        return await future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = [entry for entry in self._waiting.pop(loop) if not entry[1].done()]
        if waiting:
            task = loop.create_task(self._do(waiting))
            self._tasks.add(task)  # a loop holds its tasks weakly
            task.add_done_callback(self._tasks.discard)

    async def _do(self, waiting: Sequence[tuple[Batch, asyncio.Future[list[Result]]]]) -> None:
        """Do batches together; if that fails, each by itself, so that no caller pays for another's failure."""
        try:
            results = await self._run(Batch.joined([batch for batch, _ in waiting]))
        except Exception as exc:  # noqa: BLE001 - it is the caller's to handle
            if len(waiting) == 1:
                _settle(waiting[0][1], exc)
            else:
                await asyncio.gather(*(self._do([entry]) for entry in waiting))
        except BaseException:
            for _, future in waiting:
                future.cancel()
            raise
        else:
            start = 0
            for batch, future in waiting:
                _settle(future, results[start : start + batch.size])
                start += batch.size


def _settle(future: asyncio.Future[Any], outcome: list[Result] | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _checked(op: Op) -> Read:
    if isinstance(op, SearchOp):
        check_search(op)
    elif isinstance(op, ListNamespacesOp):
        check_listing(op)
    elif not isinstance(op, GetOp):
        raise InvalidInputError("ops", op, "GetOp, SearchOp, PutOp, ListNamespacesOp")
    return op
