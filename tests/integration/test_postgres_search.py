"""Large scopes are searched in the database, small ones in memory, and several processes agree."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from engram_core.domain.change import Change, Op
from engram_core.domain.filters import parse_filter
from engram_core.domain.ids import new_id
from engram_core.domain.scope import Scope
from engram_core.errors import SchemaMismatchError
from engram_core.ports import Turn
from engram_core.stores.postgres.large import LargeView

ADA = Scope("acme", user_id="ada")


async def ids(view, leg) -> list[str]:
    return [memory.id for memory in await view.hydrate(leg.rows) if memory is not None]


async def test_hnsw_finds_nearly_what_the_exact_search_finds_and_respects_filters(bench) -> None:
    exact = await bench.open()
    turns = [bench.turn(f"turn {n}", metadata={"n": n % 10}, minutes=n) for n in range(3000)]
    await bench.fill(exact, turns)
    large = await bench.open(exact_limit=100)
    everything = bench.selection()
    few = bench.selection(condition=parse_filter({"n": 3}))
    (await (await large.view(everything)).dense(bench.vectors(1)[0], 10))  # begins to build the index
    await large._views.hnsw.settle()
    assert await large._views.hnsw.ready(ADA.shard_key)

    found = wanted = 0
    for query in bench.vectors(20):
        view, reference = await large.view(everything), await exact.view(everything)
        assert isinstance(view, LargeView)
        mine = await ids(view, await view.dense(query, 50))
        best = await ids(reference, await reference.dense(query, 50))
        found, wanted = found + len(set(mine) & set(best)), wanted + len(best)
        filtered = await large.view(few)
        hits = [memory for memory in await filtered.hydrate((await filtered.dense(query, 20)).rows) if memory]
        assert len(hits) == 20
        assert all(memory.metadata == {"n": 3} for memory in hits)
    assert found / wanted > 0.95

    view = await large.view(bench.selection(condition=parse_filter({"n": 3}), scope=replace(ADA, session_id="none")))
    assert not len((await view.dense(bench.vectors(1)[0], 10)).rows)


async def test_a_large_scope_gives_the_scores_of_a_small_one(bench) -> None:
    exact = await bench.open()
    turns = [bench.turn(f"order {n} of {'tea' if n % 3 else 'coffee'}", minutes=n) for n in range(300)]
    vectors = await bench.fill(exact, turns)
    large = await bench.open(exact_limit=0)
    query, text = vectors[turns[17].id], "coffee order 17"
    a, b = await exact.view(bench.selection()), await large.view(bench.selection())
    for leg in ("dense", "lexical"):
        question = query if leg == "dense" else text
        mine, theirs = await getattr(b, leg)(question, 40), await getattr(a, leg)(question, 40)
        np.testing.assert_allclose(mine.scores, theirs.scores, atol=2e-3)
        assert (await ids(b, mine))[0] == (await ids(a, theirs))[0] == turns[17].id
    rows_a, rows_b = (await a.dense(query, 30)).rows, (await b.dense(query, 30)).rows
    assert await ids(a, await a.dense(query, 30)) == await ids(b, await b.dense(query, 30))
    left = await a.evidence(rows_a, await a.neighbours(rows_a), query, text)
    right = await b.evidence(rows_b, await b.neighbours(rows_b), query, text)
    for name in ("dense", "lexical", "near_dense", "near_lexical"):
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), atol=2e-3, equal_nan=True)


async def test_a_common_word_does_not_hide_a_rare_one(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engram_core.stores.postgres.large.COMMON", 20)
    store = await bench.open(exact_limit=0)
    turns = [bench.turn(f"the order number {n} arrived") for n in range(200)] + [bench.turn("the order AB-4711-X")]
    await bench.fill(store, turns)
    view = await store.view(bench.selection())
    assert (await ids(view, await view.lexical("order AB-4711-X arrived", 5)))[0] == turns[-1].id
    assert len((await view.lexical("order", 500)).rows) == 201, "a question of common words alone still finds"


async def test_what_one_store_writes_the_other_one_finds(bench) -> None:
    one, other = await bench.open(), await bench.open()
    first = [bench.turn("the cat sleeps"), bench.turn("the dog barks")]
    await bench.fill(one, first)

    async def found(text: str) -> list[str]:
        view = await other.view(bench.selection())
        return await ids(view, await view.lexical(text, 10))

    assert await found("cat") == [first[0].id]
    second = bench.turn("another cat")
    vectors = await bench.fill(one, [second])
    assert set(await found("cat")) == {first[0].id, second.id}
    view = await other.view(bench.selection())
    assert (await ids(view, await view.dense(vectors[second.id], 1))) == [second.id], "its vector came too"

    at = first[0].recorded_at
    await one.apply([Change(new_id(), Op.DELETE, replace(first[0], retired_at=at), None, "", "user", at)], {})
    assert await found("cat") == [second.id]
    await one.erase(ADA)
    assert await found("cat") == []
    again = bench.turn("a new cat")
    await bench.fill(one, [again])
    assert await found("cat") == [again.id]


async def test_what_another_process_erases_is_not_found_here(bench, server) -> None:
    store = await bench.open()
    turns = [bench.turn(f"cat {n}") for n in range(10)]
    await bench.fill(store, turns)
    view = await store.view(bench.selection())
    assert len((await view.lexical("cat", 20)).rows) == 10
    database = store._database
    address = database._address
    script = f"""
import asyncio
from engram_core.domain.memory import Space
from engram_core.domain.scope import Scope
from engram_core.stores.postgres import Database, PostgresStore
from engram_core.stores.postgres.embedded import EmbeddedServer

class Running:
    def acquire(self): return self
    ensure_running = acquire
    def release(self): pass
    host, port, user = {address.host!r}, {address.port!r}, {address.user!r}
    password, database = {address.password!r}, {address.database!r}

async def main():
    store = PostgresStore(Database(server=Running(), schema={database._schema!r}))
    await store.open(Space("test", 16))
    print((await store.erase(Scope("acme", user_id="ada"))).memories)
    await store.close()
asyncio.run(main())
"""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "10", done.stderr
    assert await view.hydrate((await view.lexical("cat", 20)).rows) == [None] * 10
    assert not len((await (await store.view(bench.selection())).lexical("cat", 20)).rows)


async def test_a_cache_too_small_for_all_still_answers_for_all(bench) -> None:
    writer = await bench.open()
    scopes = [Scope("acme", user_id=f"user {n}") for n in range(8)]
    await bench.fill(writer, [bench.turn(f"cat {n}", scope) for n, scope in enumerate(scopes)])
    store = await bench.open(cache_bytes=70_000)
    for _ in range(2):
        for scope in scopes:
            view = await store.view(bench.selection(scope))
            assert len((await view.lexical("cat", 10)).rows) == 1
    assert len(store._views._cache) <= 3


async def test_many_searches_at_once_refresh_once(bench) -> None:
    store = await bench.open()
    await bench.fill(store, [bench.turn("a cat")])
    await store.view(bench.selection())
    await store.record([Turn(bench.turn("another cat"), None)])
    cache, reads = store._views._cache, []
    read = cache._put_news

    async def counted(*arguments):
        reads.append(arguments)
        return await read(*arguments)

    cache._put_news = counted
    views = await asyncio.gather(*(store.view(bench.selection()) for _ in range(10)))
    assert len(reads) == 1
    for view in views:
        assert len((await view.lexical("cat", 10)).rows) == 2


async def test_a_store_switched_behind_ones_back_says_so(bench) -> None:
    one, other = await bench.open(), await bench.open()
    turns = [bench.turn("a cat")]
    await bench.fill(one, turns)
    space = replace(bench.space, model="other")
    async for batch in other.refill(space, 10):
        await other.fill(space, batch.memories, bench.vectors(len(batch.memories)))
    await other.switch(space)
    with pytest.raises(SchemaMismatchError, match="switched"):
        await one.view(bench.selection())
    with pytest.raises(SchemaMismatchError, match="switched"):
        await one.record([Turn(bench.turn("late"), None)])
    assert len((await (await other.view(bench.selection())).dense(bench.vectors(1)[0], 5)).rows) == 1
