"""Items as rows: where they are kept, how their values are written, and what comes back."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from engram_core import InvalidInputError

#: Minutes to live at most: some 190 years.
LONGEST = 1e8
#: Bytes of a namespace and a key together, with a dot after each label. An index takes rows of some 2,700 bytes, and a
#: tenant is in them too.
MOST_BYTES = 2_000


@lru_cache(maxsize=4096)
def shard_key(tenant: str, label: str) -> int:
    """Hash a tenant and a namespace's first label to a signed 64-bit number that never changes."""
    digest = hashlib.blake2b(json.dumps(["store", tenant, label]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def to_path(namespace: Sequence[str]) -> str:
    """Write a namespace as it is kept: its labels, each followed by a dot."""
    return "".join(f"{label}." for label in namespace)


def from_path(path: str) -> tuple[str, ...]:
    """Read a namespace as it is kept."""
    return tuple(path[:-1].split("."))


@dataclass(frozen=True, slots=True)
class Written:
    """An item to be written.

    Attributes:
        namespace: As it is kept.
        value: JSON that jsonb takes.
        exact: The value's JSON as it came, where jsonb would not give the same back.
        ttl: Minutes to live; None: for ever.
        texts: What is to be found of it, each by a vector of its own.
    """

    namespace: str
    key: str
    value: str
    exact: str | None
    ttl: float | None
    texts: tuple[str, ...] = ()

    @classmethod
    def empty(cls, namespace: str, key: str) -> Written:
        """Return an item without content."""
        return cls(namespace, key, "{}", None, None)

    def with_texts(self, texts: Sequence[str]) -> Written:
        """Return the same with texts to be embedded."""
        return replace(self, texts=tuple(texts))


def to_row(op: PutOp) -> Written:
    """Check a put, and write its value as JSON.

    Raises:
        InvalidInputError: The value is no mapping or cannot be written as JSON, or the time to live is none.
    """
    if not isinstance(op.value, Mapping):
        raise InvalidInputError("value", op.value, "a mapping with string keys, or None to delete")
    value, exact = _to_json(dict(op.value))
    return Written(to_path(op.namespace), op.key, value, exact, _checked_ttl(op.ttl))


def check_namespace(op: Op) -> None:
    """Check the labels that an operation names.

    Raises:
        InvalidNamespaceError: One is none, or cannot be kept.
    """
    validate_op_namespace(op)
    paths: Iterable[Sequence[str]] = ()
    if isinstance(op, (GetOp, PutOp)):
        paths = [op.namespace]
    elif isinstance(op, SearchOp):
        paths = [op.namespace_prefix]
    elif isinstance(op, ListNamespacesOp):
        paths = [condition.path for condition in op.match_conditions or ()]
    for path in paths:
        if not is_unicode("".join(path)):
            raise InvalidNamespaceError(f"Namespace labels cannot have lone surrogates. Got: {tuple(path)!a}")


def check_place(op: PutOp) -> None:
    """Check that a put names a place to write to.

    Raises:
        InvalidNamespaceError: The namespace is empty.
        InvalidInputError: The key is none, or together with the namespace it is too long.
    """
    if not op.namespace:
        raise InvalidNamespaceError("Namespace cannot be empty.")
    if not is_key(op.key):
        raise InvalidInputError("key", op.key, "a string without NUL and lone surrogates")
    namespace, key = len(to_path(op.namespace).encode()), len(op.key.encode())
    if namespace + key > MOST_BYTES:
        argument, given = ("key", op.key) if key > namespace else ("namespace", op.namespace)
        raise InvalidInputError(argument, given, f"{MOST_BYTES:,} bytes at most, namespace and key together")


def is_key(key: object) -> bool:
    """Tell whether something may be a key: text that Postgres can hold."""
    return isinstance(key, str) and "\0" not in key and is_unicode(key)


def to_item(row: Mapping[str, Any]) -> Item:
    """Make an item of a row."""
    return Item(
        value=json.loads(row["value"]),
        key=row["key"],
        namespace=from_path(row["namespace"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def to_search_item(row: Mapping[str, Any]) -> SearchItem:
    """Make a search result of a row with a score."""
    return SearchItem(
        namespace=from_path(row["namespace"]),
        key=row["key"],
        value=json.loads(row["value"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        score=row["score"],
    )


def copied(answer: Any) -> Any:
    """Return items, or lists of them, that share nothing with those given."""
    if isinstance(answer, list):
        return [copied(item) for item in answer]
    if not isinstance(answer, Item):
        return answer
    twin = copy.copy(answer)
    twin.value = json.loads(json.dumps(answer.value))  # `deepcopy` reaches less deep than JSON does
    return twin


def to_jsonb(value: object) -> str:
    """Write a value as JSON that jsonb takes, with U+FFFD for what it cannot hold.

    Raises:
        TypeError: It is not made of what JSON knows; likewise ValueError, RecursionError.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    if "\\u0000" in text or not is_unicode(text):
        text = json.dumps(_cleaned(json.loads(text)), ensure_ascii=False)
    return text


def _to_json(value: dict[str, Any]) -> tuple[str, str | None]:
    """Return JSON that jsonb takes, and the exact JSON where jsonb would not give the same back."""
    try:
        text = to_jsonb(value)
        is_exact = not _has_exponents(value) and "\ufffd" not in text
        return text, None if is_exact else json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInputError("value", value, f"what can be written as JSON ({exc})") from exc


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def is_unicode(text: str) -> bool:
    """Tell whether a text has no lone surrogates, which nothing outside of Python can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value


def _has_exponents(value: object) -> bool:
    """Tell whether a number is has an exponent: jsonb would write it out, and it would come back an integer."""
    if isinstance(value, float):
        return "e" in repr(value)
    if isinstance(value, Mapping):
        return any(map(_has_exponents, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_exponents, value))


def _checked_ttl(ttl: object) -> float | None:
    if ttl is None:
        return None
    if isinstance(ttl, bool) or not isinstance(ttl, (int, float)) or not 0 <= ttl <= LONGEST:
        raise InvalidInputError("ttl", ttl, f"minutes, from 0 to {LONGEST:.0e}, or None")
    return float(ttl)
