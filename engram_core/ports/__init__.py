"""What the engine needs from the outside, said by behaviour.

Each port is a small abstract class. `stores/inmemory` is the reference implementation of the store ports; every
implementation passes the same suite in `tests/contracts/`.
"""

from engram_core.ports.feedback import Label, LabelledQuestion, LabelStore, question_key
from engram_core.ports.history import ChangeLog
from engram_core.ports.lessons import Learn, Lesson, LessonQueue
from engram_core.ports.memories import MemoryStore
from engram_core.ports.models import (
    MOST_TOKEN_BYTES,
    ChatModel,
    Embedder,
    Encoded,
    EncodedQuery,
    Matrix,
    Reply,
    TokenCounter,
    Tokens,
    Vector,
)
from engram_core.ports.proposing import Proposer
from engram_core.ports.ranking import Ranked, Ranker, Reading
from engram_core.ports.reading import MemoryReader
from engram_core.ports.spaces import Refillable, RefillBatch
from engram_core.ports.uses import Use, UseCounter
from engram_core.ports.views import Evidence, Leg, Outline, Rows, TimeRange, TokenBlock, View
from engram_core.ports.writing import MemoryWriter, Recorded, Turn

__all__ = [
    "MOST_TOKEN_BYTES",
    "ChangeLog",
    "ChatModel",
    "Embedder",
    "Encoded",
    "EncodedQuery",
    "Evidence",
    "Label",
    "LabelStore",
    "LabelledQuestion",
    "Learn",
    "Leg",
    "Lesson",
    "LessonQueue",
    "Matrix",
    "MemoryReader",
    "MemoryStore",
    "MemoryWriter",
    "Outline",
    "Proposer",
    "Ranked",
    "Ranker",
    "Reading",
    "Recorded",
    "RefillBatch",
    "Refillable",
    "Reply",
    "Rows",
    "TimeRange",
    "TokenBlock",
    "TokenCounter",
    "Tokens",
    "Turn",
    "Use",
    "UseCounter",
    "Vector",
    "View",
    "question_key",
]
