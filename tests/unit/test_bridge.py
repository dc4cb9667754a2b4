"""One engine for callers with and without `await`."""

import asyncio
import threading

import pytest

from engram_core import AsyncEngram, Bridge, ConfigError, Engram, InvalidInputError, StoreError
from engram_core.testing import FakeEmbedder


def made(face):
    return face(database_url="memory://", embedder=FakeEmbedder())


def texts(page):
    return [memory.text for memory in page]


def known(engine):
    return engine.get_all(user_id="ada")


async def test_both_kinds_of_callers_reach_one_engine_from_any_loop():
    with made(Engram) as engine:
        bridge = Bridge(engine)
        await bridge.acall(lambda e: e.add("one", user_id="ada", infer=False))
        await asyncio.to_thread(bridge.call, lambda e: e.add("two", user_id="ada", infer=False))
        await asyncio.to_thread(lambda: asyncio.run(bridge.acall(lambda e: e.add("three", user_id="ada", infer=False))))
        assert sorted(texts(await bridge.acall(known))) == ["one", "three", "two"]
        assert bridge.tenant == "default"


async def test_an_async_engine_serves_its_loop_other_loops_and_threads():
    async with made(AsyncEngram) as engine:
        bridge = Bridge(engine)
        await bridge.acall(lambda e: e.add("one", user_id="ada", infer=False))
        await asyncio.to_thread(bridge.call, lambda e: e.add("two", user_id="ada", infer=False))
        await asyncio.to_thread(lambda: asyncio.run(bridge.acall(lambda e: e.add("three", user_id="ada", infer=False))))
        assert sorted(texts(await engine.get_all(user_id="ada"))) == ["one", "three", "two"]


async def test_a_loop_that_would_wait_for_itself_says_so():
    async with made(AsyncEngram) as engine:
        with pytest.raises(StoreError, match="async method"):
            Bridge(engine).call(known)


def test_an_async_engine_that_nobody_used_gets_a_loop_of_its_own():
    bridge = Bridge(made(AsyncEngram))
    bridge.call(lambda e: e.add("one", user_id="ada", infer=False))
    assert texts(asyncio.run(bridge.acall(known))) == ["one"]
    bridge.close()
    bridge.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "engram"]


def test_an_engine_whose_loop_has_ended_says_so():
    engine = made(AsyncEngram)
    asyncio.run(known(engine))
    with pytest.raises(StoreError, match="has ended"):
        Bridge(engine).call(known)


async def test_cancelling_the_caller_cancels_the_work():
    with made(Engram) as engine:
        begun, ended = threading.Event(), threading.Event()

        async def work(_):
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        caller = asyncio.create_task(Bridge(engine).acall(work))
        await asyncio.to_thread(begun.wait, 10)
        caller.cancel()
        assert await asyncio.to_thread(ended.wait, 10)


def test_a_store_in_this_process_has_no_database():
    with made(Engram) as engine:
        bridge = Bridge(engine)
        with pytest.raises(ConfigError, match="memory://"):
            bridge.call(lambda _: bridge.database())


def test_only_an_engine_will_do():
    with pytest.raises(InvalidInputError, match="engine"):
        Bridge("engine")
