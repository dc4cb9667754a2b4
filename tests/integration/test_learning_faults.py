"""A model that fails in every way: every turn is there, and what is learned is what would have been without."""

import asyncio
import json
import logging
import re
import threading
import time
from random import Random

import pytest

from engram_core import AsyncEngram
from engram_core.config import load_settings
from engram_core.domain.checks import check_characters
from engram_core.engine import Backend, LazyBackend
from engram_core.engine.base import utc_now
from engram_core.engine.learning import Lessons
from engram_core.engine.uses import UseLog
from engram_core.errors import StoreError, StoreUnavailableError
from engram_core.factory import Engine
from engram_core.ingest.learn.asking import Meter
from engram_core.ingest.learn.extract_model import ModelExtractor
from engram_core.ingest.learn.judge_model import ModelJudge
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.learn.prompting import Prompts
from engram_core.ports import ChatModel, Reply
from engram_core.providers.openai_chat import OpenAIChat
from engram_core.providers.tokens import EstimateCounter
from engram_core.stores.inmemory import InMemoryStore
from engram_core.stores.postgres import PostgresStore
from engram_core.testing import FakeEmbedder, Fault, ScriptedServer

BATCHES, USERS = 1000, 20
THINGS = ["tea", "coffee", "chess", "hiking", "jazz", "pottery", "rain", "maps"]
_TURN = re.compile(r"^(\d+)\. \[[^\]]+\] user:\n    (.*)$", re.MULTILINE)
_HOME, _LIKES, _SIZE = re.compile(r"I moved to (\w+)"), re.compile(r"I like (\w+)"), re.compile(r"shoe size (\d+)")


@pytest.fixture
def anyio_backend():
    return "asyncio"


def statement(turn, attribute, value):
    text = f"User {attribute} {value}."
    return {"turns": [int(turn)], "subject": "user", "attribute": attribute, "value": value, "text": text}


def model(messages, schema):
    """Answer as a model that reads three kinds of sentences would."""
    asked = messages[1][1]
    if asked.startswith("Candidate"):
        count = len(re.findall(r"^Candidate \d+", asked, re.MULTILINE))
        decisions = [{"candidate": n, "decision": "UPDATE", "known": 1, "reason": "grew"} for n in range(1, count + 1)]
        return json.dumps({"decisions": decisions})
    found = []
    for number, text in _TURN.findall(asked):
        found += [statement(number, "home", value) for value in _HOME.findall(text)]
        found += [statement(number, "likes", value) for value in _LIKES.findall(text)]
        found += [statement(number, "shoe_size", value) for value in _SIZE.findall(text)]
    return json.dumps({"statements": found})


def invented(text):
    return text.replace('"turns": [1]', '"turns": [1, 77]')


FAULTS = [
    Fault.rate_limit(),
    Fault.server_error(),
    Fault.timeout(1.5),
    Fault.cut_body(),
    Fault.invalid_json(),
    Fault.says("I would rather talk about the weather."),
    Fault.says('{"statements": [{"turns": "one"}]}'),
    Fault.says('{"statements": ', "length"),
    Fault.garbled(invented),
]


class Flaky(ScriptedServer):
    """Fails at random until it is well, and always for what says `poison`."""

    def __init__(self, seed, rate):
        super().__init__(answer=model)
        self.random, self.rate, self.poisoned = Random(seed), rate, rate > 0

    def take(self, request):
        super().take(request)
        if self.poisoned and "poison" in json.dumps(request.body["messages"]):
            return Fault.says("poison")
        if self.random.random() >= self.rate:
            return Fault()
        # A timeout costs its time; the others cost nothing.
        slow = self.random.random() < 0.02
        return FAULTS[2] if slow else self.random.choice([fault for fault in FAULTS if fault is not FAULTS[2]])


def engine(server, store=None, *, chat=None, delays=(0.0, 0.0), sweep_every=3600.0):
    store, embedder, meter = store or InMemoryStore(), FakeEmbedder(), Meter()
    chat = chat or OpenAIChat("scripted", base_url=server.openai_url, timeout=0.5, max_retries=0)

    async def build():
        prompts = Prompts()
        extractor, judge = ModelExtractor(chat, meter, prompts), ModelJudge(chat, meter, prompts)
        learner = Learner(store, embedder, extractor, judge, utc_now, delays=delays)
        return Backend(
            store, embedder, EstimateCounter(), Lessons(store, embedder, learner), meter, UseLog(store), chat
        )

    return Engine(LazyBackend(build, sweep_every=sweep_every), "default")


def batch(n):
    random = Random(n)
    home = f"I moved to Town{n:04d}." if random.random() < 0.4 else "It rained."
    size = f"My shoe size {30 + n // USERS} now." if random.random() < 0.2 else ""
    poison = "poison" if n % 211 == 5 else ""
    return f"{home} I like {random.choice(THINGS)}. {size} {poison}".strip()


async def run(rate, seed=1):
    with Flaky(seed, rate) as server:
        async with engine(server) as memory:
            for n in range(BATCHES):
                result = await memory.add(
                    batch(n),
                    user_id=f"u{n % USERS}",
                    occurred_at=f"2024-01-01T{n // 60:02d}:{n % 60:02d}:00",
                    defer=True,
                )
                assert result.unlearned == 1
            await work(memory)
            dead = await memory.dead_letters(limit=1000)
            server.rate, server.poisoned = 0.0, False
            assert await memory.replay() == len(dead)
            await work(memory)
            assert await memory.queue() == type(await memory.queue())(0, 0, None)
            return len(dead), await memory.usage(), [await known(memory, f"u{n}") for n in range(USERS)]


async def work(memory):
    async with asyncio.timeout(240):
        while (await memory.queue()).waiting:
            await asyncio.gather(*(memory.work(until_idle=True) for _ in range(8)))


async def known(memory, user):
    """Return what is known of a user: turns; current statements with the turns that say them."""
    turns = {turn.id: turn.text for turn in await memory.get_all(user_id=user, kinds="turn", limit=1000)}
    facts = await memory.get_all(user_id=user, kinds=["fact", "preference"], limit=1000)
    said = {(m.claim.attribute, m.claim.value, tuple(sorted(turns[id] for id in m.sources))) for m in facts}
    return sorted(turns.values()), said


@pytest.mark.slow
async def test_a_thousand_batches_with_every_fault_end_like_a_run_without():
    _, calm, expected = await run(0.0)
    dead, usage, found = await run(0.3)
    assert calm.failures == calm.repairs == calm.invented_ids == 0
    assert dead >= 4  # the poisoned ones
    assert usage.failures > 50
    assert usage.repairs > 50
    assert usage.invented_ids > 5
    assert [turns for turns, _ in found] == [turns for turns, _ in expected]
    assert [facts for _, facts in found] == [facts for _, facts in expected]


async def test_model_calls_per_add_are_one_and_with_doubt_two():
    with ScriptedServer(answer=model) as server:
        settings = load_settings(
            database_url="memory://", llm="openai:m", openai_base_url=server.openai_url, llm_input_price=1.0
        )
        async with AsyncEngram(settings) as memory:
            await memory.add(["I moved to Lisbon. I like tea.", "I like coffee."], user_id="ada")
            assert (await memory.usage()).calls == 1
            await memory.add("I moved to Porto. My shoe size 44.", user_id="ada")
            assert (await memory.usage()).calls == 2
            (change,) = (await memory.add("My shoe size 45.", user_id="ada")).changes
            assert (change.op, change.actor) == ("UPDATE", "openai:m")
            usage = await memory.usage()
            assert usage.calls == 4
            assert usage.cost == pytest.approx(usage.input_tokens / 1_000_000)


async def test_a_model_that_is_down_costs_no_turn_and_is_made_up_for():
    with ScriptedServer(answer=model) as server:
        settings = load_settings(database_url="memory://", llm="openai:m", openai_base_url=server.openai_url)
        async with AsyncEngram(settings) as memory:
            server.fail(Fault.server_error(), times=3)  # the client itself tries three times
            result = await memory.add("I moved to Lisbon.", user_id="ada")
            assert (len(result.turns), result.changes, result.unlearned) == (1, (), 1)
            assert (await memory.search("Lisbon", user_id="ada"))[0].memory.text == "I moved to Lisbon."
            assert (await memory.queue()).waiting == 1
            backend = await memory._backend.opened()
            (job,) = backend.store._lessons._notes
            await backend.store.postpone_lesson(job, "now", 0.0)
            await memory.work(until_idle=True)
            assert [m.text for m in await memory.get_all(user_id="ada", kinds="fact")] == ["User home Lisbon."]


class Away(ScriptedServer):
    """Is down for so many requests, then well."""

    def __init__(self, times):
        super().__init__(answer=model)
        self.fail(Fault.server_error(), times=times)


async def test_a_model_that_is_down_for_long_is_waited_for_however_often_it_is_asked():
    with Away(30) as server:
        async with engine(server) as memory:
            await memory.add("I moved to Lisbon.", user_id="ada", defer=True)
            await memory.add("I moved to Porto.", user_id="ada", defer=True)
            await work(memory)
            assert await memory.dead_letters() == []
            assert (await memory.usage()).failures == 30
            assert [m.text for m in await memory.get_all(user_id="ada", kinds="fact")] == ["User home Porto."]


async def test_answers_that_cannot_be_used_are_given_up_by_whatever_process_comes_last():
    with ScriptedServer(answer=model) as server:
        async with engine(server) as memory:
            store = (await memory._backend.opened()).store
            await memory.add("I moved to Lisbon.", user_id="ada", defer=True)
            for _ in range(4):
                lesson = await store.claim_lesson()
                await store.postpone_lesson(lesson.job, "as another process found", 0.0, failed=True)
            server.fail(Fault.says("no"), times=2)
            await memory.work(until_idle=True)
            (letter,) = await memory.dead_letters()
            assert letter.attempts == 5
            assert "does not fit its schema" in letter.error


# -- what no model should answer, and what nobody expects to be raised


async def facts(memory, user="ada"):
    return [m.text for m in await memory.get_all(user_id=user, kinds="fact")]


async def test_an_answer_nested_without_end_is_one_that_does_not_fit():
    with ScriptedServer(answer=model) as server:
        async with engine(server) as memory:
            server.fail(Fault.says('{"statements": ' + "[" * 5000), times=2)
            assert (await memory.add("I moved to Lisbon.", user_id="ada")).unlearned == 1
            server.fail(Fault.says("[" * 5000), times=8)
            await memory.work(until_idle=True)
            (letter,) = await memory.dead_letters()
            assert "does not fit its schema" in letter.error
            await memory.add("I moved to Porto.", user_id="ada")
            assert await facts(memory) == ["User home Porto."]


class Odd(ChatModel):
    """A model of somebody's own: it raises what nobody expects for what says `odd`, and else answers like the other."""

    name = "odd"

    async def answer(self, messages, schema):
        if "odd" in messages[1][1]:
            raise RuntimeError("a socket of mine is \x00 closed")
        return Reply(model(messages, schema))


@pytest.mark.parametrize("wait", [False, True], ids=["until idle", "until stopped"])
async def test_what_a_model_of_ones_own_raises_is_a_failure_of_its_lesson_alone(caplog, wait):
    stop = threading.Event()
    async with engine(None, chat=Odd()) as memory:
        result = await memory.add("It is odd.", user_id="ada")
        assert (len(result.turns), result.unlearned) == (1, 1)
        await memory.add("I moved to Porto.", user_id="bea", defer=True)
        working = asyncio.create_task(memory.work(until_idle=not wait, stop=stop))
        async with asyncio.timeout(20):
            while (await memory.queue()).waiting:
                await asyncio.sleep(0.01)
        stop.set()
        await working
        (letter,) = await memory.dead_letters()
        assert (letter.attempts, letter.error) == (5, "RuntimeError: a socket of mine is \ufffd closed")
        assert await facts(memory, "bea") == ["User home Porto."]
    assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)


class Refusing(InMemoryStore):
    """Refuses to apply what was learned, as it is told to."""

    error = None

    async def apply(self, changes, vectors, *, tokens=None, lesson=None):
        if self.error is not None and lesson is not None:
            raise self.error
        return await super().apply(changes, vectors, tokens=tokens, lesson=lesson)


async def test_a_store_that_refuses_what_was_learned_gives_the_lesson_up_and_one_that_is_away_does_not():
    with ScriptedServer(answer=model) as server:
        store = Refusing()
        async with engine(server, store) as memory:
            store.error = StoreError("Postgres refused a statement")
            assert (await memory.add("I moved to Lisbon.", user_id="ada")).unlearned == 1
            await memory.work(until_idle=True)
            assert [letter.attempts for letter in await memory.dead_letters()] == [5]
            store.error = StoreUnavailableError("away")
            with pytest.raises(StoreUnavailableError):
                await memory.add("I moved to Porto.", user_id="ada")
            assert (await memory.queue()).waiting == 1


class Unclean(InMemoryStore):
    """Cannot postpone either."""

    async def apply(self, changes, vectors, *, tokens=None, lesson=None):
        raise StoreError("refused")

    async def postpone_lesson(self, job, error, delay, *, failed=False):
        raise StoreError("refused too")


async def test_a_lesson_that_cannot_even_be_postponed_ends_neither_a_worker_nor_the_sweep(caplog):
    async with engine(None, Unclean(lesson_lease=0.05), chat=Odd(), sweep_every=0.01) as memory:
        await memory.add("I moved to Lisbon.", user_id="ada", defer=True)
        stop = threading.Event()
        working = asyncio.create_task(memory.work(stop=stop))
        await asyncio.sleep(0.5)
        stop.set()
        await working
        assert not memory._backend._sweeping.done()
    assert "refused too" in caplog.text


async def test_what_a_server_complains_of_is_kept_clean_and_short():
    with ScriptedServer(answer=model) as server:
        body = json.dumps({"error": {"message": "bad \x00 \ud800 " + "x" * 10_000}}).encode()
        async with engine(server) as memory:
            server.fail(Fault(status=400, raw=body), times=5)
            await memory.add("I moved to Lisbon.", user_id="ada")
            await memory.work(until_idle=True)
            (letter,) = await memory.dead_letters()
            assert "bad \ufffd ? xxx" in check_characters("error", letter.error)
            assert len(letter.error) == 2000


async def test_postgres_takes_what_models_and_servers_say(new_database):
    random = Random(3)
    noise = "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(20_000))
    said = [{**statement(1, "home", "Lisbon"), "subject": noise}, statement(1, noise, "Lisbon")]
    with ScriptedServer(answer=model) as server:
        async with engine(server, PostgresStore(new_database())) as memory:
            server.fail(Fault.says(json.dumps({"statements": [*said, statement(1, "home", "Lisbon")]})))
            result = await memory.add("I moved to Lisbon.", user_id="ada")
            assert [change.after.text for change in result.changes] == ["User home Lisbon."]
            body = json.dumps({"error": {"message": "bad \x00 \ud800"}}).encode()
            server.fail(Fault(status=400, raw=body))
            assert (await memory.add("I moved to Porto.", user_id="ada")).unlearned == 1
            await memory.work(until_idle=True)
            assert await facts(memory) == ["User home Porto."]


# -- lessons that wait


async def test_nobody_waits_for_a_lesson_that_is_put_off():
    with ScriptedServer(answer=model) as server:
        async with engine(server, delays=(600.0, 600.0)) as memory:
            server.fail(Fault.server_error())
            assert (await memory.add("I moved to Lisbon.", user_id="ada")).unlearned == 1
            began = time.monotonic()
            for town in ("Porto", "Braga"):
                assert (await memory.add(f"I moved to {town}.", user_id="ada")).unlearned == 1
            assert time.monotonic() - began < 5
            backend = await memory._backend.opened()
            await backend.store.postpone_lesson(next(iter(backend.store._lessons._notes)), "now", 0.0)
            result = await memory.add("I moved to Faro.", user_id="ada")
            assert [change.after.text for change in result.changes] == [
                f"User home {town}." for town in ("Lisbon", "Porto", "Braga", "Faro")
            ]


async def test_a_lesson_left_behind_one_that_fails_anew_is_nobodys():
    with ScriptedServer(answer=model) as server:
        async with engine(server, delays=(600.0, 600.0)) as memory:
            await memory.add("I moved to Lisbon.", user_id="ada", defer=True)
            server.fail(Fault.server_error())
            assert (await memory.add("I moved to Porto.", user_id="ada")).unlearned == 1
            backend = await memory._backend.opened()
            first, _ = backend.store._lessons._notes
            await backend.store.postpone_lesson(first, "now", 0.0)
            await memory.work(until_idle=True)
            assert await facts(memory) == ["User home Porto."]


async def test_somebody_who_is_learning_is_waited_for():
    def slow(messages, schema):
        time.sleep(0.2)
        return model(messages, schema)

    with ScriptedServer(answer=slow) as server:
        async with engine(server) as memory:
            adding = [memory.add(f"I moved to {town}.", user_id="ada") for town in ("Lisbon", "Porto")]
            assert [result.unlearned for result in await asyncio.gather(*adding)] == [0, 0]


# -- working until nothing is due


async def test_work_until_idle_waits_for_what_the_engine_itself_began():
    def slow(messages, schema):
        time.sleep(0.2)
        return model(messages, schema)

    with ScriptedServer(answer=slow) as server:
        store = InMemoryStore()
        async with engine(server, store) as memory:
            for town in ("Lisbon", "Porto"):
                await memory.add(f"I moved to {town}.", user_id="ada", defer=True)
        async with engine(server, store) as memory:
            await asyncio.sleep(0.05)
            assert not await store.claim_lesson()
            await memory.work(until_idle=True)
            assert await facts(memory) == ["User home Porto."]


async def test_work_until_idle_ends_after_what_is_under_way_when_it_is_stopped():
    stop = threading.Event()

    def answer(messages, schema):
        stop.set()
        return model(messages, schema)

    with ScriptedServer(answer=answer) as server:
        async with engine(server) as memory:
            await asyncio.sleep(0.1)  # the engine's own look for work is over
            for n in range(4):
                await memory.add("I moved to Lisbon.", user_id=f"u{n}", defer=True)
            await memory.work(until_idle=True, stop=stop, concurrency=1)
            assert (await memory.queue()).waiting == 3
            assert await facts(memory, "u0") == ["User home Lisbon."]
            await memory.work(until_idle=True, stop=stop)
            assert (await memory.queue()).waiting == 3


async def test_work_until_idle_learns_so_many_lessons_at_once():
    meeting = threading.Barrier(3)

    def answer(messages, schema):
        meeting.wait(20)
        return model(messages, schema)

    with ScriptedServer(answer=answer) as server:
        chat = OpenAIChat("scripted", base_url=server.openai_url, timeout=60, max_retries=0)
        async with engine(server, chat=chat) as memory:
            await asyncio.sleep(0.1)
            for n in range(6):
                await memory.add("I moved to Lisbon.", user_id=f"u{n}", defer=True)
            await memory.work(until_idle=True, concurrency=3)
            assert (await memory.queue()).waiting == 0
            assert (await memory.usage()).failures == 0
