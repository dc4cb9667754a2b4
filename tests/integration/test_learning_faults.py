"""A model that fails in every way: every turn is there, and what is learned is what would have been without."""

import asyncio
import json
import re
from random import Random

import pytest

from engram_core import AsyncEngram
from engram_core.config import load_settings
from engram_core.engine import Backend, LazyBackend
from engram_core.engine.base import utc_now
from engram_core.engine.learning import Lessons
from engram_core.engine.uses import UseLog
from engram_core.factory import Engine
from engram_core.ingest.learn.asking import Meter
from engram_core.ingest.learn.extract_model import ModelExtractor
from engram_core.ingest.learn.judge_model import ModelJudge
from engram_core.ingest.learn.learner import Learner
from engram_core.ingest.learn.prompting import Prompts
from engram_core.providers.openai_chat import OpenAIChat
from engram_core.providers.tokens import EstimateCounter
from engram_core.stores.inmemory import InMemoryStore
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


def engine(server):
    store, embedder, meter = InMemoryStore(), FakeEmbedder(), Meter()

    async def build():
        chat = OpenAIChat("scripted", base_url=server.openai_url, timeout=0.5, max_retries=0)
        prompts = Prompts()
        extractor, judge = ModelExtractor(chat, meter, prompts), ModelJudge(chat, meter, prompts)
        learner = Learner(store, embedder, extractor, judge, utc_now, delays=(0.0, 0.0))
        return Backend(
            store, embedder, EstimateCounter(), Lessons(store, embedder, learner), meter, UseLog(store), chat
        )

    return Engine(LazyBackend(build, sweep_every=3600), "default")


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
