"""LangChain's messages as Engram's, and back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage, messages_from_dict

from engram_core import InvalidInputError, Memory, Message, clean_characters

logger = logging.getLogger("engram_langchain")

#: Where a turn's metadata says what LangChain's message had beside its words.
KEY = "langchain"
_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
_LIKE: dict[str, type[HumanMessage | AIMessage | SystemMessage]] = {
    "user": HumanMessage,
    "assistant": AIMessage,
    "system": SystemMessage,
}


def role_of(message: BaseMessage) -> Any:
    """Return the role of a message for Engram; one of a kind of its own is nobody's word about themselves."""
    kind = message.type.removesuffix("MessageChunk").lower()
    role = getattr(message, "role", None) if kind == "chat" else _ROLES.get(kind)
    return role if role in _ROLES.values() else "tool"


def words_of(message: BaseMessage) -> str:
    """Return what a message says, without what no database can keep: NUL and lone surrogates."""
    return clean_characters(str(message.text))


def name_of(message: BaseMessage) -> str | None:
    """Return who spoke; a name that no store can keep is dropped, so that the words are not."""
    try:
        return Message("checked", name=(message.name or "").strip() or None).name
    except InvalidInputError:
        return None


def to_turn(message: BaseMessage, metadata: Mapping[str, Any]) -> Message:
    """Make the turn from which `from_turn` gets the very same message back.

    The turn's words are the message's own where it has some. Where it has none, as a call of tools, they tell what it
    is, so that it can be found.

    Args:
        message: Of any type.
        metadata: Added to the turn's.
    """
    words = str(message.text)
    data = message.model_dump(exclude_defaults=True, exclude={"type"})
    if words.strip() and data["content"] == words:
        del data["content"]
    kept: dict[str, Any] = {"type": message.type}
    if message.id is not None:
        kept["message_id"] = data.pop("id")
    if data:
        kept["data"] = data
    return Message(
        words if words.strip() else _described(message),
        role=role_of(message),
        name=(message.name or "").strip() or None,
        metadata={**metadata, KEY: kept},
    )


def from_turn(turn: Memory) -> BaseMessage:
    """Make the message that a turn keeps; one that LangChain did not write comes as a message of its role."""
    found = turn.metadata.get(KEY)
    kept = found if isinstance(found, Mapping) else {}
    id = kept["message_id"] if isinstance(kept.get("message_id"), str) else None
    if "type" in kept:
        try:
            data = {"content": turn.text, "id": id, **kept.get("data", {})}
            return messages_from_dict([{"type": kept["type"], "data": data}])[0]
        except (TypeError, ValueError, KeyError, AttributeError):
            # Anybody may write metadata: one turn that is broken must not hide the others.
            logger.warning("turn %s does not keep a message of LangChain; it comes as one of its role", turn.id)
    if turn.role == "tool":
        return ToolMessage(turn.text, id=id, name=turn.speaker, tool_call_id=turn.id)
    return _LIKE[turn.role or "user"](turn.text, id=id, name=turn.speaker)


def _described(message: BaseMessage) -> str:
    calls = getattr(message, "tool_calls", None)
    if calls:
        return "; ".join(f"calls {call['name']}({_arguments(call['args'])})" for call in calls)
    return f"({message.type} message without text)"


def _arguments(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in given.items())
