"""Engram for LangChain: a retriever, a middleware for `create_agent` with its tools, a chat history, a chain's memory.

Each name is loaded at its first use, so that one needs only the extra it stands on: `langchain`, and
`langchain-classic` for `EngramMemory`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from engram_core import MissingExtraError

if TYPE_CHECKING:
    from engram_langchain.chains import EngramMemory
    from engram_langchain.history import EngramChatMessageHistory
    from engram_langchain.middleware import EngramMiddleware
    from engram_langchain.retriever import EngramRetriever
    from engram_langchain.tools import memory_tools

__all__ = ["EngramChatMessageHistory", "EngramMemory", "EngramMiddleware", "EngramRetriever", "memory_tools"]

_HOMES = {
    "EngramChatMessageHistory": "history",
    "EngramMemory": "chains",
    "EngramMiddleware": "middleware",
    "EngramRetriever": "retriever",
    "memory_tools": "tools",
}
#: What each framework's import package is called on the index, and the extra that brings it.
_EXTRAS = {
    "langchain": ("langchain", "langchain"),
    "langchain_core": ("langchain-core", "langchain"),
    "langgraph": ("langgraph", "langchain"),
    "langchain_classic": ("langchain-classic", "langchain-classic"),
}


if not TYPE_CHECKING:  # A type checker sees the imports above, and so also a name that does not exist.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        except ModuleNotFoundError as exc:
            missing = (exc.name or "").partition(".")[0]
            if missing not in _EXTRAS:
                raise
            raise MissingExtraError(*_EXTRAS[missing]) from exc
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
