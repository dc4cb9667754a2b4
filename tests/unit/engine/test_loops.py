"""An engine belongs to one event loop, and says so on another."""

import asyncio

import pytest

from engram_core import AsyncEngram, StoreError
from engram_core.testing import FakeEmbedder


def test_an_engine_on_a_second_loop_is_told_what_to_do():
    memory = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())
    asyncio.run(memory.add("hello", user_id="ada"))
    for use in (memory.search("hello", user_id="ada"), memory.reembed(), memory.close()):
        with pytest.raises(StoreError, match="event loop"):
            asyncio.run(use)


def test_an_engine_made_outside_of_a_loop_belongs_to_the_first_that_uses_it():
    memory = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())

    async def use():
        await memory.add("hello", user_id="ada")
        return len(await memory.search("hello", user_id="ada"))

    with asyncio.Runner() as runner:
        assert runner.run(use()) == 1
        runner.run(memory.close())
