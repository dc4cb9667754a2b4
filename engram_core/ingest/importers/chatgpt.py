"""ChatGPT's export: `conversations.json`, each conversation a tree of messages.

Editing a message or regenerating an answer starts a new branch; `current_node` ends the one that the user saw last,
and that one is read. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from engram_core.domain.message import Message, Role
from engram_core.errors import InvalidInputError
from engram_core.ingest.importers.conversation import Conversation, list_at, mapping_at, moment_at, text_at

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant"}
_SPOKEN = ("text", "multimodal_text")


def read_chatgpt(data: object) -> Iterator[Conversation]:
    """Read the parsed `conversations.json`.

    Raises:
        InvalidInputError: A conversation has an unknown shape; the message says which and where.
    """
    for index, item in enumerate(list_at("conversations", data)):
        where = f"conversations[{index}]"
        yield _conversation(where, mapping_at(where, item))


def _conversation(where: str, item: Mapping[str, Any]) -> Conversation:
    id = text_at(f"{where}.conversation_id", item.get("conversation_id") or item.get("id"))
    if not id:
        raise InvalidInputError(f"{where}.conversation_id", None, "a conversation with an id")
    title = text_at(f"{where}.title", item.get("title"))
    latest = moment_at(f"{where}.create_time", item.get("create_time"))
    messages: list[Message] = []
    skipped = 0
    for place, said in _branch(where, item):
        # A message without a time takes that of the one before it: the same in every later export.
        latest = moment_at(f"{place}.create_time", said.get("create_time")) or latest
        message = _message(place, said, id, title, latest)
        if message is None:
            skipped += 1
        else:
            messages.append(message)
    return Conversation(id, title, tuple(messages), skipped)


def _branch(where: str, item: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the messages from the root to the current node, each with its place for errors."""
    nodes = mapping_at(f"{where}.mapping", item.get("mapping"))
    node_id = item.get("current_node") or _newest_leaf(where, nodes)
    branch: list[tuple[str, Mapping[str, Any]]] = []
    visited: set[str] = set()
    while node_id is not None:
        place = f"{where}.mapping.{node_id}"
        if not isinstance(node_id, str) or node_id not in nodes or node_id in visited:
            raise InvalidInputError(place, node_id, "the id of a node that leads to the root")
        visited.add(node_id)
        node = mapping_at(place, nodes[node_id])
        if node.get("message") is not None:
            branch.append((f"{place}.message", mapping_at(f"{place}.message", node["message"])))
        node_id = node.get("parent")
    return branch[::-1]


def _newest_leaf(where: str, nodes: Mapping[str, Any]) -> str | None:
    """Return the last node without children, for an export that names no current one."""
    leaves = [id for id, node in nodes.items() if not mapping_at(f"{where}.mapping.{id}", node).get("children")]
    return leaves[-1] if leaves else None


def _message(where: str, said: Mapping[str, Any], id: str, title: str, at: datetime | None) -> Message | None:
    author = mapping_at(f"{where}.author", said.get("author"))
    role = _ROLES.get(text_at(f"{where}.author.role", author.get("role")))
    metadata = mapping_at(f"{where}.metadata", said.get("metadata") or {})
    # An assistant's message to anyone but `all` is a call of a tool.
    if role is None or metadata.get("is_visually_hidden_from_conversation") or said.get("recipient", "all") != "all":
        return None
    text = _text(f"{where}.content", mapping_at(f"{where}.content", said.get("content")))
    if not text.strip():
        return None
    return Message(text, role, occurred_at=at, session_id=id, metadata={"source": "chatgpt", "title": title})


def _text(where: str, content: Mapping[str, Any]) -> str:
    """Join what was written and what was spoken; images and files have no words."""
    if content.get("content_type") not in _SPOKEN:
        return ""
    texts: list[str] = []
    for index, part in enumerate(list_at(f"{where}.parts", content.get("parts") or [])):
        place = f"{where}.parts[{index}]"
        if isinstance(part, Mapping):
            spoken = part.get("content_type") == "audio_transcription"
            texts.append(text_at(f"{place}.text", part.get("text")) if spoken else "")
        else:
            texts.append(text_at(place, part))
    return "\n\n".join(text for text in texts if text.strip())
