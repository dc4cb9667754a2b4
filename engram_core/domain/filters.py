"""Conditions on metadata: parsed once, then applied by each store in its own way.

A filter is a mapping. `{"topic": "food", "year": {"$gte": 2020}}` holds where all its entries hold.

| form | holds where the value at the dotted path |
|---|---|
| `{"a.b": 1}` | equals 1 as JSON (`1 == 1.0`, `true != 1`; a list or a mapping as a whole) |
| `{"a": {"$ne": 1}}` | does not equal 1, or is missing |
| `{"a": {"$in": [1, 2]}}` | equals one of them |
| `{"a": {"$nin": [1, 2]}}` | equals none of them, or is missing |
| `{"a": {"$gt": 1}}`, `$gte`, `$lt`, `$lte` | is of the same type (number or string) and compares so |
| `{"a": {"$exists": True}}` | is there (null is there) |
| `{"a": {"$not": {…}}}` | does not meet the inner condition |
| `{"$and": […]}`, `{"$or": […]}`, `{"$not": {…}}` | combine whole filters |

Strings compare by code point. A path goes through mappings only, never into a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engram_core.domain.checks import check_characters, check_metadata
from engram_core.errors import InvalidInputError

CompareOp = Literal["$eq", "$in", "$gt", "$gte", "$lt", "$lte", "$exists"]
_FIELD_OPERATORS = "$eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $exists, $not"
_MISSING = object()
_MAX_DEPTH = 32
#: A database plans a condition of many parts in more than linear time; `$in` counts as one, however long its list.
MAX_CONDITIONS = 1000


@dataclass(frozen=True, slots=True)
class Compare:
    """One condition on the value at `path`; negated operators are `Not` around these."""

    path: tuple[str, ...]
    op: CompareOp
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Holds where every part holds; an empty one always does."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where at least one part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where the part does not."""

    part: Filter


Filter = Compare | All | AnyOf | Not


def parse_filter(filters: object, argument: str = "filters") -> Filter | None:
    """Read a filter as callers write it.

    Args:
        filters: A mapping, or None.
        argument: The name to use in errors.

    Returns:
        The condition, or None when there is none.

    Raises:
        InvalidInputError: The shape or an operator is not known; nothing is ever ignored.
    """
    if filters is None:
        return None
    parsed = _parse(filters, argument, 0)
    if _count(parsed) > MAX_CONDITIONS:
        raise InvalidInputError(
            argument, filters, f"at most {MAX_CONDITIONS:,} conditions and steps of paths; $in is one"
        )
    return None if parsed == All(()) else parsed


def matches(condition: Filter | None, metadata: Mapping[str, Any]) -> bool:
    """Tell whether metadata meets the condition: the reference for what a store must select."""
    match condition:
        case None:
            return True
        case All(parts):
            return all(matches(part, metadata) for part in parts)
        case AnyOf(parts):
            return any(matches(part, metadata) for part in parts)
        case Not(part):
            return not matches(part, metadata)
        case Compare(path, op, value):
            return _compare(op, _value_at(path, metadata), value)


def _count(condition: Filter) -> int:
    match condition:
        case All(parts) | AnyOf(parts):
            return sum(map(_count, parts))
        case Not(part):
            return _count(part)
        case Compare(path):
            return len(path)


def _parse(filters: object, where: str, depth: int) -> Filter:
    if depth > _MAX_DEPTH:
        raise InvalidInputError(where, filters, f"at most {_MAX_DEPTH} levels of nesting")
    if not isinstance(filters, Mapping):
        raise InvalidInputError(where, filters, "a mapping of paths to values or conditions")
    parts = tuple(_parse_entry(key, value, where, depth) for key, value in filters.items())
    return parts[0] if len(parts) == 1 else All(parts)


def _parse_entry(key: object, value: object, where: str, depth: int) -> Filter:
    if not isinstance(key, str) or not key:
        raise InvalidInputError(where, key, "keys that are paths or operators")
    check_characters(where, key)
    here = f"{where}.{key}"
    if key in ("$and", "$or"):
        if not isinstance(value, (list, tuple)) or not value:
            raise InvalidInputError(here, value, "a list with at least one filter")
        parts = tuple(_parse(part, f"{here}[{i}]", depth + 1) for i, part in enumerate(value))
        return All(parts) if key == "$and" else AnyOf(parts)
    if key == "$not":
        return Not(_parse(value, here, depth + 1))
    if key.startswith("$"):
        raise InvalidInputError(where, key, "a path, $and, $or or $not")
    path = tuple(key.split("."))
    if "" in path:
        raise InvalidInputError(where, key, "a dotted path without empty steps")
    return _parse_condition(path, value, here, depth)


def _parse_condition(path: tuple[str, ...], value: object, here: str, depth: int) -> Filter:
    if not isinstance(value, Mapping) or not any(map(_is_operator, value)):
        return Compare(path, "$eq", _json(value, here))
    if depth > _MAX_DEPTH:
        raise InvalidInputError(here, value, f"at most {_MAX_DEPTH} levels of nesting")
    parts = tuple(_parse_operator(path, op, operand, here, depth) for op, operand in value.items())
    return parts[0] if len(parts) == 1 else All(parts)


def _parse_operator(path: tuple[str, ...], op: object, operand: object, here: str, depth: int) -> Filter:
    where = f"{here}.{op}"
    match op:
        case "$eq":
            return Compare(path, "$eq", _json(operand, where))
        case "$ne":
            return Not(Compare(path, "$eq", _json(operand, where)))
        case "$in" | "$nin":
            if not isinstance(operand, (list, tuple)):
                raise InvalidInputError(where, operand, "a list of values")
            inside = Compare(path, "$in", tuple(_json(item, where) for item in operand))
            return inside if op == "$in" else Not(inside)
        case "$gt" | "$gte" | "$lt" | "$lte":
            if isinstance(operand, bool) or not isinstance(operand, (int, float, str)):
                raise InvalidInputError(where, operand, "a number or a string")
            return Compare(path, op, _json(operand, where))
        case "$exists":
            if not isinstance(operand, bool):
                raise InvalidInputError(where, operand, "True or False")
            return Compare(path, "$exists", operand)
        case "$not":
            if not isinstance(operand, Mapping) or not operand or not all(_is_operator(key) for key in operand):
                raise InvalidInputError(where, operand, "a mapping of operators")
            return Not(_parse_condition(path, operand, where, depth + 1))
        case _:
            raise InvalidInputError(here, op, _FIELD_OPERATORS)


def _is_operator(key: object) -> bool:
    return isinstance(key, str) and key.startswith("$")


def _json(value: object, where: str) -> Any:
    return check_metadata(where, {"value": value})["value"]


def _value_at(path: tuple[str, ...], metadata: Mapping[str, Any]) -> Any:
    value: Any = metadata
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return _MISSING
        value = value[step]
    return value


def _compare(op: CompareOp, found: Any, wanted: Any) -> bool:
    if op == "$exists":
        return bool((found is not _MISSING) == wanted)
    if found is _MISSING:
        return False
    if op == "$eq":
        return _same(found, wanted)
    if op == "$in":
        return any(_same(found, item) for item in wanted)
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return False
    if isinstance(found, str) != isinstance(wanted, str):
        return False
    order = (found > wanted) - (found < wanted)
    return bool({"$gt": order > 0, "$gte": order >= 0, "$lt": order < 0, "$lte": order <= 0}[op])


def _same(a: Any, b: Any) -> bool:
    """Equality of JSON values: Python alone would hold `True == 1`."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)
