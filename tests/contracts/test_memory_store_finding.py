"""MemoryStore: views find memories by time and by id, whatever the size of the scope."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engram_core.domain.filters import parse_filter
from engram_core.domain.scope import Scope

NEAR = 2e-3  # vectors may be kept with half precision


@pytest.fixture(params=["small", "large"])
async def store(request, backend, open_store):
    """A store that searches in memory, or in the database."""
    if request.param == "small":
        return await open_store()
    if backend[0] == "inmemory":
        pytest.skip("it holds all scopes in memory")
    return await open_store(exact_limit=0)


async def texts(view, leg) -> list[str]:
    return [memory.text for memory in await view.hydrate(leg.rows)]


async def test_times_are_half_open_ranges(store, suite):
    memories = [suite.memory(str(n), minutes=n) for n in range(10)]
    vectors = await suite.record(store, *memories)
    query, at = suite.vector(), [memory.valid_from for memory in memories]
    view = await store.view(suite.selection())
    cases = [
        ([(at[2], at[5])], {2, 3, 4}),
        ([(None, at[2])], {0, 1}),
        ([(at[8], None)], {8, 9}),
        ([(None, None)], set(range(10))),
        ([(at[1], at[2]), (at[7], at[9])], {1, 7, 8}),
        ([(at[1], at[4]), (at[3], at[6]), (at[3], at[6])], {1, 2, 3, 4, 5}),
        ([(at[9] + timedelta(seconds=1), None)], set()),
        ([(at[5], at[5])], set()),
        ([], set()),
    ]
    for ranges, expected in cases:
        leg = await view.within(ranges, query, 100)
        found = await texts(view, leg)
        assert sorted(map(int, found)) == sorted(expected)
        cosines = [float(vectors[memories[int(text)].id] @ query) for text in found]
        assert leg.scores == pytest.approx(cosines, abs=NEAR)
        assert np.all(np.diff(leg.scores) <= 0)


async def test_the_nearest_come_first_and_what_has_no_vector_last(store, suite):
    memories = [suite.memory(str(n), minutes=n) for n in range(6)]
    bare = suite.memory("bare", minutes=3)
    vectors = await suite.record(store, *memories)
    await suite.record(store, bare, vectors=False)
    view, query = await store.view(suite.selection()), vectors[memories[4].id]
    ranges = [(memories[0].valid_from, memories[5].valid_from)]
    found = await texts(view, await view.within(ranges, query, 100))
    assert found[0] == "4"
    assert found[-1] == "bare"
    assert found == [*sorted(found[:-1], key=lambda text: -float(vectors[memories[int(text)].id] @ query)), "bare"]
    assert await texts(view, await view.within(ranges, query, 2)) == found[:2]
    without = await view.within(ranges, None, 100)
    assert await texts(view, without) == ["0", "1", "2", "3", "4", "bare"]
    assert set(without.scores.tolist()) == {-1.0}


async def test_only_what_is_admitted_is_found_by_its_time(store, suite):
    memories = {text: suite.memory(text, minutes=n, metadata={"text": text}) for n, text in enumerate("abc")}
    session = suite.memory("s", replace(suite.ada, session_id="s1"), minutes=1)
    await suite.record(store, *memories.values(), session, suite.memory("bob", Scope("acme", "bob"), minutes=1))
    await suite.record(store, suite.memory("far", Scope("umbrella", "ada"), minutes=1))
    await store.retire_all(suite.ada, [suite.deleted(memories["b"])])
    ranges = [(suite.now, suite.now + timedelta(hours=1))]

    async def found(selection):
        view = await store.view(selection)
        return sorted(await texts(view, await view.within(ranges, None, 100)))

    assert await found(suite.selection()) == ["a", "c", "s"]
    assert await found(suite.selection(session.scope)) == ["s"]
    assert await found(suite.selection(condition=parse_filter({"text": "c"}))) == ["c"]
    assert await found(suite.selection(as_of=suite.now + timedelta(minutes=1.5))) == ["a", "b", "s"]
    assert await found(suite.selection(Scope("acme"))) == ["a", "bob", "c", "s"]


async def test_rows_are_those_of_the_legs(store, suite):
    memories = [suite.memory(f"tea {n}") for n in range(5)]
    vectors = await suite.record(store, *memories)
    view = await store.view(suite.selection())
    rows = await view.rows_of([memory.id for memory in memories])
    assert [memory.text for memory in await view.hydrate(rows)] == [memory.text for memory in memories]
    assert (await view.dense(vectors[memories[3].id], 1)).rows.tolist() == [rows[3]]
    again = await view.rows_of([memories[2].id, memories[0].id, memories[2].id])
    assert again.tolist() == [rows[2], rows[0], rows[2]]


async def test_ids_that_may_not_be_seen_have_no_row(store, suite):
    mine, gone, erased = suite.memory("mine"), suite.memory("gone"), suite.memory("x", replace(suite.ada, agent_id="a"))
    bobs, other = suite.memory("bobs", Scope("acme", "bob")), suite.memory("other", Scope("umbrella", "ada"))
    await suite.record(store, mine, gone, erased, bobs)
    await suite.record(store, other)
    await store.retire_all(suite.ada, [suite.deleted(gone)])
    await store.erase(erased.scope)
    view = await store.view(suite.selection())
    unknown = ["", "no id", "\x00", "\ud800", "' OR true --", mine.id.upper(), f"{mine.id} ", suite.memory("never").id]
    hidden = [gone.id, erased.id, bobs.id, other.id, *unknown]
    rows = await view.rows_of([*hidden, mine.id])
    assert rows[:-1].tolist() == [-1] * len(hidden)
    assert rows[-1] >= 0
    assert (await view.rows_of([])).tolist() == []
    past = await store.view(suite.selection(as_of=suite.now + timedelta(minutes=5)))
    assert (await past.rows_of([gone.id]))[0] >= 0
    empty = await store.view(suite.selection(Scope("acme", "nobody")))
    assert (await empty.rows_of([mine.id])).tolist() == [-1]


async def test_rows_over_several_owners(store, suite):
    scopes = [Scope("acme", user, "bot") for user in ("ada", "bob", "cyd")]
    memories = [suite.memory(f"{scope.user_id} {n}", scope, minutes=n) for n in range(3) for scope in scopes]
    await suite.record(store, *memories)
    view = await store.view(suite.selection(Scope("acme", agent_id="bot")))
    rows = await view.rows_of([memory.id for memory in memories])
    assert [memory.text for memory in await view.hydrate(rows)] == [memory.text for memory in memories]
    leg = await view.within([(memories[3].valid_from, memories[6].valid_from)], None, 100)
    assert set(await texts(view, leg)) == {"ada 1", "bob 1", "cyd 1"}
    assert set(leg.rows.tolist()) == set(rows[3:6].tolist())
