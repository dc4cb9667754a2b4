"""What a client was promised on the standard streams: every line it wrote is answered, its last ones included."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, BinaryIO

import anyio
import anyio.to_thread

from engram_mcp.sdk import CLOSED, INVALID_REQUEST, PARSE_ERROR, check_message

logger = logging.getLogger(__name__)

#: Seconds that requests under way are given to finish when the client has closed its end.
_GRACE = 10.0


class Exchange:
    """The answers of one connection: writes them, and knows which requests still wait for theirs.

    The SDK writes to it as to an asynchronous text file.

    Args:
        stream: Where the client reads.
        give_up: Ends the connection when requests outlast the grace period.
    """

    def __init__(self, stream: BinaryIO, give_up: Callable[[], None]) -> None:
        self._stream, self._give_up = stream, give_up
        self._waiting: set[str | int] = set()
        self._settled = asyncio.Event()
        self._settled.set()
        self._one_line = asyncio.Lock()

    async def receive(self, line: str) -> bool:
        """Take note of a line of the client; tell whether it is a message, and answer here if it is none."""
        if not line.strip():
            return False
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            await self._refuse(line, None, PARSE_ERROR, "This line is no JSON.")
            return False
        try:
            check_message(line)
        except ValueError:
            words = "This line is no message of JSON-RPC 2.0; one line holds one message."
            await self._refuse(line, message, INVALID_REQUEST, words)
            return False
        self._note(message)
        return True

    def _note(self, message: dict[str, Any]) -> None:
        id, method = message.get("id"), message.get("method")
        if method == "notifications/cancelled":
            self._done((message.get("params") or {}).get("requestId"))
        elif method is not None and isinstance(id, str | int):
            self._waiting.add(id)
            self._settled.clear()

    def _done(self, id: Any) -> None:
        if isinstance(id, str | int):
            self._waiting.discard(id)
        if not self._waiting:
            self._settled.set()

    async def write(self, text: str) -> None:
        """Write one message, which ends its line, and flush it."""
        async with self._one_line:
            await anyio.to_thread.run_sync(self._put, text.encode())
        try:
            message = json.loads(text)
        except RecursionError:  # nested deeper than what came in, by the answer around it
            return
        if "method" not in message:
            self._done(message.get("id"))

    async def flush(self) -> None:
        """Do nothing: every message is flushed when it is written."""

    def _put(self, line: bytes) -> None:
        self._stream.write(line)
        self._stream.flush()

    async def finish(self) -> None:
        """Wait, after the client's last line, until everything is answered; what takes too long is given up."""
        with anyio.move_on_after(_GRACE):
            await self._settled.wait()
            return
        logger.warning(
            "the client closed its end; given up after %g seconds: %s", _GRACE, sorted(map(str, self._waiting))
        )
        for id in list(self._waiting):
            await self._error(id, CLOSED, "Given up: it was not done in time after the connection was closed.")
        self._give_up()

    async def _refuse(self, line: str, message: Any, code: int, words: str) -> None:
        logger.warning("a line of %d characters is no message of the protocol; it is skipped", len(line))
        id = message.get("id") if isinstance(message, dict) else None
        await self._error(id if isinstance(id, str | int) and not isinstance(id, bool) else None, code, words)

    async def _error(self, id: str | int | None, code: int, words: str) -> None:
        error = {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": words}}
        await self.write(json.dumps(error) + "\n")
