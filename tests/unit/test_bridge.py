"""One engine for callers with and without `await`."""

import asyncio
import os
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
    before = set(threading.enumerate())
    bridge = Bridge(made(AsyncEngram))
    bridge.call(lambda e: e.add("one", user_id="ada", infer=False))
    assert texts(asyncio.run(bridge.acall(known))) == ["one"]
    bridge.close()
    bridge.close()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "engram"]


def test_the_engines_embedder_is_at_hand():
    embedder = FakeEmbedder()
    with Engram(database_url="memory://", embedder=embedder) as engine:
        bridge = Bridge(engine)

        async def embedded(_):
            return await (await bridge.embedder()).embed(["one", "two"])

        assert len(bridge.call(embedded)) == 2
        assert embedder.calls == [2]


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


async def test_the_first_loop_that_asks_is_the_engines_and_others_cross_over():
    engine = made(AsyncEngram)
    bridge = Bridge(engine)

    async def work(e):
        await asyncio.sleep(0.01)
        return await e.add("hello", user_id="ada", infer=False)

    def elsewhere():
        return asyncio.run(bridge.acall(work))

    mine, *_ = await asyncio.gather(bridge.acall(work), *(asyncio.to_thread(bridge.call, work) for _ in range(3)))
    assert mine.turns
    assert len(await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(3)))) == 3
    assert len(await engine.get_all(user_id="ada")) == 7
    await engine.close()


def test_work_under_way_when_the_bridge_is_closed_ends_and_no_caller_hangs():
    for _ in range(5):
        bridge = Bridge(made(AsyncEngram))
        ended = []

        def caller(bridge=bridge, ended=ended):
            try:
                while True:
                    bridge.call(lambda e: e.search("hello", user_id="ada"))
            except StoreError as error:
                ended.append(error)

        bridge.call(known)
        threads = [threading.Thread(target=caller) for _ in range(4)]
        for thread in threads:
            thread.start()
        bridge.close()
        for thread in threads:
            thread.join(30)
        assert len(ended) == 4


def test_work_cut_off_with_its_loop_says_so():
    started, outcome = threading.Event(), []

    async def main():
        engine = made(AsyncEngram)
        await known(engine)

        async def long(_):
            started.set()
            await asyncio.sleep(60)

        def caller():
            with pytest.raises(StoreError, match="ended"):
                Bridge(engine).call(long)
            outcome.append(True)

        thread = threading.Thread(target=caller)
        thread.start()
        await asyncio.to_thread(started.wait, 10)
        return thread

    asyncio.run(main()).join(10)
    assert outcome == [True]


def test_a_bridge_is_not_closed_from_its_own_work():
    bridge = Bridge(made(AsyncEngram))

    async def work(_):
        bridge.close()

    with pytest.raises(StoreError, match="own event loop"):
        bridge.call(work)
    assert texts(bridge.call(known)) == []
    bridge.close()


def test_a_forked_child_is_told_to_make_its_own_engine():
    bridge = Bridge(made(AsyncEngram))
    bridge.call(known)
    child = os.fork()
    if child == 0:
        try:
            bridge.call(known)
        except StoreError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    bridge.close()
