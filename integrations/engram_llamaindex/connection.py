"""The way from a memory to its engine, also after the memory was serialised: an engine cannot be, its settings can."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from pydantic import BaseModel, SecretStr, ValidationError

from engram_core import AsyncEngram, Bridge, ConfigError, Engram, EngramError, InvalidInputError, Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")
AnyEngine = Engram | AsyncEngram

_IN_PROCESS = "memory://"


class SavedEngine(BaseModel):
    """What is kept of an engine when a memory is serialised: everything but secrets.

    Attributes:
        tenant: The account that the engine is bound to.
        store: Where its memories are, without user and password.
        token: Names the engine within the process that made it.
        settings: What was set, by name; no secret, and no URL that holds one.
    """

    tenant: str
    store: str
    token: str
    settings: dict[str, Any] = {}

    @classmethod
    def of(cls, engine: AnyEngine) -> SavedEngine:
        """Describe an engine, and let memories that are restored in this process find it."""
        settings = engine.settings
        saved = cls(
            tenant=engine.tenant, store=_store(settings), token=_token(engine), settings=_without_secrets(settings)
        )
        _known[saved.token] = engine
        _latest[saved.tenant, saved.store] = engine
        return saved


_lock = threading.Lock()
_tokens: WeakKeyDictionary[AnyEngine, str] = WeakKeyDictionary()
_known: WeakValueDictionary[str, AnyEngine] = WeakValueDictionary()
_latest: WeakValueDictionary[tuple[str, str], AnyEngine] = WeakValueDictionary()
_chosen: WeakValueDictionary[str, AnyEngine] = WeakValueDictionary()
_built: dict[tuple[str, str], Engram] = {}


def use_engine(engine: AnyEngine) -> None:
    """Let memories that are restored from a serialised `Context` use this engine, wherever theirs kept its memories.

    Only memories of the engine's tenant do. The engine stays yours: keep it as long as it is to be used, and close it.
    """
    _chosen[check_engine(engine).tenant] = engine


def check_engine(engine: object) -> AnyEngine:
    """Return an engine, or raise `InvalidInputError`."""
    if not isinstance(engine, (Engram, AsyncEngram)):
        raise InvalidInputError("engine", engine, "an Engram or an AsyncEngram")
    return engine


class Connection:
    """Does work on an engine for callers with and without `await`; a restored one finds its engine at the first use."""

    def __init__(self, saved: SavedEngine | None = None, engine: AnyEngine | None = None) -> None:
        self._saved = saved
        self._bridge = None if engine is None else Bridge(engine)

    def call(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work and wait for it; it may be called inside of a running event loop other than the engine's own."""
        return self._found().call(work)

    async def acall(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work, whichever event loop the caller runs on."""
        return await self._found().acall(work)

    def _found(self) -> Bridge:
        if self._bridge is None:
            if self._saved is None:
                raise ConfigError("this memory has no engine: make it by from_defaults, or attach one")
            self._bridge = Bridge(find_engine(self._saved))
        return self._bridge


def find_engine(saved: SavedEngine) -> AnyEngine:
    """Find the engine of a restored memory.

    In this order: the one of `use_engine`; the very one that the memory had; another one of this process with the same
    tenant and store; one that is made from the saved settings, with secrets from the environment, and shared by all.

    Raises:
        ConfigError: None can be made that leads to the same store.
    """
    known = _chosen.get(saved.tenant) or _known.get(saved.token)
    if known is None and saved.store != _IN_PROCESS:
        known = _latest.get((saved.tenant, saved.store))
    return known if known is not None else _made(saved)


def _made(saved: SavedEngine) -> Engram:
    how = "call use_engine(engine) before, or attach(engine)"
    if saved.store == _IN_PROCESS:
        raise ConfigError(f"the memories were kept in a process or by an engine that is gone ({_IN_PROCESS}): {how}")
    with _lock:
        where = saved.tenant, saved.store
        if where not in _built:
            try:
                settings = Settings(**saved.settings, tenant=saved.tenant)
            except ValidationError as exc:
                raise ConfigError(f"the saved settings cannot be used ({exc.errors()[0]['msg']}): {how}") from exc
            if _store(settings) != saved.store:
                raise ConfigError(
                    f"the memories are in {saved.store}, the environment leads to {_store(settings)}: "
                    f"set ENGRAM_DATABASE_URL, or {how}"
                )
            _built[where] = Engram(settings)
        return _built[where]


def _token(engine: AnyEngine) -> str:
    with _lock:
        return _tokens.setdefault(engine, uuid.uuid4().hex)


def _store(settings: Settings) -> str:
    """Say where memories are kept: a folder, or a URL without its secrets."""
    if settings.database_url is None:
        return f"embedded:{settings.data_dir}"
    url = settings.database_url.get_secret_value()
    if url == _IN_PROCESS:
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 5432}{parts.path}"


def _without_secrets(settings: Settings) -> dict[str, Any]:
    written = settings.model_dump(mode="json", exclude_defaults=True)
    kept = {
        name: value
        for name, value in written.items()
        if not isinstance(getattr(settings, name), SecretStr) and not ("://" in str(value) and "@" in str(value))
    }
    kept.pop("tenant", None)
    if settings.database_url is None:
        # Said outright, so that a URL in the environment of whoever restores the memory does not win.
        kept |= {"database_url": None, "data_dir": str(settings.data_dir)}
    return kept


@contextmanager
def tolerant(strict: bool, what: str) -> Iterator[None]:
    """Let a failure of the store or of a provider be logged, so that the chat goes on; raise it when `strict`."""
    try:
        yield
    except EngramError as exc:
        if strict:
            raise
        logger.warning("%s: %s", what, exc)
