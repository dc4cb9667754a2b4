"""One engine and one scope, bound together for good."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypedDict, TypeVar

from engram_core import AsyncEngram, Bridge, Change, Engram, Memory, Scope

T = TypeVar("T")


class ScopeParts(TypedDict):
    """A scope, named as the verbs name it."""

    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Bound:
    """An engine that is only ever asked for one scope: no request can name another.

    Args:
        engram: Stays its owner's.
        user_id: Whose memories.
        agent_id: Only those with this agent.
        session_id: Only those of this conversation.

    Raises:
        InvalidInputError: The scope is empty.
    """

    def __init__(
        self, engram: Engram | AsyncEngram, *, user_id: str | None, agent_id: str | None, session_id: str | None
    ) -> None:
        self._bridge = Bridge(engram)
        self.scope = Scope(self._bridge.tenant, user_id, agent_id, session_id).required()
        self._parts: ScopeParts = {"user_id": user_id, "agent_id": agent_id, "session_id": session_id}

    def shows(self, memory: Memory | None) -> bool:
        """Tell whether an answer may show a memory.

        Within a conversation of a user or an agent, only what was said there: statements belong to the user or agent,
        are learned from other conversations too, and no verb reaches them from here.
        """
        return memory is None or self.scope.session_id in (None, memory.scope.session_id)

    def shown(self, changes: Iterable[Change]) -> list[Change]:
        """Leave out the changes that an answer may not show."""
        return [change for change in changes if self.shows(change.before) and self.shows(change.after)]

    async def ask(self, work: Callable[[AsyncEngram, ScopeParts], Coroutine[Any, Any, T]]) -> T:
        """Do work with the engine and the scope that every verb in it is to be given."""
        return await self._bridge.acall(lambda engine: work(engine, self._parts))
