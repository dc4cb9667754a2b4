"""Where the text that a question is answered from comes from: a search, or the whole conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from benchmarks.datasets import Conversation, Question
from benchmarks.methods import messages, user_of
from engram_core import AsyncEngram


class Source(Protocol):
    """Gives questions about one conversation the text to be answered from."""

    async def remember(self, progress: Callable[[int], None]) -> None:
        """Take in the conversation; tell how many of its turns so far."""
        ...

    async def context(self, question: Question) -> str:
        """Return the text for a question; only turns before `question.before` may be in it."""
        ...


class Searched:
    """What the engine's users have: `add_many` under a user of the conversation's own, then `context`.

    Args:
        engine: May hold the conversation already, and others.
        conversation: What is asked about.
        budget: Tokens that a context may take.
    """

    def __init__(self, engine: AsyncEngram, conversation: Conversation, budget: int) -> None:
        self._engine = engine
        self._conversation = conversation
        self._budget = budget
        self._user = user_of(conversation)

    async def remember(self, progress: Callable[[int], None]) -> None:
        """Add the turns that have a text."""
        await self._engine.add_many(messages(self._conversation), user_id=self._user, progress=progress)

    async def context(self, question: Question) -> str:
        """Search and pack."""
        before = _position(self._conversation, question)
        filters = None if before is None else {"position": {"$lt": before}}
        return await self._engine.context(question.text, token_budget=self._budget, user_id=self._user, filters=filters)


class Whole:
    """The whole conversation, written line by line as the engine writes turns: the reference without any search."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def remember(self, progress: Callable[[int], None]) -> None:
        """Do nothing: it is all there."""
        progress(len(self._conversation.turns))

    async def context(self, question: Question) -> str:
        """Return every turn that has a text, dated, in the order of the file."""
        turns = self._conversation.turns[: _position(self._conversation, question)]
        return "\n".join(f"[{turn.time:%Y-%m-%d %H:%M}] {turn.spoken}" for turn in turns if turn.text.strip())


def _position(conversation: Conversation, question: Question) -> int | None:
    """Return where the turns end that may answer a question; None: all of them may."""
    if question.before is None:
        return None
    return next(turn.position for turn in conversation.turns if turn.id == question.before)
