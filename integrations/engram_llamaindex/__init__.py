"""Engram for LlamaIndex: long-term memory for agents, chat engines and query engines.

```python
from engram_core import Engram
from engram_llamaindex import EngramMemory

memory = EngramMemory.from_defaults(Engram(), user_id="ada")
response = await agent.run("What can I eat?", memory=memory)
```

Each name is loaded at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from engram_core import MissingExtraError

if TYPE_CHECKING:
    from engram_llamaindex.block import EngramMemoryBlock
    from engram_llamaindex.connection import use_engine
    from engram_llamaindex.memory import EngramMemory
    from engram_llamaindex.retriever import EngramRetriever

__all__ = ["EngramMemory", "EngramMemoryBlock", "EngramRetriever", "use_engine"]

_HOMES = {
    "EngramMemory": "memory",
    "EngramMemoryBlock": "block",
    "EngramRetriever": "retriever",
    "use_engine": "connection",
}


if not TYPE_CHECKING:  # A type checker sees the imports above, and so also a name that does not exist.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        except ModuleNotFoundError as exc:
            if (exc.name or "").partition(".")[0] != "llama_index":
                raise
            raise MissingExtraError("llama-index-core", "llamaindex") from exc
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
