"""Filters as SQL: what `search(filter=…)` asks of an item's value, compared by JSON type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from engram_core import InvalidInputError
from engram_langgraph.items import to_jsonb

#: A name, or several with dots between them: letters of any script, digits, and a few signs that names have.
_KEY = re.compile(r"[\w:@/+ -]+(\.[\w:@/+ -]+)*")
_ORDER = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_OPERATORS = "$eq, $ne, $gt, $gte, $lt, $lte"


class InvalidFilterError(InvalidInputError, ValueError):
    """A filter cannot be read. It is a `ValueError` too, as other stores raise."""

    def __init__(self, problem: str, given: object, accepted: str) -> None:
        super().__init__("filter", given, accepted)
        self.args = (f"{problem}: got {self.given}; accepted: {accepted}",)


class Parameters:
    """The values that a statement is sent with; each is named by its place."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: object) -> str:
        """Keep a value and return its name, such as `$3`."""
        self.values.append(value)
        return f"${len(self.values)}"


def compile_filter(given: Mapping[str, Any] | None, parameters: Parameters) -> list[str]:
    """Return what a filter asks of `i.value`, as conditions that must all hold.

    A dotted key reaches into nested objects, unless the value has a key of that very name. Numbers are compared with
    numbers, texts with texts (by code point), booleans with booleans; what is of another type, or missing, is neither
    more nor less. A missing field equals None and differs from everything else.

    Raises:
        InvalidFilterError: A key or an operator is not known, or a value cannot be compared.
    """
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise InvalidFilterError("Invalid filter", given, "a mapping of keys to values")
    return [condition for key, wanted in given.items() for condition in _asked((key,), wanted, parameters)]


def _asked(keys: tuple[object, ...], wanted: object, parameters: Parameters) -> list[str]:
    field = _field(keys, parameters)
    if not isinstance(wanted, Mapping):
        return [_equal(field, wanted, parameters)]
    if any(isinstance(name, str) and name.startswith("$") for name in wanted):
        return [_compared(field, operator, value, parameters) for operator, value in wanted.items()]
    nested = [condition for key, inner in wanted.items() for condition in _asked((*keys, key), inner, parameters)]
    return [f"coalesce(jsonb_typeof({field}) = 'object', false)", *nested]


def _field(keys: tuple[object, ...], parameters: Parameters) -> str:
    """Return the expression of a field; each key may be a name with dots, or a path."""
    field = "i.value"
    for key in keys:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InvalidFilterError(
                "Invalid filter key", key, "names of letters, digits, _ - : @ / + and space, dotted"
            )
        named = f"({field} -> {parameters.add(key)}::text)"
        field = f"coalesce({named}, {field} #> {parameters.add(key.split('.'))}::text[])" if "." in key else named
    return field


def _compared(field: str, operator: object, value: object, parameters: Parameters) -> str:
    if operator == "$eq":
        return _equal(field, value, parameters)
    if operator == "$ne":
        return f"{_equal(field, value, parameters)} IS NOT TRUE"
    if operator not in _ORDER:
        raise InvalidFilterError("Unsupported operator", operator, _OPERATORS)
    return _ordered(field, str(operator), value, parameters)


def _equal(field: str, value: object, parameters: Parameters) -> str:
    if value is None:
        return f"({field} IS NULL OR {field} = 'null')"
    if isinstance(value, float) and not math.isfinite(value):
        return f"({field} IS NULL AND false)"  # JSON has no such number
    return f"({field} = {parameters.add(_json(value))}::jsonb)"


def _ordered(field: str, operator: str, value: object, parameters: Parameters) -> str:
    sign = _ORDER[operator]
    if isinstance(value, str):
        text = parameters.add(value.replace("\0", "\ufffd"))
        return f"(jsonb_typeof({field}) = 'string' AND ({field} #>> '{{}}') COLLATE \"C\" {sign} {text}::text)"
    if isinstance(value, bool):
        return f"(jsonb_typeof({field}) = 'boolean' AND {field} {sign} {parameters.add(_json(value))}::jsonb)"
    if isinstance(value, float) and not math.isfinite(value):
        holds = value == math.inf if sign in ("<", "<=") else value == -math.inf
        return f"coalesce(jsonb_typeof({field}) = 'number' AND {str(holds).lower()}, false)"
    if isinstance(value, (int, float)):
        return f"(jsonb_typeof({field}) = 'number' AND {field} {sign} {parameters.add(_json(value))}::jsonb)"
    raise InvalidFilterError(f"Invalid value for {operator}", value, "a number, a text or a boolean")


def _json(value: object) -> str:
    try:
        return to_jsonb(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidFilterError("Invalid filter value", value, f"what can be written as JSON ({exc})") from exc
