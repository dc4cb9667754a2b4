"""MemoryStore: labels, what was said of hits."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from engram_core.domain.ids import new_id
from engram_core.domain.scope import Scope
from engram_core.ports import Label, question_key

QUESTION = "what do I drink?"


@pytest.fixture
def judge(store, suite):
    """Label a memory as the engine does."""

    async def judge_one(memory, useful=True, question=QUESTION, *, minutes=0, scope=None, **signals) -> bool:
        at = suite.now + timedelta(minutes=minutes)
        scope = scope or memory.scope
        return await store.label(scope, Label(question_key(scope, question), memory.id, useful, signals, at))

    return judge_one


async def read(store, tenant="acme"):
    """Return all labels by question; each question comes once and has one at least."""
    found = {}
    async for group in store.labels(tenant):
        assert group.question not in found
        assert group.labels
        assert {label.question for label in group.labels} == {group.question}
        found[group.question] = list(group.labels)
    assert sum(map(len, found.values())) == await store.count_labels(tenant)
    return found


async def test_a_store_without_labels_has_none(store, suite):
    assert await read(store) == {}
    await suite.record(store, suite.memory())
    assert await read(store) == {}


async def test_labels_come_back_by_question_as_they_were_given(store, suite, judge):
    tea, milk = suite.memory("tea"), suite.memory("milk")
    await suite.record(store, tea, milk)
    signals = {"dense": 0.123456789012345, "lexical": 0.0, "huge": 1e22, "tiny": -5e-324, "ümlaut \"'": 3.0}
    assert await judge(milk, True, minutes=1, **signals) is True
    assert await judge(tea, False, minutes=2) is True
    assert await judge(tea, True, "and else?", dense=-1.0) is True
    first, second = question_key(suite.ada, QUESTION), question_key(suite.ada, "and else?")
    found = await read(store)
    assert found == {
        first: [
            Label(first, milk.id, True, signals, suite.now + timedelta(minutes=1)),
            Label(first, tea.id, False, {}, suite.now + timedelta(minutes=2)),
        ],
        second: [Label(second, tea.id, True, {"dense": -1.0}, suite.now)],
    }
    assert all(type(value) is float for label in found[first] for value in label.signals.values())
    assert list(await read(store)) == list(found), "the order stays the same"


async def test_those_of_one_instant_are_in_the_order_of_ids(store, suite, judge):
    memories = [suite.memory(str(n)) for n in range(5)]
    await suite.record(store, *memories)
    for memory in reversed(memories):
        await judge(memory)
    (labels,) = (await read(store)).values()
    assert [label.memory_id for label in labels] == sorted(memory.id for memory in memories)


async def test_the_same_label_twice_changes_nothing(store, suite, judge):
    tea = suite.memory()
    await suite.record(store, tea)
    await judge(tea, True, dense=0.5)
    before = await read(store)
    assert await judge(tea, True, minutes=5, dense=0.5) is True
    assert await read(store) == before


@pytest.mark.parametrize(("useful", "signals"), [(False, {"dense": 0.5}), (True, {"dense": 0.6}), (True, {})])
async def test_another_verdict_and_other_signals_replace_the_first(store, suite, judge, useful, signals):
    tea = suite.memory()
    await suite.record(store, tea)
    await judge(tea, True, dense=0.5)
    assert await judge(tea, useful, minutes=5, **signals) is True
    question = question_key(suite.ada, QUESTION)
    at = suite.now + timedelta(minutes=5)
    assert await read(store) == {question: [Label(question, tea.id, useful, signals, at)]}


async def test_a_memory_that_is_not_there_or_is_anothers_is_refused(store, suite, judge):
    tea, bobs = suite.memory(), suite.memory(scope=Scope("acme", "bob"))
    await suite.record(store, tea, bobs)
    assert await judge(suite.memory()) is False
    assert await judge(replace(tea, id=new_id())) is False
    assert await judge(tea, scope=Scope("umbrella", "ada")) is False
    assert await judge(tea, scope=Scope("acme", "bob")) is False
    assert await judge(tea, scope=Scope("acme", "nobody")) is False
    assert await read(store) == await read(store, "umbrella") == {}


async def test_retired_and_closed_ones_can_be_judged(store, suite, judge):
    old, gone = suite.memory("old", kind="fact"), suite.memory("gone", kind="fact")
    await store.apply([suite.added(old), suite.added(gone)], {})
    await judge(gone, False)
    await store.apply([suite.updated(old, "new"), suite.deleted(gone)], {})
    assert await judge(old)
    assert await judge(gone)
    (labels,) = (await read(store)).values()
    assert {(label.memory_id, label.useful) for label in labels} == {(old.id, True), (gone.id, True)}


async def test_owners_with_the_same_question_are_kept_apart_and_tenants_too(store, suite, judge):
    scopes = [suite.ada, replace(suite.ada, session_id="s"), Scope("acme", "bob"), Scope("acme", None, "agent")]
    memories = [suite.memory(scope=scope) for scope in (*scopes, Scope("umbrella", "ada"))]
    await suite.record(store, *memories)
    for memory in memories:
        await judge(memory)
    here = {frozenset(label.memory_id for label in labels) for labels in (await read(store)).values()}
    ids = [memory.id for memory in memories]
    assert here == {frozenset(ids[:2]), frozenset(ids[2:3]), frozenset(ids[3:4])}
    assert [label.memory_id for labels in (await read(store, "umbrella")).values() for label in labels] == ids[4:]


async def test_nothing_returned_changes_what_is_kept(store, suite, judge):
    tea = suite.memory()
    await suite.record(store, tea)
    given = {"dense": 0.5}
    question = question_key(suite.ada, QUESTION)
    await store.label(suite.ada, Label(question, tea.id, True, given, suite.now))
    given["dense"] = 0.0
    before = await read(store)
    assert before[question][0].signals == {"dense": 0.5}
    before[question][0].signals["dense"] = 9.0
    assert (await read(store))[question][0].signals == {"dense": 0.5}


SHAPES = [
    Scope("acme", "ada"),
    Scope("acme", "ada", session_id="s1"),
    Scope("acme", None, "agent"),
    Scope("acme", None, None, "s1"),
    Scope("acme"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.named or "tenant")
async def test_they_are_erased_with_their_memories_and_counted(store, suite, judge, shape):
    users, agents, sessions = ("ada", "bob", None), ("agent", None), ("s1", "s2", None)
    scopes = [Scope("acme", u, a, s) for u in users for a in agents for s in sessions if u or a or s]
    memories = [suite.memory(scope=scope) for scope in [*scopes, Scope("umbrella", "ada")]]
    await suite.record(store, *memories)
    for memory in memories:
        await judge(memory)
        await judge(memory, False, "something else")
    gone = {memory.id for memory in memories if shape.contains(memory.scope)}
    receipt = await store.erase(shape)
    assert (receipt.memories, receipt.labels) == (len(gone), 2 * len(gone))
    left = {
        label.memory_id for tenant in ("acme", "umbrella") for g in (await read(store, tenant)).values() for label in g
    }
    assert left == {memory.id for memory in memories} - gone
    assert (await store.erase(shape)).labels == 0


async def test_those_of_a_statement_that_was_learned_from_what_is_erased_go_too(store, suite, judge):
    turn = suite.memory("tea", replace(suite.ada, session_id="s1"))
    fact = suite.memory("likes tea", kind="fact", sources=(turn.id,))
    await suite.record(store, turn)
    await store.apply([suite.added(fact)], {})
    await judge(turn)
    await judge(fact)
    assert (await store.erase(turn.scope)).labels == 2
    assert await read(store) == {}


async def test_a_memory_that_comes_again_does_not_find_its_labels(store, suite, judge):
    tea = suite.memory()
    await suite.record(store, tea)
    await judge(tea)
    await store.erase(suite.ada)
    assert await judge(tea) is False
    await suite.record(store, tea)
    assert await read(store) == {}
    assert await judge(tea) is True


async def test_any_order_of_verdicts_leaves_the_last_of_each(store, suite, judge):
    random_ = random.Random(7)
    memories = [suite.memory(str(n)) for n in range(4)]
    await suite.record(store, *memories)
    wanted = {}
    for minute in range(80):
        memory, question = random_.choice(memories), random_.choice("abc")
        said = (random_.random() < 0.5, {"dense": random_.choice([0.0, 1.0])})
        await judge(memory, said[0], question, minutes=minute, **said[1])
        key = (question_key(suite.ada, question), memory.id)
        if wanted.get(key, (None,))[:2] != said:
            wanted[key] = (*said, suite.now + timedelta(minutes=minute))
    found = {
        (question, label.memory_id): (label.useful, label.signals, label.at)
        for question, labels in (await read(store)).items()
        for label in labels
    }
    assert found == wanted
    assert len(wanted) == 12


async def test_many_at_once_and_an_erasure_leave_no_label_without_its_memory(store, suite, judge):
    memories = [suite.memory(str(n), replace(suite.ada, session_id=f"s{n % 2}")) for n in range(20)]
    await suite.record(store, *memories)
    judged = [judge(memory, question=str(n)) for memory in memories for n in range(3)]
    *_, receipt = await asyncio.gather(*judged, store.erase(replace(suite.ada, session_id="s1")))
    assert receipt.memories == 10
    kept = {memory.id for memory in memories if memory.scope.session_id == "s0"}
    labels = [label.memory_id for labels in (await read(store)).values() for label in labels]
    assert (set(labels), len(labels)) == (kept, 30)
