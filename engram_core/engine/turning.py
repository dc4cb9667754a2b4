"""The verb of an agent loop: recall before, remember after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engram_core.domain.message import Message
from engram_core.domain.results import ProcessedTurn
from engram_core.engine.adding import Adding
from engram_core.engine.finding import Finding
from engram_core.errors import InvalidInputError
from engram_core.ingest.turns import MessageLike, read_message


class Turning(Adding, Finding):
    """`process_turn`."""

    async def process_turn(
        self,
        user_message: MessageLike,
        *,
        assistant_message: MessageLike | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        kinds: str | Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        token_budget: int = 2000,
        occurred_at: datetime | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        infer: bool = True,
        defer: bool = False,
        idempotency_key: str | None = None,
    ) -> ProcessedTurn:
        """Recall what matters for a message, then remember the message: once a turn of an agent's loop.

        What is recalled was known before: the message does not find itself. It is recalled from all conversations of
        the user and agent; the message is stored with its `session_id`.

        Args:
            user_message: What the user just said; the question that is asked of the memory.
            assistant_message: The answer, where it is known already; remembered behind the message.
            user_id: Who says it.
            agent_id: Who answers.
            session_id: The conversation.
            kinds: Recall only these kinds.
            filters: What the metadata of what is recalled must meet.
            token_budget: Tokens at most of the recalled text.
            occurred_at: As in `add`, and so the rest.
            metadata: As in `add`.
            infer: As in `add`.
            defer: As in `add`; the call then waits for no language model.
            idempotency_key: As in `add`.

        Returns:
            The text for the prompt with its hits, and what was added.

        Raises:
            InvalidInputError: An argument is not acceptable; nothing was written.
        """
        said = _said(user_message, assistant_message)
        wide = None if user_id is not None or agent_id is not None else session_id
        what: dict[str, Any] = {"kinds": kinds, "filters": filters, "token_budget": token_budget}
        context = await self.context(said[0].content, user_id=user_id, agent_id=agent_id, session_id=wide, **what)
        added = await self.add(
            said,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            occurred_at=occurred_at,
            metadata=metadata,
            infer=infer,
            defer=defer,
            idempotency_key=idempotency_key,
        )
        return ProcessedTurn(context, added)


def _said(user_message: object, assistant_message: object) -> list[Message]:
    said = [_one("user_message", user_message)]
    if assistant_message is not None:
        said.append(_one("assistant_message", assistant_message, role="assistant"))
    return said


def _one(argument: str, message: object, role: str | None = None) -> Message:
    """Read one message, whose words are the answer where `role` says so."""
    if role is not None and isinstance(message, str):
        message = {"role": role, "content": message}
    if isinstance(message, (str, Message, Mapping)):
        return read_message(message)
    raise InvalidInputError(argument, message, "a string, a Message, or a mapping with content")
