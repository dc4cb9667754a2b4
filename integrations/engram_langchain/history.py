"""The messages of one conversation, as LangChain's chat history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage

from engram_core import AsyncEngram, Bridge, Engram, InvalidInputError, Message, Scope
from engram_langchain.messages import from_turn, to_turn
from engram_langchain.scopes import parts

_PAGE = 1000


class EngramChatMessageHistory(BaseChatMessageHistory):
    """Keeps the messages of one session of one user, and makes them a part of what is remembered of the user.

    ```python
    history = EngramChatMessageHistory(memory, user_id="ada", session_id="march")
    history.add_messages([HumanMessage("I moved to Porto"), AIMessage("Lovely!")])
    history.messages
    ```

    - What is added comes back as it was: tool calls, ids, content blocks and all. A message without words is found by
      what it calls. JSON must be able to hold what it carries beside its words, in at most a million characters.
    - Adding appends, as in other histories: the same message added twice is there twice.
    - `messages` are all turns of the session, in the order in which they were stored, those too that another part of
      the program stored. What the user had forgotten, or what was deleted, is not among them; nor is a turn that
      `update` was given new words for: they are a fact from then on, and the conversation has a gap there.
    - `clear` retires them, with what was learned from this session alone: they are no longer listed or found, and
      their history stays. To remove them physically: `memory.erase(user_id=…, session_id=…)`.

    Args:
        engram: An `Engram` or an `AsyncEngram`; it stays its owner's.
        user_id: Whose conversation it is. It is required: the same session id of two users is two conversations.
        session_id: Which one.
        agent_id: The agent that takes part; with it, only the turns with this agent are listed and cleared.
        infer: Learn statements from what is added.
        defer: Store at once, learn later.
        metadata: Added to each turn's.

    Raises:
        InvalidInputError: An argument is not acceptable.
    """

    def __init__(
        self,
        engram: Engram | AsyncEngram,
        *,
        user_id: str,
        session_id: str,
        agent_id: str | None = None,
        infer: bool = True,
        defer: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._bridge = Bridge(engram)
        self._scope = Scope(self._bridge.tenant, user_id, agent_id, session_id)
        if user_id is None:
            raise InvalidInputError("user_id", user_id, "a string that is not blank")
        if session_id is None:
            raise InvalidInputError("session_id", session_id, "a string that is not blank")
        self._infer, self._defer = infer, defer
        self._metadata = Message("checked", metadata=metadata or {}).metadata

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # the base has it as an attribute
        """The messages, oldest first."""
        return self._bridge.call(self._listed)

    async def aget_messages(self) -> list[BaseMessage]:
        """Return the messages, oldest first."""
        return await self._bridge.acall(self._listed)

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages, all of them or, where one is not acceptable, none.

        Raises:
            InvalidInputError: A message cannot be kept; the error says what of it.
        """
        turns = self._turns(messages)
        if turns:
            self._bridge.call(lambda engine: self._added(engine, turns))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages, as `add_messages` does."""
        turns = self._turns(messages)
        if turns:
            await self._bridge.acall(lambda engine: self._added(engine, turns))

    def clear(self) -> None:
        """Retire the messages, with what was learned from them alone."""
        self._bridge.call(self._cleared)

    async def aclear(self) -> None:
        """Retire the messages, with what was learned from them alone."""
        await self._bridge.acall(self._cleared)

    def _turns(self, messages: Sequence[BaseMessage]) -> list[Message]:
        for message in messages:
            if not isinstance(message, BaseMessage):
                raise InvalidInputError("messages", message, "messages of LangChain")
        return [to_turn(message, self._metadata) for message in messages]

    async def _added(self, engine: AsyncEngram, turns: list[Message]) -> None:
        await engine.add(turns, **parts(self._scope), infer=self._infer, defer=self._defer)

    async def _listed(self, engine: AsyncEngram) -> list[BaseMessage]:
        found: list[BaseMessage] = []
        cursor: str | None = None
        while True:
            page = await engine.get_all(**parts(self._scope), kinds="turn", limit=_PAGE, after=cursor)
            found += map(from_turn, page)
            if (cursor := page.cursor) is None:
                return found

    async def _cleared(self, engine: AsyncEngram) -> None:
        await engine.delete_all(**parts(self._scope), reason="the chat history was cleared")
