"""What is remembered of a chat message, and what makes a turn the same when it comes again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Literal

from llama_index.core.base.llms.types import ChatMessage, MessageRole

#: The key in a turn's metadata that names the chat message it came from.
KEY = "llamaindex_key"

Role = Literal["user", "assistant", "tool"]
_ROLES: dict[MessageRole, Role] = {
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}
_IDS = ("id", "message_id")
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Speech:
    """What somebody said in a chat message.

    Attributes:
        role: Whose words they are.
        text: The words.
        name: Who spoke, where the message says (`additional_kwargs["name"]`).
        id: The message's own id, where it has one (`additional_kwargs["id"]` or `["message_id"]`).
    """

    role: Role
    text: str
    name: str | None = None
    id: str | None = None

    @property
    def is_user(self) -> bool:
        """Whether the user said it."""
        return self.role == "user"

    def key(self, session_id: str, earlier: int) -> str:
        """Name the turn by its words, and by the message's id, or by how often they were said before in the session.

        A message whose words were changed is another turn, with an id too: what was said is not written over.
        """
        which = ["id", self.id] if self.id is not None else ["words", earlier]
        return digest("turn", session_id, self.role, self.text, *which)


def read_speech(message: ChatMessage, *, with_tools: bool = False) -> Speech | None:
    """Return what is to be remembered of a message; None for instructions, tool calls and messages without words.

    NUL and lone surrogates, which no store keeps, become U+FFFD as in any decoder.

    Args:
        message: Of its blocks, those with text count.
        with_tools: Whether what tools answered counts too.
    """
    role = _ROLES.get(message.role)
    text = _UNREADABLE.sub("\ufffd", spoken(message))
    if role is None or (role == "tool" and not with_tools) or not text.strip():
        return None
    return Speech(role, text, _named(message, "name"), next(filter(None, (_named(message, id) for id in _IDS)), None))


def spoken(message: ChatMessage) -> str:
    """Return the words of a message: of a ReAct agent's reasoning, only the answer."""
    text = message.content or ""
    if message.role == MessageRole.ASSISTANT and text.startswith("Thought:") and "\nAnswer:" in text:
        # The reasoning holds what tools answered; the words to the user come last.
        return text.rpartition("\nAnswer:")[2].strip()
    return text


def digest(*parts: object) -> str:
    """Hash parts to a name, 32 hexadecimal digits."""
    return hashlib.blake2b(json.dumps(parts, ensure_ascii=True).encode(), digest_size=16).hexdigest()


def _named(message: ChatMessage, key: str) -> str | None:
    value = message.additional_kwargs.get(key)
    return _UNREADABLE.sub("\ufffd", value) if isinstance(value, str) and value.strip() else None
