"""Conversations from the export files of others, told apart by their shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from engram_core.errors import InvalidInputError
from engram_core.ingest.importers.chatgpt import read_chatgpt
from engram_core.ingest.importers.claude import read_claude
from engram_core.ingest.importers.conversation import Conversation

__all__ = ["Conversation", "read_chatgpt", "read_claude", "read_conversations"]

_READERS: dict[str, Callable[[object], Iterator[Conversation]]] = {
    "mapping": read_chatgpt,
    "chat_messages": read_claude,
}


def read_conversations(data: object) -> Iterator[Conversation]:
    """Read a parsed export of ChatGPT or Claude, whichever it is.

    Args:
        data: What `conversations.json` holds, a list of conversations; or one of them.

    Raises:
        InvalidInputError: It is neither, or a conversation in it has an unknown shape.
    """
    given = [data] if isinstance(data, Mapping) else data
    if not isinstance(given, list):
        raise InvalidInputError("conversations", data, "a list of conversations")
    if not given:
        return iter(())
    for key, reader in _READERS.items():
        if isinstance(given[0], Mapping) and key in given[0]:
            return reader(given)
    raise InvalidInputError("conversations[0]", given[0], "a conversation as ChatGPT or Claude exports it")
