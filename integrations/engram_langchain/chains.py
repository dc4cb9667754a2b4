"""Long-term memory for chains of langchain-classic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_classic.base_memory import BaseMemory
from langchain_core.messages import BaseMessage, SystemMessage
from pydantic import ConfigDict, PrivateAttr

from engram_core import AsyncEngram, Bridge, InvalidInputError, Message, Scope, clean_characters
from engram_langchain.messages import words_of
from engram_langchain.scopes import across_sessions, parts

#: A key of a chain's inputs that is no part of its question.
_STOP = "stop"


class EngramMemory(BaseMemory):
    """Gives a chain what is remembered of its user, and remembers what it is asked and answers.

    ```python
    chain = ConversationChain(llm=llm, memory=EngramMemory(engram=memory, user_id="ada", session_id="march"))
    ```

    It recalls over all sessions by what matters for the question, not by what was said last: for the last few turns as
    well, put it beside a `ConversationBufferWindowMemory` in a `CombinedMemory`. For new code there is
    `EngramMiddleware`: LangChain has deprecated chains' memories.

    Attributes:
        engram: An `Engram` or an `AsyncEngram`; it stays its owner's.
        user_id: Whose memories they are. Required.
        agent_id: The agent that takes part; with it, only what was said to it is recalled.
        session_id: The conversation that is stored, and that `clear` ends.
        memory_key: The variable of the prompt that gets what is recalled.
        input_key: Which of the chain's inputs is the question; None: the only one there is.
        output_key: Which of its outputs is the answer; None: the only one there is.
        return_messages: Give a list with one system message, empty when nothing is remembered, for a placeholder of
            messages in a prompt; else a string.
        token_budget: Tokens of recalled memories at most.
        kinds: Recall only these kinds (`turn`, `fact`, …).
        filters: What metadata must meet to be recalled.
        defer: Store at once, learn later.

    Raises:
        InvalidInputError: The engine is none, or `user_id` is missing.
        pydantic.ValidationError: A field is of the wrong type or not known.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    engram: Any
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    memory_key: str = "history"
    input_key: str | None = None
    output_key: str | None = None
    return_messages: bool = False
    token_budget: int = 1000
    kinds: str | Sequence[str] | None = None
    filters: Mapping[str, Any] | None = None
    defer: bool = False

    _bridge: Bridge = PrivateAttr()
    _scope: Scope = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Check what pydantic cannot, and bind the engine."""
        super().model_post_init(context)
        self._bridge = Bridge(self.engram)
        self._scope = Scope(self._bridge.tenant, self.user_id, self.agent_id, self.session_id)
        if self.user_id is None:
            raise InvalidInputError("user_id", None, "a string that is not blank")

    @property
    def memory_variables(self) -> list[str]:
        """The one variable that a prompt gets."""
        return [self.memory_key]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Recall what matters for the question among a chain's inputs."""
        question = self._question(inputs)
        return self._variables(self._bridge.call(lambda engine: self._recalled(engine, question)))

    async def aload_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Recall what matters for the question among a chain's inputs."""
        question = self._question(inputs)
        return self._variables(await self._bridge.acall(lambda engine: self._recalled(engine, question)))

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Store a question and its answer; what was recalled for it is not stored."""
        turns = self._turns(inputs, outputs)
        if turns:
            self._bridge.call(lambda engine: self._stored(engine, turns))

    async def asave_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Store a question and its answer, as `save_context` does."""
        turns = self._turns(inputs, outputs)
        if turns:
            await self._bridge.acall(lambda engine: self._stored(engine, turns))

    def clear(self) -> None:
        """Retire what this session said, with what was learned from it alone; the user's other memories stay.

        Raises:
            InvalidInputError: There is no `session_id`, so that it would be everything of the user.
        """
        self._bridge.call(self._cleared)

    async def aclear(self) -> None:
        """Retire what this session said, as `clear` does."""
        await self._bridge.acall(self._cleared)

    def _question(self, inputs: Mapping[str, Any]) -> str:
        key = _only("input_key", self.input_key, [name for name in inputs if name not in (self.memory_key, _STOP)])
        return _words(inputs.get(key))

    def _turns(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> list[Message]:
        answer = _words(outputs.get(_only("output_key", self.output_key, list(outputs))))
        said = [Message(words) for words in [self._question(inputs)] if words.strip()]
        return said + [Message(words, role="assistant") for words in [answer] if words.strip()]

    def _variables(self, recalled: str) -> dict[str, Any]:
        if not self.return_messages:
            return {self.memory_key: recalled}
        return {self.memory_key: [SystemMessage(recalled)] if recalled else []}

    async def _recalled(self, engine: AsyncEngram, question: str) -> str:
        recalled = await engine.context(
            question,
            **parts(across_sessions(self._scope)),
            token_budget=self.token_budget,
            kinds=self.kinds,
            filters=self.filters,
        )
        return str(recalled)  # no more than the words, which is what a prompt takes

    async def _stored(self, engine: AsyncEngram, turns: list[Message]) -> None:
        await engine.add(turns, **parts(self._scope), defer=self.defer)

    async def _cleared(self, engine: AsyncEngram) -> None:
        if self.session_id is None:
            accepted = "the session to clear; for everything of a user there is delete_all(user_id=…)"
            raise InvalidInputError("session_id", None, accepted)
        await engine.delete_all(**parts(self._scope), reason="the chain's memory was cleared")


def _only(argument: str, named: str | None, there: list[str]) -> str:
    """Return the key that is named, else the only one there is."""
    if named is not None:
        return named
    if len(there) != 1:
        raise InvalidInputError(argument, None, f"the name of one of {', '.join(map(repr, there)) or 'none'}")
    return there[0]


def _words(value: object) -> str:
    if isinstance(value, BaseMessage):
        return words_of(value)
    return "" if value is None else clean_characters(str(value))
