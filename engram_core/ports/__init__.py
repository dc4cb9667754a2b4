"""What the engine needs from the outside, said by behaviour.

Each port is a small abstract class. `stores/inmemory` is the reference implementation of the store ports; every
implementation passes the same suite in `tests/contracts/`.
"""

from engram_core.ports.history import ChangeLog
from engram_core.ports.lessons import Learn, Lesson, LessonQueue
from engram_core.ports.memories import MemoryStore
from engram_core.ports.models import ChatModel, Embedder, Matrix, Reply, TokenCounter, Vector
from engram_core.ports.reading import MemoryReader
from engram_core.ports.spaces import Refillable, RefillBatch
from engram_core.ports.uses import Use, UseCounter
from engram_core.ports.views import Evidence, Leg, Rows, View
from engram_core.ports.writing import MemoryWriter, Recorded, Turn

__all__ = [
    "ChangeLog",
    "ChatModel",
    "Embedder",
    "Evidence",
    "Learn",
    "Leg",
    "Lesson",
    "LessonQueue",
    "Matrix",
    "MemoryReader",
    "MemoryStore",
    "MemoryWriter",
    "Recorded",
    "RefillBatch",
    "Refillable",
    "Reply",
    "Rows",
    "TokenCounter",
    "Turn",
    "Use",
    "UseCounter",
    "Vector",
    "View",
]
