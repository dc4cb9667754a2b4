"""`EngramStore` at its limits: batches in each other's way, hostile filters, names that are too long, odd numbers."""

import asyncio
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, MatchCondition, PutOp, SearchOp

from engram_core import InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramStore

NS = ("users", "ada")


def keys(items):
    return sorted(item.key for item in items)


# Batches in each other's way


@pytest.fixture
def impatient(monkeypatch):
    """No batch is written twice: what would be mended by that fails."""
    monkeypatch.setattr("engram_langgraph.store.ATTEMPTS", 1)


@pytest.mark.usefixtures("impatient")
def test_batches_of_puts_and_deletes_never_wait_in_a_circle(store):
    begin = threading.Barrier(2)

    def work(gone, put):
        for _ in range(15):
            begin.wait(30)
            store.put(NS, gone, {"x": 0})
            store.batch([PutOp(NS, gone, None), PutOp(NS, put, {"x": 1})])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, "ab", "ba"))


@pytest.mark.usefixtures("impatient")
def test_batches_of_any_kind_and_many_shards_never_wait_in_a_circle(tenant):
    index = {"dims": 16, "embed": FakeEmbedder(dimension=16), "fields": ["text"]}
    store = EngramStore(tenant, index=index)

    def work(n):
        places = [((f"shard{(n + m) % 3}",), f"k{(n * 7 + m) % 6}") for m in range(8)]
        kind = n % 4
        values = [None if kind == 1 or (kind > 1 and (n + m) % 2) else {"text": f"{n} {m}"} for m in range(8)]
        store.batch([PutOp(*place, value) for place, value in zip(places, values, strict=True)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(120)))


def test_what_a_batch_deletes_is_gone_with_its_vectors(tenant):
    index = {"dims": 16, "embed": FakeEmbedder(dimension=16), "fields": ["text"]}
    store = EngramStore(tenant, index=index)
    store.batch([PutOp(NS, "old", {"text": "red"}), PutOp(NS, "kept", {"text": "red"})])
    kept = store.get(NS, "kept")
    store.batch([PutOp(NS, "old", None), PutOp(NS, "never", None), PutOp(NS, "new", {"text": "red"})])
    assert keys(store.search(NS)) == keys(store.search(NS, query="red")) == ["kept", "new"]
    assert store.get(NS, "kept").updated_at == kept.updated_at
    assert store.get(NS, "old") is None

    async def left(database):
        async with database.connection() as connection:
            return await connection.fetchval(
                "SELECT count(*) FROM store_item_vectors v JOIN store_items i USING (shard_key, namespace)"
                " WHERE i.tenant = $1 AND i.key = 'new'",
                tenant.tenant,
            )

    assert store._tables.call(left) == 2


def test_a_batch_in_the_way_of_somebody_elses_locks_is_written_again(store):
    store.batch([PutOp(NS, key, {"n": 0}) for key in "ab"])
    touch = "UPDATE store_items SET expires_at = NULL WHERE tenant = $1 AND key = $2"

    async def circle(database):
        """Lock `b`, and `a` once the batch has it and waits for `b`; looking for circles is left to the batch."""
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL deadlock_timeout = '1h'")
            await connection.execute(touch, store._tables.tenant, "b")
            batch = asyncio.create_task(store.abatch([PutOp(NS, key, {"n": 1}) for key in "ab"]))
            async with database.connection() as watching:
                while not await watching.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.02)
            await connection.execute(touch, store._tables.tenant, "a")
        await batch

    store._tables.call(circle)
    assert [item.value for item in store.search(NS)] == [{"n": 1}, {"n": 1}]


# Filters


def nested(depth, value=1, key="a.b"):
    for _ in range(depth):
        value = {key: value}
    return value


@pytest.mark.parametrize("key", ["a", "a.b"])
def test_a_filter_as_deep_as_it_may_be(store, key):
    store.put(NS, "whole", nested(32, key=key))
    store.put(NS, "other", nested(32, value=2, key=key))
    store.put(NS, "shallow", nested(31, key=key))
    assert keys(store.search(NS, filter=nested(32, key=key))) == ["whole"]
    assert keys(store.search(NS, filter=nested(31, value={"$eq": 1}, key=key))) == ["shallow"]


def test_a_nested_key_with_dots_is_a_name_or_a_path(store):
    store.put(NS, "name", {"a": {"b": {"c.d": {"e": 1}}}})
    store.put(NS, "path", {"a.b": {"c": {"d": {"e": 1}}}})
    store.put(NS, "neither", {"a.b": {"c.d": {"f": 1}, "c": {"d": {"e": 1}}}})
    assert keys(store.search(NS, filter={"a.b": {"c.d": {"e": 1}}})) == ["name", "path"]
    assert keys(store.search(NS, filter={"a.b": {"c.d": {"e": {"$ne": 1}}}})) == ["neither"]
    assert keys(store.search(NS, filter={"a.b": {"c.d": {}, "x": None}})) == ["name", "neither", "path"]


def test_a_filter_of_as_many_conditions_as_there_may_be(store):
    wide = {f"k{number}.x": number for number in range(1_000 - 31)}
    value = {f"k{number}": {"x": number} for number in range(1_000 - 31)}
    store.put(NS, "here", nested(31, value=value))
    assert keys(store.search(NS, filter=nested(31, value=wide))) == ["here"]


@pytest.mark.parametrize(
    "filter",
    [
        nested(33),
        nested(300),
        nested(900, key="a"),
        nested(100_000),
        {f"k{number}": 1 for number in range(1_001)},
        {f"k{number}": 1 for number in range(40_000)},
        {f"k{number}": {"$gt": 1, "$lt": 5} for number in range(400)},
    ],
    ids=["33", "300", "900", "100000", "1001 keys", "40000 keys", "1200 in all"],
)
def test_a_filter_that_is_too_large_is_refused(store, filter):
    with pytest.raises(ValueError, match=r"Invalid filter.*1,000 conditions.*32") as caught:
        store.search(NS, filter=filter)
    assert isinstance(caught.value, InvalidInputError)


def test_a_mapping_to_be_equal_to_is_no_condition(store):
    value = {f"k{number}": number for number in range(2_000)}
    store.put(NS, "here", {"v": value})
    assert keys(store.search(NS, filter={"v": {"$eq": value}})) == ["here"]


def test_a_lone_surrogate_cannot_be_compared(store):
    with pytest.raises(InvalidInputError, match=r"\$gt.*surrogates"):
        store.search(NS, filter={"a": {"$gt": "\ud800"}})


# Names


@pytest.mark.parametrize(
    "op",
    [
        PutOp(("\ud800",), "k", {}),
        PutOp(("a", "\udfff"), "k", None),
        GetOp(("\ud800",), "k"),
        SearchOp(("\ud800",)),
        ListNamespacesOp((MatchCondition("suffix", ("\ud800",)),)),
    ],
)
def test_namespaces_that_cannot_be_kept(store, op):
    with pytest.raises(InvalidNamespaceError, match="surrogates"):
        store.batch([op])


@pytest.mark.parametrize(
    ("argument", "namespace", "key"),
    [("key", ("a",), "k" * 1999), ("key", ("a",), "ü" * 1000), ("namespace", ("a" * 1999,), "k")],
)
def test_names_that_are_too_long_are_refused(store, argument, namespace, key):
    with pytest.raises(InvalidInputError, match=f"{argument}: .*2,000 bytes"):
        store.put(namespace, key, {})
    assert store.get(namespace, key) is None
    assert store.search(()) == []


def test_names_as_long_as_they_may_be_are_kept(tenant):
    store = EngramStore(tenant, index={"dims": 16, "embed": FakeEmbedder(dimension=16), "fields": ["$"]})
    place = (secrets.token_hex(900),), secrets.token_hex(99) + "k"
    store.put(*place, {"n": 1})
    assert store.get(*place).value == {"n": 1}
    long = (secrets.token_hex(999),)
    store.put(long, "k", {"n": 1})
    assert keys(store.search(long, query="n")) == ["k"]


# Minutes, and what callers share


def test_minutes_beyond_any_clock(tenant):
    store = EngramStore(tenant, ttl={"sweep_interval_minutes": 10**400})
    for minutes in (None, 1e9, 10**400):
        running = store.start_ttl_sweeper(minutes)
        with pytest.raises(TimeoutError):
            running.result(0.2)
        assert store.stop_ttl_sweeper(1e300)
        running.result(0)
    for ttl in (10**400, -(10**400), float("nan")):
        with pytest.raises(InvalidInputError, match="ttl"):
            store.put(NS, "k", {}, ttl=ttl)


async def test_callers_at_one_moment_share_no_item(store):
    value = {"tags": ["a"], "number": 1e16, "odd": "\ud800"}
    await store.aput(NS, "k", value)
    first, second = await asyncio.gather(store.aget(NS, "k"), store.aget(NS, "k"))
    first.value["tags"].append("b")
    assert second.value == value
    first, second = await asyncio.gather(store.asearch(NS), store.asearch(NS))
    first[0].value["tags"].append("b")
    assert second[0].value == value
    assert (second[0].key, second[0].namespace, second[0].score) == ("k", NS, None)
    assert second[0].created_at == first[0].created_at
