"""MemoryStore: one embedding model serves; another takes its place."""

import numpy as np
import pytest

from engram_core.domain.memory import Space
from engram_core.errors import ConflictError, SchemaMismatchError
from engram_core.ports import Turn

OTHER = Space("another", 12)


async def refill(store, suite, *, batches=None, size=4):
    """Fill the other space, at most so many batches; return the vectors by id."""
    vectors = {}
    async for batch in store.refill(OTHER, size):
        if batches is not None and not batches:
            break
        batches = None if batches is None else batches - 1
        assert 0 < len(batch.memories) <= size
        assert batch.left >= len(batch.memories)
        matrix = np.stack([suite.vector(OTHER.dimension) for _ in batch.memories])
        vectors |= {memory.id: row for memory, row in zip(batch.memories, matrix, strict=True)}
        await store.fill(OTHER, batch.memories, matrix)
    return vectors


async def test_opening_for_the_space_that_serves_is_harmless(store, suite):
    memory = suite.memory()
    await suite.record(store, memory)
    await store.open(suite.space)
    assert await suite.dense(store, suite.selection()) == [memory.id]


@pytest.mark.parametrize("space", [Space("another", 8), Space("test", 12)], ids=str)
async def test_another_space_is_refused_at_open(store, suite, space):
    with pytest.raises(SchemaMismatchError) as refused:
        await store.open(space)
    assert "test" in str(refused.value)


async def test_the_old_space_serves_until_the_switch(store, suite):
    memories = [suite.memory(f"turn {n}") for n in range(10)]
    old = await suite.record(store, *memories)
    new = await refill(store, suite)
    assert set(new) == {memory.id for memory in memories}
    probe = memories[3].id
    assert (await suite.dense(store, suite.selection(), old[probe]))[0] == probe
    await store.switch(OTHER)
    await store.open(OTHER)
    assert (await suite.dense(store, suite.selection(), new[probe]))[0] == probe
    assert len(await suite.lexical(store, suite.selection(), "turn")) == 10
    with pytest.raises(SchemaMismatchError):
        await store.open(suite.space)


async def test_an_interrupted_refill_goes_on_where_it_stopped(store, suite):
    memories = [suite.memory(str(n)) for n in range(10)]
    await suite.record(store, *memories)
    first = await refill(store, suite, batches=1)
    with pytest.raises(ConflictError):
        await store.switch(OTHER)
    late = suite.memory("came meanwhile")
    await suite.record(store, late)
    rest = await refill(store, suite)
    assert set(rest) == {memory.id for memory in [*memories, late]} - set(first)
    await store.switch(OTHER)
    await store.open(OTHER)
    assert len(await suite.dense(store, suite.selection(), suite.vector(OTHER.dimension))) == 11


async def test_what_is_erased_meanwhile_is_passed_over(store, suite):
    memories = [suite.memory(str(n)) for n in range(3)]
    await suite.record(store, *memories)
    async for batch in store.refill(OTHER, 10):
        await store.erase(suite.ada)
        await store.fill(OTHER, batch.memories, np.stack([suite.vector(12) for _ in batch.memories]))
    await store.switch(OTHER)
    await store.open(OTHER)
    assert await store.count(suite.selection()) == 0


async def test_a_space_that_was_never_filled_cannot_serve(store, suite):
    await suite.record(store, suite.memory())
    with pytest.raises(ConflictError):
        await store.switch(OTHER)


async def test_who_has_the_store_open_learns_of_a_switch(open_store, suite):
    here, there = await open_store(), await open_store(space=None)
    memory = suite.memory()
    recorded = await here.record([Turn(memory, None)])
    await refill(there, suite)
    await there.switch(OTHER)
    with pytest.raises(SchemaMismatchError):
        await here.embedded({memory.id: suite.vector()}, recorded.unembedded, recorded.job)
    with pytest.raises(SchemaMismatchError):
        await here.view(suite.selection())


async def test_what_one_writes_the_other_sees(open_store, suite):
    here, there = await open_store(), await open_store()
    first, second = suite.memory("one tea"), suite.memory("another tea")
    await suite.record(here, first)
    assert await suite.lexical(there, suite.selection(), "tea") == [first.id]
    await suite.record(there, second)
    await here.retire_all(suite.ada, [suite.deleted(first)])
    assert await suite.lexical(there, suite.selection(), "tea") == [second.id]
    await there.erase(suite.ada)
    assert await suite.lexical(here, suite.selection(), "tea") == []
