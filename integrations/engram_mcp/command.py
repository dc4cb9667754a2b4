"""`engram mcp`. This module is imported at every start of the command line, so it imports next to nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Transport(StrEnum):
    """How clients reach the server."""

    STDIO = "stdio"
    HTTP = "http"


def mcp(
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="ID", help="Whose memories.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", "-a", metavar="ID", help="Those with this agent.")] = None,
    session: Annotated[
        str | None, typer.Option("--session", "-s", metavar="ID", help="Turns of this conversation.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="NAME", help="The account; default `default`.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Offer only what changes nothing.")] = False,
    transport: Annotated[
        Transport | None, typer.Option("--transport", help="Default stdio; http is streamable HTTP.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="For http; default 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="NUMBER", min=0, max=65_535, help="For http; default 8765, 0 any.")
    ] = None,
    allowed_hosts: Annotated[
        str | None,
        typer.Option("--allowed-hosts", metavar="NAMES", help="For http: more names it is called by, with commas."),
    ] = None,
) -> None:
    """Serve memories to agents by the Model Context Protocol.

    Whose memories is fixed here, by --user, --agent, --session or several of
    them; no request can name anybody else. It ends when its client closes
    standard input, once what was asked is answered (10 seconds at most), on
    Ctrl-C, or on SIGTERM.

    With --session besides --user or --agent, only the turns of that
    conversation are shown: the statements learned from them belong to the
    user, across conversations, and are served without --session.

    Over http it has no login of its own: whoever reaches the port reaches the
    memories. It listens on this machine alone, and on another address only
    with ENGRAM_MCP_TOKEN set, which every client must then send as
    `Authorization: Bearer TOKEN`.

    Each option can be set in the environment instead: --user as
    ENGRAM_MCP_USER, --read-only as ENGRAM_MCP_READ_ONLY=1, and so on; --tenant
    as ENGRAM_TENANT. Where memories are kept is set as for every command
    (`engram doctor`).
    """
    from engram_mcp.running import run
    from engram_mcp.settings import load_settings

    options = {"user": user, "agent": agent, "session": session, "transport": transport, "host": host, "port": port}
    run(load_settings(**options, allowed_hosts=allowed_hosts, read_only=read_only or None), tenant)
