"""Consolidation and expiry, over a store in memory and a real Postgres."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from engram_core import (
    AsyncEngram,
    ConflictError,
    InvalidInputError,
    ProviderError,
    ProviderUnavailableError,
    Reply,
    Settings,
)
from engram_core.ports import ChatModel
from engram_core.testing import FakeEmbedder

NOW = datetime.now(UTC)
STATEMENTS = ["fact", "preference", "event"]


class Summing(ChatModel):
    """Learns where the first turn says somebody lives, if anywhere, and summarises by counting."""

    name = "summing"

    def __init__(self):
        self.asked, self.fails = 0, None

    async def answer(self, messages, schema):
        if schema["title"] != "Summary":
            return Reply(
                json.dumps({"statements": [self.home(c) for c in ("Lisbon", "Porto") if c in messages[-1][1]]})
            )
        self.asked += 1
        if self.fails:
            raise self.fails
        last = messages[-1][1].splitlines()[-1]
        return Reply(json.dumps({"summary": f"Summary {self.asked}, up to: {last.partition(': ')[2]}"}))

    def home(self, city):
        said = {"turns": [1], "subject": "user", "attribute": "home", "value": city}
        return {**said, "text": f"User lives in {city}."}


@pytest.fixture
def model():
    return Summing()


@pytest.fixture
def few(store):
    """Make an engine with other limits."""

    def make(**limits):
        return AsyncEngram(Settings(**store, **limits), embedder=FakeEmbedder())

    return make


async def texts(memory, user, kinds=None, **more):
    return [m.text for m in await memory.get_all(user_id=user, kinds=kinds, limit=1000, **more)]


async def told(memory, user, *said, session="s", days=0):
    at = [NOW - timedelta(days=days) + timedelta(seconds=n) for n in range(len(said))]
    messages = [{"content": text, "occurred_at": when} for text, when in zip(said, at, strict=True)]
    return (await memory.add(messages, user_id=user, session_id=session)).turns


# -- consolidate


@pytest.mark.anyio
async def test_duplicates_become_one_and_undo_brings_them_back(memory, user):
    await memory.add("I love hiking.", user_id=user)
    await memory.add("I love hikes.", user_id=user)
    before = await texts(memory, user, STATEMENTS)
    assert len(before) == 2
    result = await memory.consolidate(user_id=user)
    (kept,) = await memory.get_all(user_id=user, kinds=STATEMENTS)
    assert (kept.text, kept.observations) == (before[0], 2)
    assert len(await texts(memory, user, ["turn"])) == 2
    assert (await memory.consolidate(user_id=user)).merged == ()
    await memory.undo(result.merged[0].id)
    assert await texts(memory, user, STATEMENTS) == before
    assert (await memory.get(kept.id)).observations == 1


@pytest.mark.anyio
async def test_importance_falls_with_age_and_rises_with_use(memory, user):
    old, used = await told(memory, user, "the harbour in winter", "saffron and lemons", days=200)
    (fresh,) = await told(memory, user, "a new bicycle", session="t")
    for _ in range(5):
        await memory.search("saffron lemons", user_id=user, limit=1)
    result = await memory.consolidate(user_id=user)
    weights = {m.text: m.importance for m in await memory.get_all(user_id=user)}
    assert weights[old.text] < weights[used.text]
    assert weights[fresh.text] == 0.5
    assert result.weighed == 2
    assert (await memory.consolidate(user_id=user)).weighed == 0


@pytest.mark.anyio
async def test_a_new_version_begins_with_what_was_stated(memory, user):
    (old,) = await told(memory, user, "the harbour in winter", days=400)
    await memory.consolidate(user_id=user)
    assert (await memory.get(old.id)).importance < 0.3
    change = await memory.update(old.id, "the harbour in summer")
    assert change.after.importance == 0.5


@pytest.mark.anyio
async def test_sessions_are_summarised_once_and_again_when_they_go_on(talking, model, user):
    await told(talking, user, *(f"word {n}" for n in range(5)))
    await told(talking, user, "too", "short", session="other")
    (first,) = (await talking.consolidate(user_id=user)).summaries
    assert first.after.text == "Summary 1, up to: word 4"
    assert (await talking.consolidate(user_id=user)).summaries == ()
    await told(talking, user, *(f"more {n}" for n in range(4)), days=-0.01)
    (second,) = (await talking.consolidate(user_id=user)).summaries
    assert second.before.id == first.after.id
    assert await texts(talking, user, ["summary"]) == ["Summary 2, up to: more 3"]
    assert model.asked == 2
    hit = (await talking.search("Summary up to more", user_id=user, kinds="summary"))[0]
    assert hit.memory.id == second.after.id


@pytest.mark.anyio
async def test_a_summary_goes_with_a_turn_that_it_tells_of_and_undo_brings_both_back(talking, user):
    turns = await told(talking, user, *(f"word {n}" for n in range(5)))
    await talking.consolidate(user_id=user)
    change = await talking.delete(turns[2].id)
    assert await texts(talking, user, ["summary"]) == []
    await talking.undo(change.id)
    assert await texts(talking, user, ["summary"]) == ["Summary 1, up to: word 4"]
    await talking.delete(turns[2].id)
    (again,) = (await talking.consolidate(user_id=user)).summaries
    assert turns[2].id not in again.after.sources


@pytest.mark.anyio
async def test_a_summary_that_was_deleted_is_not_written_again(talking, model, user):
    await told(talking, user, *(f"word {n}" for n in range(5)))
    (change,) = (await talking.consolidate(user_id=user)).summaries
    await talking.delete(change.after.id)
    assert (await talking.consolidate(user_id=user)).summaries == ()
    assert model.asked == 1


@pytest.mark.anyio
async def test_a_model_that_is_away_costs_a_later_call_and_is_named(talking, model, user):
    for session in ("one", "two"):
        await told(talking, user, *(f"{session} {n}" for n in range(5)), session=session)
    model.fails = ProviderUnavailableError("away")
    result = await talking.consolidate(user_id=user)
    assert result.summaries == ()
    assert result.failed == {f"user {user!r}, session 'one'": "away"}
    model.fails = None
    assert len((await talking.consolidate(user_id=user)).summaries) == 2


@pytest.mark.anyio
async def test_sessions_of_one_name_that_fail_are_told_apart(talking, model, user):
    for name in ("ada", "bea"):
        await told(talking, name, *(f"{name} {n}" for n in range(5)), session=user)
    scope = {"agent_id": "ada", "session_id": user}
    await talking.add([f"ada {n}" for n in range(5)], **scope)
    model.fails = ProviderError("bad \x00 \ud800")
    result = await talking.consolidate(session_id=user)
    assert result.failed == {
        f"{owner}, session {user!r}": "bad \ufffd ?" for owner in ("user 'ada'", "user 'bea'", "agent 'ada'")
    }


@pytest.mark.anyio
async def test_a_summary_says_what_changed_since(talking, user):
    told_then = ["I live in Lisbon.", "The flat is small.", "The cat likes it.", "So do I."]
    await told(talking, user, *told_then, session="then", days=100)
    await talking.consolidate(user_id=user)
    await told(talking, user, "I moved to Porto!", session="now")
    hits = await talking.search("So do I, summary up to", user_id=user, limit=20)
    summary = next(hit for hit in hits if hit.memory.kind == "summary")
    assert summary.superseded_by.text == "User lives in Porto."
    context = await talking.context("So do I, summary up to", user_id=user)
    assert f"So do I. (since {summary.ended_at:%Y-%m-%d}: User lives in Porto.)" in context
    outdated = next(hit for hit in hits if hit.memory.text == told_then[0])
    assert outdated.superseded_by.text == "User lives in Porto."


@pytest.mark.anyio
async def test_an_erased_session_takes_its_summary(talking, user):
    await told(talking, user, *(f"word {n}" for n in range(5)))
    await talking.consolidate(user_id=user)
    assert (await talking.erase(user_id=user, session_id="s")).memories == 6


# -- expire


@pytest.mark.anyio
async def test_what_expires_is_not_found_then_retired_with_its_reason(memory, user):
    past = NOW - timedelta(minutes=1)
    result = await memory.add("I live in Lisbon.", user_id=user, expires_at=past)
    assert result.changes[0].after.expires_at == past
    assert await texts(memory, user) == []
    assert list(await memory.search("Lisbon", user_id=user)) == []
    expired = await memory.expire(user_id=user)
    assert len(expired.expired) == 2
    history = await memory.history(result.turns[0].id)
    assert history[-1].reason.startswith("it expired at")
    assert history[-1].actor == "expiry"
    again = await memory.expire(user_id=user)
    assert (again.expired, again.over_limit, again.learned) == ((), (), 0)


@pytest.mark.anyio
async def test_a_statement_lasts_as_long_as_the_last_turn_that_says_it(memory, user):
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    await memory.add("I live in Lisbon.", user_id=user, expires_at=later)
    await memory.add("I live in Lisbon.", user_id=user, expires_at=soon)
    (home,) = await memory.get_all(user_id=user, kinds=STATEMENTS)
    assert (home.expires_at, home.observations) == (later, 2)
    await memory.add("As I said, I live in Lisbon.", user_id=user)
    (home,) = await memory.get_all(user_id=user, kinds=STATEMENTS)
    assert home.expires_at is None


@pytest.mark.anyio
async def test_a_summary_goes_with_the_first_turn_that_expires(memory, talking, user):
    await told(talking, user, *(f"word {n}" for n in range(4)))
    await talking.add("secret", user_id=user, session_id="s", expires_at=NOW + timedelta(days=1))
    (change,) = (await talking.consolidate(user_id=user)).summaries
    assert change.after.expires_at == NOW + timedelta(days=1)


@pytest.mark.anyio
async def test_memories_expire_by_the_setting_unless_they_say_otherwise(few, user):
    async with few(ttl_days=2) as memory:
        turn = (await memory.add("one", user_id=user)).turns[0]
        own = (await memory.add("two", user_id=user, expires_at=NOW + timedelta(days=9))).turns[0]
        await memory.add_many(["three"], user_id=user)
        third = (await memory.get_all(user_id=user)).items[-1]
    assert turn.expires_at - turn.recorded_at == timedelta(days=2)
    assert own.expires_at == NOW + timedelta(days=9)
    assert third.expires_at > NOW + timedelta(days=1)


@pytest.mark.anyio
async def test_too_many_are_retired_least_valuable_first_and_never_silently(few, user, caplog):
    async with few(max_memories_per_user=10) as memory:
        await told(memory, user, "I live in Lisbon.", session="a", days=300)
        await told(memory, user, *(f"old {n}" for n in range(6)), session="b", days=200)
        await told(memory, user, *(f"new {n}" for n in range(6)), session="c")
        before = await texts(memory, user)
        with caplog.at_level(logging.WARNING):
            result = await memory.expire(user_id=user)
        after = await texts(memory, user)
        assert len(after) == 10
        gone = [change.before.text for change in result.over_limit]
        assert gone == ["I live in Lisbon.", "old 0", "old 1", "old 2"]
        assert set(before) - set(after) == set(gone)
        assert "User lives in Lisbon." in after
        assert "4 memories" in caplog.text
        history = await memory.history(result.over_limit[0].before.id)
        assert "over the limit of 10 memories" in history[-1].reason
        await memory.undo(result.over_limit[0].id)
        assert len(await texts(memory, user)) == 11


@pytest.mark.anyio
async def test_the_newest_stays_whatever_it_is_worth(few, user):
    async with few(max_memories_per_user=1) as memory:
        await told(memory, user, "old", session="a", days=1)
        (new,) = await told(memory, user, "new", session="b", days=900)
        await memory.expire(user_id=user)
        assert [m.id for m in await memory.get_all(user_id=user)] == [new.id]


@pytest.mark.anyio
async def test_the_limit_is_of_a_whole_user_and_of_that_user_alone(few, user):
    async with few(max_memories_per_user=2) as memory:
        for name in (user, user + "-other"):
            await told(memory, name, *(f"word {n}" for n in range(5)))
        assert (await memory.expire(user_id=user, session_id="s")).over_limit == ()
        assert len((await memory.expire(user_id=user)).over_limit) == 3
        assert len(await texts(memory, user + "-other")) == 5
    async with few(max_memories_per_user=0) as memory:
        assert (await memory.expire(user_id=user + "-other")).over_limit == ()


@pytest.mark.anyio
@pytest.mark.parametrize("verb", ["consolidate", "expire"])
async def test_an_empty_scope_is_an_error(memory, verb):
    with pytest.raises(InvalidInputError, match="at least one of user_id"):
        await getattr(memory, verb)()


@pytest.mark.anyio
async def test_a_later_change_forbids_undoing(memory, user):
    await memory.add("I love hiking.", user_id=user)
    await memory.add("I love hikes.", user_id=user)
    (gone, _) = (await memory.consolidate(user_id=user)).merged
    await memory.undo(gone.id)
    with pytest.raises(ConflictError):
        await memory.undo(gone.id)
