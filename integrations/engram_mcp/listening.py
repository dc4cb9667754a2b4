"""The port that HTTP clients connect to, and who reaches it."""

from __future__ import annotations

import ipaddress
import socket

from engram_core import ConfigError

PATH = "/mcp"


def check_reach(host: str, token: str | None) -> None:
    """Refuse to open the memories to a network without a token.

    Raises:
        ConfigError: Others than this machine reach the address, and no token is set.
    """
    if token is None and not is_loopback(host):
        raise ConfigError(
            f"whoever reaches {host} would read and change these memories: set ENGRAM_MCP_TOKEN to 16 or more random "
            "characters that clients must send, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Open the port, before anything else is.

    Raises:
        ConfigError: It cannot be opened.
    """
    bare = host.strip("[]")
    try:
        family = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((bare, port), family=family)
    except OSError as exc:
        raise ConfigError(f"cannot listen on {host}, port {port}: {exc.strerror or exc}") from exc


def address(listener: socket.socket) -> str:
    """Return the URL that a client of this machine connects to."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
