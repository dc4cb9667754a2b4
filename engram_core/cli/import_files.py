"""Files to import, told apart by what is in them: our JSON Lines, or conversations as JSON, plain or in a zip."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engram_core.cli.failures import Misuse
from engram_core.ingest.importers import Conversation, read_conversations

_ACCEPTED = "export of Engram (JSON Lines), or of ChatGPT or Claude (the zip, or conversations.json in it)"
_MEMBER = re.compile(r"(^|/)conversations[^/]*\.json$")
_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Records:
    """Our own export: to be read line by line."""

    path: Path


@dataclass(frozen=True, slots=True)
class Conversations:
    """What somebody said elsewhere: read whole, and so checked before anything is written."""

    items: tuple[Conversation, ...]

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(len(item.messages) for item in self.items)

    @property
    def skipped(self) -> int:
        """How many messages were left out."""
        return sum(item.skipped for item in self.items)


def read_import(path: Path) -> Records | Conversations:
    """Look into a file.

    Raises:
        Misuse: It cannot be read, or is none of those that can be imported.
        InvalidInputError: A conversation in it has an unknown shape.
    """
    try:
        if zipfile.is_zipfile(path):
            return Conversations(tuple(_from_zip(path)))
        with path.open("rb") as file:
            if _is_ours(file):
                return Records(path)
            file.seek(0)
            return Conversations(tuple(read_conversations(_parse(path.name, file))))
    except FileNotFoundError as exc:
        raise Misuse(f"there is no file {path}") from exc
    except OSError as exc:
        raise Misuse(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as exc:
        raise _other(path.name, exc) from exc
    except RuntimeError as exc:  # how zipfile says that a password is needed
        raise Misuse(f"{path} cannot be read: {exc}") from exc


def _is_ours(file: IO[bytes]) -> bool:
    """Tell by the first line that says anything: a whole JSON object with a `type`."""
    first = next((line for line in iter(lambda: file.readline(_HEAD), b"") if line.strip()), b"")
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "type" in record


def _from_zip(path: Path) -> Iterator[Conversation]:
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if _MEMBER.search(name))
        if not names:
            raise _other(path.name, "this zip has no conversations.json")
        for name in names:
            with archive.open(name) as file:
                yield from read_conversations(_parse(name, file))


def _parse(name: str, file: IO[bytes]) -> Any:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as exc:
        raise _other(name, exc) from exc


def _other(name: str, why: object) -> Misuse:
    return Misuse(f"{name} is no {_ACCEPTED}: {why}")
