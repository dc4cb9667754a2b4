"""A chat model without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engram_core.errors import InvalidOutputError
from engram_core.ports import ChatModel, Reply


class FakeChatModel(ChatModel):
    """Gives the answers that it was made with, one after the other, and keeps what it was asked.

    ```python
    model = FakeChatModel({"statements": []})
    memory = Engram(database_url="memory://", llm=model)
    ```

    Attributes:
        answers: Those that are still to be given: a text, a mapping that is written as JSON, or an error to be raised.
        asked: The messages of each call, as (role, text) pairs.
        schemas: The JSON Schema of each call.
    """

    name = "fake"

    def __init__(self, *answers: str | Mapping[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[list[tuple[str, str]]] = []
        self.schemas: list[Mapping[str, Any]] = []

    async def answer(self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Give the next answer; each counts as 10 tokens read and 5 written.

        Raises:
            InvalidOutputError: There is none left.
        """
        self.asked.append(list(messages))
        self.schemas.append(schema)
        if not self.answers:
            raise InvalidOutputError("the fake model was asked more often than it has answers")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer if isinstance(answer, str) else json.dumps(answer), 10, 5)
