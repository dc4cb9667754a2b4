"""Asks a model for an answer of a given shape: checked, repaired once, and counted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.qa import prompts
from engram_core import ChatModel, InvalidOutputError, Reply, clean_characters

Shape = TypeVar("Shape", bound=BaseModel)

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
#: Characters of a broken answer, and of what is wrong with it, that go back to the model.
_SHOWN = 2000


class Answer(BaseModel):
    """What the answering model returns."""

    model_config = ConfigDict(title="answer")

    known: bool
    answer: str


class Verdict(BaseModel):
    """What a judge returns; the reason comes first, so that the verdict follows from it."""

    model_config = ConfigDict(title="verdict")

    reason: str
    verdict: Literal["right", "wrong", "unsure"]


@dataclass(slots=True)
class Spent:
    """What a model was used for.

    Attributes:
        calls: Requests, repairs included; those that the client itself sends again count once.
        repairs: Second requests after an answer that did not fit.
        failures: Questions to the model that gave nothing to use.
        input_tokens: As the provider counted.
        output_tokens: As the provider counted.
        seconds: Waited for it.
    """

    calls: int = 0
    repairs: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def add(self, other: Spent) -> None:
        """Add what was spent elsewhere."""
        for name, number in asdict(other).items():
            setattr(self, name, getattr(self, name) + number)

    def cost(self, prices: tuple[float, float]) -> float:
        """Price it: `prices` are those of a million tokens sent and of a million tokens answered."""
        return (self.input_tokens * prices[0] + self.output_tokens * prices[1]) / 1_000_000


async def ask(model: ChatModel, system: str, user: str, shape: type[Shape], spent: Spent) -> Shape:
    """Ask for an answer of a shape; one that does not fit is sent back once, with what is wrong with it.

    Raises:
        InvalidOutputError: The second answer does not fit either.
        ProviderError: The model failed. `spent` has counted it in both cases.
    """
    messages = [("system", system), ("user", user)]
    spent.failures += 1  # until there is an answer
    for repairing in (False, True):
        text = ""
        spent.repairs += repairing
        try:
            text = (await _call(model, messages, shape, spent)).text
            answer = shape.model_validate(_read(text))
        except (ValidationError, ValueError, InvalidOutputError) as exc:
            problem = clean_characters(str(exc)[:_SHOWN])
        else:
            spent.failures -= 1
            return answer
        messages += [
            ("assistant", clean_characters(text[:_SHOWN]) or "(nothing)"),
            ("user", f"That does not fit. {problem}\nAnswer again, with the JSON alone."),
        ]
    raise InvalidOutputError(f"{model.name}: the answer does not fit its schema, after a repair: {problem}")


async def answer(model: ChatModel, context: str, question: str, spent: Spent) -> Answer:
    """Let a model answer a question from a context; raises as `ask` does."""
    return await ask(model, prompts.ANSWER, prompts.to_answer(context, question), Answer, spent)


async def judge(model: ChatModel, how: str, question: str, gold: str, given: str, spent: Spent) -> Verdict:
    """Let a model compare an answer with the gold answer by the prompt `how`; raises as `ask` does."""
    return await ask(model, prompts.JUDGES[how], prompts.to_judge(question, gold, given), Verdict, spent)


async def _call(model: ChatModel, messages: Sequence[tuple[str, str]], shape: type[BaseModel], spent: Spent) -> Reply:
    spent.calls += 1
    start = time.perf_counter()
    try:
        reply = await model.answer(messages, shape.model_json_schema())
    except InvalidOutputError as exc:
        spent.input_tokens += exc.input_tokens
        spent.output_tokens += exc.output_tokens
        raise
    finally:
        spent.seconds += time.perf_counter() - start
    spent.input_tokens += reply.input_tokens
    spent.output_tokens += reply.output_tokens
    return reply


def _read(text: str) -> Any:
    """Read the first JSON object of an answer: local models think aloud, fence and explain."""
    bare = clean_characters(_THOUGHT.sub("", text))
    begin = bare.find("{")
    if begin < 0:
        raise ValueError("there is no JSON object in the answer")
    try:
        value = json.JSONDecoder().raw_decode(bare, begin)[0]
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    return {key: clean_characters(item) if isinstance(item, str) else item for key, item in value.items()}
