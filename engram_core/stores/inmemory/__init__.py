"""The reference store: in this process, nothing on disk."""

from engram_core.stores.inmemory.store import InMemoryStore

__all__ = ["InMemoryStore"]
