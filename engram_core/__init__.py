"""Engram: long-term memory for AI agents.

Each name is loaded at its first use, so that `import engram_core` and `engram --help` cost next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from engram_core.version import __version__

if TYPE_CHECKING:
    from engram_core.bridge import Bridge
    from engram_core.config import Settings
    from engram_core.domain.change import Change, Op
    from engram_core.domain.checks import clean_characters
    from engram_core.domain.claim import Claim
    from engram_core.domain.context import read_context
    from engram_core.domain.memory import Memory, Space
    from engram_core.domain.message import Message
    from engram_core.domain.results import (
        AddManyResult,
        AddResult,
        ConsolidateResult,
        Context,
        DeadLetter,
        EraseReceipt,
        ExpireResult,
        Hit,
        ImportResult,
        Page,
        ProcessedTurn,
        Queue,
        Recall,
        Usage,
    )
    from engram_core.domain.scope import Scope
    from engram_core.domain.tuning import Training, Tuning
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
    from engram_core.factory import AsyncEngram, build_chat_model, build_database, build_embedder, build_ranker
    from engram_core.ports import (
        ChatModel,
        Embedder,
        Encoded,
        EncodedQuery,
        Ranked,
        Ranker,
        Reading,
        Reply,
        TokenCounter,
    )
    from engram_core.retrieval.acan import Group, Weights, fit_ranker, recalls_by_fold
    from engram_core.stores.postgres import Database, Migration, load_migrations, load_queries
    from engram_core.sync import Engram

__all__ = [
    "AddManyResult",
    "AddResult",
    "AsyncEngram",
    "Bridge",
    "Change",
    "ChatModel",
    "Claim",
    "ConfigError",
    "ConflictError",
    "ConsolidateResult",
    "Context",
    "Database",
    "DeadLetter",
    "Embedder",
    "Encoded",
    "EncodedQuery",
    "Engram",
    "EngramError",
    "EraseReceipt",
    "ExpireResult",
    "Group",
    "Hit",
    "ImportResult",
    "InvalidInputError",
    "InvalidOutputError",
    "Memory",
    "Message",
    "Migration",
    "MissingExtraError",
    "NotFoundError",
    "Op",
    "Page",
    "ProcessedTurn",
    "ProviderError",
    "ProviderUnavailableError",
    "Queue",
    "Ranked",
    "Ranker",
    "RateLimitedError",
    "Reading",
    "Recall",
    "Reply",
    "SchemaMismatchError",
    "Scope",
    "Settings",
    "Space",
    "StoreError",
    "StoreUnavailableError",
    "TokenCounter",
    "Training",
    "Tuning",
    "Usage",
    "Weights",
    "__version__",
    "build_chat_model",
    "build_database",
    "build_embedder",
    "build_ranker",
    "clean_characters",
    "fit_ranker",
    "load_migrations",
    "load_queries",
    "read_context",
    "recalls_by_fold",
]

_HOMES = {
    "engram_core.bridge": ["Bridge"],
    "engram_core.config": ["Settings"],
    "engram_core.domain.change": ["Change", "Op"],
    "engram_core.domain.checks": ["clean_characters"],
    "engram_core.domain.claim": ["Claim"],
    "engram_core.domain.context": ["read_context"],
    "engram_core.domain.memory": ["Memory", "Space"],
    "engram_core.domain.message": ["Message"],
    "engram_core.domain.results": [
        "AddManyResult",
        "AddResult",
        "ConsolidateResult",
        "Context",
        "DeadLetter",
        "EraseReceipt",
        "ExpireResult",
        "Hit",
        "ImportResult",
        "Page",
        "ProcessedTurn",
        "Queue",
        "Recall",
        "Usage",
    ],
    "engram_core.domain.scope": ["Scope"],
    "engram_core.domain.tuning": ["Training", "Tuning"],
    "engram_core.errors": [
        "ConfigError",
        "ConflictError",
        "EngramError",
        "InvalidInputError",
        "InvalidOutputError",
        "MissingExtraError",
        "NotFoundError",
        "ProviderError",
        "ProviderUnavailableError",
        "RateLimitedError",
        "SchemaMismatchError",
        "StoreError",
        "StoreUnavailableError",
    ],
    "engram_core.factory": ["AsyncEngram", "build_chat_model", "build_database", "build_embedder", "build_ranker"],
    "engram_core.ports": [
        "ChatModel",
        "Embedder",
        "Encoded",
        "EncodedQuery",
        "Ranked",
        "Ranker",
        "Reading",
        "Reply",
        "TokenCounter",
    ],
    "engram_core.retrieval.acan": ["Group", "Weights", "fit_ranker", "recalls_by_fold"],
    "engram_core.stores.postgres": ["Database", "Migration", "load_migrations", "load_queries"],
    "engram_core.sync": ["Engram"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # A type checker sees the imports above, and so also a name that does not exist.

    def __getattr__(name: str) -> object:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
