"""What a graph's conversation says: its turns, its words, and what of it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from engram_core import InvalidInputError, Message, clean_characters

#: Where a turn's metadata says which message of the graph it was.
KEY = "langgraph"


@dataclass(frozen=True, slots=True)
class Said:
    """One message that is to be stored.

    Attributes:
        message: For the engine.
        key: What makes it the same when it comes again.
        id: The graph's, where it has one.
    """

    message: Message
    key: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What of a conversation may have to be stored.

    Attributes:
        earlier: Of the turns before the last one.
        last: Of the last turn.
        is_whole: Whether no turn came before these.
    """

    earlier: list[Said]
    last: list[Said]
    is_whole: bool

    @classmethod
    def of(cls, said: Sequence[BaseMessage], *, turns: int) -> Conversation:
        """Read the last turns of a conversation."""
        begins = _begins(said)
        if not begins:
            return cls([], [], True)
        first = begins[-turns:][0]
        found = [(place, _storable(place, said[place])) for place in range(first, len(said))]
        earlier = [one for place, one in found if one is not None and place < begins[-1]]
        last = [one for place, one in found if one is not None and place >= begins[-1]]
        return cls(earlier, last, first == begins[0])


def messages_of(state: Any, key: str) -> list[BaseMessage]:
    """Read the messages of a state, a mapping or an object.

    Raises:
        InvalidInputError: It has none under this key.
    """
    found = state.get(key) if isinstance(state, Mapping) else getattr(state, key, None)
    if not isinstance(found, (list, tuple)) or not all(isinstance(message, BaseMessage) for message in found):
        raise InvalidInputError("messages", found, f"the key of the state that has a list of messages, unlike {key!r}")
    return [cast(BaseMessage, message) for message in found]


def is_users(message: BaseMessage) -> bool:
    """Tell whether a message is the user's: one that a middleware made, such as a summary, says what made it."""
    return isinstance(message, HumanMessage) and not message.additional_kwargs.get("lc_source")


def _begins(said: Sequence[BaseMessage]) -> list[int]:
    """Return where turns begin: at the first of the user's messages that come one after the other."""
    users = [False, *map(is_users, said)]
    return [place for place in range(len(said)) if users[place + 1] and not users[place]]


def latest_turn(said: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the last turn: the user's messages that come one after the other, and all that follows."""
    begins = _begins(said)
    return list(said[begins[-1] :]) if begins else []


def _storable(place: int, message: BaseMessage) -> Said | None:
    """Return what is stored of a message, None where that is nothing: of tools, of summaries, without words."""
    words = words_of(message)
    if not words or not (is_users(message) or isinstance(message, AIMessage)):
        return None
    role: Literal["user", "assistant"] = "user" if isinstance(message, HumanMessage) else "assistant"
    named = json.dumps([message.id or place, role, words])
    key = hashlib.blake2b(named.encode(), digest_size=16).hexdigest()
    id = clean_characters(message.id) if message.id else None
    metadata = {KEY: {"message_id": id}} if id is not None else {}
    return Said(Message(words, role=role, name=_name(message), metadata=metadata), f"langgraph:{key}", id)


def words_of(message: BaseMessage) -> str:
    """Return what a message says, without what no store can keep."""
    return clean_characters(str(message.text)).strip()


def _name(message: BaseMessage) -> str | None:
    """Return who spoke; a name that no store can keep is dropped, so that the words are not."""
    try:
        return Message("checked", name=(message.name or "").strip() or None).name
    except InvalidInputError:
        return None
