"""The standard streams, kept for the protocol: nothing else of this process can write where the client reads."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from engram_mcp.exchange import Exchange

logger = logging.getLogger(__name__)


class Lines(AsyncIterator[str]):
    """Lines of a stream, read by a daemon thread.

    A thread that waits for input cannot be cancelled; this one does not keep the process from ending.

    Lines that are no messages are not handed on, and the end is only told when all before it is answered: the SDK
    drops what is under way then.
    """

    def __init__(self, stream: BinaryIO, exchange: Exchange) -> None:
        self._stream, self._exchange = stream, exchange
        # One line at a time: a client that sends faster than it is answered is held back by the pipe.
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="engram-mcp-stdin", daemon=True).start()

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        while (line := await self._queue.get()) is not None:
            if await self._exchange.receive(line):
                return line
        await self._exchange.finish()
        raise StopAsyncIteration

    def _read(self) -> None:
        with suppress(RuntimeError):  # the loop ended first
            with suppress(OSError, ValueError):
                for line in self._stream:
                    self._put(line.decode("utf-8", "replace"))
            self._put(None)

    def _put(self, line: str | None) -> None:
        putting = self._queue.put(line)
        try:
            asyncio.run_coroutine_threadsafe(putting, self._loop).result()
        except RuntimeError:
            putting.close()
            raise


@contextmanager
def claimed() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Take standard input and output for the protocol.

    Meanwhile, whatever else writes to standard output, a child such as the database included, writes to standard
    error, and whatever else reads standard input finds it at its end.
    """
    sys.stdout.flush()
    wire_in, wire_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    printed, sys.stdout = sys.stdout, sys.stderr
    try:
        # They are never closed here: a thread may still wait on them.
        yield os.fdopen(wire_in, "rb", closefd=False), os.fdopen(wire_out, "wb", closefd=False)
    finally:
        sys.stdout = printed
        os.dup2(wire_out, 1)
        os.dup2(wire_in, 0)


async def serve_stdio(server: Server[Any], stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Serve one client on a pair of streams, until it closes its end and what it asked for is answered."""
    try:
        with anyio.CancelScope() as connection:
            written: Any = Exchange(stdout, connection.cancel)
            lines: Any = Lines(stdin, written)
            async with stdio_server(stdin=lines, stdout=written) as (receiving, sending):
                await server.run(receiving, sending, server.create_initialization_options())
    except* OSError as gone:
        logger.info("the client is gone: %s", gone.exceptions[0])
