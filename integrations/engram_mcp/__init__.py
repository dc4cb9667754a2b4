"""Engram for the Model Context Protocol: `engram mcp`, and the same server for one's own process.

Each name is loaded at its first use, because the command line imports this package at every start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engram_mcp.http import http_app
    from engram_mcp.server import build_server

__all__ = ["build_server", "http_app"]

_HOME_OF = {"build_server": "engram_mcp.server", "http_app": "engram_mcp.http"}


if not TYPE_CHECKING:  # A type checker sees the imports above, and so also a name that does not exist.

    def __getattr__(name: str) -> object:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import_module("engram_mcp.sdk")  # which says what to install where the SDK is missing
        return getattr(import_module(_HOME_OF[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
