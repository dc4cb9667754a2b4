"""Fifty at once in one scope, on a real Postgres: nothing is lost and nothing is doubled."""

import asyncio
from collections import Counter

import pytest

from engram_core import AsyncEngram
from engram_core.testing import FakeEmbedder


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def memory(tmp_path):
    async with AsyncEngram(data_dir=tmp_path, embedder=FakeEmbedder()) as engine:
        yield engine


async def test_fifty_concurrent_adders(memory):
    added = await asyncio.gather(
        *(memory.add([f"turn {i}", f"reply {i}"], user_id="ada", session_id=f"s{i % 5}") for i in range(50))
    )
    kept = await memory.get_all(user_id="ada", limit=1000)
    assert Counter(turn.text for turn in kept) == Counter(
        text for i in range(50) for text in (f"turn {i}", f"reply {i}")
    )
    assert {turn.id for turn in kept} == {turn.id for result in added for turn in result.turns}
    assert len(await memory.search("turn", user_id="ada", limit=200)) == 100


async def test_fifty_times_the_same_are_stored_once(memory):
    added = await asyncio.gather(*(memory.add("once", user_id="ada", idempotency_key="k") for _ in range(50)))
    assert len({result.turns[0].id for result in added}) == 1
    assert sum(result.duplicates for result in added) == 49
    assert len(await memory.get_all(user_id="ada")) == 1
