"""Prompts in files of their own, which a deployment may replace, and how texts are put into them."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from engram_core.errors import ConfigError

#: What each prompt must have room for.
_PLACES = {
    "extract.v1": ("attributes", "instructions"),
    "reconcile.v1": (),
    "summarise.v1": (),
    "grade.v1": (),
}


class Prompts:
    """The shipped prompts, and those of a folder that have the same names.

    Args:
        folder: Holds files such as `extract.v1.md`; None: the shipped ones alone.

    Raises:
        ConfigError: A replaced prompt cannot be read, or leaves out a placeholder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._texts = {name: _load(name, folder) for name in _PLACES}

    def write(self, name: str, **values: str) -> str:
        """Write a prompt with its placeholders (`$name`) filled; a `$` in a value stays one."""
        return re.sub(r"\$([a-z]+)", lambda match: values.get(match[1], match[0]), self._texts[name])


def on_one_line(text: str) -> str:
    """Write a text on one line: a name, or a statement, must not look like the next entry of a list."""
    return " ".join(text.split())


def indented(text: str) -> str:
    """Indent every line of a text but the first, whatever ends its lines: it stays within its own entry of a list."""
    return "\n    ".join(text.splitlines())


def _load(name: str, folder: Path | None) -> str:
    own = None if folder is None else folder / f"{name}.md"
    try:
        if own is not None and own.exists():
            text = own.read_text(encoding="utf-8")
        else:
            text = files(f"{__package__}.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"prompts_dir: {name}.md cannot be read: {exc}") from exc
    for place in _PLACES[name]:
        if f"${place}" not in text:
            raise ConfigError(f"prompts_dir: {name}.md has no place for ${place}")
    return text
