"""Filters as SQL: what `search(filter=…)` asks of an item's value, compared by JSON type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from engram_core import InvalidInputError
from engram_langgraph.items import is_unicode, to_jsonb

#: A name, or several with dots between them: letters of any script, digits, and a few signs that names have.
_KEY = re.compile(r"[\w:@/+ -]+(\.[\w:@/+ -]+)*")
_ORDER = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_OPERATORS = "$eq, $ne, $gt, $gte, $lt, $lte"
#: Keys and operators of a filter.
MOST_CONDITIONS = 1_000
#: Mappings inside each other.
DEEPEST = 32


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
        InvalidFilterError: A key or an operator is not known, a value cannot be compared, or there are too many
            conditions or too many inside each other.
    """
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise InvalidFilterError("Invalid filter", given, "a mapping of keys to values")
    _check_size(given)
    return [_asked("i.value", key, wanted, parameters) for key, wanted in given.items()]


def _check_size(given: Mapping[Any, Any]) -> None:
    """Refuse a filter that would make a statement which Postgres cannot take, or is long at planning."""
    level: list[Mapping[Any, Any]] = [given]
    count = 0
    for _ in range(DEEPEST):
        count += sum(map(len, level))
        values = [value for outer in level if not _has_operators(outer) for value in outer.values()]
        level = [value for value in values if isinstance(value, Mapping)]
        if count > MOST_CONDITIONS or not level:
            break
    if level or count > MOST_CONDITIONS:
        accepted = f"{MOST_CONDITIONS:,} conditions at most, {DEEPEST} inside each other at most"
        raise InvalidFilterError("Invalid filter", given, accepted)


def _asked(outer: str, key: object, wanted: object, parameters: Parameters, depth: int = 1) -> str:
    """Return what is asked of the field `key` of `outer`, an expression that is short however deep the field lies."""
    field = _field(outer, key, parameters)
    if not isinstance(wanted, Mapping):
        return _equal(field, wanted, parameters)
    if _has_operators(wanted):
        return " AND ".join(_compared(field, operator, value, parameters) for operator, value in wanted.items())
    inside = f"f{depth}"
    conditions = [f"jsonb_typeof({inside}.value) = 'object'"]
    conditions += [_asked(f"{inside}.value", name, inner, parameters, depth + 1) for name, inner in wanted.items()]
    # OFFSET 0: else the planner puts the field's expression wherever its name stands, and it doubles at each level.
    return f"EXISTS (SELECT FROM (SELECT {field} AS value OFFSET 0) AS {inside} WHERE {' AND '.join(conditions)})"


def _has_operators(wanted: Mapping[Any, Any]) -> bool:
    return any(isinstance(name, str) and name.startswith("$") for name in wanted)


def _field(outer: str, key: object, parameters: Parameters) -> str:
    """Return the expression of a field; the key may be a name with dots, or a path."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidFilterError("Invalid filter key", key, "names of letters, digits, _ - : @ / + and space, dotted")
    named = f"({outer} -> {parameters.add(key)}::text)"
    return f"coalesce({named}, {outer} #> {parameters.add(key.split('.'))}::text[])" if "." in key else named


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
        if not is_unicode(value):
            raise InvalidFilterError(f"Invalid value for {operator}", value, "a text without lone surrogates")
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
