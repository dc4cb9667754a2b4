"""The file that keeps answers and verdicts: JSON Lines, appended to as they come, so that a broken run can go on.

Its first line holds the settings of the run; each other line is a `Record`. A question that was recorded twice was
asked again after a failure: the last record counts for its score, and all of them for what was spent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmarks.datasets import Conversation, Question
from benchmarks.methods import user_of
from benchmarks.qa.asking import Spent
from engram_core import InvalidInputError


@dataclass(frozen=True, slots=True)
class Record:
    """What came of asking one question.

    Attributes:
        key: Names the question by its content and its conversation's.
        question: The question's id in its file.
        answer: What the model answered; None where it failed.
        verdicts: By judge: `right`, `wrong` or `unsure`. Empty where nothing was judged.
        reasons: By judge, in its own words.
        failure: Why there is no score; None where there is one.
        context_tokens: Of the text it was answered from; None where it did not come so far.
        context_seconds: Making that text took.
        spent: By role, `llm` and `judge`.
    """

    key: str
    question: str
    answer: str | None = None
    verdicts: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    failure: str | None = None
    context_tokens: int | None = None
    context_seconds: float = 0.0
    spent: dict[str, Spent] = field(default_factory=dict)


_RECORD = TypeAdapter(Record)


def key_of(conversation: Conversation, question: Question) -> str:
    """Name a question so that the same one, asked of the same turns, has the same name in every file."""
    content = repr((question.text, question.answer, question.category, question.before))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{user_of(conversation)}:{question.id}:{digest}"


class Records:
    """An open file of records; use it as a context manager.

    Args:
        path: Made where it is not there.
        settings: Of this run; an older part of the file must have been written with the same.

    Raises:
        InvalidInputError: The file is not one of answers, or was written with other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self._last: dict[str, Record] = {}
        self._spent: dict[str, dict[str, Spent]] = {}
        whole = self._read(settings) if path.exists() else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        if whole < path.stat().st_size:  # a line that was being written when the run broke off
            self._file.truncate(whole)
        if whole == 0:
            self._write({"settings": dict(settings)})

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, record: Record) -> None:
        """Keep a record; it is in the file when this returns."""
        self._note(record)
        self._write(asdict(record))

    def get(self, key: str) -> Record | None:
        """Return the last record of a question."""
        return self._last.get(key)

    def is_done(self, key: str) -> bool:
        """Tell whether a question needs no further asking."""
        return key in self._last and self._last[key].failure is None

    def spent(self, key: str) -> Mapping[str, Spent]:
        """Return what a question took by role, over all attempts."""
        return self._spent.get(key, {})

    def _note(self, record: Record) -> None:
        self._last[record.key] = record
        roles = self._spent.setdefault(record.key, {})
        for role, spent in record.spent.items():
            roles.setdefault(role, Spent()).add(spent)

    def _write(self, document: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(document) + "\n")
        self._file.flush()

    def _read(self, settings: Mapping[str, Any]) -> int:
        """Read what is there and return how many bytes of it are whole lines."""
        try:
            data = self.path.read_bytes()
        except OSError as exc:
            raise InvalidInputError("--resume", f"{self.path}: {exc.strerror}", "a file of answers") from exc
        whole = data.rfind(b"\n") + 1
        if data and not whole:
            raise self._refused("no whole line")
        for number, line in enumerate(data[:whole].splitlines()):
            try:
                if number == 0:
                    self._check(json.loads(line)["settings"], settings)
                else:
                    self._note(_RECORD.validate_json(line))
            except (ValueError, ValidationError, KeyError, TypeError) as exc:
                raise self._refused(f"line {number + 1}") from exc
        return whole

    def _check(self, written: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        different = sorted(_different(written, settings))
        if different:
            accepted = f"answers made with the same settings (these differ: {', '.join(different)})"
            raise InvalidInputError("--resume", self.path.name, accepted)

    def _refused(self, what: str) -> InvalidInputError:
        return InvalidInputError("--resume", f"{self.path.name}, {what}", "a file of answers as `qa` writes it")


def _different(written: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in {*written, *settings} if written.get(name) != settings.get(name))
