"""Accesses are gathered, and each is written once, whatever happens meanwhile."""

import asyncio
import types

from engram_core.engine.uses import UseLog
from engram_core.errors import StoreUnavailableError
from engram_core.stores.inmemory import InMemoryStore


class Slow(InMemoryStore):
    """Takes its time to count accesses."""

    def __init__(self):
        super().__init__()
        self.begun, self.go_on, self.counted = asyncio.Event(), asyncio.Event(), []

    async def used(self, tenant, accesses, at):
        self.begun.set()
        await self.go_on.wait()
        self.counted.append((tenant, dict(accesses)))


def hits(*ids):
    return [types.SimpleNamespace(memory=types.SimpleNamespace(id=id)) for id in ids]


async def test_closing_while_counts_are_written_loses_none_and_writes_none_twice():
    store = Slow()
    log = UseLog(store, gathered=0.0)
    log.note("acme", hits("a", "b", "a"))
    await store.begun.wait()
    log.note("acme", hits("c"))
    closing = asyncio.create_task(log.close())
    await asyncio.sleep(0)
    store.go_on.set()
    await closing
    await log.close()
    assert sorted(store.counted, key=str) == [("acme", {"a": 2, "b": 1}), ("acme", {"c": 1})]


async def test_whoever_flushes_and_is_cancelled_takes_nothing_with_it():
    store = Slow()
    log = UseLog(store)
    log.note("acme", hits("a"))
    flushing = asyncio.create_task(log.flush())
    await store.begun.wait()
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    store.go_on.set()
    await log.close()
    assert store.counted == [("acme", {"a": 1})]


async def test_what_is_noted_is_written_by_itself_and_again_later():
    store = Slow()
    store.go_on.set()
    log = UseLog(store, gathered=0.0)
    for id in "ab":
        log.note("acme", hits(id))
        async with asyncio.timeout(10):
            while store.counted[-1:] != [("acme", {id: 1})]:
                await asyncio.sleep(0)
    log.note("acme", [])
    await log.close()
    assert len(store.counted) == 2


async def test_counts_that_cannot_be_written_are_given_up(caplog):
    class Away(InMemoryStore):
        async def used(self, tenant, accesses, at):
            raise StoreUnavailableError("away")

    log = UseLog(Away())
    log.note("acme", hits("a"))
    await log.close()
    assert "1 accesses were not counted: away" in caplog.text
