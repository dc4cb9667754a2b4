"""Engram for LangGraph: a store, a checkpointer, and nodes that recall and remember.

Each name is loaded at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from engram_core import MissingExtraError

if TYPE_CHECKING:
    from engram_langgraph.indexing import EngramIndexConfig
    from engram_langgraph.nodes import recall_node, remember_node
    from engram_langgraph.saver import EngramSaver
    from engram_langgraph.store import EngramStore

__all__ = ["EngramIndexConfig", "EngramSaver", "EngramStore", "recall_node", "remember_node"]

_HOMES = {
    "EngramIndexConfig": "indexing",
    "EngramSaver": "saver",
    "EngramStore": "store",
    "recall_node": "nodes",
    "remember_node": "nodes",
}
#: What each framework's import package is called on the index; one extra brings them.
_FRAMEWORKS = {"langgraph": "langgraph", "langchain_core": "langchain-core"}


if not TYPE_CHECKING:  # A type checker sees the imports above, and so also a name that does not exist.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        except ModuleNotFoundError as exc:
            missing = (exc.name or "").partition(".")[0]
            if missing not in _FRAMEWORKS:
                raise
            raise MissingExtraError(_FRAMEWORKS[missing], "langgraph") from exc
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
