"""MemoryStore: lessons, what was learned, how it is used, and decisions that are undone."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from engram_core.domain.change import Change, Op
from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError
from engram_core.ports import Turn

HOME = Claim("user", "home", "Lisbon")


async def told(store, suite, *texts, learn="later", scope=None):
    turns = [Turn(suite.memory(text, scope or suite.ada), None) for text in texts]
    return await store.record(turns, learn=learn)


async def learned(store, suite, turn, text="Ada lives in Lisbon", scope=None, **fields):
    """Add a statement about a turn."""
    where = scope or replace(turn.scope, session_id=None)
    fact = suite.memory(text, where, kind="fact", sources=(turn.id,), **{"claim": HOME, **fields})
    await store.apply([suite.added(fact)], {})
    return fact


# -- lessons


async def test_a_lesson_holds_the_fresh_turns_of_an_owner(store, suite):
    recorded = await told(store, suite, "one", "two")
    (job,) = recorded.lessons
    lesson = await store.claim_lesson()
    assert lesson.job == job
    assert lesson.turns == recorded.turns
    assert lesson.attempts == 1
    assert await store.claim_lesson() is None
    assert (await store.record([], learn="later")).lessons == ()


async def test_what_is_not_to_be_learned_makes_no_lesson(store, suite):
    recorded = await store.record([Turn(suite.memory("one"), None)])
    assert recorded.lessons == ()
    assert await store.claim_lesson() is None


async def test_now_leaves_the_lesson_to_the_caller(store, suite):
    (job,) = (await told(store, suite, "one", learn="now")).lessons
    assert await store.claim_lesson() is None
    assert (await store.claim_lesson(upto=job)).job == job


async def test_lessons_of_one_owner_come_in_order_and_never_two_at_once(store, suite):
    first, second = [(await told(store, suite, text)).lessons[0] for text in ("one", "two")]
    assert (await store.claim_lesson()).job == first
    assert await store.claim_lesson() is None
    assert await store.claim_lesson(upto=second) is None
    assert await store.apply([], {}, lesson=first)
    assert (await store.claim_lesson()).job == second


async def test_a_caller_learns_what_came_before_its_own(store, suite):
    first = (await told(store, suite, "one")).lessons[0]
    second = (await told(store, suite, "two", learn="now")).lessons[0]
    assert (await store.claim_lesson(upto=second)).job == first
    await store.apply([], {}, lesson=first)
    assert (await store.claim_lesson(upto=second)).job == second


async def test_owners_do_not_wait_for_each_other(store, suite):
    await told(store, suite, "one")
    await told(store, suite, "two", scope=Scope("acme", "bob"))
    claimed = {(await store.claim_lesson()).turns[0].text for _ in range(2)}
    assert claimed == {"one", "two"}


async def test_an_applied_lesson_is_learned_once(store, suite):
    (job,) = (await told(store, suite, "one")).lessons
    fact = suite.memory("Ada lives in Lisbon", kind="fact")
    assert await store.apply([suite.added(fact)], {}, lesson=job)
    again = suite.memory("Ada lives in Lisbon", kind="fact")
    assert not await store.apply([suite.added(again)], {}, lesson=job)
    assert await store.get("acme", [again.id]) == []
    assert await store.live_lessons([job]) == frozenset()


async def test_a_lesson_stays_when_its_changes_conflict(store, suite):
    (job,) = (await told(store, suite, "one")).lessons
    with pytest.raises(ConflictError):
        await store.apply([suite.deleted(suite.memory("unknown"))], {}, lesson=job)
    assert await store.live_lessons([job]) == {job}


async def test_a_postponed_lesson_comes_back_and_keeps_the_next_one_waiting(store, suite):
    first, second = [(await told(store, suite, text)).lessons[0] for text in ("one", "two")]
    await store.claim_lesson()
    await store.postpone_lesson(first, "down", 3600)
    assert await store.claim_lesson() is None
    await store.postpone_lesson(first, "down", 0)
    lesson = await store.claim_lesson(upto=second)
    assert (lesson.job, lesson.attempts) == (first, 2)


async def test_a_lesson_that_is_put_off_is_told_from_one_that_is_held(open_store, suite):
    store = await open_store(lesson_lease=0.5)
    first = (await told(store, suite, "one", learn="now")).lessons[0]
    second = (await told(store, suite, "two", learn="now")).lessons[0]
    await told(store, suite, "three", scope=Scope("acme", "bob"))
    assert not await store.is_put_off(second)  # whoever wrote the first is about to learn it
    await store.claim_lesson(upto=first)
    assert not await store.is_put_off(second)
    await store.postpone_lesson(first, "down", 3600)
    assert await store.is_put_off(second)
    assert await store.is_put_off(first)
    await store.postpone_lesson(first, "", 0)
    assert not await store.is_put_off(second)  # it is due
    assert (await store.claim_lesson(upto=second)).job == first
    assert not await store.is_put_off(second)  # claimed anew
    await store.renew_lesson(first)
    assert not await store.is_put_off(second)
    await asyncio.sleep(0.6)
    assert (await store.claim_lesson(upto=second)).job == first  # whoever held it was killed
    await store.postpone_lesson(first, "", 3600)
    assert await store.is_put_off(second)
    await store.postpone_lesson(first, "nonsense", None)
    assert not await store.is_put_off(second)  # a dead one holds nobody up
    await store.postpone_lesson(second, "down", 3600)
    await store.postpone_lesson(second, "nonsense", None)
    assert not await store.is_put_off(second)
    assert not await store.is_put_off(new_id())


async def test_a_dead_lesson_holds_nobody_up_and_is_replayed(store, suite):
    first, second = [(await told(store, suite, text)).lessons[0] for text in ("one", "two")]
    await store.claim_lesson()
    await store.postpone_lesson(first, "nonsense", None)
    await store.postpone_lesson(first, "later", 0)
    (letter,) = await store.dead_lessons("acme", 10)
    assert (letter.id, letter.attempts, letter.error) == (first, 1, "nonsense")
    assert await store.dead_lessons("other", 10) == []
    queue = await store.queue("acme")
    assert (queue.waiting, queue.dead) == (1, 1)
    assert (await store.claim_lesson()).job == second
    await store.apply([], {}, lesson=second)
    assert await store.replay("other") == 0
    assert await store.replay("acme", [new_id()]) == 0
    assert await store.replay("acme", [first]) == 1
    assert (await store.claim_lesson()).job == first
    await store.apply([], {}, lesson=first)
    assert await store.queue("acme") == replace(queue, waiting=0, dead=0, oldest=None)


async def test_a_lease_that_ends_gives_the_lesson_to_the_next(open_store, suite):
    store = await open_store(lesson_lease=0)
    (job,) = (await told(store, suite, "one", learn="now")).lessons
    assert [(await store.claim_lesson()).attempts for _ in range(2)] == [1, 2]
    assert await store.live_lessons([job]) == {job}


async def test_a_renewed_lease_is_not_given_to_the_next(open_store, suite):
    store = await open_store(lesson_lease=0.4)
    await told(store, suite, "one")
    lesson = await store.claim_lesson()
    assert lesson.lease == 0.4
    for _ in range(4):
        await asyncio.sleep(0.2)
        await store.renew_lesson(lesson.job)
        assert await store.claim_lesson() is None
    await asyncio.sleep(0.5)
    assert (await store.claim_lesson()).attempts == 2
    await store.renew_lesson(new_id())


async def test_failures_are_counted_in_the_store_until_a_replay(store, suite):
    (job,) = (await told(store, suite, "one")).lessons
    assert (await store.claim_lesson()).failures == 0
    await store.postpone_lesson(job, "away", 0)
    await store.postpone_lesson(job, "nonsense", 0, failed=True)
    assert (await store.claim_lesson()).failures == 1
    await store.postpone_lesson(job, "nonsense", None, failed=True)
    await store.replay("acme")
    lesson = await store.claim_lesson()
    assert (lesson.attempts, lesson.failures) == (1, 0)


async def test_erased_and_retired_turns_are_not_learned(store, suite):
    session = replace(suite.ada, session_id="s")
    await told(store, suite, "gone", scope=session)
    await store.erase(session)
    assert await store.claim_lesson() is None
    recorded = await told(store, suite, "retired", "kept")
    await store.apply([suite.deleted(recorded.turns[0])], {})
    assert [turn.text for turn in (await store.claim_lesson()).turns] == ["kept"]


async def test_many_claimers_keep_the_order_of_every_owner(store, suite):
    random, order, done = Random(7), defaultdict(list), defaultdict(list)
    for n in range(30):
        user = f"user-{n % 3}"
        (job,) = (await told(store, suite, f"{n}", scope=Scope("acme", user))).lessons
        order[user].append(job)

    async def work():
        while await store.live_lessons([job for jobs in order.values() for job in jobs]):
            lesson = await store.claim_lesson()
            if lesson is None:
                await asyncio.sleep(0.001)
            elif random.random() < 0.3:
                await store.postpone_lesson(lesson.job, "again", 0)
            else:
                done[lesson.turns[0].scope.user_id].append(lesson.job)
                assert await store.apply([], {}, lesson=lesson.job)

    await asyncio.gather(*(work() for _ in range(4)))
    assert done == order


# -- statements


async def test_statements_are_those_of_exactly_this_scope_and_current(store, suite):
    (turn,) = (await told(store, suite, "I live in Lisbon")).turns
    fact = await learned(store, suite, turn)
    await learned(store, suite, turn, scope=Scope("acme", "ada", "agent"))
    await learned(store, suite, turn, claim=Claim("anna", "home", "Berlin"))
    await learned(store, suite, turn, valid_to=fact.valid_from + timedelta(days=1))
    scope = replace(turn.scope, session_id=None)
    assert [m.id for m in await store.statements(scope, {"user"}, suite.selection().now)] == [fact.id]
    assert (await store.statements(scope, {"user"}, suite.selection().now))[0].claim == HOME
    assert await store.statements(scope, {"nobody"}, suite.selection().now) == []


async def test_what_was_learned_from_turns_is_told_whatever_became_of_it(store, suite):
    first, second = (await told(store, suite, "one", "two")).turns
    kept, gone = await learned(store, suite, first), await learned(store, suite, second)
    await store.apply([suite.deleted(gone)], {})
    assert {m.id for m in await store.learned_from(Scope("acme"), [first.id, second.id])} == {kept.id, gone.id}
    assert [m.id for m in await store.learned_from(Scope("acme"), [first.id])] == [kept.id]
    assert await store.learned_from(Scope("other"), [first.id]) == []
    assert await store.learned_from(Scope("acme"), []) == []
    mine, bobs = replace(suite.ada, session_id="any"), replace(suite.ada, user_id="bob")
    assert [m.id for m in await store.learned_from(mine, [first.id])] == [kept.id]
    assert await store.learned_from(bobs, [first.id]) == []


async def test_the_successor_is_the_last_that_is_not_retired(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    a = await learned(store, suite, turn)
    change = suite.updated(a, "b", minutes=10)
    await store.apply([change], {})
    b = change.after
    assert (await store.successors(Scope("acme"), [a.id]))[a.id].id == b.id
    corrected = replace(suite.memory("c", b.scope, kind="fact", minutes=20), supersedes=b.id)
    await store.apply([suite.deleted(b), suite.added(corrected)], {})
    found = await store.successors(Scope("acme"), [a.id, b.id, corrected.id])
    assert {id: memory.id for id, memory in found.items()} == {a.id: corrected.id, b.id: corrected.id}
    assert await store.successors(Scope("other"), [a.id]) == {}
    assert set(await store.successors(suite.ada, [a.id])) == {a.id}
    assert await store.successors(replace(suite.ada, user_id="bob"), [a.id]) == {}


async def test_of_two_that_superseded_the_same_the_later_is_the_successor(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    a = await learned(store, suite, turn)
    both = [replace(suite.memory(text, a.scope, kind="fact"), supersedes=a.id) for text in ("b", "c")]
    await store.restore([(memory, None) for memory in both], [])
    assert (await store.successors(Scope("acme"), [a.id]))[a.id].id == both[1].id


async def test_a_line_of_versions_that_bites_its_tail_ends(store, suite):
    one, two = suite.memory("one", kind="fact"), suite.memory("two", kind="fact")
    one, two = replace(one, supersedes=two.id), replace(two, supersedes=one.id)
    await store.restore([(one, None), (two, None)], [])
    assert set(await store.successors(Scope("acme"), [one.id])) <= {one.id}


# -- observations and undoing


async def test_an_observation_adds_a_source_and_history_tells_it(store, suite):
    first, second = (await told(store, suite, "one", "two")).turns
    fact = await learned(store, suite, first)
    more = replace(fact, sources=(first.id, second.id))
    change = Change(new_id(), Op.NOOP, fact, more, "said again", "rules", fact.recorded_at, (second.id,))
    await store.apply([change], {})
    assert (await store.get("acme", [fact.id]))[0].observations == 2
    assert (await store.history("acme", fact.id))[-1] == change
    assert {m.id for m in await store.learned_from(Scope("acme"), [second.id])} == {fact.id}
    back = replace(change, id=new_id(), before=more, after=fact, undoes=change.id)
    await store.apply([back], {})
    assert (await store.get("acme", [fact.id]))[0] == fact
    assert await store.decision("acme", change.id) == [change]


async def test_an_update_that_is_undone_leaves_the_old_version_current(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    old = await learned(store, suite, turn)
    change = suite.updated(old, "Ada lives in Porto", minutes=10)
    await store.apply([change], {})
    new = change.after
    ended = replace(new, valid_to=new.valid_from, retired_at=new.recorded_at)
    undo = Change(new_id(), Op.UPDATE, ended, old, "undone", "user", new.recorded_at, undoes=change.id)
    await store.apply([undo], {})
    found = {m.id: m for m in await store.get("acme", [old.id, new.id])}
    assert found[old.id] == old
    assert found[new.id] == ended
    await store.apply([suite.updated(old, "Ada lives in Braga", minutes=30)], {})
    with pytest.raises(ConflictError):
        await store.apply([replace(undo, id=new_id())], {})


async def test_a_decision_is_told_with_what_it_caused(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    fact = await learned(store, suite, turn)
    first = replace(suite.deleted(fact), evidence=(turn.id,))
    part = replace(suite.deleted(turn), cause=first.id)
    await store.apply([first, part], {})
    assert await store.decision("acme", first.id) == [first, part]
    assert await store.decision("other", first.id) == []
    assert await store.decision("acme", new_id()) == []


async def test_what_an_import_names_in_another_tenant_changes_nothing_there(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    fact = await learned(store, suite, turn)
    other = replace(suite.ada, tenant="other")
    claimed = suite.memory("theirs", other, kind="fact", supersedes=fact.id, sources=(turn.id,))
    await store.restore([(claimed, None)], [])
    await store.apply([suite.updated(fact, "two")], {})
    await store.erase(suite.ada)
    assert [memory.sources for memory in await store.get("other", [claimed.id])] == [(turn.id,)]


@pytest.mark.parametrize("how", ["retired", "erased"])
async def test_nothing_is_learned_from_turns_that_went_meanwhile(store, suite, how):
    session = replace(suite.ada, session_id="s")
    (turn,) = (await told(store, suite, "one", scope=session)).turns
    fact = suite.memory("learned", suite.ada, kind="fact", sources=(turn.id,), claim=HOME)
    await (store.erase(session) if how == "erased" else store.apply([suite.deleted(turn)], {}))
    with pytest.raises(ConflictError, match="is gone"):
        await store.apply([suite.added(fact, evidence=(turn.id,))], {})
    assert await store.get("acme", [fact.id]) == []


async def test_closed_statements_are_told_apart_from_current_and_retired_ones(store, suite):
    turns = (await told(store, suite, "one", "two")).turns
    first = await learned(store, suite, turns[0])
    change = suite.updated(first, "Ada lives in Porto")
    await store.apply([change], {})
    retired = await learned(store, suite, turns[1], "Ada lives in Faro")
    await store.apply([suite.deleted(retired)], {})
    now = suite.selection().now
    assert [m.id for m in await store.statements(suite.ada, {"user"}, now)] == [change.after.id]
    assert [m.id for m in await store.statements(suite.ada, {"user"}, now, closed=True)] == [first.id]


async def test_an_observation_that_races_another_conflicts(store, suite):
    turns = (await told(store, suite, "one", "two", "three")).turns
    fact = await learned(store, suite, turns[0])
    for turn, wins in ((turns[1], True), (turns[2], False)):
        after = replace(fact, sources=(*fact.sources, turn.id))
        change = replace(suite.added(fact), op=Op.NOOP, before=fact, after=after, evidence=(turn.id,))
        if wins:
            await store.apply([change], {})
        else:
            with pytest.raises(ConflictError):
                await store.apply([change], {})


async def test_erasing_what_an_agent_heard_takes_it_out_of_wider_statements(store, suite):
    with_agent = replace(suite.ada, agent_id="bot")
    (here,) = (await told(store, suite, "one", scope=with_agent)).turns
    (there,) = (await told(store, suite, "two")).turns
    fact = suite.memory("both", suite.ada, kind="fact", sources=(here.id, there.id), claim=HOME)
    await store.apply([suite.added(fact)], {})
    await store.erase(with_agent)
    assert (await store.get("acme", [fact.id]))[0].sources == (there.id,)


async def test_only_statements_of_the_turns_owner_are_learned_from_them(store, suite):
    (turn,) = (await told(store, suite, "one")).turns
    claimed = suite.memory("bob's", replace(suite.ada, user_id="bob"), kind="fact", sources=(turn.id,))
    await store.restore([(claimed, None)], [])
    assert await store.learned_from(Scope("acme"), [turn.id]) == []


# -- uses


async def test_uses_are_counted_and_importance_is_weighed_without_a_new_version(store, suite):
    recorded = await told(store, suite, "one", "two")
    one, two = recorded.turns
    at = suite.selection().now
    await store.used("acme", {one.id: 2, new_id(): 1}, at)
    await store.used("acme", {one.id: 1}, at - timedelta(days=1))
    await store.used("other", {one.id: 1}, at)
    await store.weigh("acme", {one.id: 0.9})
    await store.weigh("acme", {one.id: 0.1})
    uses = await store.uses("acme", [one.id, two.id])
    assert (uses[one.id].accesses, uses[one.id].last_at, uses[one.id].stated) == (3, at, 0.5)
    assert (uses[two.id].accesses, uses[two.id].last_at, uses[two.id].stated) == (0, None, 0.5)
    assert (await store.get("acme", [one.id]))[0] == replace(one, importance=0.1)


# -- expiry


async def test_what_has_expired_and_is_not_retired_is_found_in_its_scope(store, suite):
    now = suite.selection().now
    late, early, current, gone, old = (
        suite.memory(name, suite.ada, expires_at=now + timedelta(hours=hours))
        for name, hours in (("late", 0), ("early", -2), ("current", 1), ("gone", -1), ("old", -3))
    )
    other = suite.memory("other", replace(suite.ada, user_id="bob"), expires_at=now - timedelta(hours=1))
    await store.record([Turn(memory, None) for memory in (late, early, current, gone, old, other)])
    newer = suite.updated(old, "newer")
    newer = replace(newer, after=replace(newer.after, expires_at=None))
    await store.apply([suite.deleted(gone), newer], {})
    found = await store.expired(suite.ada, now, 10)
    assert [memory.id for memory in found] == [early.id, late.id]
    assert [memory.id for memory in await store.expired(suite.ada, now, 1)] == [early.id]
    assert await store.expired(replace(suite.ada, tenant="other"), now, 10) == []


# -- erasing


async def test_what_was_learned_in_an_erased_session_alone_goes_with_it(store, suite):
    here, there = replace(suite.ada, session_id="here"), replace(suite.ada, session_id="there")
    a = (await told(store, suite, "one", scope=here)).turns[0]
    b = (await told(store, suite, "two", scope=there)).turns[0]
    alone = await learned(store, suite, a)
    shared = suite.memory("both", replace(suite.ada, session_id=None), kind="fact", sources=(a.id, b.id), claim=HOME)
    await store.apply([suite.added(shared)], {})
    receipt = await store.erase(here)
    assert receipt.memories == 2
    assert await store.get("acme", [alone.id, a.id]) == []
    assert (await store.get("acme", [shared.id]))[0].sources == (b.id,)
    assert await store.history("acme", alone.id) == []
