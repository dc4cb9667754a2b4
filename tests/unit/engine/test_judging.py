"""`feedback`: what it takes, and what it keeps."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engram_core import Hit, InvalidInputError, NotFoundError
from engram_core.ports import question_key

QUESTION = "What does Ada eat?"


@pytest.fixture
async def hits(memory):
    for text in ("Ada is vegetarian", "Ada avoids dairy", "Ada lives in Lisbon"):
        await memory.add(text, user_id="ada", infer=False)
    return list(await memory.search(QUESTION, user_id="ada"))


async def labels(memory, tenant="default"):
    store = (await memory._backend.opened()).store
    return [label async for group in store.labels(tenant) for label in group.labels]


async def test_a_label_says_what_the_hit_was_found_by_and_when(memory, hits):
    before = datetime.now(UTC)
    await memory.feedback(hits[0], useful=True)
    await memory.feedback(hits[1], False)
    first, second = await labels(memory)
    assert (first.memory_id, first.useful, first.signals) == (hits[0].memory.id, True, hits[0].signals)
    assert (second.memory_id, second.useful, second.signals) == (hits[1].memory.id, False, hits[1].signals)
    assert first.signals
    assert first.question == second.question == question_key(hits[0].memory.scope, QUESTION)
    assert before <= first.at <= second.at <= datetime.now(UTC)


async def test_every_way_to_a_hit_names_its_question(memory, hits):
    recalls = [hits, (await memory.context(QUESTION, user_id="ada")).hits]
    turned = await memory.process_turn(QUESTION, user_id="ada", infer=False)
    for found in (*recalls, turned.context.hits):
        assert {hit.question for hit in found} == {hits[0].question}
    other = await memory.search("Where does Ada live?", user_id="ada")
    assert {hit.question for hit in other}.isdisjoint({hits[0].question})
    for hit in [*turned.context.hits, *other]:
        await memory.feedback(hit, useful=True)
    assert len(await labels(memory)) == len(turned.context.hits) + len(other)


async def test_hits_of_several_owners_are_labelled_beside_each(memory):
    for user in ("ada", "bob"):
        await memory.add("likes tea", user_id=user, agent_id="waiter", infer=False)
    recall = await memory.search("tea", agent_id="waiter")
    assert len({hit.question for hit in recall}) == len(recall) == 2
    for hit in recall:
        await memory.feedback(hit, useful=True)
    receipt = await memory.erase(user_id="ada")
    assert receipt.labels == 1
    assert [label.memory_id for label in await labels(memory)] == [
        hit.memory.id for hit in recall if hit.memory.scope.user_id == "bob"
    ]


async def test_a_change_of_mind_holds_and_repeating_it_changes_nothing(memory, hits):
    await memory.feedback(hits[0], useful=True)
    first = await labels(memory)
    await memory.feedback(hits[0], useful=True)
    assert await labels(memory) == first
    await memory.feedback(hits[0], useful=False)
    (second,) = await labels(memory)
    assert (second.useful, second.question) == (False, first[0].question)
    assert second.at > first[0].at


@pytest.mark.parametrize("useful", [1, 0, None, "yes", np.True_, 1.0])
async def test_a_verdict_is_true_or_false(memory, hits, useful):
    with pytest.raises(InvalidInputError, match="useful"):
        await memory.feedback(hits[0], useful=useful)
    assert await labels(memory) == []


async def test_only_a_hit_that_a_search_made_is_taken(memory, hits):
    hit = hits[0]
    other = Hit(hit.memory, 0.5)
    for bad in (None, hit.memory, hit.memory.id, other, *(replace(hit, question=q) for q in ("", QUESTION, None, 7))):
        with pytest.raises(InvalidInputError, match="hit"):
            await memory.feedback(bad, useful=True)
    with pytest.raises(InvalidInputError, match="hit"):
        await memory.feedback(replace(hit, memory=replace(hit.memory, id="42")), useful=True)
    assert await labels(memory) == []


NO_SIGNALS = [None, [("dense", 1.0)], {1: 1.0}, {"a\x00": 1.0}, {"\ud800": 1.0}]
NO_NUMBERS = ["1", None, True, float("nan"), float("inf"), [1.0]]


@pytest.mark.parametrize("signals", [*NO_SIGNALS, *({"a": value} for value in NO_NUMBERS)])
async def test_signals_are_names_and_finite_numbers(memory, hits, signals):
    with pytest.raises(InvalidInputError, match="signals"):
        await memory.feedback(replace(hits[0], signals=signals), useful=True)
    assert await labels(memory) == []


async def test_numbers_of_other_types_become_floats(memory, hits):
    await memory.feedback(replace(hits[0], signals={"a": 1, "b": np.float32(0.5), "c": np.int64(3)}), useful=True)
    (label,) = await labels(memory)
    assert label.signals == {"a": 1.0, "b": 0.5, "c": 3.0}
    assert {type(value) for value in label.signals.values()} == {float}


async def test_what_is_gone_or_another_tenants_is_not_found(memory, hits):
    acme = memory.for_tenant("acme")
    hit = hits[0]
    with pytest.raises(NotFoundError, match=hit.memory.id):
        await acme.feedback(hit, useful=True)
    moved = replace(hit, memory=replace(hit.memory, scope=replace(hit.memory.scope, tenant="acme")))
    with pytest.raises(NotFoundError):
        await acme.feedback(moved, useful=True)
    await memory.erase(user_id="ada")
    with pytest.raises(NotFoundError):
        await memory.feedback(hit, useful=True)
    assert await labels(memory) == await labels(memory, "acme") == []


async def test_what_was_deleted_since_can_still_be_judged(memory, hits):
    await memory.delete(hits[0].memory.id)
    await memory.feedback(hits[0], useful=False)
    assert [label.useful for label in await labels(memory)] == [False]


async def test_an_export_holds_no_labels(memory, hits):
    before = [record async for record in memory.export()]
    await memory.feedback(hits[0], useful=True)
    after = [record async for record in memory.export()]
    assert [r for r in after if r["type"] != "header"] == [r for r in before if r["type"] != "header"]


async def test_neither_the_label_nor_the_hit_holds_the_words_of_the_question(memory):
    await memory.add("The kiln is ordered", user_id="ada", infer=False)
    (hit,) = await memory.search("kiln xyzzy", user_id="ada")
    await memory.feedback(hit, useful=True)
    assert "xyzzy" not in repr(hit) + repr(await labels(memory))
