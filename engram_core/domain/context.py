"""Whose memories a run of a framework is about, as its context says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel

from engram_core.domain.scope import PARTS
from engram_core.errors import InvalidInputError


def read_context(context: object) -> dict[str, Any]:
    """Return those of `user_id`, `agent_id` and `session_id` that a context says.

    A blank one counts as said: `Scope` refuses it, where leaving it out would widen the scope.

    Args:
        context: A mapping, a dataclass, a pydantic model, an object that has one of them; None says nothing.

    Raises:
        InvalidInputError: It is no context, such as a bare name: it would count as one that says nothing.
    """
    if isinstance(context, Mapping):
        said = {part: context.get(part) for part in PARTS}
    else:
        is_known = is_dataclass(context) or isinstance(context, BaseModel) or any(hasattr(context, p) for p in PARTS)
        if context is not None and (isinstance(context, type) or not is_known):
            accepted = "a mapping, a dataclass, a model or an object that has a user_id"
            raise InvalidInputError("context", context, accepted)
        said = {part: getattr(context, part, None) for part in PARTS}
    return {part: value for part, value in said.items() if value is not None}
