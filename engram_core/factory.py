"""From settings to a running engine: the only place that names a backend."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import BaseModel

from engram_core.config import DEFAULT_EMBEDDER, DEFAULT_RANKER, PUBLISHED_EMBEDDER, Settings, load_settings
from engram_core.engine import Backend, Engine, LazyBackend, Limits
from engram_core.engine.base import utc_now
from engram_core.engine.learning import Lessons
from engram_core.engine.uses import UseLog
from engram_core.errors import ConfigError, InvalidInputError
from engram_core.ingest.learn.asking import Meter
from engram_core.ingest.learn.extract_model import ModelExtractor
from engram_core.ingest.learn.judge_model import ModelJudge
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.learn.prompting import Prompts
from engram_core.ingest.learn.rules import RulesExtractor
from engram_core.ingest.upkeep.summaries import Summariser
from engram_core.ports import ChatModel, Embedder, MemoryStore, Ranker

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
        llm: str | ChatModel | None = None,
        embedder: str | Embedder | None = None,
        ranker: str | Ranker | None = None,
        custom_instructions: str | None = None,
        memory_schema: type[BaseModel] | None = None,
        tenant: str | None = None,
    ) -> None:
        """Bind the engine to its settings; nothing is opened yet.

        Args:
            settings: Everything at once; default: the environment, with the keywords below winning over it.
            data_dir: Where the embedded Postgres keeps its data. Given without `database_url`, it is what is used,
                whatever URL the environment names.
            database_url: A PostgreSQL to use instead, or `memory://` for a store in this process.
            graph_url: Where the entity graph is kept.
            llm: The model that learns, by name or a `ChatModel` of your own; without one, rules do.
            embedder: The embedding model by name, or an `Embedder` of your own.
            ranker: What orders what is found, by name or path, or a `Ranker` of your own.
            custom_instructions: Added to what the model is told about what to learn.
            memory_schema: A pydantic model: what fits it is learned as a structured memory beside the statements.
            tenant: The account that every verb is bound to.

        Raises:
            ConfigError: A setting cannot be used.
        """
        own = Own(
            embedder=embedder if isinstance(embedder, Embedder) else None,
            ranker=ranker if isinstance(ranker, Ranker) else None,
            llm=llm if isinstance(llm, ChatModel) else None,
            memory_schema=_check_schema(memory_schema),
        )
        overrides: dict[str, Any] = {
            "data_dir": data_dir,
            "database_url": database_url,
            "graph_url": graph_url,
            "llm": None if own.llm is not None else llm,
            "embedder": None if own.embedder is not None else embedder,
            "ranker": None if own.ranker is not None else ranker,
            "custom_instructions": custom_instructions,
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


@dataclass(frozen=True, slots=True)
class Own:
    """What a program brings itself instead of naming it in the settings; None where it does not."""

    embedder: Embedder | None = None
    ranker: Ranker | None = None
    llm: ChatModel | None = None
    memory_schema: type[BaseModel] | None = None


NOTHING = Own()


async def build(settings: Settings, own: Own = NOTHING) -> Backend:
    """Build what an engine runs on; nothing is opened or loaded yet."""
    from engram_core.providers.checked import CheckedEmbedder
    from engram_core.providers.tokens import open_counter

    if settings.graph_url is not None:
        logger.warning("graph_url is set, but this version keeps no entity graph: it is not used yet")
    store = build_store(settings)
    embedder = build_embedder(settings) if own.embedder is None else CheckedEmbedder(own.embedder)
    model = build_chat_model(settings) if own.llm is None else own.llm
    meter = Meter(settings.llm_input_price, settings.llm_output_price)
    return Backend(
        store=store,
        embedder=embedder,
        uses=UseLog(store),
        summariser=None if model is None else Summariser(model, meter, Prompts(settings.prompts_dir)),
        limits=Limits(settings.max_memories_per_user, timedelta(settings.ttl_days) if settings.ttl_days else None),
        lessons=Lessons(store, embedder, _learner(settings, own, store, embedder, model, meter)),
        meter=meter,
        model=model,
        prompts_dir=settings.prompts_dir,
        ranker=await to_thread.run_sync(build_ranker, settings.ranker) if own.ranker is None else own.ranker,
        # Reading a vocabulary takes some tenths of a second: beside the event loop.
        counter=await to_thread.run_sync(open_counter, settings.tokens, settings.tiktoken_cache_dir),
    )


def _learner(
    settings: Settings, own: Own, store: MemoryStore, embedder: Embedder, model: ChatModel | None, meter: Meter
) -> Learner:
    """Build what learns: a model, or rules without one."""
    if model is None:
        return Learner(store, embedder, RulesExtractor(), None, utc_now)
    prompts = Prompts(settings.prompts_dir)
    instructions = settings.custom_instructions
    extractor = ModelExtractor(model, meter, prompts, custom_instructions=instructions, memory_schema=own.memory_schema)
    return Learner(store, embedder, extractor, ModelJudge(model, meter, prompts), utc_now)


def _check_schema(value: object) -> type[BaseModel] | None:
    if value is None or (isinstance(value, type) and issubclass(value, BaseModel)):
        return value
    raise InvalidInputError("memory_schema", value, "a pydantic model class")


def build_chat_model(settings: Settings) -> ChatModel | None:
    """Build the language model that `llm` names, as `provider:model`; None without one."""
    if settings.llm is None:
        return None
    provider, _, model = settings.llm.partition(":")
    model = model.strip()
    if provider == "openai" and model:
        from engram_core.providers.openai_chat import OpenAIChat

        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        return OpenAIChat(model, api_key=key, base_url=settings.openai_base_url, timeout=settings.llm_timeout)
    if provider == "ollama" and model:
        from engram_core.providers.ollama_chat import OllamaChat

        return OllamaChat(model, host=settings.ollama_host, timeout=settings.llm_timeout)
    raise ConfigError(f"llm: got {settings.llm!r}; accepted: openai:<model>, ollama:<model>")


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


def build_ranker(name: str) -> Ranker:
    """Build a ranker by name: the trained one, one without training, or one of weights in a file.

    Raises:
        ConfigError: There is none of this name, or the file cannot be read.
    """
    from engram_core.retrieval.acan import load_weights
    from engram_core.retrieval.rankers import UNTRAINED

    if name == DEFAULT_RANKER:
        return load_weights()
    if name in UNTRAINED:
        return UNTRAINED[name]
    path = Path(name)
    if not path.is_file():
        accepted = ", ".join((DEFAULT_RANKER, *UNTRAINED))
        raise ConfigError(f"ranker: got {name!r}; accepted: {accepted}, or a file of weights")
    return load_weights(path)


def build_embedder(settings: Settings) -> Embedder:
    """Build the embedder that `embedder` names, as `provider:model` or `provider:model@dimension`."""
    provider, _, rest = settings.embedder.partition(":")
    model, dimension = _split_dimension(rest)
    if provider in (DEFAULT_EMBEDDER, PUBLISHED_EMBEDDER) and not rest:
        from engram_core.providers.onnx import FOLDER, PUBLISHED, OnnxEmbedder

        folder = FOLDER if provider == DEFAULT_EMBEDDER else PUBLISHED
        return OnnxEmbedder(threads=settings.embedding_threads, folder=folder)
    builders: dict[str, Callable[[], Embedder]] = {
        "sentence-transformers": lambda: _sentence_transformers(model),
        "openai": lambda: _openai(settings, model, dimension),
        "ollama": lambda: _ollama(settings, model),
    }
    if provider not in builders or not model:
        raise ConfigError(
            f"embedder: got {settings.embedder!r}; accepted: {DEFAULT_EMBEDDER}, {PUBLISHED_EMBEDDER}, "
            "sentence-transformers:<model>, openai:<model>[@dimension], ollama:<model>"
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
