"""JSON Schemas that models read well: no generated titles, and an optional value is simply not required."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema

#: What an optional value is declared with: null is taken, but not advertised.
Nothing = SkipJsonSchema[None]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Write the schema of a model."""
    schema: dict[str, Any] = _plain(model.model_json_schema())
    schema.pop("description", None)  # it is about the class; the tool has its own
    return schema


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        # The names of properties are not keywords: one may be called "title".
        key: {name: _plain(value) for name, value in child.items()} if key in ("properties", "$defs") else _plain(child)
        for key, child in node.items()
        if not (key == "title" and isinstance(child, str)) and not (key == "default" and child is None)
    }
