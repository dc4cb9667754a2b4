"""Verbs that remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engram_core.domain.checks import check_callback, check_flag, check_name, check_time
from engram_core.domain.message import Message
from engram_core.domain.results import AddManyResult, AddResult
from engram_core.domain.scope import Scope
from engram_core.engine.base import EngineBase, utc_now
from engram_core.ingest.bulk import BulkImport, MessageStream
from engram_core.ingest.pending import try_embed
from engram_core.ingest.turns import MessageLike, make_turns, read_messages
from engram_core.ports import Learn


class Adding(EngineBase):
    """`add` and `add_many`."""

    async def add(
        self,
        messages: MessageLike | Sequence[MessageLike],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        occurred_at: datetime | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        expires_at: datetime | str | None = None,
        infer: bool = True,
        defer: bool = False,
        idempotency_key: str | None = None,
    ) -> AddResult:
        """Remember messages: every turn is stored word for word, then statements are learned from them.

        The turns are durable before anything is learned. A model that fails costs a later attempt, never a turn.

        Args:
            messages: A string, a `Message`, a mapping with `content` and optionally `role`, `name`, `occurred_at`,
                `session_id`, `metadata`; or a list of them.
            user_id: Who it is about or from.
            agent_id: The agent that took part.
            session_id: The conversation.
            occurred_at: When it was said, for messages that do not say; default now. Naive times are UTC.
            metadata: Added to each message's own.
            expires_at: From then on the turns, and what was learned from them alone, are no longer found; default: as
                `ttl_days` says.
            infer: Learn from the turns; False stores them alone.
            defer: Return as soon as the turns are durable; `engram worker`, or an open engine within a minute or two,
                learns and embeds. Until then words alone find them.
            idempotency_key: Makes a second call with the same key and scope change nothing. Without it, a turn with
                a stated time is the same when scope, speaker, words and time are; one without is always new.

        Raises:
            InvalidInputError: An argument is not acceptable; nothing was written.
        """
        scope = self._scope(user_id, agent_id, session_id)
        check_flag("infer", infer)
        check_flag("defer", defer)
        read = read_messages(messages, occurred_at=occurred_at, metadata=metadata)
        ends = check_time("expires_at", expires_at)
        _required(scope, read)
        check_name("idempotency_key", idempotency_key)
        backend = await self._backend.opened()
        now = utc_now()
        turns = make_turns(read, scope, now, idempotency_key, backend.limits.expiry(ends, now))
        learn: Learn | None = None if not infer else "later" if defer else "now"
        recorded = await backend.store.record(turns, learn=learn)
        duplicates = len(turns) - len(recorded.fresh)
        if defer:
            unlearned = len(recorded.fresh) if infer else 0
            return AddResult(recorded.turns, (), duplicates, len(recorded.unembedded), unlearned)
        pending = await try_embed(recorded, backend.store, backend.embedder)
        changes, left = await backend.lessons.learn(recorded.lessons)
        return AddResult(recorded.turns, tuple(changes), duplicates, pending, len(recorded.fresh) if left else 0)

    async def add_many(
        self,
        messages: MessageStream,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        occurred_at: datetime | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        expires_at: datetime | str | None = None,
        infer: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> AddManyResult:
        """Import any number of messages in bounded memory; run again after a crash, it adds what is missing.

        Args:
            messages: An iterable or async iterable of what `add` takes; each may carry its own `session_id`.
            user_id: Who they are about or from.
            agent_id: The agent that took part.
            session_id: The conversation of those that name none.
            occurred_at: When they were said, for those that do not say.
            metadata: Added to each message's own.
            expires_at: From then on they are no longer found; default: as `ttl_days` says.
            infer: Learn from them too, later, as with `defer` in `add`.
            progress: Called with the number of messages that are safely stored so far.

        Raises:
            InvalidInputError: A message is not acceptable; those before it are stored.
            ProviderError: The embedder failed; run again to go on.
        """
        scope = self._scope(user_id, agent_id, session_id)
        check_callback("progress", progress)
        check_flag("infer", infer)
        ends = check_time("expires_at", expires_at)

        def prepare(message: Message) -> Message:
            ready = read_messages([message], occurred_at=occurred_at, metadata=metadata)
            _required(scope, ready)
            return ready[0]

        backend = await self._backend.opened()
        ends = backend.limits.expiry(ends, utc_now())
        learn: Learn | None = "later" if infer else None
        importing = BulkImport(scope, backend.store, backend.embedder, utc_now, learn=learn, expires_at=ends)
        return await importing.run(messages, prepare, progress)


def _required(scope: Scope, messages: Sequence[Message]) -> None:
    """Check that every message has at least one scope part, its own session included."""
    for message in messages:
        scope.narrowed(session_id=message.session_id).required()
