"""The chat history that the model sees: messages, what of them is remembered already, and the part that fits."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock
from pydantic import BaseModel, PrivateAttr

from engram_llamaindex.speech import Speech, read_speech
from engram_llamaindex.tokens import Tokenizer, count_tokens


class Entry(BaseModel):
    """One message of the buffer.

    Attributes:
        message: As it was put.
        key: Names its turn in the store; None where there is nothing to remember.
        done: Whether it is remembered, or needs not be.
        tried: Whether it was sent before, so that it may be there although nobody said so.
        replayed: Whether it came with a whole history, and so may have been remembered by an earlier memory.
    """

    message: ChatMessage
    key: str | None = None
    done: bool = False
    tried: bool = False
    replayed: bool = False

    _tokens: int | None = PrivateAttr(default=None)

    def tokens(self, tokenizer: Tokenizer) -> int:
        """Count the message's tokens, once."""
        if self._tokens is None:
            self._tokens = count_tokens(self.message, tokenizer)
        return self._tokens

    def rewrite(self, message: ChatMessage) -> None:
        """Take the message as it is written now, with the same words."""
        self.message, self._tokens = copied(message), None


class Buffer(BaseModel):
    """A conversation, oldest first.

    Attributes:
        session_id: The conversation's name, part of every key.
        with_tools: Whether what tools answered is remembered too.
        entries: The history.
        left: What left the history before it could be remembered.
    """

    session_id: str
    with_tools: bool = False
    entries: list[Entry] = []
    left: list[Entry] = []

    def append(self, message: ChatMessage) -> None:
        """Add a message that was just said."""
        speech = self._speech(message)
        known = {entry.key for entry in self.entries}
        earlier = 0
        while speech is not None and speech.id is None and speech.key(self.session_id, earlier) in known:
            earlier += 1
        self.entries.append(self._entry(message, speech, earlier))

    def replace(self, messages: Sequence[ChatMessage]) -> None:
        """Take another history; a message of it that was in the former one stays as remembered as it is."""
        former: defaultdict[Speech | None, deque[Entry]] = defaultdict(deque)
        for entry in self.entries:
            former[self._speech(entry.message)].append(entry)
        counts: Counter[Speech | None] = Counter()
        entries: list[Entry] = []
        for message in messages:
            speech = self._speech(message)
            if speech is not None and former[speech]:
                entry = former[speech].popleft()  # the same entry: it may be on its way into the store
                entry.rewrite(message)
                entries.append(entry)
            else:
                entries.append(self._entry(message, speech, counts[speech], replayed=True))
            counts[speech] += 1
        self.left += [entry for queue in former.values() for entry in queue if not entry.done]
        self.entries = entries

    def due(self) -> list[Entry]:
        """Return what is still to be remembered, oldest first."""
        return [entry for entry in [*self.left, *self.entries] if not entry.done]

    def forget_done(self) -> None:
        """Let go of what left the history and is remembered by now."""
        self.left = [entry for entry in self.left if not entry.done]

    def messages(self) -> list[ChatMessage]:
        """Return copies of all messages."""
        return [copied(entry.message) for entry in self.entries]

    def window(self, room: int, tokenizer: Tokenizer) -> list[Entry]:
        """Return what fits: system messages at the beginning, and the latest whole turns.

        A turn begins with a user's message, so that no answer and no tool's result stands without what it answers.
        The last turn is always there: where it alone is too long, the model is the one to say so.

        Args:
            room: Tokens at most.
            tokenizer: What they are counted by.
        """
        entries = list(self.entries)
        head = next((i for i, e in enumerate(entries) if e.message.role != MessageRole.SYSTEM), len(entries))
        room -= sum(entry.tokens(tokenizer) for entry in entries[:head])
        starts = [i for i, e in enumerate(entries) if i > head and e.message.role == MessageRole.USER]
        begin, end = len(entries), len(entries)
        for start in [*reversed(starts), head]:
            room -= sum(entry.tokens(tokenizer) for entry in entries[start:end])
            if room < 0 and begin < len(entries):
                break
            begin = end = start
        return entries[:head] + entries[begin:]

    def asked(self) -> list[str]:
        """Return the words of the user's messages, oldest first; blank for one without words."""
        return [entry.message.content or "" for entry in self.entries if entry.message.role == MessageRole.USER]

    def is_answered(self) -> bool:
        """Whether the last word is an assistant's, without a call of a tool."""
        if not self.entries or self.entries[-1].message.role != MessageRole.ASSISTANT:
            return False
        message = self.entries[-1].message
        calls = any(block.block_type == "tool_call" for block in message.blocks)
        return not calls and not message.additional_kwargs.get("tool_calls")

    def _speech(self, message: ChatMessage) -> Speech | None:
        return read_speech(message, with_tools=self.with_tools)

    def _entry(self, message: ChatMessage, speech: Speech | None, earlier: int, *, replayed: bool = False) -> Entry:
        key = None if speech is None else speech.key(self.session_id, earlier)
        return Entry(message=copied(message), key=key, done=key is None, replayed=replayed)


def copied(message: ChatMessage) -> ChatMessage:
    """Copy a message, so that what is done to one does not reach the other: agents write into what they are given.

    Blocks are copied, what they hold (pictures, streams) is shared.
    """
    blocks = [block.model_copy() for block in message.blocks]
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": dict(message.additional_kwargs)})


def with_recalled(messages: list[ChatMessage], text: str) -> list[ChatMessage]:
    """Add recalled text to the first system message, or as one at the beginning."""
    block = TextBlock(text=text)
    for message in messages:
        if message.role == MessageRole.SYSTEM:
            message.blocks = [*message.blocks, block]
            return messages
    return [ChatMessage(role=MessageRole.SYSTEM, blocks=[block]), *messages]
