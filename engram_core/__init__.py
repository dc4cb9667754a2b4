"""Engram: long-term memory for AI agents."""

from engram_core.config import Settings
from engram_core.domain.change import Change, Op
from engram_core.domain.memory import Memory, Space
from engram_core.domain.message import Message
from engram_core.domain.results import (
    AddManyResult,
    AddResult,
    Context,
    EraseReceipt,
    Hit,
    ImportResult,
    Page,
    Recall,
)
from engram_core.domain.scope import Scope
from engram_core.errors import (
    ConfigError,
    ConflictError,
    EngramError,
    InvalidInputError,
    InvalidOutputError,
    MissingExtraError,
    NotFoundError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    SchemaMismatchError,
    StoreError,
    StoreUnavailableError,
)
from engram_core.factory import AsyncEngram
from engram_core.ports import Embedder, TokenCounter
from engram_core.sync import Engram
from engram_core.version import __version__

__all__ = [
    "AddManyResult",
    "AddResult",
    "AsyncEngram",
    "Change",
    "ConfigError",
    "ConflictError",
    "Context",
    "Embedder",
    "Engram",
    "EngramError",
    "EraseReceipt",
    "Hit",
    "ImportResult",
    "InvalidInputError",
    "InvalidOutputError",
    "Memory",
    "Message",
    "MissingExtraError",
    "NotFoundError",
    "Op",
    "Page",
    "ProviderError",
    "ProviderUnavailableError",
    "RateLimitedError",
    "Recall",
    "SchemaMismatchError",
    "Scope",
    "Settings",
    "Space",
    "StoreError",
    "StoreUnavailableError",
    "TokenCounter",
    "__version__",
]
