"""A block for LlamaIndex's own `Memory`: what leaves its short-term history goes into Engram."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory.memory import BaseMemoryBlock
from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from engram_core import AsyncEngram, Context, InvalidInputError, Scope
from engram_llamaindex.connection import AnyEngine, Connection, check_engine, tolerant
from engram_llamaindex.recall import Owner, Question, shortened
from engram_llamaindex.remember import store_turn
from engram_llamaindex.speech import digest, read_speech
from engram_llamaindex.tokens import Tokenizer, offline_tokenizer

_NO_SESSION = "llamaindex"


class EngramMemoryBlock(BaseMemoryBlock[str]):
    """Long-term memory as one of the blocks of LlamaIndex's `Memory`.

    ```python
    block = EngramMemoryBlock(engine=Engram(), user_id="ada")
    memory = Memory.from_defaults(session_id="march", memory_blocks=[block])
    ```

    `Memory` hands over only what it flushes from its history, when that outgrows its limit: a conversation that stays
    short is not remembered by itself. `EngramMemory` remembers every turn at once. At the end of a conversation, this
    hands over the rest:

    ```python
    await block.aput(await memory.aget_all(status=MessageStatus.ACTIVE), session_id=memory.session_id)
    ```

    The block may be truncated when its priority is not 0: the least relevant memories go first. A copy, deep or not,
    is a block of its own on the same engine.

    Attributes:
        engine: An `Engram` or an `AsyncEngram`; stays yours.
        user_id: Whose memories are recalled; at least one of user, agent and session is required.
        agent_id: Only memories with this agent are recalled.
        session_id: The conversation that turns are stored in; default: the `Memory`'s. Alone, it is what is recalled.
        token_budget: Tokens of recalled text, as the engine counts.
        infer: Whether Engram learns from what is said, or only stores it.
        defer: Whether learning happens later, beside the chat.
        remember_tools: Whether what tools answered is stored too, marked as nobody's word.
        strict: Whether failures of the store are raised; else they are logged, and the chat goes on.
        tokenizer_fn: Counts tokens when the block is truncated; default: LlamaIndex's.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    name: str = "engram"
    engine: AnyEngine = Field(exclude=True, repr=False)
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    token_budget: int = 1_500
    infer: bool = True
    defer: bool = False
    remember_tools: bool = False
    strict: bool = False
    tokenizer_fn: Tokenizer = Field(default_factory=offline_tokenizer, exclude=True, repr=False)

    _connection: Connection = PrivateAttr(default_factory=Connection)
    _recalled: tuple[Question, Context] | None = PrivateAttr(default=None)
    _recalling: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)
    _remembering: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @model_validator(mode="before")
    @classmethod
    def _has_an_engine(cls, values: Any) -> Any:
        if isinstance(values, dict):
            check_engine(values.get("engine"))
        return values

    @model_validator(mode="after")
    def _usable(self) -> Self:
        Scope(user_id=self.user_id, agent_id=self.agent_id, session_id=self.session_id).required()
        if self.token_budget < 1:
            raise InvalidInputError("token_budget", self.token_budget, "a whole number from 1")
        self._connection = Connection(engine=self.engine)
        return self

    async def _aget(
        self,
        messages: list[ChatMessage] | None = None,
        **block_kwargs: Any,  # noqa: ARG002 - what other blocks take
    ) -> str:
        """Recall for the user's latest message, once a turn; blank when there is nothing."""
        question = _question(messages or [])
        if question is None:
            return ""
        with tolerant(self.strict, "nothing was recalled"):
            await self._connection.acall(lambda engine: self._recall(engine, question))
        return "" if self._recalled is None or self._recalled[0] != question else self._recalled[1]

    async def _recall(self, engine: AsyncEngram, question: Question) -> None:
        async with self._recalling:
            if self._recalled is not None and self._recalled[0] == question:
                return
            if not self.strict:
                self._recalled = question, Context("")  # a search that fails is not tried again within the turn
            alone = self.user_id is None and self.agent_id is None
            owner = Owner(self.user_id, self.agent_id, self.session_id if alone else None)
            self._recalled = question, await owner.recall(engine, question.text, self.token_budget)

    async def _aput(self, messages: list[ChatMessage]) -> None:
        """Store messages: each of one call; the same ones in the same order, handed over again, are stored once."""
        with tolerant(self.strict, "what was said is not remembered"):
            await self._connection.acall(lambda engine: self._store(engine, list(messages)))

    async def _store(self, engine: AsyncEngram, messages: Sequence[ChatMessage]) -> None:
        async with self._remembering:
            before: str | None = None
            times: Counter[tuple[str, str | None]] = Counter()
            refused: InvalidInputError | None = None
            for message in messages:
                if (speech := read_speech(message, with_tools=self.remember_tools)) is None:
                    continue
                session = self.session_id or message.additional_kwargs.get("session_id") or _NO_SESSION
                key = speech.key(session, 0)
                if speech.id is None:
                    # Flushed messages have no position. One "yes" is told from another by what was said just before,
                    # and within one call by how often that came.
                    times[key, before] += 1
                    key = digest(key, before, times[key, before])
                before = speech.text
                owner = Owner(self.user_id, self.agent_id, session)
                try:
                    await store_turn(engine, speech, key, owner, infer=self.infer, defer=self.defer)
                except InvalidInputError as exc:  # the others are stored
                    refused = exc
            if refused is not None:
                raise refused

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """Leave out the least relevant memories until that many tokens are gone; None when nothing is left."""
        most = len(self.tokenizer_fn(content)) - tokens_to_truncate
        return shortened(content, lambda text: len(self.tokenizer_fn(text)) <= most) or None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy()  # every field but the engine is a plain value


def _question(messages: Sequence[ChatMessage]) -> Question | None:
    """Tell what is asked: the latest message of the user; the same when `Memory` is given it once more as input."""
    users = [i for i, message in enumerate(messages) if message.role == MessageRole.USER]
    if not users or not (text := messages[users[-1]].content or "").strip():
        return None
    repeated = len(users) > 1 and users[-1] == users[-2] + 1 and messages[users[-2]].content == text
    return Question(len(users) - repeated, text)
