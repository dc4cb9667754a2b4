"""Streamable HTTP: the application, who may call it, and serving it."""

from __future__ import annotations

import asyncio
import hmac
import signal
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from engram_core import InvalidInputError
from engram_mcp.listening import PATH, in_url

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
#: Seconds that requests under way are given to finish when the server is to end.
_GRACE = 5


def http_app(server: Server[Any], *, allowed_hosts: Sequence[str] | None = None, token: str | None = None) -> Starlette:
    """Make an ASGI application that serves an MCP server at `/mcp`.

    It keeps no state between requests, so any number of processes may serve side by side. It has no login of its own:
    who reaches it reaches the memories of the server's scope.

    Args:
        server: What `build_server` makes.
        allowed_hosts: Names that clients may call it by, in any case, with or without a port; requests that name
            another, and those of a web page of another, are refused, which is what stops DNS rebinding. Default: this
            machine's own names. An empty list allows any.
        token: What clients must send as `Authorization: Bearer …`: printable ASCII characters without spaces.

    Raises:
        InvalidInputError: `allowed_hosts` is no list of names, or `token` is blank or cannot be sent.
    """
    hosts = _checked(LOOPBACK if allowed_hosts is None else allowed_hosts)
    _check_token(token)
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=bool(hosts),
        allowed_hosts=[form for host in hosts for form in (host, f"{host}:*")],
        allowed_origins=[
            f"{way}://{form}" for host in hosts for way in ("http", "https") for form in (host, f"{host}:*")
        ],
    )
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True, security_settings=security)
    endpoint: ASGIApp = _Endpoint(manager)
    if token is not None:
        endpoint = _Guarded(endpoint, token)
    return Starlette(routes=[Route(PATH, endpoint=endpoint)], lifespan=lambda _: manager.run())


def _checked(hosts: Sequence[str]) -> list[str]:
    """Return names as the check compares them."""
    accepted = 'a list of names such as ["memory.example"]'
    if isinstance(hosts, str | bytes) or not isinstance(hosts, Iterable):
        raise InvalidInputError("allowed_hosts", hosts, accepted)
    names = list(hosts)
    for name in names:
        if not isinstance(name, str) or not name.strip() or name.split() != [name] or "/" in name:
            raise InvalidInputError("allowed_hosts", name, accepted)
    return [in_url(name).lower() for name in names]


def _check_token(token: str | None) -> None:
    if token is not None and not (
        isinstance(token, str) and token and token.isascii() and token.isprintable() and " " not in token
    ):
        # Never repeated: it may be the secret with a slip in it.
        raise InvalidInputError("token", "(not shown)", "printable ASCII characters without spaces, or None")


class _Endpoint:
    """The SDK's handling of a request; a class, so that the route hands on every HTTP method.

    Names of hosts are the same in any case, but the SDK compares them as they come: here they come in lower case.
    """

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value.lower() if name in (b"host", b"origin") else value) for name, value in scope["headers"]]
        await self._manager.handle_request({**scope, "headers": headers}, receive, send)


class _Guarded:
    """Refuses requests without the token, before anything of them is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        # The scheme in any case, the rest exactly; the time it takes tells nothing of where they differ.
        if hmac.compare_digest(b"Bearer" + given[6:] if given[:6].lower() == b"bearer" else given, self._expected):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "This server asks for a token: send it as `Authorization: Bearer …`.\n",
            status_code=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
        await refusal(scope, receive, send)


class _Uvicorn(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the process has something to close after it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve an application on an open port until `stop` is set; requests under way are then finished."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", ws="none", timeout_graceful_shutdown=_GRACE
    )
    server = _Uvicorn(config)

    async def end() -> None:
        await stop.wait()
        # What a signal would do: open event streams listen for it too.
        server.handle_exit(signal.SIGTERM, None)

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[listener])
    finally:
        ending.cancel()
