"""The turns of an agent's users: what began them, and what of them is stored, once."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from engram_core import AsyncEngram, Message, Scope, clean_characters
from engram_langchain.messages import KEY, name_of, role_of, words_of
from engram_langchain.scopes import across_sessions, parts

_MOST_OPEN = 1024
#: Turns before the last one that are looked at for an answer.
_LOOKED_BACK = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """A user's turn in a run that goes on.

    Attributes:
        scope: Whose, with the session.
        asked: The user's messages.
        recalled: What was recalled for them; None: nothing was tried yet.
    """

    scope: Scope
    asked: tuple[BaseMessage, ...]
    recalled: str | None = None

    @property
    def key(self) -> tuple[Scope, str | None]:
        """What names the run: its session, in which one turn comes after the other; without one, the message."""
        in_session = self.scope.session_id is not None or not self.asked
        return self.scope, None if in_session else _digest(self.asked[-1])


class Turns:
    """The turns that have begun and not ended; the oldest are let go of, so that runs that never end cost little."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Scope, str | None], Turn] = OrderedDict()

    def of(self, scope: Scope, asked: Sequence[BaseMessage]) -> Turn:
        """Return the turn that these messages began; no messages mean that they are summarised away meanwhile."""
        begun = Turn(scope, tuple(asked))
        with self._lock:
            known = self._open.get(begun.key)
        if known is not None and (not asked or _digest(known.asked[-1]) == _digest(asked[-1])):
            return known
        return begun

    def keep(self, turn: Turn) -> Turn:
        """Remember a turn and return it."""
        if turn.asked:
            with self._lock:
                self._open[turn.key] = turn
                self._open.move_to_end(turn.key)
                if len(self._open) > _MOST_OPEN:
                    self._open.popitem(last=False)
        return turn

    def end(self, scope: Scope, asked: Sequence[BaseMessage]) -> Turn:
        """Return the turn that these messages began, and let go of it."""
        turn = self.of(scope, asked)
        with self._lock:
            self._open.pop(turn.key, None)
        return turn

    def renew(self, scope: Scope) -> None:
        """Have turns recall again, because memories of this scope have changed."""
        with self._lock:
            for key, turn in self._open.items():
                if scope.contains(across_sessions(turn.scope)):
                    self._open[key] = replace(turn, recalled=None)


@dataclass(frozen=True, slots=True)
class Said:
    """One message that is to be stored.

    Attributes:
        message: For the engine.
        key: What makes it the same when it comes again.
        learn: Whether statements are learned from it: from the user's own words alone.
    """

    message: Message
    key: str
    learn: bool


def latest_said(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return what the user said last: the human messages that come one after the other."""
    begin, end = _bounds(messages)
    return list(messages[begin:end])


def unanswered(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return what the user said last, with the turns before it that ended without an answer: their runs failed."""
    begin, end = _bounds(messages)
    found = list(messages[begin:end])
    for _ in range(_LOOKED_BACK):
        earlier, end = _bounds(messages[:begin])
        if earlier == end or any(_is_answer(message) for message in messages[end:begin]):
            break
        found = [*messages[earlier:end], *found]
        begin = earlier
    return found


def words_said(messages: Iterable[BaseMessage]) -> str:
    """Return the words of several messages as one question; blank where there are none."""
    return "\n".join(map(words_of, messages)).strip()


def new_in_run(
    state: Mapping[str, Any],
    asked: Iterable[BaseMessage],
    *,
    tools: bool,
    but_not: Collection[str],
    metadata: Mapping[str, Any],
) -> list[Said]:
    """Return what a finished run said that was not stored before it: the user's turn and the final answer.

    Args:
        state: Of the agent, at its end.
        asked: What the user said, for a state in which it is summarised away meanwhile.
        tools: With what tools answered.
        but_not: The names of tools whose answers are left out.
        metadata: Added to each message's.
    """
    messages: Sequence[BaseMessage] = state["messages"]
    after = messages[_bounds(messages)[1] :]
    said = [(message, words_of(message)) for message in unanswered(messages) or asked]
    if tools:
        said += [(m, words_of(m)) for m in after if isinstance(m, ToolMessage) and m.name not in but_not]
    answer = next((message for message in reversed(after) if isinstance(message, AIMessage)), None)
    if answer is not None:
        said.append((answer, _answered(answer, state)))
    return [_said(message, words, metadata) for message, words in said if words.strip()]


async def store(engine: AsyncEngram, said: Iterable[Said], scope: Scope, *, defer: bool) -> None:
    """Store messages, each once: what has its key is there already, and stays as it is."""
    for one in said:
        await engine.add(one.message, **parts(scope), infer=one.learn, defer=defer, idempotency_key=one.key)


def _bounds(messages: Sequence[BaseMessage]) -> tuple[int, int]:
    """Return where the last human messages begin and end; (0, 0) where there are none."""
    end = len(messages)
    while end and not _is_users(messages[end - 1]):
        end -= 1
    begin = end
    while begin and _is_users(messages[begin - 1]):
        begin -= 1
    return begin, end


def _is_users(message: BaseMessage) -> bool:
    """Tell whether a message is the user's: one that a middleware made, such as a summary, says what made it."""
    return isinstance(message, HumanMessage) and not message.additional_kwargs.get("lc_source")


def _is_answer(message: BaseMessage) -> bool:
    return isinstance(message, AIMessage) and not message.tool_calls


def _answered(answer: AIMessage, state: Mapping[str, Any]) -> str:
    """Return the words of an answer; a structured one that came as a call of a tool is told by its arguments."""
    if not answer.tool_calls:
        return words_of(answer)
    if state.get("structured_response") is None:
        return ""
    return clean_characters(json.dumps(answer.tool_calls[-1]["args"], ensure_ascii=False, default=str))


def _said(message: BaseMessage, words: str, metadata: Mapping[str, Any]) -> Said:
    role = role_of(message)
    kept = {**metadata, KEY: {"message_id": None if message.id is None else clean_characters(message.id)}}
    stored = Message(words, role=role, name=name_of(message), metadata=kept)
    return Said(stored, _digest(message), learn=role == "user")


def _digest(message: BaseMessage) -> str:
    """Name a message by its id and its words: the same id with other words is an edited message, which is another."""
    named = json.dumps([message.id, role_of(message), message.content], ensure_ascii=True, default=str)
    return hashlib.blake2b(named.encode(), digest_size=32).hexdigest()
