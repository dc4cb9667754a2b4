"""From settings to a running engine: the only place that names a backend."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from engram_core.config import DEFAULT_EMBEDDER, Settings, load_settings
from engram_core.engine import Backend, Engine, LazyBackend
from engram_core.engine.base import utc_now
from engram_core.engine.learning import Lessons
from engram_core.errors import ConfigError, InvalidInputError
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.learn.rules import RulesExtractor
from engram_core.ports import Embedder, MemoryStore

if TYPE_CHECKING:
    from engram_core.stores.postgres import Database

logger = logging.getLogger(__name__)

MEMORY_URL = "memory://"


class AsyncEngram(Engine):
    """Long-term memory for AI agents, for asyncio. It opens at its first use and then belongs to that event loop.

    ```python
    async with AsyncEngram() as memory:
        await memory.add("I am vegetarian and avoid dairy", user_id="ada")
        for hit in await memory.search("What can Ada eat?", user_id="ada"):
            print(hit.score, hit.memory.text)
    ```
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
        graph_url: str | None = None,
        llm: str | None = None,
        embedder: str | Embedder | None = None,
        tenant: str | None = None,
    ) -> None:
        """Bind the engine to its settings; nothing is opened yet.

        Args:
            settings: Everything at once; default: the environment, with the keywords below winning over it.
            data_dir: Where the embedded Postgres keeps its data. Given without `database_url`, it is what is used,
                whatever URL the environment names.
            database_url: A PostgreSQL to use instead, or `memory://` for a store in this process.
            graph_url: Where the entity graph is kept.
            llm: The model that learns facts.
            embedder: The embedding model by name, or an `Embedder` of your own.
            tenant: The account that every verb is bound to.

        Raises:
            ConfigError: A setting cannot be used.
        """
        own = embedder if isinstance(embedder, Embedder) else None
        overrides: dict[str, Any] = {
            "data_dir": data_dir,
            "database_url": database_url,
            "graph_url": graph_url,
            "llm": llm,
            "embedder": None if own is not None else embedder,
            "tenant": tenant,
        }
        chosen = settings if settings is not None else load_settings(**overrides)
        if settings is not None and any(value is not None for value in overrides.values()):
            raise InvalidInputError("settings", "settings and keywords", "either settings or keywords")
        self._settings = chosen
        super().__init__(LazyBackend(lambda: build(chosen, own)), chosen.tenant)

    @property
    def settings(self) -> Settings:
        """What the engine was made from."""
        return self._settings


async def build(settings: Settings, embedder: Embedder | None = None) -> Backend:
    """Build what an engine runs on; nothing is opened or loaded yet."""
    from engram_core.providers.checked import CheckedEmbedder
    from engram_core.providers.tokens import open_counter

    for name in ("llm", "graph_url"):
        if getattr(settings, name) is not None:
            logger.warning("%s is set, but this version learns by rules and keeps no graph: it is not used yet", name)
    store = build_store(settings)
    embedder = build_embedder(settings) if embedder is None else CheckedEmbedder(embedder)
    learner = Learner(store, embedder, RulesExtractor(), None, utc_now)
    return Backend(
        store=store,
        embedder=embedder,
        lessons=Lessons(store, embedder, learner),
        # Reading a vocabulary takes some tenths of a second: beside the event loop.
        counter=await to_thread.run_sync(open_counter, settings.tokens, settings.tiktoken_cache_dir),
    )


def build_store(settings: Settings) -> MemoryStore:
    """Build the store that `database_url` names: embedded Postgres when there is none."""
    if (database := build_database(settings)) is None:
        from engram_core.stores.inmemory import InMemoryStore

        return InMemoryStore(languages=settings.language_names, stop_words=True)
    from engram_core.stores.postgres import PostgresStore

    return PostgresStore(
        database,
        languages=settings.language_names,
        stop_words=True,
        cache_bytes=settings.cache_mb * 1_000_000,
        exact_limit=settings.exact_limit,
    )


def build_database(settings: Settings) -> Database | None:
    """Build the Postgres that `database_url` names, the embedded one when there is none; None for `memory://`."""
    url = settings.database_url.get_secret_value() if settings.database_url else None
    if url == MEMORY_URL:
        return None
    from engram_core.stores.postgres import Database

    if url is not None:
        return Database(url, pool_size=settings.pool_size)
    from engram_core.stores.postgres.embedded import EmbeddedServer

    server = EmbeddedServer(
        settings.data_dir,
        version=settings.postgres_version,
        start_timeout=settings.start_timeout,
        notify=logger.warning,
    )
    return Database(server=server, pool_size=settings.pool_size)


def build_embedder(settings: Settings) -> Embedder:
    """Build the embedder that `embedder` names, as `provider:model` or `provider:model@dimension`."""
    provider, _, rest = settings.embedder.partition(":")
    model, dimension = _split_dimension(rest)
    if provider == DEFAULT_EMBEDDER and not rest:
        from engram_core.providers.onnx import OnnxEmbedder

        return OnnxEmbedder(threads=settings.embedding_threads)
    builders: dict[str, Callable[[], Embedder]] = {
        "sentence-transformers": lambda: _sentence_transformers(model),
        "openai": lambda: _openai(settings, model, dimension),
        "ollama": lambda: _ollama(settings, model),
    }
    if provider not in builders or not model:
        raise ConfigError(
            f"embedder: got {settings.embedder!r}; accepted: {DEFAULT_EMBEDDER}, sentence-transformers:<model>, "
            "openai:<model>[@dimension], ollama:<model>"
        )
    return builders[provider]()


def _sentence_transformers(model: str) -> Embedder:
    from engram_core.providers.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model)


def _openai(settings: Settings, model: str, dimension: int | None) -> Embedder:
    from engram_core.providers.openai import OpenAIEmbedder

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    return OpenAIEmbedder(model, api_key=key, base_url=settings.openai_base_url, dimension=dimension)


def _ollama(settings: Settings, model: str) -> Embedder:
    from engram_core.providers.ollama import OllamaEmbedder

    return OllamaEmbedder(model, host=settings.ollama_host)


def _split_dimension(model: str) -> tuple[str, int | None]:
    name, separator, dimension = model.rpartition("@")
    if separator and dimension.isdigit():
        return name, int(dimension)
    return model, None
