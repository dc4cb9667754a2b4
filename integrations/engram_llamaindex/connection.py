"""The way from a memory to its engine, also after the memory was serialised: an engine cannot be, its settings can."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import uuid
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from pydantic import BaseModel, SecretStr, ValidationError

from engram_core import (
    AsyncEngram,
    Bridge,
    ConfigError,
    Engram,
    EngramError,
    InvalidInputError,
    Settings,
    StoreError,
)

logger = logging.getLogger(__name__)
T = TypeVar("T")
AnyEngine = Engram | AsyncEngram

_IN_PROCESS = "memory://"
#: A URL with somebody's name and password, or with a query, which may hold a key.
_SECRETIVE = re.compile(r"://\S*(@|\?\S)")
#: A host with its port, or the folder of a socket.
_PLACE = re.compile(r"(?P<host>/.*|\[[^]]*]|[^:]*)(:(?P<port>\d*))?")


class SavedEngine(BaseModel):
    """What is kept of an engine when a memory is serialised: everything but secrets.

    Attributes:
        tenant: The account that the engine is bound to.
        store: Where its memories are, without user and password.
        token: Names the engine within the process that made it.
        settings: What was set, by name; no secret, and no URL that may hold one.
        withheld: Names of settings that were set and are not among these; keys and passwords aside.
    """

    tenant: str
    store: str
    token: str
    settings: dict[str, Any] = {}
    withheld: list[str] = []

    @classmethod
    def of(cls, engine: AnyEngine) -> SavedEngine:
        """Describe an engine, and let memories that are restored in this process find it."""
        settings = engine.settings
        kept, withheld = _without_secrets(settings)
        with _lock:
            known = _known.pop(engine, None)
            saved = cls(
                tenant=engine.tenant,
                store=_store(settings),
                token=uuid.uuid4().hex if known is None else known.token,
                settings=kept,
                withheld=withheld,
            )
            _known[engine] = saved  # the latest comes last
        return saved


_lock = threading.Lock()
_known: WeakKeyDictionary[AnyEngine, SavedEngine] = WeakKeyDictionary()
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
        return (self._bridge or self._found()).call(work)

    async def acall(self, work: Callable[[AsyncEngram], Coroutine[Any, Any, T]]) -> T:
        """Do work, whichever event loop the caller runs on."""
        return await (self._bridge or await self._afound()).acall(work)

    def _found(self) -> Bridge:
        useless: list[AnyEngine] = []
        while True:
            engine = self._candidate(useless)
            bridge, look = Bridge(engine), _Look()
            try:
                bridge.call(look)
            except StoreError:
                if not look.came_in and isinstance(engine, AsyncEngram) and _is_in_a_loop():
                    return bridge  # perhaps on the caller's own loop: not gone, and the work's own call says what to do
                useless.append(engine)
            else:
                self._bridge = bridge
                return bridge

    async def _afound(self) -> Bridge:
        useless: list[AnyEngine] = []
        while True:
            engine = self._candidate(useless)
            bridge = Bridge(engine)
            try:
                await bridge.acall(_Look())
            except StoreError:
                useless.append(engine)
            else:
                self._bridge = bridge
                return bridge

    def _candidate(self, useless: Collection[AnyEngine]) -> AnyEngine:
        if self._saved is None:
            raise ConfigError("this memory has no engine: make it by from_defaults, or attach one")
        return find_engine(self._saved, useless)


class _Look:
    """Work that fails with `StoreError` on an engine that was closed, and touches no store on one that is open."""

    def __init__(self) -> None:
        self.came_in = False

    async def __call__(self, engine: AsyncEngram) -> None:
        self.came_in = True
        await engine.usage()


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def find_engine(saved: SavedEngine, useless: Collection[AnyEngine] = ()) -> AnyEngine:
    """Find the engine of a restored memory, other than those that turned out to be closed or without a running loop.

    In this order: the one of `use_engine`; the very one that the memory had; another one of this process with the same
    tenant and store; one that is made from the saved settings, with secrets from the environment, and shared by all.

    Raises:
        ConfigError: None can be made that leads to the same store.
    """
    with _lock:
        known = list(_known.items())
    candidates = [_chosen.get(saved.tenant), *(engine for engine, its in known if its.token == saved.token)]
    if saved.store != _IN_PROCESS:
        where = saved.tenant, saved.store
        candidates += [engine for engine, its in reversed(known) if (its.tenant, its.store) == where]
    open_ones = (engine for engine in candidates if engine is not None and engine not in useless)
    return next(open_ones, None) or _made(saved, useless)


def _made(saved: SavedEngine, useless: Collection[AnyEngine]) -> Engram:
    how = "call use_engine(engine) before, or attach(engine)"
    if saved.store == _IN_PROCESS:
        raise ConfigError(f"the memories were kept in a process or by an engine that is gone ({_IN_PROCESS}): {how}")
    with _lock:
        where = saved.tenant, saved.store
        if where not in _built or _built[where] in useless:
            try:
                settings = Settings(**saved.settings, tenant=saved.tenant)
            except ValidationError as exc:
                raise ConfigError(f"the saved settings cannot be used ({exc.errors()[0]['msg']}): {how}") from exc
            if _store(settings) != saved.store:
                raise ConfigError(
                    f"the memories are in {saved.store}, the environment leads to {_store(settings)}: "
                    f"set ENGRAM_DATABASE_URL, or {how}"
                )
            if missing := [name for name in saved.withheld if getattr(settings, name) is None]:
                names = ", ".join(f"ENGRAM_{name.upper()}" for name in missing)
                raise ConfigError(f"{', '.join(missing)}: not saved, as it may hold a secret: set {names}, or {how}")
            _built[where] = Engram(settings)
        return _built[where]


def _store(settings: Settings) -> str:
    """Say where memories are kept: a folder, or host, port and name of the database, without its secrets."""
    if settings.database_url is None:
        return f"embedded:{settings.data_dir}"
    url = settings.database_url.get_secret_value()
    if url == _IN_PROCESS:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # no server can be reached by it, and nobody can say what of it is secret
        return "postgresql://"
    asked = dict(parse_qsl(parts.query))
    named = unquote(parts.netloc.rpartition("@")[2])
    named = named if named.startswith("/") else named.lower()
    port = "5432" if named else asked.get("port", "5432")  # as the driver reads it: what stands before the query wins
    places = [_PLACE.fullmatch(place) for place in (named or asked.get("host", "")).split(",")]
    where = ",".join(f"{place['host']}:{place['port'] or port}" for place in places if place)
    name = unquote(parts.path.removeprefix("/")) or asked.get("dbname") or asked.get("database") or ""
    return f"postgresql://{where}/{name}"


def _without_secrets(settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """Return what may be written, and the names of what may not although it is no key or password in itself."""
    written = settings.model_dump(mode="json", exclude_defaults=True, exclude={"tenant"})
    written = {name: value for name, value in written.items() if not isinstance(getattr(settings, name), SecretStr)}
    withheld = [name for name, value in written.items() if _may_hold_a_secret(name, str(value))]
    kept = {name: value for name, value in written.items() if name not in withheld}
    if settings.database_url is None:
        # Said outright, so that a URL in the environment of whoever restores the memory does not win.
        kept |= {"database_url": None, "data_dir": str(settings.data_dir)}
    return kept, withheld


def _may_hold_a_secret(name: str, value: str) -> bool:
    if name.endswith(("_url", "_host")):  # with or without a scheme
        return "@" in value or "?" in value
    return _SECRETIVE.search(value) is not None


@contextmanager
def tolerant(strict: bool, what: str, *, retried: bool = False) -> Iterator[None]:
    """Let a failure of the store or of a provider be logged, so that the chat goes on; raise it when `strict`.

    Args:
        strict: Whether to raise.
        what: What did not happen, for the log.
        retried: Whether it is tried again later; what is not acceptable never is.
    """
    try:
        yield
    except EngramError as exc:
        if strict:
            raise
        yet = " yet" if retried and not isinstance(exc, InvalidInputError) else ""
        logger.warning("%s%s: %s", what, yet, exc)
