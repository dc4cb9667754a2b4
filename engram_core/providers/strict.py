"""JSON Schemas in the narrow form that providers constrain an answer by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What constrained decoding does not take; the answer is validated against the whole schema afterwards.
_DROPPED = frozenset(
    ("default", "title", "examples", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
) | {"minLength", "maxLength", "minItems", "maxItems", "multipleOf", "uniqueItems"}


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Require every property, allow no other, and leave out what providers refuse."""
    written = {key: _strict(value) for key, value in schema.items() if key not in _DROPPED}
    for group in ("properties", "$defs"):
        if isinstance(schema.get(group), Mapping):  # here the keys are names
            written[group] = {name: _strict(value) for name, value in schema[group].items()}
    if "properties" in written:
        written["required"] = list(written["properties"])
        written["additionalProperties"] = False
    return written


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return strict(value)
    return [_strict(item) for item in value] if isinstance(value, list) else value
