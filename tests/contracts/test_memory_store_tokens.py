"""MemoryStore: the vectors of tokens, which late interaction reads."""

from dataclasses import replace

import numpy as np

from engram_core.domain.memory import Space
from engram_core.domain.scope import Scope
from engram_core.ports import MOST_TOKEN_BYTES


async def read(store, suite, selection) -> dict[str, list]:
    """Return the tokens of all that a selection admits, by text; in an order of rows that is not that of arrival."""
    view = await store.view(selection)
    rows = (await view.dense(suite.vector(), 100)).rows
    block = await view.tokens(rows)
    assert len(block.offsets) == len(rows) + 1
    texts = [memory.text for memory in await view.hydrate(rows)]
    return {text: block.of(i).tolist() for i, text in enumerate(texts)}


async def test_they_come_back_as_they_were_given(store, suite):
    memories = [suite.memory(text, minutes=n) for n, text in enumerate("abcde")]
    tokens = {memory.id: suite.tokens(n + 1) for n, memory in enumerate(memories[:4])}
    await suite.record(store, *memories, tokens=tokens)
    found = await read(store, suite, suite.selection())
    assert found == {m.text: tokens[m.id].tolist() if m.id in tokens else [] for m in memories}


async def test_as_many_as_are_allowed(store, suite):
    memory = suite.memory("long")
    tokens = suite.tokens(MOST_TOKEN_BYTES // 64, 64)
    await suite.record(store, memory, tokens={memory.id: tokens})
    assert (await read(store, suite, suite.selection()))["long"] == tokens.tolist()


async def test_nothing_has_none(store, suite):
    await suite.record(store, suite.memory("a"))
    view = await store.view(suite.selection())
    block = await view.tokens(np.empty(0, np.int64))
    assert block.offsets.tolist() == [0]
    assert await read(store, suite, suite.selection()) == {"a": []}


async def test_those_of_later_writes_are_read_too_and_those_of_others_are_not(store, suite):
    first, second, bobs = suite.memory("first"), suite.memory("second"), suite.memory("bobs", Scope("acme", "bob"))
    tokens = {memory.id: suite.tokens(3) for memory in (first, second, bobs)}
    await suite.record(store, first, tokens=tokens)
    assert await read(store, suite, suite.selection()) == {"first": tokens[first.id].tolist()}
    await suite.record(store, second, vectors=False)
    await suite.record(store, bobs, tokens=tokens)
    assert await read(store, suite, suite.selection()) == {"first": tokens[first.id].tolist()}
    await store.embedded({second.id: suite.vector()}, [second], None, tokens=tokens)
    assert set(await read(store, suite, suite.selection())) == {"first", "second"}
    tenant = await read(store, suite, suite.selection(Scope("acme")))
    assert tenant == {memory.text: tokens[memory.id].tolist() for memory in (first, second, bobs)}


async def test_a_change_brings_those_of_what_it_opens(store, suite):
    old = suite.memory("old", kind="fact")
    change = suite.updated(old, "new")
    tokens = {memory.id: suite.tokens(2) for memory in (old, change.after)}
    await store.apply([suite.added(old)], {old.id: suite.vector()}, tokens=tokens)
    await store.apply([change], {change.after.id: suite.vector()}, tokens=tokens)
    assert await read(store, suite, suite.selection()) == {"new": tokens[change.after.id].tolist()}


async def test_erased_ones_are_gone_and_the_rest_stays(store, suite):
    gone = suite.memory("gone", replace(suite.ada, session_id="s1"))
    kept = suite.memory("kept", replace(suite.ada, session_id="s2"))
    tokens = {memory.id: suite.tokens(4) for memory in (gone, kept)}
    await suite.record(store, gone, kept, tokens=tokens)
    await store.erase(gone.scope)
    assert await read(store, suite, suite.selection()) == {"kept": tokens[kept.id].tolist()}
    await suite.record(store, gone)
    assert (await read(store, suite, suite.selection()))["gone"] == [], "what comes again does not find them"


async def test_another_space_has_its_own(store, suite):
    memory = suite.memory("a")
    await suite.record(store, memory, tokens={memory.id: suite.tokens(2)})
    other, tokens = Space("other", 8), suite.tokens(3)
    async for batch in store.refill(other, 10):
        await store.fill(other, batch.memories, suite.vector()[None], tokens=[tokens])
    await store.switch(other)
    assert await read(store, suite, suite.selection()) == {"a": tokens.tolist()}
