"""MemoryStore: views."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engram_core.domain.filters import parse_filter
from engram_core.domain.memory import KINDS
from engram_core.domain.scope import Scope
from engram_core.domain.signs import signs_of

NEAR = 2e-3  # vectors may be kept with half precision
ODD = ["", " ", "'", '"', "\x00", "\ud800", "& | ! ( ) : * <->", "%_\\", "🍕", "AND OR NOT", "\u200d", "x" * 100_000]


def towards(query, cosine):
    """A unit vector at this cosine from the query."""
    other = np.roll(query, 1)
    other -= query * (other @ query)
    other /= np.linalg.norm(other)
    return (cosine * query + np.sqrt(1 - cosine**2) * other).astype(np.float32)


async def test_an_empty_view_answers_everything_with_nothing(store, suite):
    view = await store.view(suite.selection())
    none = np.empty(0, np.int64)
    assert len((await view.dense(suite.vector(), 5)).rows) == 0
    assert len((await view.lexical("tea", 5)).rows) == 0
    assert await view.hydrate(none) == []
    evidence = await view.evidence(none, await view.neighbours(none), suite.vector(), "tea")
    assert evidence.near_dense.shape == (0, 4)


async def test_dense_is_exact_in_order_and_score(store, suite):
    memories = [suite.memory(str(n)) for n in range(60)]
    vectors = await suite.record(store, *memories)
    query = suite.vector()
    cosines = {id: float(vector @ query) for id, vector in vectors.items()}
    view = await store.view(suite.selection())
    for limit in (1, 7, 60, 1000):
        leg = await view.dense(query, limit)
        ids = await suite.ids(view, leg.rows)
        assert len(ids) == min(limit, 60)
        assert np.all(np.diff(leg.scores) <= 0)
        assert leg.scores == pytest.approx([cosines[id] for id in ids], abs=NEAR)
        assert min(cosines[id] for id in ids) >= sorted(cosines.values())[-len(ids)] - NEAR


async def test_a_memory_without_a_vector_is_found_by_its_words_alone(store, suite):
    bare = suite.memory("zebra")
    await suite.record(store, bare, vectors=False)
    await suite.record(store, suite.memory("horse"))
    view = await store.view(suite.selection())
    assert bare.id not in await suite.ids(view, (await view.dense(suite.vector(), 10)).rows)
    rows = (await view.lexical("zebra", 10)).rows
    assert await suite.ids(view, rows) == [bare.id]
    evidence = await view.evidence(rows, await view.neighbours(rows), suite.vector(), "zebra")
    assert np.isnan(evidence.dense[0])
    assert evidence.lexical[0] > 0
    # Its vector comes later, and a new view has it.
    vector = suite.vector()
    await store.embedded({bare.id: vector}, [bare], None)
    assert (await suite.dense(store, suite.selection(), vector))[0] == bare.id


async def test_scopes_kinds_and_metadata_are_applied_before_ranking(store, suite):
    query = suite.vector()
    crowd = [suite.memory("tea tea tea", metadata={"n": n}) for n in range(1000)]
    rare = suite.memory("some tea with a rather long text about other things", metadata={"rare": True})
    summary = suite.memory("a summary of tea among many other things", kind="summary")
    session = suite.memory("tea in one session, said once", replace(suite.ada, session_id="s1"))
    recorded = await suite.record(store, *crowd, rare, summary, session, vectors=False)
    assert recorded == {}
    few = {memory.id: towards(query, 0.1) for memory in (rare, summary, session)}
    near = {memory.id: towards(query, 0.9) for memory in crowd}
    await store.embedded(near | few, [*crowd, rare, summary, session], None)
    cases = [
        (suite.selection(condition=parse_filter({"rare": True})), rare),
        (suite.selection(kinds=frozenset({"summary"})), summary),
        (suite.selection(session.scope), session),
    ]
    for selection, expected in cases:
        assert await suite.dense(store, selection, query, limit=3) == [expected.id]
        assert await suite.lexical(store, selection, "tea", limit=3) == [expected.id]
    assert rare.id not in await suite.dense(store, suite.selection(), query, limit=3)


async def test_time_decides_by_half_open_intervals(store, suite):
    fact = suite.memory("lives in Paris", kind="fact")
    update = suite.updated(fact, "lives in Rome", minutes=10)
    delete = suite.deleted(update.after, minutes=20)
    await store.apply([suite.added(fact), update, delete], {fact.id: suite.vector(), update.after.id: suite.vector()})
    instant = timedelta(microseconds=1)
    at = {minutes: suite.now + timedelta(minutes=minutes) for minutes in (0, 10, 20)}
    cases = [
        (at[0] - instant, []),
        (at[0], [fact.id]),
        (at[10] - instant, [fact.id]),
        (at[10], [update.after.id]),
        (at[20] - instant, [update.after.id]),
        (at[20], []),
    ]
    for moment, expected in cases:
        selection = suite.selection(as_of=moment)
        assert await suite.dense(store, selection) == expected
        assert await suite.lexical(store, selection, "lives") == expected
    assert await suite.dense(store, suite.selection()) == []
    assert len(await suite.dense(store, suite.selection(past=True))) == 2


async def test_what_expires_is_found_until_that_instant(store, suite):
    memory = suite.memory("soon over", expires_at=suite.now + timedelta(hours=1))
    await suite.record(store, memory)
    before = suite.selection(now=memory.expires_at - timedelta(microseconds=1))
    assert await suite.dense(store, before) == [memory.id]
    assert await suite.dense(store, suite.selection(now=memory.expires_at)) == []
    assert await suite.dense(store, suite.selection(as_of=memory.expires_at)) == []


async def test_what_is_retired_is_found_as_of_before(store, suite):
    memory = suite.memory("tea")
    await suite.record(store, memory)
    assert await suite.lexical(store, suite.selection(), "tea") == [memory.id]
    await store.retire_all(suite.ada, [suite.deleted(memory, minutes=20)])
    assert await suite.lexical(store, suite.selection(), "tea") == []
    assert await suite.lexical(store, suite.selection(as_of=suite.now + timedelta(minutes=19)), "tea") == [memory.id]


async def test_a_rare_token_is_found_first_among_many(store, suite):
    crowd = [suite.memory(f"order {n} of {n % 7} was shipped on time") for n in range(500)]
    rare = suite.memory("The Order AB-1234-X was late, and nobody at the shop could say where it had gone")
    await suite.record(store, *crowd, rare)
    for query in ("AB-1234-X", "what about order ab-1234-x?", "ab1234x"):
        assert (await suite.lexical(store, suite.selection(), query))[0] == rare.id


async def test_bm25_prefers_rare_words_more_matches_and_shorter_texts(store, suite):
    texts = {
        "both": "tea and coffee here",
        "rare": "coffee is what we have here",
        "common": "tea is what we have here",
        "twice": "tea is what we have: tea",
        "long": "tea is what we have here " + "and other things " * 20,
        "none": "water",
    }
    memories = {name: suite.memory(text, speaker="Ada") for name, text in texts.items()}
    await suite.record(store, *memories.values())
    names = {memory.id: name for name, memory in memories.items()}
    found = [names[id] for id in await suite.lexical(store, suite.selection(), "tea coffee")]
    assert found == ["both", "rare", "twice", "common", "long"]
    assert [names[id] for id in await suite.lexical(store, suite.selection(), "COFFEES", limit=1)] == ["both"]


async def test_lexical_statistics_are_those_of_what_is_seen(store, suite):
    other = Scope("acme", user_id="bob")
    mine = [suite.memory("tea"), suite.memory("coffee and tea"), suite.memory("coffee")]
    await suite.record(store, *mine)

    async def scores():
        view = await store.view(suite.selection())
        leg = await view.lexical("tea coffee", 10)
        return dict(zip(await suite.ids(view, leg.rows), leg.scores.tolist(), strict=True))

    before = await scores()
    await suite.record(store, *(suite.memory("tea", other) for _ in range(50)))
    retired = [suite.memory("tea tea tea") for _ in range(20)]
    await suite.record(store, *retired)
    await store.retire_all(suite.ada, [suite.deleted(memory) for memory in retired])
    assert await scores() == pytest.approx(before, rel=1e-4)


async def test_words_are_found_in_any_script(store, suite):
    texts = {
        "東京に住んでいます": "東京",
        "живу в Москве": "Москва",
        "ฉันชอบแมว": "แมว",
        "저는 서울에 살아요": "서울",
        "Müller": "muller",
    }
    memories = {text: suite.memory(text) for text in texts}
    await suite.record(store, *memories.values())
    for text, query in texts.items():
        assert (await suite.lexical(store, suite.selection(), query))[0] == memories[text].id


@pytest.mark.parametrize("query", [*ODD, "word " * 10_000], ids=lambda query: ascii(query[:12]))
async def test_no_query_fails(store, suite, query):
    await suite.record(store, suite.memory("pizza 🍕 with a word"), suite.memory("nothing"))
    view = await store.view(suite.selection())
    leg = await view.lexical(query, 10)
    assert np.all(leg.scores > 0)
    assert len(leg.rows) == (1 if query.startswith(("🍕", "word")) else 0)
    rows = (await view.dense(suite.vector(), 5)).rows
    evidence = await view.evidence(rows, await view.neighbours(rows), None, query)
    assert np.isnan(evidence.dense).all()


async def test_evidence_is_what_the_legs_say_and_zero_where_they_are_silent(store, suite):
    texts = ["tea", "coffee and tea", "water", "tea tea", "juice"]
    await suite.record(store, *(suite.memory(text, minutes=n) for n, text in enumerate(texts)))
    view, query = await store.view(suite.selection()), suite.vector()
    dense, lexical = await view.dense(query, 10), await view.lexical("tea", 10)
    evidence = await view.evidence(dense.rows, await view.neighbours(dense.rows), query, "tea")
    assert evidence.dense.tolist() == dense.scores.tolist()
    said = dict(zip(lexical.rows.tolist(), lexical.scores.tolist(), strict=True))
    assert evidence.lexical.tolist() == [said.get(row, 0.0) for row in dense.rows.tolist()]


async def test_neighbours_are_the_turns_before_and_after_in_the_same_conversation(store, suite):
    s1, s2 = (replace(suite.ada, session_id=name) for name in ("s1", "s2"))
    # Given out of order: time decides, then arrival.
    said = [("c", s1, 3), ("x", s2, 1), ("a", s1, 1), ("d", s1, 3), ("b", s1, 2), ("y", s2, 2), ("z", suite.ada, 2)]
    memories = {text: suite.memory(text, scope, minutes=minutes) for text, scope, minutes in said}
    memories["fact"] = suite.memory("fact", s1, kind="fact", minutes=2)
    vectors = await suite.record(store, *memories.values())
    await check_neighbours(store, suite, memories, vectors, suite.selection(), ["abcd", "xy", "z"])
    without = suite.selection(condition=parse_filter({"hidden": {"$exists": False}}))
    await check_neighbours(store, suite, memories, vectors, without, ["abcd", "xy", "z"])


async def test_neighbours_are_among_what_the_view_may_see(store, suite):
    memories = {text: suite.memory(text, minutes=n, metadata={"text": text}) for n, text in enumerate("abcde")}
    vectors = await suite.record(store, *memories.values())
    seen = suite.selection(condition=parse_filter({"text": {"$ne": "c"}}))
    await check_neighbours(store, suite, memories, vectors, seen, ["abde"])
    await store.retire_all(suite.ada, [suite.deleted(memories["b"])])
    await check_neighbours(store, suite, memories, vectors, suite.selection(), ["acde"])
    memories["f"] = suite.memory("f", minutes=2.5)
    vectors |= await suite.record(store, memories["f"])
    await check_neighbours(store, suite, memories, vectors, suite.selection(), ["acfde"])


async def check_neighbours(store, suite, memories, vectors, selection, conversations):
    view, query = await store.view(selection), suite.vector()
    rows = (await view.dense(query, 100)).rows
    texts = [memory.text for memory in await view.hydrate(rows)]
    words = "a b c d e f x y z"
    beside = await view.neighbours(rows)
    evidence = await view.evidence(rows, beside, query, words)
    assert beside.shape == (len(rows), 4)
    known = {int(row): text for row, text in zip(rows, texts, strict=True)}
    said = dict(zip(texts, evidence.lexical.tolist(), strict=True))
    for row, text in enumerate(texts):
        conversation = next((c for c in conversations if text in c), "")
        at = conversation.find(text)
        for side, place in enumerate((at - 1, at + 1, at - 2, at + 2)):
            near = conversation[place] if conversation and 0 <= place < len(conversation) else None
            assert known.get(int(beside[row, side])) == near, (text, side)
            if near is None:
                assert np.isnan(evidence.near_dense[row, side]), (text, side)
                assert evidence.near_lexical[row, side] == 0
            else:
                cosine = float(vectors[memories[near].id] @ query)
                assert evidence.near_dense[row, side] == pytest.approx(cosine, abs=NEAR), (text, side)
                assert evidence.near_lexical[row, side] == pytest.approx(said[near])


async def test_an_agent_is_searched_across_the_users_it_met(store, suite):
    scopes = [Scope("acme", user, "bot", session) for user in ("ada", "bob", None) for session in ("s1", "s2")]
    mine = [suite.memory("tea with the bot", scope) for scope in scopes]
    others = [suite.memory("tea", Scope("acme", "ada", "other")), suite.memory("tea", Scope("umbrella", "ada", "bot"))]
    await suite.record(store, *mine, *others)
    for scope in (Scope("acme", agent_id="bot"), Scope("acme", agent_id="bot", session_id="s1")):
        expected = {memory.id for memory in mine if scope.contains(memory.scope)}
        assert set(await suite.dense(store, suite.selection(scope))) == expected
        assert set(await suite.lexical(store, suite.selection(scope), "tea")) == expected


async def test_the_same_question_has_the_same_answer(store, suite):
    vector = suite.vector()
    memories = [suite.memory("the same words") for _ in range(30)]
    await suite.record(store, *memories, vectors=False)
    await store.embedded({memory.id: vector for memory in memories}, memories, None)
    first = await suite.dense(store, suite.selection(), vector), await suite.lexical(store, suite.selection(), "same")
    for _ in range(3):
        assert await suite.dense(store, suite.selection(), vector) == first[0]
        assert await suite.lexical(store, suite.selection(), "same") == first[1]
    assert first[1] == [memory.id for memory in memories]


async def test_what_is_erased_under_an_open_view_is_left_out(store, suite):
    kept, erased = suite.memory("tea"), suite.memory("tea", replace(suite.ada, session_id="s1"))
    await suite.record(store, kept, erased)
    view = await store.view(suite.selection())
    rows = (await view.lexical("tea", 10)).rows
    await store.erase(erased.scope)
    found = await view.hydrate(rows)
    assert found.count(None) == 1
    assert kept in found
    assert erased.id not in await suite.dense(store, suite.selection())


async def test_a_view_stays_as_it_was_while_the_store_is_written_to(store, suite):
    memories = [suite.memory(f"tea {n}", minutes=n) for n in range(5)]
    await suite.record(store, *memories)
    view, query = await store.view(suite.selection()), suite.vector()
    await suite.record(store, *(suite.memory("tea") for _ in range(50)))
    await store.retire_all(suite.ada, [suite.deleted(memories[0])])
    assert len((await view.dense(query, 100)).rows) == 5
    rows = (await view.lexical("tea", 100)).rows
    assert set(await suite.ids(view, rows)) == {memory.id for memory in memories}
    assert len((await view.evidence(rows, await view.neighbours(rows), query, "tea")).dense) == 5


async def test_an_outline_tells_who_when_and_what_kind_of_text(store, suite):
    s1, s2 = (replace(suite.ada, session_id=name) for name in ("s1", "s2"))
    memories = [
        suite.memory("Do you like tea?", s1, speaker="Ada"),
        suite.memory("Yes, since 2019", s1, minutes=1, role="assistant"),
        suite.memory("We met Bob", s2, minutes=2, speaker="Bob"),
        suite.memory("Ada likes tea", kind="fact", minutes=3),
    ]
    await suite.record(store, *memories)
    view = await store.view(suite.selection())
    rows = (await view.dense(suite.vector(), 10)).rows
    outline = await view.outline(rows)
    found = {memory.id: place for place, memory in enumerate(await view.hydrate(rows))}
    places = [found[memory.id] for memory in memories]
    assert [KINDS[outline.kinds[place]] for place in places] == ["turn", "turn", "turn", "fact"]
    assert [outline.times[place] for place in places] == [int(m.valid_from.timestamp() * 1e6) for m in memories]
    assert [outline.speakers[place] for place in places] == ["Ada", None, "Bob", None]
    assert [bool(outline.assistant[place]) for place in places] == [False, True, False, False]
    assert [outline.signs[place] for place in places] == [signs_of(memory.text) for memory in memories]
    nothing = await view.outline(rows[:0])
    assert (len(nothing.kinds), len(nothing.speakers)) == (0, 0)
