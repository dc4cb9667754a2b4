"""`add` and `add_many`."""

import asyncio

import pytest

from engram_core import InvalidInputError, Message, ProviderError, ProviderUnavailableError, Space
from engram_core.engine import Backend, Engine, LazyBackend
from engram_core.engine.base import utc_now
from engram_core.engine.learning import Lessons
from engram_core.engine.uses import UseLog
from engram_core.ingest.learn.asking import Meter
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.learn.rules import RulesExtractor
from engram_core.ports import Embedder
from engram_core.providers.tokens import EstimateCounter
from engram_core.stores.inmemory import InMemoryStore

WHEN = "2024-05-01T10:00:00Z"


async def texts(memory, **scope):
    return [m.text for m in await memory.get_all(limit=1000, **scope)]


class Failing(Embedder):
    """Fails as often as it is told to, then works."""

    def __init__(self, inner, times=10**9, error=None):
        self.inner = inner
        self.times = times
        self.error = error or ProviderUnavailableError("down")

    async def space(self) -> Space:
        return await self.inner.space()

    async def embed(self, texts):
        if self.times > 0:
            self.times -= 1
            raise self.error
        return await self.inner.embed(texts)


async def test_turns_come_back_in_the_order_given(memory):
    result = await memory.add(["one", {"role": "assistant", "content": "two"}, Message("three")], user_id="ada")
    assert [turn.text for turn in result.turns] == ["one", "two", "three"]
    assert [turn.role for turn in result.turns] == ["user", "assistant", "user"]
    assert result.changes == ()
    assert await texts(memory, user_id="ada") == ["one", "two", "three"]


@pytest.mark.parametrize(
    "scope",
    [{}, {"user_id": ""}, {"user_id": {"id": 1}}, {"user_id": 7}, {"user_id": "a\x00"}, {"user_id": "u" * 513}],
)
async def test_a_scope_must_name_somebody(memory, scope):
    with pytest.raises(InvalidInputError):
        await memory.add("hello", **scope)


async def test_a_refused_call_writes_nothing(memory):
    with pytest.raises(InvalidInputError):
        await memory.add(["good", "bad\x00"], user_id="ada")
    assert await texts(memory, user_id="ada") == []


@pytest.mark.parametrize(
    "odd", ["😀😀", "a" * 1_000_000, "'; DROP TABLE memories; --", "\u202eright to left", "  pad  "]
)
async def test_odd_text_is_kept_as_given(memory, odd):
    result = await memory.add(odd, user_id="ada")
    assert (await memory.get(result.turns[0].id)).text == odd


async def test_the_same_turn_with_a_stated_time_is_stored_once(memory):
    batch = [Message("ok"), Message("ok"), Message("fine")]
    first = await memory.add(batch, user_id="ada", occurred_at=WHEN)
    second = await memory.add(batch, user_id="ada", occurred_at=WHEN)
    assert (first.duplicates, second.duplicates) == (0, 3)
    assert [turn.id for turn in first.turns] == [turn.id for turn in second.turns]
    assert await texts(memory, user_id="ada") == ["ok", "ok", "fine"]


async def test_without_a_time_every_call_is_new_unless_it_has_a_key(memory):
    await memory.add("yes", user_id="ada")
    await memory.add("yes", user_id="ada")
    await memory.add("keyed", user_id="ada", idempotency_key="k")
    again = await memory.add("keyed", user_id="ada", idempotency_key="k")
    assert again.duplicates == 1
    assert await texts(memory, user_id="ada") == ["yes", "yes", "keyed"]


async def test_fifty_concurrent_adders_lose_and_double_nothing(memory):
    await asyncio.gather(*(memory.add([f"turn {i}", f"reply {i}"], user_id="ada") for i in range(50)))
    found = await texts(memory, user_id="ada")
    assert sorted(found) == sorted([f"turn {i}" for i in range(50)] + [f"reply {i}" for i in range(50)])


async def test_a_failing_embedder_costs_no_turn(memory, embedder):
    backend = await memory._backend.opened()
    object.__setattr__(backend, "embedder", Failing(embedder, 1))
    result = await memory.add("the zebra escaped", user_id="ada")
    assert result.pending == 1
    recall = await memory.search("zebra", user_id="ada")
    assert [hit.memory.text for hit in recall] == ["the zebra escaped"]


async def test_what_has_no_vector_gets_one_while_the_engine_is_open(embedder):
    store, failing = InMemoryStore(lease=0), Failing(embedder, 3)

    async def build():
        learner = Learner(store, failing, RulesExtractor(), None, utc_now)
        return Backend(store, failing, EstimateCounter(), Lessons(store, failing, learner), Meter(), UseLog(store))

    async with Engine(LazyBackend(build, sweep_every=0), "default") as engine:
        assert (await engine.add("the zebra escaped", user_id="ada")).pending == 1
        async with asyncio.timeout(60):
            while not (failing.times == 0 and "dense" in (await engine.search("zebra", user_id="ada"))[0].signals):
                await asyncio.sleep(0)


async def test_a_bulk_import_may_carry_sessions_and_counts_them(memory):
    seen = []
    messages = [Message(f"turn {i}", session_id=f"s{i % 3}") for i in range(1300)]
    result = await memory.add_many(iter(messages), user_id="ada", progress=seen.append)
    assert (result.added, result.duplicates) == (1300, 0)
    assert seen[-1] == 1300
    assert seen == sorted(seen)
    page = await memory.get_all(user_id="ada", session_id="s1", limit=1000)
    assert [m.text for m in page] == [f"turn {i}" for i in range(1, 1300, 3)]


async def test_a_bulk_import_run_again_adds_what_is_missing(memory):
    messages = ["ok", "yes", "ok", "no", "ok"]
    await memory.add_many(messages[:2], user_id="ada")
    result = await memory.add_many(messages, user_id="ada")
    assert (result.added, result.duplicates) == (3, 2)
    assert sorted(await texts(memory, user_id="ada")) == sorted(messages)


async def test_a_bulk_import_takes_an_async_iterable(memory):
    async def source():
        for i in range(3):
            yield {"content": f"turn {i}", "occurred_at": WHEN}

    assert (await memory.add_many(source(), session_id="s")).added == 3


async def test_a_bad_message_stops_a_bulk_import_after_those_before_it(memory):
    with pytest.raises(InvalidInputError, match="content"):
        await memory.add_many(["a", "b", "", "c"], user_id="ada")
    assert await texts(memory, user_id="ada") == ["a", "b"]


@pytest.mark.parametrize("messages", [{"role": "user", "content": "one"}, "one", b"one", Message("one"), 5, None])
async def test_one_message_is_no_bulk_import(memory, messages):
    with pytest.raises(InvalidInputError, match=r"^messages: "):
        await memory.add_many(messages, user_id="ada")
    assert await texts(memory, user_id="ada") == []


async def test_progress_that_cannot_be_called_is_refused_before_anything_is_stored(memory):
    for call in (memory.add_many(["one"], user_id="ada", progress=5), memory.import_([], progress=5)):
        with pytest.raises(InvalidInputError, match=r"^progress: "):
            await call
    assert await texts(memory, user_id="ada") == []


async def test_a_bulk_import_without_scope_needs_sessions(memory):
    with pytest.raises(InvalidInputError, match="scope"):
        await memory.add_many([Message("a", session_id="s"), Message("b")])


async def test_a_bulk_import_whose_embedder_fails_says_so_and_goes_on_later(memory, embedder):
    backend = await memory._backend.opened()
    object.__setattr__(backend, "embedder", Failing(embedder, 1, ProviderError("no such model")))
    with pytest.raises(ProviderError, match="no such model"):
        await memory.add_many(["a", "b"], user_id="ada")
    result = await memory.add_many(["a", "b"], user_id="ada")
    assert result.duplicates == 2
    recall = await memory.search("a", user_id="ada")
    assert "dense" in recall[0].signals
