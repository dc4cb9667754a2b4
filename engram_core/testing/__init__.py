"""Fakes and scripted servers for the tests of those who build on Engram."""

from engram_core.testing.embedder import FakeEmbedder
from engram_core.testing.model import FakeChatModel
from engram_core.testing.server import Fault, Request, ScriptedServer

__all__ = ["FakeChatModel", "FakeEmbedder", "Fault", "Request", "ScriptedServer"]
