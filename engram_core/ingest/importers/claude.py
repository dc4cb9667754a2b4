"""Claude's export: `conversations.json`, each conversation a list of messages with ISO 8601 times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from engram_core.domain.message import Message, Role
from engram_core.errors import InvalidInputError
from engram_core.ingest.importers.conversation import Conversation, list_at, mapping_at, moment_at, text_at

_ROLES: dict[str, Role] = {"human": "user", "assistant": "assistant"}


def read_claude(data: object) -> Iterator[Conversation]:
    """Read the parsed `conversations.json`.

    Raises:
        InvalidInputError: A conversation has an unknown shape; the message says which and where.
    """
    for index, item in enumerate(list_at("conversations", data)):
        where = f"conversations[{index}]"
        yield _conversation(where, mapping_at(where, item))


def _conversation(where: str, item: Mapping[str, Any]) -> Conversation:
    id = text_at(f"{where}.uuid", item.get("uuid"))
    if not id:
        raise InvalidInputError(f"{where}.uuid", None, "a conversation with an id")
    title = text_at(f"{where}.name", item.get("name"))
    latest = moment_at(f"{where}.created_at", item.get("created_at"))
    messages: list[Message] = []
    skipped = 0
    for number, given in enumerate(list_at(f"{where}.chat_messages", item.get("chat_messages"))):
        place = f"{where}.chat_messages[{number}]"
        said = mapping_at(place, given)
        latest = moment_at(f"{place}.created_at", said.get("created_at")) or latest
        message = _message(place, said, id, title, latest)
        if message is None:
            skipped += 1
        else:
            messages.append(message)
    return Conversation(id, title, tuple(messages), skipped)


def _message(where: str, said: Mapping[str, Any], id: str, title: str, at: datetime | None) -> Message | None:
    sender = text_at(f"{where}.sender", said.get("sender"))
    if sender not in _ROLES:
        raise InvalidInputError(f"{where}.sender", sender, " or ".join(_ROLES))
    text = _text(where, said)
    if not text.strip():
        return None
    return Message(text, _ROLES[sender], occurred_at=at, session_id=id, metadata={"source": "claude", "title": title})


def _text(where: str, said: Mapping[str, Any]) -> str:
    """Join the text parts of the content. `text` is for exports without: with parts, it has stand-ins for tools."""
    parts = list_at(f"{where}.content", said.get("content") or [])
    if not parts:
        return text_at(f"{where}.text", said.get("text"))
    texts: list[str] = []
    for index, given in enumerate(parts):
        place = f"{where}.content[{index}]"
        part = mapping_at(place, given)
        if part.get("type") == "text":
            texts.append(text_at(f"{place}.text", part.get("text")))
    return "\n\n".join(text for text in texts if text.strip())
