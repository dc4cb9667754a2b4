"""The process behind `engram mcp`: open the memory, serve, and close it however it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from typing import TYPE_CHECKING, Any

from engram_core import InvalidInputError, Scope
from engram_mcp.listening import address, bound_name, check_reach, is_loopback, listen
from engram_mcp.settings import ServerSettings

if TYPE_CHECKING:
    from engram_core import AsyncEngram

Serve = Callable[[asyncio.Event], Awaitable[None]]


def run(settings: ServerSettings, tenant: str | None) -> None:
    """Serve until the client closes its end (stdio) or a signal comes; a second signal ends at once.

    Raises:
        InvalidInputError: The scope is empty, or there is no client's stream; nothing was opened.
        ConfigError: A setting cannot work, the port cannot be opened, or a network would reach the memories.
        MissingExtraError: The MCP SDK is not installed.
        StoreError: The store cannot be opened.
    """
    # What is wrong with the command is told before the SDK and the engine are imported: together they take a second.
    scope = Scope(user_id=settings.user, agent_id=settings.agent, session_id=settings.session).required()
    over = _over_http if settings.transport == "http" else _over_stdio
    over(settings, tenant, scope)


def _over_stdio(settings: ServerSettings, tenant: str | None, scope: Scope) -> None:
    for name, stream in (("standard input", sys.__stdin__), ("standard output", sys.__stdout__)):
        if stream is None:  # Python's mark of one that was closed when the process began
            raise InvalidInputError(name, "a closed stream", "the stream of a client; without one, --transport http")
    engine, server = _made(settings, tenant, scope)
    from engram_mcp.stdio import claimed, serve_stdio

    with claimed() as (stdin, stdout):

        async def serve(stop: asyncio.Event) -> None:
            _tell(f"memories of {scope.named}, over stdio")
            await _unless(stop, serve_stdio(server, stdin, stdout))

        asyncio.run(_serving(engine, serve))


def _over_http(settings: ServerSettings, tenant: str | None, scope: Scope) -> None:
    token = settings.token.get_secret_value() if settings.token else None
    check_reach(settings.host, token)
    with closing(listen(settings.host, settings.port)) as listener:
        engine, server = _made(settings, tenant, scope)
        from engram_mcp.http import http_app, serve_http

        app = http_app(server, allowed_hosts=_names(settings, bound_name(listener)), token=token)

        async def serve(stop: asyncio.Event) -> None:
            _tell(f"memories of {scope.named}, at {address(listener)}")
            await serve_http(app, listener, stop)

        asyncio.run(_serving(engine, serve))


def _names(settings: ServerSettings, bound: str) -> list[str]:
    """Name what clients may call the server by; nothing stands for any name."""
    from engram_mcp.http import LOOPBACK

    own = [settings.host, bound]
    if is_loopback(settings.host):
        return [*LOOPBACK, *own, *settings.hosts]
    # On another address, clients call it by names that only its owner knows; without them, the token protects.
    return [*own, *settings.hosts] if settings.hosts else []


def _made(settings: ServerSettings, tenant: str | None, scope: Scope) -> tuple[AsyncEngram, Any]:
    from engram_core import AsyncEngram
    from engram_mcp.server import build_server

    engine = AsyncEngram(tenant=tenant)
    parts = {"user_id": scope.user_id, "agent_id": scope.agent_id, "session_id": scope.session_id}
    return engine, build_server(engine, **parts, read_only=settings.read_only)


async def _serving(engine: AsyncEngram, serve: Serve) -> None:
    stop = _stop_on_signals()
    try:
        # Opened first: what cannot work is told at once, by the exit code, and no request waits for it.
        if await _unless(stop, engine.open()):
            await serve(stop)
    finally:
        await engine.close()


def _stop_on_signals() -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets; the second does what it does without us."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def heard() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, heard)
    return stop


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> bool:
    """Do work, and cancel it when `stop` is set; tell whether it was finished."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finished = working.done()
    (stopping if finished else working).cancel()
    await asyncio.gather(working, stopping, return_exceptions=True)
    if finished:
        working.result()
    return finished


def _tell(words: str) -> None:
    print(f"engram mcp: {words}", file=sys.stderr, flush=True)
