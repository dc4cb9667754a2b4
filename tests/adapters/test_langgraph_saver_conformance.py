"""The framework's own conformance suite, over every engine that a saver can stand on."""

import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import ALL_CAPABILITIES

import engram_langgraph
from engram_core import AsyncEngram, Engram
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver


async def report(make):
    registered = checkpointer_test(name="EngramSaver")(make)
    found = await validate(registered)
    assert found.results.keys() == {capability.value for capability in ALL_CAPABILITIES}
    return found


def failures(found):
    return {name: result.failures for name, result in found.results.items() if result.passed is not True}


async def test_every_capability_over_a_sync_engine(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as memory:

        async def saver():
            yield EngramSaver(memory)

        found = await report(saver)
    assert failures(found) == {}
    assert found.conformance_level() == "FULL"


async def test_every_capability_over_an_async_engine(data_dir):
    async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder()) as memory:

        async def saver():
            yield EngramSaver(memory)

        found = await report(saver)
    assert failures(found) == {}


class Blocking(EngramSaver):
    """Answers the suite, which awaits, with the methods that do not wait to be awaited."""

    async def aget_tuple(self, config):
        return self.get_tuple(config)

    async def alist(self, config, **options):
        for found in self.list(config, **options):
            yield found

    async def aput(self, *args):
        return self.put(*args)

    async def aput_writes(self, *args, **options):
        return self.put_writes(*args, **options)

    async def adelete_thread(self, thread_id):
        return self.delete_thread(thread_id)

    async def adelete_for_runs(self, run_ids):
        return self.delete_for_runs(run_ids)

    async def acopy_thread(self, *args):
        return self.copy_thread(*args)

    async def aprune(self, *args, **options):
        return self.prune(*args, **options)


@pytest.mark.parametrize("kind", [Engram, AsyncEngram])
async def test_every_capability_without_await(data_dir, kind):
    """On an engine that has a loop of its own; one for asyncio gets one by the first call that does not await."""
    memory = kind(data_dir=data_dir, embedder=FakeEmbedder())
    shared = Blocking(memory)

    async def saver():
        yield shared

    try:
        assert failures(await report(saver)) == {}
    finally:
        shared.close()
        if kind is Engram:
            memory.close()


def test_every_name_of_the_package_is_there():
    assert engram_langgraph.__all__ == [
        "EngramIndexConfig",
        "EngramSaver",
        "EngramStore",
        "recall_node",
        "remember_node",
    ]
    assert all(getattr(engram_langgraph, name) for name in engram_langgraph.__all__)
    assert set(engram_langgraph.__all__) <= set(dir(engram_langgraph))
    with pytest.raises(AttributeError, match="nothing"):
        _ = engram_langgraph.nothing
