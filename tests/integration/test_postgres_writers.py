"""Many writers at once, and connections that die under them."""

import asyncio
import os

import psutil
import pytest

from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, StoreUnavailableError
from engram_core.ports import Turn
from engram_core.stores.postgres import PostgresStore


async def test_twenty_recorders_of_one_owner_lose_and_double_nothing(bench) -> None:
    store = await bench.open(pool_size=8)

    async def record(writer: int) -> None:
        for batch in range(3):
            own = [Turn(bench.turn(f"{writer} {batch} {n}"), f"{writer} {batch} {n}".encode()) for n in range(5)]
            shared = [Turn(bench.turn(f"shared {batch}"), f"shared {batch}".encode())]
            await store.record(own + shared)

    await asyncio.gather(*map(record, range(20)))
    selection = bench.selection()
    assert await store.count(selection) == 20 * 15 + 3
    page = await store.listing(selection, limit=1000)
    texts = [memory.text for memory in page.items]
    assert len(set(texts)) == len(texts) == 303
    async with store._database.connection() as connection:
        seqs = [row["seq"] for row in await connection.fetch("SELECT seq FROM memories ORDER BY version, seq")]
        assert seqs == sorted(seqs), "what was committed later has later numbers"
        assert await connection.fetchval("SELECT memories FROM owners") == 303


async def test_writers_to_several_owners_in_any_order_do_not_block_each_other_for_good(bench) -> None:
    store = await bench.open(pool_size=8)
    scopes = [Scope("acme", user_id=f"user {n}") for n in range(6)]

    async def record(writer: int) -> None:
        order = scopes[writer % 6 :] + scopes[: writer % 6]
        for n in range(4):
            await store.record([Turn(bench.turn(f"{writer} {n}", scope), None) for scope in order[:: 1 - 2 * (n % 2)]])

    async with asyncio.timeout(120):
        await asyncio.gather(*map(record, range(12)))
    assert await store.count(bench.selection(Scope("acme"))) == 12 * 4 * 6


async def test_two_owners_with_one_key_never_meet(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await bench.open()
    await store.record([Turn(bench.turn("mine"), None)])
    monkeypatch.setattr(Scope, "shard_key", bench.turn("x").scope.shard_key)
    eve = Scope("acme", user_id="eve")
    with pytest.raises(ConflictError, match="taken by another owner"):
        await store.record([Turn(bench.turn("other", eve), None)])
    view = await store.view(bench.selection(eve))
    assert not len((await view.lexical("mine", 10)).rows)


async def test_a_connection_that_is_cut_is_said_to_be_and_replaced(bench) -> None:
    store = await bench.open(pool_size=2)
    kept = bench.turn("kept")
    await store.record([Turn(kept, None)])
    database = store._database

    async def cut_off() -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE owners SET memories = 99")
            async with database.connection() as other:
                await other.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
            await connection.execute("SELECT 1")

    with pytest.raises(StoreUnavailableError):
        await cut_off()
    assert await store.get("acme", [kept.id]) == [kept]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT memories FROM owners") == 1, "the half transaction is gone"


async def test_a_server_that_died_is_started_again(bench, server) -> None:
    store: PostgresStore = await bench.open()
    kept = bench.turn("kept")
    await store.record([Turn(kept, None)])
    async with store._database.connection() as connection:
        backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    os.kill(backend.ppid(), 9)
    psutil.wait_procs([backend], timeout=30)
    for attempt in range(2):
        try:
            found = await store.get("acme", [kept.id])
        except StoreUnavailableError:
            assert attempt == 0, "only what was under way may fail"
        else:
            assert found == [kept]
    assert found == [kept]
