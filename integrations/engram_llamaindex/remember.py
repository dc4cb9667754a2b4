"""From chat messages into the store: every turn once."""

from __future__ import annotations

import uuid

from engram_core import AddResult, AsyncEngram, InvalidInputError, Message
from engram_llamaindex.buffer import Buffer, Entry
from engram_llamaindex.recall import Owner
from engram_llamaindex.speech import KEY, Speech, digest, read_speech

_PAGE = 1000


async def remember(engine: AsyncEngram, buffer: Buffer, owner: Owner, *, infer: bool, defer: bool) -> None:
    """Store what of a conversation is not stored yet, oldest first; what fails stays due.

    Raises:
        InvalidInputError: The store accepts none of a message's words, now or later; the others are stored.
    """
    refused: InvalidInputError | None = None
    try:
        await _recognise(engine, buffer, owner)
        for entry in buffer.due():
            try:
                await _keep(engine, entry, owner, buffer.with_tools, infer=infer, defer=defer)
            except InvalidInputError as exc:
                refused = exc
            entry.done = True
    finally:
        buffer.forget_done()
    if refused is not None:
        raise refused


async def _recognise(engine: AsyncEngram, buffer: Buffer, owner: Owner) -> None:
    """Find out which turns of a replayed history are there: one listing instead of an `add` for each."""
    replayed = {entry.key: entry for entry in buffer.due() if entry.replayed and entry.key is not None}
    keys = list(replayed)
    for start in range(0, len(keys) if len(keys) > 1 else 0, _PAGE):
        page = await engine.get_all(
            user_id=owner.user_id,
            agent_id=owner.agent_id,
            session_id=owner.session_id,
            kinds="turn",
            filters={KEY: {"$in": keys[start : start + _PAGE]}},
            limit=_PAGE,
        )
        for turn in page:
            replayed[turn.metadata[KEY]].done = True


async def _keep(engine: AsyncEngram, entry: Entry, owner: Owner, with_tools: bool, *, infer: bool, defer: bool) -> None:
    speech = read_speech(entry.message, with_tools=with_tools)
    if speech is None or entry.key is None:
        return
    is_known_to_be_once = entry.tried or entry.replayed or speech.id is not None
    entry.tried = True
    # A history that is new here is learned from beside the chat: it may be long.
    later = defer or entry.replayed
    result = await store_turn(engine, speech, entry.key, owner, infer=infer, defer=later)
    if result.duplicates and not is_known_to_be_once:
        # Just said, in a session that another memory began: the words are old, the turn is new.
        entry.key = digest(entry.key, uuid.uuid4().hex)
        await store_turn(engine, speech, entry.key, owner, infer=infer, defer=later)


async def store_turn(
    engine: AsyncEngram, speech: Speech, key: str, owner: Owner, *, infer: bool, defer: bool
) -> AddResult:
    """Store one turn under its key; a second time it changes nothing and is counted as a duplicate."""
    return await engine.add(
        Message(speech.text, role=speech.role, name=speech.name, metadata={KEY: key}),
        user_id=owner.user_id,
        agent_id=owner.agent_id,
        session_id=owner.session_id,
        infer=infer,
        defer=defer,
        idempotency_key=key,
    )
