"""JSON Schemas in the narrow form that providers constrain an answer by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What constrained decoding does not take; the answer is validated against the whole schema afterwards.
_DROPPED = frozenset(
    ("default", "title", "examples", "format", "pattern", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
) | {"uniqueItems"}
_BOUNDS = frozenset(("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"))


def strict(schema: Mapping[str, Any], *, bounds: bool = False) -> dict[str, Any]:
    """Require every property, allow no other, and leave out what providers refuse.

    Args:
        schema: Any JSON Schema.
        bounds: Keep those of lists, texts and numbers, which not every provider takes.
    """
    dropped = _DROPPED if bounds else _DROPPED | _BOUNDS
    written = {key: _strict(value, bounds) for key, value in schema.items() if key not in dropped}
    for group in ("properties", "$defs"):
        if isinstance(schema.get(group), Mapping):  # here the keys are names
            written[group] = {name: _strict(value, bounds) for name, value in schema[group].items()}
    if "properties" in written:
        written["required"] = list(written["properties"])
        written["additionalProperties"] = False
    return written


def _strict(value: Any, bounds: bool) -> Any:
    if isinstance(value, Mapping):
        return strict(value, bounds=bounds)
    return [_strict(item, bounds) for item in value] if isinstance(value, list) else value
