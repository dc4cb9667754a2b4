"""A LlamaIndex memory with a chat history for the model and a long-term memory behind it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any, Self, TypeVar

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory.types import BaseMemory
from pydantic import ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from engram_core import AsyncEngram, InvalidInputError, Scope
from engram_llamaindex.buffer import Buffer, copied, with_recalled
from engram_llamaindex.connection import AnyEngine, Connection, SavedEngine, check_engine, tolerant
from engram_llamaindex.recall import Owner, Question, Recalled, shortened, written
from engram_llamaindex.remember import remember
from engram_llamaindex.tokens import Tokenizer, count_tokens, offline_tokenizer

T = TypeVar("T")
DEFAULT_TOKEN_LIMIT = 30_000
DEFAULT_RECALL_TOKENS = 1_500


class EngramMemory(BaseMemory):
    """Chat history in the short term, Engram in the long: for agents and chat engines.

    ```python
    memory = EngramMemory.from_defaults(Engram(), user_id="ada")
    response = await FunctionAgent(tools=[…], llm=llm).run("What can I eat?", memory=memory)
    ```

    Whatever the user and the assistant say is put into the history, which the model sees as far as it fits, and stored
    in Engram word for word, which learns from it. `get` adds what Engram recalls for the user's latest message, from
    all conversations of the user (and agent), to the system message. It is recalled once a turn, and is neither part
    of the history nor remembered again.

    `put` remembers what was just said. `set` replays a history: what was remembered before, by this memory or by
    another of the same session, is not remembered twice. A message with an id (`additional_kwargs["id"]`) is stored
    once, however it comes; with other words than before, it is a new turn, and the former words stay. `reset` empties
    the history alone; `Engram.erase` removes memories.

    A failure of the store or of a model is logged and does not stop the chat; what could not be remembered is tried
    again at the next `put` or `set`. With `strict=True` it is raised.

    **In a `Context`.** The memory serialises its history, its scope and its engine's settings, but neither secrets nor
    the engine. Restored, it finds an engine at its first use, among those that are open: that of `use_engine`, the one
    it had, another one on the same store, or one made from those settings with secrets from the environment; or say
    which: `attach`. A tokenizer of your own is not serialised. A serialised memory names whose memories it reads: take
    it only from where you trust what is stored.

    A copy by `copy.deepcopy` is the same memory: a workflow copies its state, and the conversation must stay one.

    Attributes:
        user_id: Whose memories are recalled; at least one of user, agent and session is required.
        agent_id: Only memories with this agent are recalled.
        session_id: The conversation that turns are stored in; a new one unless given. Alone, it is what is recalled.
        token_limit: Tokens of what `get` returns, recalled text included; the last turn is whole, even beyond it.
        recall_tokens: Tokens of recalled text, as the engine counts; never more than half of what `token_limit` leaves.
        infer: Whether Engram learns from what is said, or only stores it.
        defer: Whether learning happens later, beside the chat, where a language model does it.
        remember_tools: Whether what tools answered is stored too, marked as nobody's word.
        strict: Whether failures are raised.
        tokenizer_fn: Counts tokens; default: LlamaIndex's.
        saved_engine: What is known of the engine.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    user_id: str | None = None
    agent_id: str | None = None
    session_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    token_limit: int = DEFAULT_TOKEN_LIMIT
    recall_tokens: int = DEFAULT_RECALL_TOKENS
    infer: bool = True
    defer: bool = False
    remember_tools: bool = False
    strict: bool = False
    tokenizer_fn: Tokenizer = Field(default_factory=offline_tokenizer, exclude=True, repr=False)
    saved_engine: SavedEngine | None = None
    buffer: Buffer | None = Field(default=None, repr=False)

    _connection: Connection = PrivateAttr(default_factory=Connection)
    _recalled: dict[Question, Recalled] = PrivateAttr(default_factory=dict)
    _recalling: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)
    _remembering: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        scope = Scope(user_id=self.user_id, agent_id=self.agent_id, session_id=self.session_id)
        if self.user_id is None and self.agent_id is None and "session_id" not in self.model_fields_set:
            Scope().required()
        for name in ("token_limit", "recall_tokens"):
            if (value := getattr(self, name)) < 1:
                raise InvalidInputError(name, value, "a whole number from 1")
        if self.buffer is None:
            self.buffer = Buffer(session_id=scope.session_id or "", with_tools=self.remember_tools)
        self._connection = Connection(self.saved_engine)
        return self

    @classmethod
    def class_name(cls) -> str:
        """Return the name that it is serialised under."""
        return "EngramMemory"

    @classmethod
    def from_defaults(
        cls,
        engine: AnyEngine | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        chat_history: Sequence[ChatMessage] | None = None,
        token_limit: int = DEFAULT_TOKEN_LIMIT,
        tokenizer_fn: Tokenizer | None = None,
        **options: Any,
    ) -> Self:
        """Make a memory on an engine, which stays yours: close it when nothing uses it any more.

        Args:
            engine: An `Engram` serves every caller; an `AsyncEngram` callers with `await`, and others off its loop.
            user_id: See the class, and so the rest.
            agent_id: See the class.
            session_id: See the class.
            chat_history: What was said before, as in `set`; remembered with the first message that is put.
            token_limit: See the class.
            tokenizer_fn: See the class.
            options: `recall_tokens`, `infer`, `defer`, `remember_tools`, `strict`.

        Raises:
            InvalidInputError: There is no engine, nobody is named, or an option is not acceptable.
        """
        used = check_engine(engine)
        given: dict[str, Any] = {"user_id": user_id, "agent_id": agent_id, "session_id": session_id}
        given |= {"tokenizer_fn": tokenizer_fn, "token_limit": token_limit, **options}
        try:
            memory = cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as exc:
            first = exc.errors()[0]
            raise InvalidInputError(".".join(map(str, first["loc"])), first["input"], first["msg"]) from exc
        memory._history.replace(chat_history or [])
        return memory.attach(used)

    def attach(self, engine: AnyEngine) -> Self:
        """Use this engine from now on: after the memory was restored somewhere else.

        Raises:
            InvalidInputError: It is no engine, or it is bound to another tenant than the one before.
        """
        saved = SavedEngine.of(check_engine(engine))
        if self.saved_engine is not None and self.saved_engine.tenant != saved.tenant:
            accepted = f"one that is bound to tenant {self.saved_engine.tenant!r}"
            raise InvalidInputError("engine", f"an engine of tenant {saved.tenant!r}", accepted)
        self.saved_engine = saved
        self._connection = Connection(saved, engine)
        self._recalling, self._remembering = asyncio.Lock(), asyncio.Lock()  # locks belong to the engine's event loop
        return self

    def get(
        self,
        input: str | ChatMessage | None = None,
        initial_token_count: int = 0,
        **kwargs: Any,  # noqa: ARG002 - callers hand over what memories of other kinds take
    ) -> list[ChatMessage]:
        """Return the history as far as it fits, with what is recalled for the latest question.

        Args:
            input: The question, where it is not the user's latest message.
            initial_token_count: Tokens that the caller needs of the limit for itself.
            kwargs: Not used.
        """
        if (question := self._question(input)) is not None:
            with tolerant(self.strict, "nothing was recalled"):
                self._connection.call(lambda engine: self._recall(engine, question, initial_token_count))
        return self._prompt(question, initial_token_count)

    async def aget(
        self,
        input: str | ChatMessage | None = None,
        initial_token_count: int = 0,
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> list[ChatMessage]:
        """Do as `get` does, without blocking."""
        if (question := self._question(input)) is not None:
            with tolerant(self.strict, "nothing was recalled"):
                await self._connection.acall(lambda engine: self._recall(engine, question, initial_token_count))
        return self._prompt(question, initial_token_count)

    def get_all(self) -> list[ChatMessage]:
        """Return the whole history, however long, as it was put: without anything recalled."""
        return self._history.messages()

    async def aget_all(self) -> list[ChatMessage]:
        """Do as `get_all` does."""
        return self.get_all()

    def put(self, message: ChatMessage) -> None:
        """Add a message to the history, and remember it."""
        self.put_messages([message])

    async def aput(self, message: ChatMessage) -> None:
        """Do as `put` does, without blocking."""
        await self.aput_messages([message])

    def put_messages(self, messages: Sequence[ChatMessage]) -> None:
        """Add messages to the history, and remember them."""
        for message in messages:
            self._history.append(message)
        self._remembered()

    async def aput_messages(self, messages: Sequence[ChatMessage]) -> None:
        """Do as `put_messages` does, without blocking."""
        for message in messages:
            self._history.append(message)
        await self._aremembered()

    def set(self, messages: Sequence[ChatMessage]) -> None:
        """Make this the history, and remember what of it is not remembered yet."""
        self._history.replace(messages)
        self._remembered()

    async def aset(self, messages: Sequence[ChatMessage]) -> None:
        """Do as `set` does, without blocking."""
        self._history.replace(messages)
        await self._aremembered()

    def reset(self) -> None:
        """Empty the history. What is remembered stays."""
        self._history.replace([])
        self._recalled = {}

    async def areset(self) -> None:
        """Do as `reset` does."""
        self.reset()

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return what JSON can hold of the memory: everything but the engine, secrets and a tokenizer."""
        return super().to_dict(mode="json", **kwargs)

    @classmethod
    def from_dict(cls, data: dict[str, Any], engine: AnyEngine | None = None, **kwargs: Any) -> Self:
        """Restore a memory; it finds its engine at the first use, unless one is given."""
        memory = super().from_dict(data, **kwargs)
        return memory if engine is None else memory.attach(engine)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self

    @property
    def _history(self) -> Buffer:
        assert self.buffer is not None
        return self.buffer

    @property
    def _owner(self) -> Owner:
        alone = self.user_id is None and self.agent_id is None
        return Owner(self.user_id, self.agent_id, self.session_id if alone else None)

    def _question(self, input: str | ChatMessage | None) -> Question | None:
        """Tell what is asked now; the same for every call within one turn."""
        asked = self._history.asked()
        given = input.content if isinstance(input, ChatMessage) else input
        latest = asked[-1] if asked else ""
        if given is not None and given.strip() and (given != latest or self._history.is_answered()):
            return Question(len(asked) + 1, given)  # a chat engine asks before it puts the message
        return Question(len(asked), latest) if latest.strip() else None

    async def _recall(self, engine: AsyncEngram, question: Question, initial: int) -> None:
        async with self._recalling:
            room = self.token_limit - initial
            budget = max(min(self.recall_tokens, room // 2), 1)
            most = budget + self._cost("")
            # What is shown whatever is recalled: only that may be left out of it.
            shown = self._history.window(room - most, self.tokenizer_fn)
            hidden = frozenset(entry.key for entry in shown if entry.key is not None)
            if question in self._recalled and self._recalled[question].hidden <= hidden:
                return
            # Two are kept: within one turn a caller may ask for its own words and for the user's latest.
            kept = dict([item for item in self._recalled.items() if item[0] != question][-1:])
            if not self.strict:
                self._recalled = {**kept, question: Recalled()}  # one that fails is not tried again within the turn
            found = await self._owner.recall(engine, question.text, budget, hidden)
            text = shortened(found, lambda text: self._cost(text) <= most)  # the engine may count in another way
            self._recalled = {**kept, question: Recalled(text, hidden)}

    def _cost(self, recalled: str) -> int:
        return count_tokens(ChatMessage(content=written(recalled)), self.tokenizer_fn)

    def _prompt(self, question: Question | None, initial: int) -> list[ChatMessage]:
        recalled = "" if question is None else self._recalled.get(question, Recalled()).text
        room = self.token_limit - initial - (self._cost(recalled) if recalled else 0)
        messages = [copied(entry.message) for entry in self._history.window(room, self.tokenizer_fn)]
        return with_recalled(messages, written(recalled)) if recalled else messages

    def _remembered(self) -> None:
        if self._history.due():
            with tolerant(self.strict, "what was said is not remembered", retried=True):
                self._connection.call(self._remember)

    async def _aremembered(self) -> None:
        if self._history.due():
            with tolerant(self.strict, "what was said is not remembered", retried=True):
                await self._connection.acall(self._remember)

    async def _remember(self, engine: AsyncEngram) -> None:
        async with self._remembering:
            scope = Owner(self.user_id, self.agent_id, self.session_id)
            await remember(engine, self._history, scope, infer=self.infer, defer=self.defer)
