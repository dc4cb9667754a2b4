"""`EngramStore` by LangGraph's contract: values, filters, namespaces, batches, tenants, engines, any event loop."""

import asyncio
import math
import uuid
from collections import UserDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from engram_core import AsyncEngram, Bridge, ConfigError, Engram, InvalidInputError, SchemaMismatchError, StoreError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramStore

NS = ("users", "ada")


def keys(items):
    return [item.key for item in items]


def found(store, filter, **options):
    return sorted(keys(store.search(NS, filter=filter, **options)))


def test_an_item_is_put_read_written_over_and_deleted(store):
    assert isinstance(store, BaseStore)
    store.put(NS, "diet", {"text": "vegetarian"})
    first = store.get(NS, "diet")
    assert (first.namespace, first.key, first.value) == (NS, "diet", {"text": "vegetarian"})
    assert first.created_at == first.updated_at
    store.put(NS, "diet", {"text": "vegan"})
    second = store.get(NS, "diet")
    assert second.value == {"text": "vegan"}
    assert second.created_at == first.created_at < second.updated_at
    store.delete(NS, "diet")
    assert store.get(NS, "diet") is None
    store.delete(NS, "diet")


async def test_with_await_it_is_the_same_store(tenant):
    store = EngramStore(tenant)
    await store.asetup()
    await store.aput(NS, "diet", {"text": "vegetarian"})
    assert (await store.aget(NS, "diet")).value == {"text": "vegetarian"}
    assert keys(await store.asearch(("users",), filter={"text": "vegetarian"})) == ["diet"]
    assert await store.alist_namespaces(prefix=("users",)) == [NS]
    await store.adelete(NS, "diet")
    assert await store.aget(NS, "diet") is None


VALUES = {
    "unicode": {"größe": "naïve 日本語 🦊 \u202e rtl", "🦊": ["\u0301"]},
    "nul and a lone surrogate": {"a\0b": "x\0y", "s": "\ud800"},
    "numbers": {"small": 1e-7, "large": 1e300, "exact": 0.1, "big": 10**40, "float": 1e16, "negative": -0.5},
    "empty": {},
    "nested": {"a": {"b": [{"c": None}, True, [], {}]}},
    "a replacement character": {"text": "\ufffd"},
    "keys with dots": {"a.b": 1, "": 2, " ": 3},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_comes_back_as_it_was_put(store, value):
    store.put(NS, "k", value)
    back = store.get(NS, "k").value
    assert back == value
    assert repr(sorted(map(repr, back.items()))) == repr(sorted(map(repr, value.items())))
    assert store.search(NS)[0].value == value


def test_a_huge_value_and_a_key_of_any_script(store):
    value = {"text": "wort " * 400_000, "rows": list(range(10_000))}
    store.put(("größe", "日本 語", "a%_*\\'\";--"), "schlüssel/🦊 '\"", value)
    assert store.get(("größe", "日本 語", "a%_*\\'\";--"), "schlüssel/🦊 '\"").value == value


def test_any_mapping_is_a_value(store):
    store.put(NS, "k", UserDict({"inner": UserDict({"a": 1}), "t": (1, 2)}))
    assert store.get(NS, "k").value == {"inner": {"a": 1}, "t": [1, 2]}


def deep():
    value = {}
    for _ in range(100_000):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "put",
    [
        lambda store: store.put(NS, "k", "text"),
        lambda store: store.put(NS, "k", {"a": {1, 2}}),
        lambda store: store.put(NS, "k", {"a": math.nan}),
        lambda store: store.put(NS, "k", {"a": 10**5000}),
        lambda store: store.put(NS, "k", deep()),
        lambda store: store.put(NS, "a\0b", {}),
        lambda store: store.put(NS, "\ud800", {}),
        lambda store: store.put(NS, "k", {}, ttl=-1),
        lambda store: store.put(NS, "k", {}, ttl=math.inf),
        lambda store: store.put(NS, "k", {}, ttl="1"),
        lambda store: store.batch([PutOp(NS, 1, {})]),
        lambda store: store.batch(["get"]),
    ],
)
def test_what_cannot_be_put_is_refused_and_nothing_is_written(store, put):
    with pytest.raises(InvalidInputError, match="got"):
        put(store)
    with pytest.raises(InvalidInputError):
        store.batch([PutOp(NS, "other", {"a": 1}), PutOp(NS, "k", {"a": object()})])
    assert store.search(()) == []


@pytest.mark.parametrize(
    ("argument", "read"),
    [
        ("limit", lambda store: store.search(NS, limit=-1)),
        ("limit", lambda store: store.search(NS, limit="10")),
        ("offset", lambda store: store.search(NS, offset=-1)),
        ("query", lambda store: store.search(NS, query=7)),
        ("max_depth", lambda store: store.list_namespaces(max_depth=0)),
        ("limit", lambda store: store.list_namespaces(limit=-1)),
        ("match_type", lambda store: store.batch([ListNamespacesOp((MatchCondition("infix", ("a",)),))])),
    ],
)
def test_a_reading_that_makes_no_sense_is_refused(store, argument, read):
    with pytest.raises(InvalidInputError, match=argument):
        read(store)


def test_what_is_nowhere_is_not_found(store):
    assert store.get(NS, "a\0b") is None
    assert store.get((), "k") is None
    assert store.search(("nobody",)) == []
    assert store.search(NS, limit=0) == []


@pytest.mark.parametrize("namespace", [(), ("a.b",), ("a", ""), ("a", 1), ("a\0",), ("langgraph", "x")])
def test_namespaces_that_are_none(store, namespace):
    with pytest.raises(InvalidNamespaceError):
        store.put(namespace, "k", {})
    assert store.search(()) == []


def test_the_root_langgraph_is_reserved_for_batches(store):
    store.batch([PutOp(("langgraph", "x"), "k", {"a": 1})])
    assert store.get(("langgraph", "x"), "k").value == {"a": 1}
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp((), "k", {})])


def test_reads_of_a_batch_run_before_its_puts_of_which_the_last_wins(store):
    store.put(NS, "k", {"n": 0})
    results = store.batch(
        [
            PutOp(NS, "k", {"n": 1}),
            GetOp(NS, "k"),
            PutOp(NS, "gone", {"n": 1}),
            PutOp(NS, "k", {"n": 2}),
            PutOp(NS, "gone", None),
            GetOp(NS, "k"),
            GetOp(NS, "none"),
            SearchOp(NS),
            ListNamespacesOp(),
            PutOp(("other",), "k", {}),
        ]
    )
    assert [results[1].value, results[5].value, results[6]] == [{"n": 0}, {"n": 0}, None]
    assert (keys(results[7]), results[8]) == (["k"], [NS])
    assert [results[0], results[2], results[3], results[4], results[9]] == [None] * 5
    assert store.get(NS, "k").value == {"n": 2}
    assert store.get(NS, "gone") is None
    assert store.batch([]) == []


ITEMS = {
    "ten": {"n": 10, "at": "2024-05-01", "tags": ["a", "b"], "on": True, "who": {"name": "Ada", "age": 36}},
    "nine": {"n": 9.5, "at": "2024-06-01", "tags": ["a"], "on": False, "who": {"name": "Bob"}},
    "text": {"n": "10", "at": None, "who.name": "literal"},
}
FILTERS = [
    ({"n": 10}, ["ten"]),
    ({"n": 10.0}, ["ten"]),
    ({"n": "10"}, ["text"]),
    ({"n": {"$gt": 9}}, ["nine", "ten"]),
    ({"n": {"$gte": 9.5, "$lt": 10}}, ["nine"]),
    ({"n": {"$lte": 10**100}}, ["nine", "ten"]),
    ({"n": {"$lt": math.inf}}, ["nine", "ten"]),
    ({"n": {"$gt": -math.inf}}, ["nine", "ten"]),
    ({"n": {"$gt": math.inf}}, []),
    ({"n": {"$eq": math.nan}}, []),
    ({"n": {"$gt": "1"}}, ["text"]),
    ({"at": {"$gte": "2024-05-15"}}, ["nine"]),
    ({"on": True}, ["ten"]),
    ({"on": 1}, []),
    ({"on": {"$gt": False}}, ["ten"]),
    ({"on": {"$ne": True}}, ["nine", "text"]),
    ({"n": {"$ne": 10}}, ["nine", "text"]),
    ({"at": None}, ["text"]),
    ({"missing": None}, ["nine", "ten", "text"]),
    ({"missing": {"$ne": None}}, []),
    ({"missing": {"$gt": 0}}, []),
    ({"tags": ["a", "b"]}, ["ten"]),
    ({"who.name": "Ada"}, ["ten"]),
    ({"who.name": "literal"}, ["text"]),
    ({"who": {"name": "Bob"}}, ["nine"]),
    ({"who": {"age": {"$gt": 30}}}, ["ten"]),
    ({"who": {}}, ["nine", "ten"]),
    ({"who.age": {"$gt": 30}, "on": True, "n": {"$lt": 11}}, ["ten"]),
    ({"n": "10' OR '1'='1"}, []),
    ({"n": "a\0b"}, []),
    (None, ["nine", "ten", "text"]),
    ({}, ["nine", "ten", "text"]),
]


@pytest.fixture(scope="module")
def filled(engine):
    store = EngramStore(engine.for_tenant("filters"))
    store.batch([PutOp(NS, key, value) for key, value in ITEMS.items()])
    return store


@pytest.mark.parametrize(("filter", "expected"), FILTERS, ids=map(str, range(len(FILTERS))))
def test_filters_compare_by_type(filled, filter, expected):
    assert found(filled, filter) == expected


def test_filters_of_keys_in_any_script(store):
    store.put(NS, "k", {"größe": 1, "a-b": {"1c": "x"}, "an email/like@key": 2})
    for filter in ({"größe": 1}, {"a-b.1c": "x"}, {"an email/like@key": {"$gt": 1}}):
        assert found(store, filter) == ["k"]


@pytest.mark.parametrize("key", ["a') = 'x' OR '1'='1", "a'", 'a"', "a;b", "", "a..b", ".a", "a\0", "a\n", "a(b)", 3])
def test_hostile_filter_keys_are_refused(store, key):
    with pytest.raises(ValueError, match="Invalid filter key") as caught:
        store.search(NS, filter={key: 1})
    assert isinstance(caught.value, InvalidInputError)


@pytest.mark.parametrize(
    "filter", [{"a": {"$in": [1]}}, {"a": {"$gt": None}}, {"a": {"$gt": [1]}}, {"a": {1, 2}}, ["a"], {"a": {"b'": 1}}]
)
async def test_filters_that_cannot_be_read_are_refused(store, filter):
    with pytest.raises(ValueError, match=r"filter|operator|value"):
        store.search(NS, filter=filter)
    with pytest.raises(InvalidInputError):
        await store.asearch(NS, filter=filter)


def test_the_last_written_comes_first_and_pages_do_not_overlap(store):
    for n in range(7):
        store.put(NS, f"k{n}", {"n": n})
    store.put(NS, "k2", {"n": 2})
    order = ["k2", "k6", "k5", "k4", "k3", "k1", "k0"]
    assert keys(store.search(NS)) == order
    assert [key for offset in (0, 3, 6) for key in keys(store.search(NS, limit=3, offset=offset))] == order
    assert keys(store.search(NS, filter={"n": {"$lt": 3}}, limit=1, offset=1)) == ["k1"]
    assert keys(store.search(NS, query="anything")) == order  # no index: a query changes nothing


def test_a_prefix_ends_where_a_label_ends(store):
    names = [("foo",), ("foo", "child"), ("foobar",), ("Foo",), ("a_b",), ("axb",), ("a%",), ("ab",), ("foo!",)]
    for name in names:
        store.put(name, "k", {})
    for prefix, expected in [(("foo",), {("foo",), ("foo", "child")}), (("a_b",), {("a_b",)}), (("a%",), {("a%",)})]:
        assert {item.namespace for item in store.search(prefix)} == expected
        assert set(store.list_namespaces(prefix=prefix)) == expected
    assert {item.namespace for item in store.search(["foo"])} == {("foo",), ("foo", "child")}
    assert {item.namespace for item in store.search((), limit=100)} == set(names)


def test_namespaces_are_listed_by_both_ends_and_cut(store):
    for name in [("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c"), ("b", "c"), ("a",), ("c\n",), ("a!", "z")]:
        store.put(name, "k", {})
        store.put(name, "l", {})
    listed = store.list_namespaces
    assert listed(prefix=("a", "b")) == [("a", "b", "c"), ("a", "b", "d")]
    assert listed(suffix=("c",)) == [("a", "b", "c"), ("a", "x", "c"), ("b", "c")]
    assert listed(prefix=("a", "*", "c")) == [("a", "b", "c"), ("a", "x", "c")]
    assert listed(prefix=("*", "c")) == [("b", "c")]
    assert listed(suffix=("*", "c"), prefix=("a",)) == [("a", "b", "c"), ("a", "x", "c")]
    assert listed(suffix=("a", "b", "*", "c")) == []
    assert listed(max_depth=1) == [("a",), ("a!",), ("b",), ("c\n",)]
    assert listed(prefix=("a",), max_depth=2) == [("a",), ("a", "b"), ("a", "x")]
    assert listed(limit=2, offset=1) == [("a", "b", "c"), ("a", "b", "d")]
    assert listed(suffix=("c",), limit=1, offset=2) == [("b", "c")]


def test_tenants_do_not_see_each_other(engine):
    acme, globex = (EngramStore(engine.for_tenant(uuid.uuid4().hex)) for _ in range(2))
    acme.put(NS, "k", {"of": "acme"})
    assert globex.get(NS, "k") is None
    assert (globex.search(NS), globex.search(()), globex.list_namespaces()) == ([], [], [])
    globex.put(NS, "k", {"of": "globex"})
    globex.delete(NS, "k")
    assert acme.get(NS, "k").value == {"of": "acme"}


def test_many_threads_put_the_same_keys_in_any_order(store):
    def work(n):
        ops = [PutOp((f"shard{(n + m) % 3}",), f"k{(n * 7 + m) % 10}", {"n": n}) for m in range(10)]
        store.batch(ops if n % 2 else ops[::-1])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(40)))
    assert len(store.search((), limit=100)) == 30


async def test_what_is_asked_at_the_same_moment_is_done_as_one_and_fails_alone(tenant):
    calls = []

    async def embed(texts):
        calls.append(len(texts))
        if "bad" in texts:
            raise RuntimeError("cannot embed this")
        return [[float(len(text)), 1.0] for text in texts]

    store = EngramStore(tenant, index={"dims": 2, "embed": embed, "fields": ["text"]})
    await asyncio.gather(*(store.aput(NS, f"k{n}", {"text": "x" * (n + 1)}) for n in range(20)))
    assert calls == [20]
    outcomes = await asyncio.gather(
        store.aput(NS, "good", {"text": "good"}),
        store.aput(NS, "bad", {"text": "bad"}),
        store.aget(NS, "k3"),
        store.asearch(NS, filter={"'": 1}),
        return_exceptions=True,
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], RuntimeError)
    assert outcomes[2].value == {"text": "xxxx"}
    assert isinstance(outcomes[3], ValueError)
    assert (await store.aget(NS, "good")).value == {"text": "good"}


async def test_a_caller_that_is_cancelled_harms_nobody(store):
    cancelled = asyncio.create_task(store.aput(NS, "a", {}))
    await asyncio.sleep(0)
    cancelled.cancel()
    await store.aput(NS, "b", {})
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert (await store.aget(NS, "b")).value == {}


async def test_an_async_engine_serves_its_loop_threads_and_other_loops(data_dir):
    async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder(), tenant=uuid.uuid4().hex) as engine:
        store = EngramStore(engine, index={"embed": FakeEmbedder(), "fields": ["text"]})
        await store.aput(NS, "here", {"text": "red apple"})
        await asyncio.to_thread(store.put, NS, "thread", {"text": "green pear"})
        await asyncio.to_thread(lambda: asyncio.run(store.aput(NS, "loop", {"text": "blue plum"})))
        assert keys(await store.asearch(NS, query="green pear"))[0] == "thread"
        assert keys(await asyncio.to_thread(lambda: asyncio.run(store.asearch(NS, query="blue plum"))))[0] == "loop"
        with pytest.raises(StoreError, match="async method"):
            store.get(NS, "here")


def test_an_engine_serves_one_loop_after_the_other(store):
    async def use(n):
        await asyncio.gather(*(store.aput(NS, f"{n}-{m}", {}) for m in range(5)))

    for n in range(3):
        asyncio.run(use(n))
    assert len(store.search(NS, limit=100)) == 15


def test_an_engine_without_a_database_says_so():
    with (
        Engram(database_url="memory://", embedder=FakeEmbedder()) as engine,
        pytest.raises(ConfigError, match="memory"),
    ):
        EngramStore(engine).setup()
    with pytest.raises(InvalidInputError, match="engine"):
        EngramStore("postgresql://…")


@pytest.fixture(scope="module")
def url(engine):
    """A database of its own on the embedded server."""
    tables = EngramStore(engine)._tables
    name = f"opened_{uuid.uuid4().hex}"

    async def create(database):
        async with database.connection() as connection:
            await connection.execute(f"CREATE DATABASE {name}")
        return database._address

    to = tables.call(create)
    return f"postgresql://{to.user}:{to.password}@/{name}?host={to.host}&port={to.port}"


async def test_a_store_is_opened_by_a_url_with_and_without_await(url, store):
    name = uuid.uuid4().hex
    with EngramStore.from_conn_string(url, tenant=name) as opened:
        opened.setup()
        opened.put(NS, "k", {"a": 1})
    async with EngramStore.from_conn_string(url, tenant=name, ttl={"default_ttl": 1}) as opened:
        await opened.asetup()
        assert (await opened.aget(NS, "k")).value == {"a": 1}
        opened.start_ttl_sweeper()
    assert store.get(NS, "k") is None
    with pytest.raises(StoreError):
        await opened.aget(NS, "k")


async def test_a_url_is_enough_where_the_memories_are_of_another_embedding_model(engine):
    async def url(bridge):
        return (await bridge.database()).url

    bridge = Bridge(engine)
    where = bridge.call(lambda _: url(bridge))
    async with EngramStore.from_conn_string(where, tenant=uuid.uuid4().hex) as opened:
        await opened.aput(NS, "a", {"x": 1})
        assert (await opened.aget(NS, "a")).value == {"x": 1}
    with pytest.raises(SchemaMismatchError), Engram(database_url=where):
        pass
