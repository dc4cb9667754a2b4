"""Whole listings, a page at a time."""

from datetime import UTC, datetime

import pytest

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory, Space
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ingest.pages import pages
from engram_core.ports import Turn
from engram_core.stores.inmemory import InMemoryStore

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ADA = Scope(user_id="ada")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def store():
    store = InMemoryStore()
    await store.open(Space("test", 2))
    yield store
    await store.close()


async def listed(store, size):
    return [[memory.text for memory in page] async for page in pages(store, Selection(ADA, NOW), size)]


async def test_every_memory_is_on_one_page_in_the_order_of_the_listing(store):
    turns = [Turn(Memory(new_id(), ADA, "turn", str(n), NOW, NOW, role="user"), None) for n in range(5)]
    await store.record(turns)
    assert await listed(store, 2) == [["0", "1"], ["2", "3"], ["4"]]
    assert await listed(store, 5) == [["0", "1", "2", "3", "4"]]


async def test_where_nothing_is_there_is_one_empty_page(store):
    assert await listed(store, 2) == [[]]
