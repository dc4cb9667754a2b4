"""MemoryStore: reading by id, listings, history; erasing and restoring."""

from dataclasses import replace
from itertools import product

import pytest

from engram_core.domain.filters import parse_filter
from engram_core.domain.ids import new_id
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, InvalidInputError
from engram_core.ports import Turn

SCOPES = [
    Scope(tenant, user, agent, session)
    for tenant, user, agent, session in product(["acme", "umbrella"], [None, "ada", "bob"], [None, "bot"], [None, "s1"])
    if (user, agent, session) != (None, None, None)
]
SHAPES = [
    Scope("acme", user_id="ada"),
    Scope("acme", user_id="ada", session_id="s1"),
    Scope("acme", user_id="ada", agent_id="bot"),
    Scope("acme", user_id="ada", agent_id="bot", session_id="s1"),
    Scope("acme", agent_id="bot"),
    Scope("acme", agent_id="bot", session_id="s1"),
    Scope("acme", session_id="s1"),
    Scope("acme", user_id="nobody"),
    Scope("acme"),
]


async def fill_all_scopes(store, suite):
    """A turn with a key and vector, and a fact with history, in every scope; return all memories."""
    turns = [suite.memory("said so", scope, minutes=n) for n, scope in enumerate(SCOPES)]
    recorded = await store.record([Turn(turn, b"%32d" % n) for n, turn in enumerate(turns)])
    await store.embedded({turn.id: suite.vector() for turn in turns}, recorded.unembedded, recorded.job)
    facts = [suite.memory("it is so", scope, kind="fact", minutes=100 + n) for n, scope in enumerate(SCOPES)]
    for fact in facts:
        await store.apply([suite.added(fact)], {fact.id: suite.vector()})
    return turns + facts


async def test_get_keeps_the_order_and_leaves_out_the_unknown_and_other_tenants(store, suite):
    memories = [suite.memory(str(n)) for n in range(3)]
    foreign = suite.memory(scope=Scope("umbrella", user_id="ada"))
    await suite.record(store, *memories, foreign)
    ids = [memories[2].id, new_id(), foreign.id, memories[0].id]
    assert await store.get("acme", ids) == [memories[2], memories[0]]
    assert await store.get("umbrella", ids) == [foreign]
    assert await store.get("nobody", ids) == []
    assert await store.get("acme", []) == []


async def test_a_listing_is_in_the_order_of_recording_then_arrival(store, suite):
    memories = [suite.memory(str(n), minutes=minutes) for n, minutes in enumerate([5, 1, 1, 3, 1, 0])]
    await suite.record(store, *memories)
    listed = await suite.listed(store, suite.selection())
    assert [memory.text for memory in listed] == ["5", "1", "2", "4", "3", "0"]


async def test_pages_join_to_the_whole_and_the_last_has_no_cursor(store, suite):
    memories = [suite.memory(str(n), minutes=n // 3) for n in range(10)]
    await suite.record(store, *memories)
    for size in (1, 3, 5, 10, 11):
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            page = await store.listing(suite.selection(), limit=size, after=cursor)
            assert len(page) <= size
            found, cursor, pages = found + list(page), page.cursor, pages + 1
        assert found == memories
        assert pages == -(-10 // size)


async def test_a_listing_goes_on_after_what_was_removed(store, suite):
    memories = [suite.memory(str(n), replace(suite.ada, session_id=f"s{n}"), minutes=n) for n in range(4)]
    await suite.record(store, *memories)
    page = await store.listing(suite.selection(), limit=2)
    await store.erase(memories[1].scope)
    assert list(await store.listing(suite.selection(), limit=2, after=page.cursor)) == memories[2:]


@pytest.mark.parametrize("cursor", ["", "x", "1:2:3", "AAAA", "é", "1" * 500, "W10", "-", "\x00"])
async def test_a_strange_cursor_is_refused(store, suite, cursor):
    with pytest.raises(InvalidInputError):
        await store.listing(suite.selection(), limit=2, after=cursor)


async def test_listing_and_count_apply_kinds_time_and_metadata(store, suite):
    turn = suite.memory("turn", metadata={"a": 1})
    fact = suite.memory("fact", kind="fact", metadata={"a": 2})
    await suite.record(store, turn)
    update = suite.updated(fact, "fact 2")
    await store.apply([suite.added(fact), update], {})
    cases = [
        ({}, [turn, update.after]),
        ({"kinds": frozenset({"fact"})}, [update.after]),
        ({"kinds": frozenset({"event"})}, []),
        ({"condition": parse_filter({"a": {"$gte": 2}})}, [update.after]),
        ({"as_of": suite.now}, [turn, update.before]),
        ({"past": True}, [turn, update.before, update.after]),
    ]
    for fields, expected in cases:
        selection = suite.selection(**fields)
        assert await suite.listed(store, selection) == expected, fields
        assert await store.count(selection) == len(expected), fields


async def test_no_filter_reaches_beyond_the_rest_of_the_selection(store, suite):
    mine, retired = suite.memory("tea", metadata={"a": 1}), suite.memory("tea", metadata={"a": 2})
    elsewhere = [Scope("acme", user_id="bob"), Scope("umbrella", user_id="ada")]
    others = [suite.memory("tea", scope, metadata={"a": n}) for scope in elsewhere for n in (1, 2)]
    await suite.record(store, mine, retired, *others)
    await store.retire_all(suite.ada, [suite.deleted(retired)])
    either = {"$or": [{"a": 1}, {"a": 2}]}
    for wanted in (
        either,
        {"$not": {"a": 3}},
        {"a": {"$nin": [3]}},
        {"$and": [either, either]},
        {"$or": [{}, {"a": 1}]},
    ):
        selection = suite.selection(condition=parse_filter(wanted))
        assert await suite.listed(store, selection) == [mine], wanted
        assert await store.count(selection) == 1
        assert await suite.dense(store, selection) == [mine.id]
        assert await suite.lexical(store, selection, "tea") == [mine.id]


async def test_history_is_that_of_the_whole_chain_from_any_of_its_versions(store, suite):
    fact, other = suite.memory("v1", kind="fact"), suite.memory("other", kind="fact")
    first = suite.updated(fact, "v2")
    second = suite.updated(first.after, "v3", minutes=30)
    third = suite.deleted(second.after, minutes=40)
    chain = [suite.added(fact), first, second, third]
    await store.apply([chain[0], suite.added(other)], {})
    for change in chain[1:]:
        await store.apply([change], {})
    for id in (fact.id, first.after.id, second.after.id):
        assert await store.history("acme", id) == chain
    assert await store.history("umbrella", fact.id) == []
    assert await store.history("acme", new_id()) == []


async def test_changes_are_those_of_the_scope_oldest_first(store, suite):
    await fill_all_scopes(store, suite)
    for shape in SHAPES:
        found = [change async for change in store.changes(shape)]
        assert {change.after.scope for change in found} == {scope for scope in SCOPES if shape.contains(scope)}
        assert [change.at for change in found] == sorted(change.at for change in found)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_erase_removes_what_the_scope_contains_and_nothing_else(store, suite, shape):
    memories = await fill_all_scopes(store, suite)
    gone = [memory for memory in memories if shape.contains(memory.scope)]
    kept = [memory for memory in memories if not shape.contains(memory.scope)]
    facts = sum(memory.kind == "fact" for memory in gone)
    receipt = await store.erase(shape)
    assert (receipt.memories, receipt.vectors, receipt.terms, receipt.changes) == (len(gone),) * 3 + (facts,)
    for tenant in ("acme", "umbrella"):
        rest = {memory.id for memory in kept if memory.scope.tenant == tenant}
        whole = suite.selection(Scope(tenant))
        assert await store.get(tenant, [memory.id for memory in gone]) == []
        assert {memory.id for memory in await suite.listed(store, whole)} == rest
        assert set(await suite.dense(store, whole)) == rest
        assert set(await suite.lexical(store, whole, "so")) == rest
        assert {change.after.id async for change in store.changes(Scope(tenant))} == {
            memory.id for memory in kept if memory.kind == "fact" and memory.scope.tenant == tenant
        }
    for memory in gone:
        assert await store.history("acme", memory.id) == []


async def test_what_was_erased_can_come_again(store, suite):
    key = b"k" * 32
    first, again = suite.memory("first"), suite.memory("again")
    await store.record([Turn(first, key)])
    receipt = await store.erase(suite.ada)
    assert receipt.jobs == 1
    recorded = await store.record([Turn(again, key)])
    assert recorded.fresh == {again.id}
    assert await suite.lexical(store, suite.selection(), "again first") == [again.id]
    assert (await store.erase(Scope("acme", user_id="nobody"))).memories == 0


async def exported(store, suite, scope):
    memories = await suite.listed(store, suite.selection(scope, past=True))
    keys = await store.keys(scope.tenant, [memory.id for memory in memories])
    return [(memory, keys.get(memory.id)) for memory in memories], [c async for c in store.changes(scope)]


async def test_what_was_exported_is_restored_as_it_was(store, suite):
    await fill_all_scopes(store, suite)
    fact = suite.memory("v1", kind="fact", metadata={"x": [1, {"y": None}]}, expires_at=suite.now)
    await store.apply([suite.added(fact), suite.updated(fact, "v2")], {})
    memories, changes = await exported(store, suite, Scope("acme"))
    history = await store.history("acme", fact.id)
    await store.erase(Scope("acme"))
    recorded = await store.restore(memories, changes)
    assert recorded.fresh == {memory.id for memory, _ in memories}
    assert list(recorded.unembedded) == [memory for memory, _ in memories]
    assert await exported(store, suite, Scope("acme")) == (memories, changes)
    assert await store.history("acme", fact.id) == history
    again = await store.restore(memories, changes)
    assert (again.fresh, list(again.turns)) == (frozenset(), [memory for memory, _ in memories])
    assert await exported(store, suite, Scope("acme")) == (memories, changes)


async def test_restored_keys_keep_turns_from_being_stored_again(store, suite):
    turn = suite.memory("as it was")
    await store.restore([(turn, b"k" * 32)], [])
    assert (await store.record([Turn(suite.memory("again"), b"k" * 32)])).turns == (turn,)
    other = suite.memory("another id")
    assert (await store.restore([(other, b"k" * 32)], [])).turns == (turn,)


@pytest.mark.parametrize("scope", [Scope("acme", user_id="bob"), Scope("umbrella", user_id="ada")], ids=str)
async def test_an_id_of_another_scope_is_a_conflict_and_nothing_is_restored(store, suite, scope):
    memory, new = suite.memory(), suite.memory("new", scope)
    await suite.record(store, memory)
    with pytest.raises(ConflictError):
        await store.restore([(new, None), (replace(memory, scope=scope), None)], [])
    assert await store.count(suite.selection(scope)) == 0
    assert await store.get("acme", [memory.id]) == [memory]


async def test_history_of_what_is_not_there_is_not_restored(store, suite):
    fact = suite.memory(kind="fact")
    await store.restore([], [suite.added(fact)])
    assert [change async for change in store.changes(Scope("acme"))] == []
