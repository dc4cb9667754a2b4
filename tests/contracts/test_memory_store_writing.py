"""MemoryStore: turns, vectors, decisions."""

from dataclasses import replace

import pytest

from engram_core.domain.change import Change, Op
from engram_core.domain.ids import new_id
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, StoreError
from engram_core.ports import Turn

KEY, OTHER = b"k" * 32, b"o" * 32


async def test_turns_come_back_as_they_were_given(store, suite):
    turns = [
        Turn(suite.memory(f"turn {n}", speaker="Ada", metadata={"n": n, "tags": ["a", None, 1.5]}), None)
        for n in range(3)
    ]
    recorded = await store.record(turns)
    memories = [turn.memory for turn in turns]
    assert list(recorded.turns) == memories
    assert recorded.fresh == {memory.id for memory in memories}
    assert list(recorded.unembedded) == memories
    assert recorded.job is not None
    assert await store.get("acme", [memory.id for memory in memories]) == memories


async def test_nothing_to_record_is_no_error(store):
    recorded = await store.record([])
    assert (recorded.turns, recorded.fresh, recorded.unembedded, recorded.job) == ((), frozenset(), (), None)


async def test_a_key_that_is_there_stores_nothing_and_returns_the_earlier_turn(store, suite):
    first, again = suite.memory("first"), suite.memory("again")
    await store.record([Turn(first, KEY)])
    recorded = await store.record([Turn(again, KEY), Turn(suite.memory("new"), OTHER)])
    assert recorded.turns[0] == first
    assert again.id not in recorded.fresh
    assert len(recorded.fresh) == 1
    assert await store.count(suite.selection()) == 2
    assert first in recorded.unembedded


async def test_what_has_its_vector_needs_no_job(store, suite):
    turn = Turn(suite.memory(), KEY)
    recorded = await store.record([turn])
    await store.embedded({turn.memory.id: suite.vector()}, recorded.unembedded, recorded.job)
    again = await store.record([Turn(suite.memory(), KEY)])
    assert again.unembedded == ()
    assert again.job is None


async def test_a_key_twice_in_one_batch_is_stored_once(store, suite):
    first, second = suite.memory("first"), suite.memory("second")
    recorded = await store.record([Turn(first, KEY), Turn(second, KEY)])
    assert recorded.turns == (first, first)
    assert recorded.fresh == {first.id}
    assert recorded.unembedded == (first,)
    assert await store.get("acme", [second.id]) == []


async def test_keys_are_per_owner_and_a_turn_without_one_is_always_new(store, suite):
    scopes = [Scope("acme", user_id="ada"), Scope("acme", user_id="bob"), Scope("umbrella", user_id="ada")]
    turns = [Turn(suite.memory(scope=scope), KEY) for scope in scopes]
    recorded = await store.record([*turns, Turn(suite.memory(), None), Turn(suite.memory(), None)])
    assert len(recorded.fresh) == 5
    assert await store.count(suite.selection()) == 3
    assert await store.count(suite.selection(Scope("umbrella", user_id="ada"))) == 1
    # Sessions of a user share an owner.
    same = await store.record([Turn(suite.memory(scope=replace(suite.ada, session_id="s")), KEY)])
    assert same.fresh == frozenset()


async def test_keys_are_told_by_id_within_the_tenant(store, suite):
    keyed, plain = suite.memory(), suite.memory()
    await store.record([Turn(keyed, KEY), Turn(plain, None)])
    ids = [keyed.id, plain.id, new_id()]
    assert await store.keys("acme", ids) == {keyed.id: KEY}
    assert await store.keys("umbrella", ids) == {}


async def test_nothing_given_or_returned_reaches_into_the_store(store, suite):
    metadata = {"tags": ["a"]}
    memory = suite.memory(metadata=metadata)
    recorded = await store.record([Turn(memory, None)])
    metadata["tags"].append("given")
    recorded.turns[0].metadata["tags"].append("recorded")
    recorded.unembedded[0].metadata["x"] = 1
    (await store.get("acme", [memory.id]))[0].metadata["tags"].append("got")
    (await store.listing(suite.selection(), limit=5)).items[0].metadata["tags"].append("listed")
    assert [dict(found.metadata) for found in await store.get("acme", [memory.id])] == [{"tags": ["a"]}]


async def test_a_vector_is_stored_once_and_only_for_what_is_there(store, suite):
    kept, erased = suite.memory(), suite.memory(scope=Scope("acme", user_id="bob"))
    recorded = await store.record([Turn(kept, None), Turn(erased, None)])
    await store.erase(erased.scope)
    first = suite.vector()
    await store.embedded({kept.id: first, erased.id: first}, recorded.unembedded, recorded.job)
    await store.embedded({kept.id: -first}, [kept], None)
    view = await store.view(suite.selection())
    leg = await view.dense(first, 5)
    assert await suite.ids(view, leg.rows) == [kept.id]
    assert leg.scores[0] == pytest.approx(1, abs=2e-3)
    assert await suite.dense(store, suite.selection(erased.scope)) == []


async def test_a_job_is_not_due_while_its_writer_may_be_at_it(store, suite):
    await store.record([Turn(suite.memory(), None)])
    assert await store.claim_unembedded(10) is None


async def test_jobs_are_claimed_oldest_first_until_they_are_struck(open_store, suite):
    store = await open_store(lease=0.0)
    first, second = suite.memory("first"), suite.memory("second", Scope("umbrella", user_id="eve"))
    await store.record([Turn(first, None)])
    await store.record([Turn(second, None)])
    seen = []
    while (claimed := await store.claim_unembedded(10)) is not None:
        job, memories = claimed
        seen += memories
        await store.embedded({memory.id: suite.vector() for memory in memories}, memories, job)
    assert seen == [first, second]
    assert await suite.dense(store, suite.selection(second.scope)) == [second.id]


async def test_a_claim_brings_what_still_lacks_a_vector_and_the_rest_of_a_job_stays(open_store, suite):
    store = await open_store(lease=0.0)
    memories = [suite.memory(str(n)) for n in range(4)]
    await store.record([Turn(memory, None) for memory in memories])
    await store.embedded({memories[0].id: suite.vector()}, memories[:1], None)
    job, some = await store.claim_unembedded(2)
    assert list(some) == memories[1:3]
    await store.embedded({memory.id: suite.vector() for memory in some}, some, job)
    _, rest = await store.claim_unembedded(10)
    assert list(rest) == memories[3:]
    await store.erase(suite.ada)
    assert await store.claim_unembedded(10) is None


async def test_add_opens_a_version_with_its_vector_and_history(store, suite):
    fact = suite.memory("Ada likes tea", kind="fact", sources=(new_id(),), importance=0.9)
    change, vector = suite.added(fact), suite.vector()
    await store.apply([change], {fact.id: vector})
    assert await store.get("acme", [fact.id]) == [fact]
    assert await suite.dense(store, suite.selection(), vector) == [fact.id]
    assert await suite.lexical(store, suite.selection(), "tea") == [fact.id]
    assert await store.history("acme", fact.id) == [change]


async def test_a_new_memory_without_a_vector_gets_a_job(open_store, suite):
    store = await open_store(lease=0.0)
    fact = suite.memory("Ada likes tea", kind="fact")
    await store.apply([suite.added(fact)], {})
    _, memories = await store.claim_unembedded(10)
    assert memories == (fact,)


async def test_update_closes_one_version_and_opens_the_next(store, suite):
    fact = suite.memory("lives in Paris", kind="fact")
    await store.apply([suite.added(fact)], {fact.id: suite.vector()})
    change = suite.updated(fact, "lives in Rome")
    await store.apply([change], {change.after.id: suite.vector()})
    assert await store.get("acme", [fact.id, change.after.id]) == [change.before, change.after]
    assert await suite.dense(store, suite.selection()) == [change.after.id]
    assert await suite.lexical(store, suite.selection(), "Paris") == []


async def test_delete_closes_and_noop_writes_history_alone(store, suite):
    fact = suite.memory("lives in Paris", kind="fact")
    add = suite.added(fact)
    await store.apply([add], {fact.id: suite.vector()})
    noop = Change(new_id(), Op.NOOP, fact, None, "said before", "rules", add.at)
    delete = suite.deleted(fact)
    await store.apply([noop, delete], {})
    assert await store.get("acme", [fact.id]) == [delete.before]
    assert await suite.dense(store, suite.selection()) == []
    assert await store.count(suite.selection()) == 0
    assert await store.history("acme", fact.id) == [add, noop, delete]


async def test_a_batch_may_go_on_from_what_it_opened(store, suite):
    fact = suite.memory("v1", kind="fact")
    first = suite.updated(fact, "v2")
    second = suite.updated(first.after, "v3", minutes=30)
    await store.apply([suite.added(fact), first, second], {})
    found = await store.get("acme", [fact.id, first.after.id, second.after.id])
    assert found == [first.before, second.before, second.after]


@pytest.mark.parametrize("how", ["gone", "retired", "closed", "superseded", "twice", "other scope", "other tenant"])
async def test_a_stale_before_is_a_conflict_and_nothing_is_written(store, suite, how):
    fact = suite.memory("v1", kind="fact")
    add = suite.added(fact)
    await store.apply([add], {})
    stale = [suite.updated(fact, "v2", minutes=40)]
    if how == "gone":
        await store.erase(suite.ada)
    elif how == "retired":
        await store.apply([suite.deleted(fact)], {})
    elif how == "closed":
        await store.apply([suite.updated(fact, "v1b")], {})
    elif how == "superseded":
        await store.apply([suite.added(suite.memory("v1b", kind="fact", supersedes=fact.id))], {})
    elif how == "twice":
        stale.append(suite.deleted(fact, minutes=50))
    else:
        scope = Scope("acme", user_id="bob") if how == "other scope" else Scope("umbrella", user_id="ada")
        stale = [suite.deleted(replace(fact, scope=scope))]
    before = await suite.listed(store, suite.selection(past=True))
    history = await store.history("acme", fact.id)
    new = suite.memory("new", kind="fact")
    with pytest.raises(ConflictError):
        await store.apply([suite.added(new), *stale], {new.id: suite.vector()})
    assert await suite.listed(store, suite.selection(past=True)) == before
    assert await store.history("acme", fact.id) == history
    assert await suite.lexical(store, suite.selection(), "new") == []


async def test_an_id_in_use_cannot_be_added(store, suite):
    fact = suite.memory("v1", kind="fact")
    await store.apply([suite.added(fact)], {})
    with pytest.raises(ConflictError):
        await store.apply([suite.added(replace(fact, text="other"))], {})
    assert await store.get("acme", [fact.id]) == [fact]


async def test_retire_all_passes_over_what_is_not_current_or_not_in_scope(store, suite):
    here, gone, elsewhere = suite.memory("a"), suite.memory("b"), suite.memory("c", Scope("acme", user_id="bob"))
    await suite.record(store, here, gone, elsewhere)
    await store.apply([suite.deleted(gone, minutes=5)], {})
    changes = [suite.deleted(memory) for memory in (here, gone, elsewhere, suite.memory("never stored"))]
    assert await store.retire_all(suite.ada, changes) == 1
    assert await store.get("acme", [here.id, elsewhere.id]) == [changes[0].before, elsewhere]
    assert await store.history("acme", here.id) == [changes[0]]
    assert len(await store.history("acme", gone.id)) == 1
    assert await store.retire_all(suite.ada, changes) == 0


async def test_a_store_that_is_not_open_says_so(open_store, suite):
    store = await open_store(space=None)
    with pytest.raises(StoreError):
        await store.record([Turn(suite.memory(), None)])
    await store.close()
    await store.close()


async def test_odd_but_legal_texts_are_stored_as_given(store, suite):
    texts = ["\u0001\u0002", "🍕" * 1000, "a" * 1_000_000, "'; DROP TABLE memories; --", "\u202eabc", "e\u0301"]
    memories = [suite.memory(text, speaker="Ödön", metadata={"k": text[:10]}) for text in texts]
    await suite.record(store, *memories)
    assert await store.get("acme", [memory.id for memory in memories]) == memories
    assert len(await suite.dense(store, suite.selection())) == len(texts)
