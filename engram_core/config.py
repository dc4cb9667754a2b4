"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engram_core.errors import ConfigError

DEFAULT_EMBEDDER = "minilm-memory"
PUBLISHED_EMBEDDER = "minilm"
DEFAULT_RANKER = "acan"


def default_data_dir() -> Path:
    """Return the platform's user data folder for Engram."""
    return platformdirs.user_data_path("engram", appauthor=False)


def _named(field: str, *others: str) -> Any:
    """Read `ENGRAM_<FIELD>` and, where others chose a name first, that name too."""
    return AliasChoices(f"ENGRAM_{field.upper()}", *others)


class Settings(BaseSettings):
    """Everything that can be set, from keywords or from the environment (`ENGRAM_…`).

    Attributes:
        data_dir: Where the embedded Postgres keeps its data.
        database_url: A PostgreSQL ≥ 16 with pgvector ≥ 0.7 to use instead of the embedded one; `memory://` keeps
            everything in this process and nothing on disk.
        graph_url: A Neo4j for the entity graph.
        llm: The model that learns: `openai:<model>`, `ollama:<model>`; without one, rules do.
        custom_instructions: Added to what the model is told about what to learn.
        prompts_dir: A folder whose prompts are used instead of the shipped ones of the same name.
        llm_timeout: Seconds that one request to the model may take.
        llm_input_price: What a million tokens sent to the model cost, for the counters.
        llm_output_price: What a million tokens of its answers cost.
        ranker: What orders what was found: `acan`, or without training `sum`, `rrf`, `dense`, `lexical`; or the path of
            weights of your own, as `engram acan tune` writes them.
        embedder: `minilm-memory` and `minilm` (built in: trained for memory, and as published),
            `sentence-transformers:<model>`, `openai:<model>`, `ollama:<model>`.
        tenant: The account that verbs are bound to.
        ttl_days: Days after which memories expire that name no end of their own; 0: never.
        max_memories_per_user: Current memories of one user that `expire` lets stay; 0: any number.
        languages: Snowball stemmers for words in Latin script, by name, separated by commas.
        postgres_version: Which embedded PostgreSQL makes a new store: 18 or 16.
        start_timeout: Seconds to wait for the embedded server, recovery after a crash included.
        pool_size: Connections to Postgres at most.
        cache_mb: Memory for the search indexes of the scopes in use.
        exact_limit: Memories up to which a scope is searched exactly; a larger one by HNSW.
        embedding_threads: Threads of the built-in embedder; 0 means one a core.
        tokens: The tiktoken encoding to count by, where its vocabulary is on this machine.
        tiktoken_cache_dir: Where tiktoken keeps vocabularies.
        openai_api_key: Key for `openai:` models.
        openai_base_url: Where `openai:` models are served.
        ollama_host: Where `ollama:` models are served.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_ignore_empty=True, env_prefix="ENGRAM_", populate_by_name=True
    )

    data_dir: Path = Field(default_factory=default_data_dir, validation_alias=_named("data_dir"))
    database_url: SecretStr | None = Field(None, validation_alias=_named("database_url"))
    graph_url: SecretStr | None = Field(None, validation_alias=_named("graph_url"))
    llm: str | None = Field(None, validation_alias=_named("llm"))
    custom_instructions: str | None = Field(None, validation_alias=_named("custom_instructions"))
    prompts_dir: Path | None = Field(None, validation_alias=_named("prompts_dir"))
    llm_timeout: float = Field(120, gt=0, validation_alias=_named("llm_timeout"))
    llm_input_price: float = Field(0, ge=0, validation_alias=_named("llm_input_price"))
    llm_output_price: float = Field(0, ge=0, validation_alias=_named("llm_output_price"))
    embedder: str = Field(DEFAULT_EMBEDDER, validation_alias=_named("embedder"))
    ranker: str = Field(DEFAULT_RANKER, validation_alias=_named("ranker"))
    tenant: str = Field("default", validation_alias=_named("tenant"))
    ttl_days: float = Field(0, ge=0, le=1_000_000, validation_alias=_named("ttl_days"))
    max_memories_per_user: int = Field(
        10_000, ge=0, validation_alias=_named("max_memories_per_user", "MAX_MEMORIES_PER_USER")
    )
    languages: str = Field("english", validation_alias=_named("languages"))
    postgres_version: int = Field(18, validation_alias=_named("postgres_version", "PGSERVER_POSTGRES_VERSION"))
    start_timeout: float = Field(600, gt=0, validation_alias=_named("start_timeout"))
    pool_size: int = Field(8, ge=2, le=1000, validation_alias=_named("pool_size"))
    cache_mb: int = Field(256, ge=0, validation_alias=_named("cache_mb"))
    exact_limit: int = Field(50_000, ge=0, validation_alias=_named("exact_limit"))
    embedding_threads: int = Field(0, ge=0, validation_alias=_named("embedding_threads"))
    tokens: str = Field("o200k_base", validation_alias=_named("tokens"))
    tiktoken_cache_dir: Path | None = Field(
        None, validation_alias=_named("tiktoken_cache_dir", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
    )
    openai_api_key: SecretStr | None = Field(None, validation_alias=_named("openai_api_key", "OPENAI_API_KEY"))
    openai_base_url: str | None = Field(None, validation_alias=_named("openai_base_url", "OPENAI_BASE_URL"))
    ollama_host: str | None = Field(None, validation_alias=_named("ollama_host", "OLLAMA_HOST"))

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("postgres_version")
    @classmethod
    def _carried(cls, value: int) -> int:
        if value not in (16, 18):
            raise ValueError("the embedded PostgreSQL is 16 or 18")
        return value

    @property
    def language_names(self) -> tuple[str, ...]:
        """The names in `languages`, in order."""
        return tuple(name.strip().lower() for name in self.languages.split(",") if name.strip())


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; a keyword that is not None wins over it.

    Who names a `data_dir` and no `database_url` means the server there, whatever URL the environment has.

    Raises:
        ConfigError: A value cannot be used; the message names each.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if "data_dir" in given:
        given.setdefault("database_url", None)
    try:
        return Settings(**given)
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise ConfigError(problems) from exc


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is, for a person to read.

    Attributes:
        name: The field of `Settings`.
        value: What it is; secrets masked, also those in a URL.
        source: The environment variable it was read from, or `default`.
    """

    name: str
    value: str
    source: str


def explain(settings: Settings) -> list[Setting]:
    """Tell every setting and where it came from, for settings that were read from the environment alone."""
    present = {name.upper(): name for name, value in os.environ.items() if value}
    return [
        Setting(name, masked(getattr(settings, name)), _source(field.validation_alias, present))
        for name, field in Settings.model_fields.items()
    ]


def _source(alias: Any, present: dict[str, str]) -> str:
    names = [str(choice) for choice in alias.choices]
    return next((present[name.upper()] for name in names if name.upper() in present), "default")


def masked(value: object) -> str:
    """Write a value for a person to read: of a URL with a secret only where it leads, of another secret nothing."""
    secret = value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
    if not isinstance(value, SecretStr) and not ("://" in secret and "@" in secret):
        return "" if value is None else str(value)
    try:
        parts = urlsplit(secret)
        where = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "********"
    return f"{parts.scheme}://{where}" if parts.scheme and "://" in secret else "********"
