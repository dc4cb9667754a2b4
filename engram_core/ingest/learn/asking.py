"""Asking a language model for an answer of a given shape: counted, checked, repaired once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engram_core.domain.checks import clean_characters
from engram_core.domain.results import Usage
from engram_core.errors import InvalidOutputError, ProviderError
from engram_core.ports import ChatModel

Shape = TypeVar("Shape", bound=BaseModel)

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)(?:```|\Z)", re.DOTALL)
_SHOWN = 2000


class Meter:
    """Counts what models are used for.

    Args:
        input_price: Of a million tokens sent.
        output_price: Of a million tokens answered.
    """

    def __init__(self, input_price: float = 0.0, output_price: float = 0.0) -> None:
        self._prices = input_price, output_price
        self._usage = Usage()

    def snapshot(self) -> Usage:
        """Return the counts so far."""
        return self._usage

    def count(self, **more: int) -> None:
        """Add to counts by name."""
        present = self._usage
        usage = replace(present, **{name: getattr(present, name) + number for name, number in more.items()})
        spent = more.get("input_tokens", 0) * self._prices[0] + more.get("output_tokens", 0) * self._prices[1]
        self._usage = replace(usage, cost=present.cost + spent / 1_000_000)


async def ask(
    model: ChatModel,
    meter: Meter,
    system: str,
    user: str,
    shape: type[Shape],
    *,
    schema: Mapping[str, Any] | None = None,
) -> Shape:
    """Ask for an answer of a shape; one that does not fit is sent back once, with what is wrong with it.

    Args:
        model: Asked once or twice.
        meter: Counts.
        system: What is to be done.
        user: What it is to be done with.
        shape: What the answer is held to.
        schema: Its JSON Schema, where the model is to be held to narrower bounds than the shape has.

    Raises:
        InvalidOutputError: The second answer does not fit either.
        ProviderError: The model failed.
    """
    schema = schema or shape.model_json_schema()
    messages = [("system", system), ("user", user)]
    for repairing in (False, True):
        text = ""
        try:
            text = await _answer(model, meter, messages, schema, repairing=repairing)
            return shape.model_validate(read_json(text))
        except (ValidationError, ValueError, InvalidOutputError) as exc:
            problem = str(exc)[:_SHOWN]
        except RecursionError:
            problem = "the answer is nested too deeply"
        messages += [
            ("assistant", text[:_SHOWN] or "(nothing)"),
            ("user", f"That does not fit. {problem}\nAnswer again, with the JSON alone."),
        ]
    meter.count(failures=1)
    raise InvalidOutputError(f"{model.name}: the answer does not fit its schema, after a repair: {problem}")


async def _answer(
    model: ChatModel, meter: Meter, messages: list[tuple[str, str]], schema: Mapping[str, Any], *, repairing: bool
) -> str:
    meter.count(calls=1, repairs=int(repairing))
    try:
        reply = await model.answer(messages, schema)
    except InvalidOutputError as exc:  # that it failed is counted when its repair fails too
        meter.count(input_tokens=exc.input_tokens, output_tokens=exc.output_tokens)
        raise
    except ProviderError:
        meter.count(failures=1)
        raise
    meter.count(input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)
    return reply.text


def read_json(text: str) -> Any:
    """Read the first JSON value of an answer: local models think aloud, fence and explain.

    Raises:
        ValueError: There is none, or it is nested more deeply than can be read.
    """
    bare = _THOUGHT.sub("", text)
    fenced = _FENCE.search(bare)
    for attempt in (bare, fenced[1] if fenced else ""):
        begins = [place for place in (attempt.find("{"), attempt.find("[")) if place >= 0]
        if begins:
            try:
                return _storable(json.JSONDecoder().raw_decode(attempt, min(begins))[0])
            except (ValueError, RecursionError):
                continue
    raise ValueError("there is no JSON value in the answer")


def _storable(value: Any) -> Any:
    """Replace what no database keeps in texts, NUL and lone surrogates: an answer may hold any escape there is."""
    if isinstance(value, str):
        return clean_characters(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
