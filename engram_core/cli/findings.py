"""What a check of `engram doctor` answers with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from engram_core.config import Settings
from engram_core.errors import EngramError, MissingExtraError, SchemaMismatchError

DISTRIBUTION = "engram-recall"
# Keys as they begin, and as servers repeat them with their middle starred out.
_KEYS = re.compile(r"\bsk-[^\s'\"]+|[^\s'\"]*\*{3,}[^\s'\"]*")
_MASK = "********"


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: What it is.
        state: Only a problem makes the exit code 1.
        detail: What was found.
        fix: What helps; a command where there is one.
    """

    about: str
    state: State
    detail: str
    fix: str | None = None


def fix(error: EngramError) -> str | None:
    """Return the command that helps, where the error alone tells it."""
    if isinstance(error, MissingExtraError):
        return install(error.extra)
    if isinstance(error, SchemaMismatchError):
        return "engram reembed"
    return None


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def unkeyed(text: str, settings: Settings) -> str:
    """Take keys and passwords out of what somebody else says: some servers repeat them, whole or in part."""
    secrets = [settings.openai_api_key.get_secret_value()] if settings.openai_api_key else []
    secrets += [_password(url) for url in (settings.openai_base_url, settings.ollama_host) if url]
    for secret in filter(None, secrets):
        text = text.replace(secret, _MASK)
    return _KEYS.sub(_MASK, text)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
