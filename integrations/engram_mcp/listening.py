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
    return f"http://{bound_name(listener)}:{listener.getsockname()[1]}{PATH}"


def bound_name(listener: socket.socket) -> str:
    """Return the address that a port was opened on, as it stands in a URL."""
    return in_url(str(listener.getsockname()[0]))


def in_url(host: str) -> str:
    """Write a name or an address as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
