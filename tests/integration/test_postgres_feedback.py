"""Labels in Postgres: what runs beside them, reading by pages, and what survives a kill."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engram_core.domain.scope import Scope
from engram_core.ports import Label, question_key
from engram_core.stores.postgres import Database, PostgresStore, feedback
from engram_core.stores.postgres.embedded import EmbeddedServer

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def read(store, tenant="acme"):
    return [group async for group in store.labels(tenant)]


@pytest.mark.parametrize("page", [1, 2, 3, 7, 12, 1000])
async def test_pages_end_anywhere_and_no_question_is_cut(bench, monkeypatch, page) -> None:
    monkeypatch.setattr(feedback, "_PAGE", page)
    store = await bench.open()
    turns = [bench.turn(f"{n}", Scope(tenant, f"user {n % 2}")) for tenant in ("acme", "umbrella") for n in range(4)]
    await bench.fill(store, turns)
    for turn in turns:
        for question in "abc":
            at = turn.recorded_at
            await store.label(turn.scope, Label(question_key(turn.scope, question), turn.id, True, {"a": 1.0}, at))
    groups = await read(store)
    assert len({group.question for group in groups}) == len(groups) == 6
    assert [len(group.labels) for group in groups] == [2] * 6
    found = {(group.question, label.memory_id) for group in groups for label in group.labels}
    assert found == {(question_key(t.scope, q), t.id) for t in turns if t.scope.tenant == "acme" for q in "abc"}


async def test_a_label_waits_for_an_erasure_under_way_and_finds_nothing(bench) -> None:
    store = await bench.open()
    turn = bench.turn("tea")
    await bench.fill(store, [turn])
    label = Label(question_key(turn.scope, "?"), turn.id, True, {}, turn.recorded_at)
    async with store._database.transaction() as connection:
        await connection.execute("SELECT FROM owners FOR UPDATE")
        await connection.execute("DELETE FROM memories")
        judging = asyncio.ensure_future(store.label(turn.scope, label))
        async with asyncio.timeout(60), store._database.connection() as other:
            while not judging.done() and not await other.fetchval(WAITING):
                await asyncio.sleep(0.01)
        assert not judging.done(), "it did not wait"
    assert await judging is False
    assert await read(store) == []


async def test_an_erasure_waits_for_a_label_under_way_and_takes_it(bench) -> None:
    store = await bench.open()
    turn = bench.turn("tea")
    await bench.fill(store, [turn])
    arguments = (turn.scope.shard_key, 1, turn.id, "acme", True, "{}", turn.recorded_at)
    async with store._database.transaction() as connection:
        await connection.execute(feedback.SQL.hold_owner, turn.scope.shard_key)
        assert await connection.fetchval(feedback.SQL.put, *arguments)
        erasing = asyncio.ensure_future(store.erase(turn.scope))
        async with asyncio.timeout(60), store._database.connection() as other:
            while not erasing.done() and not await other.fetchval(WAITING):
                await asyncio.sleep(0.01)
        assert not erasing.done(), "it did not wait"
    assert (await erasing).labels == 1
    async with store._database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM feedback") == 0


async def test_many_who_judge_the_same_leave_one_label(bench) -> None:
    stores = [await bench.open(pool_size=4) for _ in range(3)]
    turn = bench.turn("tea")
    await bench.fill(stores[0], [turn])
    question = question_key(turn.scope, "?")

    async def judge(n: int) -> None:
        assert await stores[n % 3].label(turn.scope, Label(question, turn.id, n % 2 == 0, {"n": n}, turn.recorded_at))

    await asyncio.gather(*map(judge, range(30)))
    ((label,),) = [group.labels for group in await read(stores[1])]
    assert label.useful == (label.signals["n"] % 2 == 0)


WRITER = """
import sys
from engram_core import Engram
from engram_core.testing import FakeEmbedder

with Engram(data_dir=sys.argv[1], embedder=FakeEmbedder()) as memory:
    memory.add([f"turn {n}" for n in range(5)], user_id="ada", infer=False)
    for number in range(100_000):
        for hit in memory.search(f"turn {number}", user_id="ada", limit=5):
            memory.feedback(hit, useful=number % 2 == 0)
            print(hit.question, hit.memory.id, number % 2, flush=True)
"""


@pytest.mark.parametrize("victims", ["process", "process and server"])
async def test_what_was_acknowledged_survives_a_kill(victims) -> None:
    folder = Path(tempfile.mkdtemp(prefix="engram-kill-"))
    try:
        acknowledged = await asyncio.to_thread(interrupted, folder, victims)
        assert len(acknowledged) >= 30
        store = PostgresStore(Database(server=EmbeddedServer(folder)))
        await store.connect()
        kept = {
            (label.question, label.memory_id, label.useful) for g in await read(store, "default") for label in g.labels
        }
        await store.close()
        assert set(acknowledged) <= kept
        assert len(kept) <= len(acknowledged) + 1, "one may have been written that nobody was told of"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interrupted(folder: Path, victims: str) -> list[tuple[str, str, bool]]:
    """Label hits, kill what is to be killed, and return the labels that were acknowledged."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(30)]
    process.kill()
    if "server" in victims:
        os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    out, errors = process.communicate(timeout=120)
    told = [line.split() for line in [*lines, *out.splitlines(keepends=True)] if line.endswith("\n")]
    assert len(told) >= 30, errors
    return [(question, id, parity == "0") for question, id, parity in told]
