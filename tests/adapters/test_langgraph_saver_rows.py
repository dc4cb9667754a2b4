"""What the saver keeps: tenants, values, writes, listings, and input that is refused."""

import asyncio
import secrets
from urllib.parse import quote

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT
from langgraph.graph import START, StateGraph

from engram_core import AsyncEngram, ConfigError, Engram, InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver


def thread(name, **more):
    return {"configurable": {"thread_id": name, "checkpoint_ns": "", **more}}


@pytest.fixture(scope="module")
def memory(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def tenant(memory, request):
    return memory.for_tenant(request.node.name)


@pytest.fixture
def saver(bench_saver, tenant):
    return bench_saver(tenant)


# Tenants


def test_a_tenant_reaches_nothing_of_another(bench_saver, memory):
    ada, bob = bench_saver(memory.for_tenant("rows-ada")), bench_saver(memory.for_tenant("rows-bob"))
    first = ada.add(None, {"secret": ["ada's"]}, run_id="run")
    ada.put_writes(first, [("secret", "more")], "task")
    assert bob.get_tuple(first) is None
    assert list(bob.list(None)) == list(bob.list(thread("t"))) == []
    bob.delete_thread("t")
    bob.delete_for_runs(["run"])
    bob.prune(["t"], strategy="delete")
    bob.copy_thread("t", "u")
    assert bob.get_tuple(thread("u")) is None
    assert bob.get_delta_channel_history(config=first, channels=["secret"]) == {"secret": {"writes": []}}
    assert ada.get_tuple(first).checkpoint["channel_values"] == {"secret": ["ada's"]}
    assert len(list(ada.list(None))) == 1


# Values


def test_a_value_is_stored_once_a_version(saver):
    first = saver.add(None, {"big": ["x"], "small": 1}, {"big": "1", "small": "1"})
    second = saver.add(first, {"big": ["x"], "small": 2}, {"big": "1", "small": "2"}, new=["small"], step=1)
    assert saver.rows() == [2, 1, 0]
    assert saver.get_tuple(second).checkpoint["channel_values"] == {"big": ["x"], "small": 2}
    assert saver.get_tuple(first).checkpoint["channel_values"] == {"big": ["x"], "small": 1}


def test_a_copy_that_is_said_to_bring_nothing_new_brings_what_is_not_there(saver):
    first = saver.add(None, {"a": ["one"]}, {"a": "1"})
    saver.add(first, {"a": ["not one"], "b": ["new"]}, {"a": "1", "b": "1"}, new=[], step=1)
    assert saver.get_tuple(thread("t")).checkpoint["channel_values"] == {"a": ["one"], "b": ["new"]}


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 2**62, 1.5, "", "ü\x00\U0001f600", "long" * 5000, b"\x00\xff", bytearray(b"ab"), {1}],
)
def test_any_value_comes_back(saver, value):
    found = saver.get_tuple(saver.add(None, {"channel": value})).checkpoint["channel_values"]["channel"]
    assert (found, type(found)) == (value, type(value))


def test_a_state_of_many_megabytes(saver):
    value = {"texts": [f"{number} " * 2000 for number in range(1000)]}
    stored = saver.add(None, {"big": value})
    saver.put_writes(stored, [("big", value)], "task")
    found = saver.get_tuple(stored)
    assert found.checkpoint["channel_values"]["big"] == value
    assert found.pending_writes == [("task", "big", value)]


def test_versions_that_are_numbers(saver):
    first = saver.add(None, {"a": ["one"]}, {"a": 1})
    second = saver.add(first, {"a": ["two"]}, {"a": 2}, step=1)
    assert saver.get_tuple(first).checkpoint["channel_versions"] == {"a": 1}
    assert saver.get_tuple(second).checkpoint["channel_values"] == {"a": ["two"]}


def test_versions_grow_and_never_meet(saver):
    versions = [saver.get_next_version(None, None)]
    for _ in range(11):
        versions.append(saver.get_next_version(versions[-1], None))
    assert versions == sorted(versions)
    assert saver.get_next_version(versions[0], None) != versions[1]
    assert saver.get_next_version(7, None) > saver.get_next_version(6.0, None)


def test_what_a_serializer_hides_is_hidden(bench_saver, tenant):
    class Reversing:
        """A cipher that anyone can read: what matters is that everything goes through it."""

        def encrypt(self, plaintext):
            return "reversed", plaintext[::-1]

        def decrypt(self, name, ciphertext):
            return ciphertext[::-1]

    saver = bench_saver(tenant, serde=EncryptedSerializer(Reversing()))
    stored = saver.add(None, {"plain": "password", "list": ["password"]})
    saver.put_writes(stored, [("plain", "password")], "task")

    async def dump(database):
        async with database.connection() as connection:
            sql = "SELECT coalesce(string_agg(t::text, ''), '') FROM (SELECT * FROM {} WHERE tenant = $1) t"
            return "".join([await connection.fetchval(sql.format(table), tenant.tenant) for table in saver.tables])

    assert b"password".hex() not in saver._tables.call(dump)
    found = saver.get_tuple(stored)
    assert found.checkpoint["channel_values"] == {"plain": "password", "list": ["password"]}
    assert found.pending_writes == [("task", "plain", "password")]


def test_an_allowlist_makes_a_copy_on_the_same_tables(saver):
    strict = type(saver)(saver._tables.bridge._given, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    copy = strict.with_allowlist([("some", "Type")])
    stored = copy.add(None, {"a": [1]})
    assert copy is not strict
    assert saver.get_tuple(stored).checkpoint["channel_values"] == {"a": [1]}


# Writes


def test_writes_are_kept_once_and_in_order(saver):
    stored = saver.add(None, {})
    saver.put_writes(stored, [("a", 1), ("a", 2)], "z", "~pull, 01")
    saver.put_writes(stored, [("a", 3)], "a", "~pull, 02")
    saver.put_writes(stored, [("a", 4)], "m")
    saver.put_writes(stored, [("a", "again"), ("a", "again")], "z", "~pull, 01")
    assert saver.get_tuple(stored).pending_writes == [("m", "a", 4), ("z", "a", 1), ("z", "a", 2), ("a", "a", 3)]


def test_of_interrupts_and_errors_the_last_holds(saver):
    stored = saver.add(None, {})
    saver.put_writes(stored, [(INTERRUPT, "first"), (INTERRUPT, "second")], "task")
    saver.put_writes(stored, [(INTERRUPT, "third"), ("a", 1)], "task")
    saver.put_writes(stored, [(ERROR, "boom"), ("a", 2)], "task")
    found = sorted(saver.get_tuple(stored).pending_writes)
    assert found == [("task", ERROR, "boom"), ("task", INTERRUPT, "third"), ("task", "a", 1)]


def test_writes_may_come_before_their_checkpoint(saver):
    id = str(uuid6())
    saver.put_writes(thread("t", checkpoint_id=id), [("a", 1)], "task")
    assert saver.get_tuple(thread("t")) is None
    assert saver.get_tuple(saver.add(None, {}, id=id)).pending_writes == [("task", "a", 1)]


async def test_concurrent_puts(data_dir):
    """The same checkpoints, values and writes from many at once, on more tasks than connections."""
    async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="rows-concurrent") as memory:
        savers = [EngramSaver(memory), EngramSaver(memory)]
        checkpoint = empty_checkpoint()
        channels = [f"channel {number}" for number in range(30)]
        versions = dict.fromkeys(channels, "1")
        checkpoint.update(channel_values={name: [name] for name in channels}, channel_versions=versions)

        async def work(number):
            saver = savers[number % 2]
            order = channels if number % 3 else channels[::-1]
            new = dict.fromkeys(order, "1")
            stored = await saver.aput(thread("t"), checkpoint, {"source": "loop", "step": 1}, new)
            await saver.aput_writes(stored, [(channel, number) for channel in order], f"task {number % 4}")

        await asyncio.gather(*(work(number) for number in range(40)))
        found = await savers[0].aget_tuple(thread("t"))
        assert found.checkpoint["channel_values"] == {name: [name] for name in channels}
        assert len(found.pending_writes) == 4 * len(channels)
        assert len({value for task, _, value in found.pending_writes if task == "task 0"}) == 1


# Listings


def test_a_listing_goes_page_by_page(saver, monkeypatch):
    monkeypatch.setattr("engram_langgraph.listing.PAGE", 3)
    stored = [saver.add(None, {"a": [step]}, {"a": str(step)}, step=step) for step in range(10)]
    ids = [config["configurable"]["checkpoint_id"] for config in reversed(stored)]
    assert saver.ids() == ids
    assert saver.ids(limit=7) == ids[:7]
    assert saver.ids(limit=3) == ids[:3]
    assert saver.ids(limit=0) == []
    assert saver.ids(before=stored[4], limit=2) == ids[6:8]
    assert [found.metadata["step"] for found in saver.list(thread("t"), filter={"step": 4})] == [4]
    assert [found.checkpoint["channel_values"] for found in saver.list(stored[2])] == [{"a": [2]}]


def test_a_listing_of_all_threads_and_namespaces(saver, monkeypatch):
    monkeypatch.setattr("engram_langgraph.listing.PAGE", 2)
    id = str(uuid6())
    for name in ("t", "u"):
        for ns in ("", "child:1", "child:2"):
            saver.add(None, {}, name=name, ns=ns, id=id)
    assert len(list(saver.list(None))) == 6
    places = {
        (found.config["configurable"]["thread_id"], found.config["configurable"]["checkpoint_ns"])
        for found in saver.list(None)
    }
    assert len(places) == 6
    assert len(list(saver.list({"configurable": {"thread_id": "t"}}))) == 3
    assert len(list(saver.list(thread("t", checkpoint_ns="child:1")))) == 1


def test_metadata_are_contained(saver):
    saver.add(None, {}, tags=["a", "b"], nested={"x": {"y": 1}, "z": 2}, text="n\x00ul")
    (found,) = saver.list(thread("t"), filter={"nested": {"x": {"y": 1}}, "tags": ["a"]})
    assert found.metadata["text"] == "nul"
    assert list(saver.list(thread("t"), filter={"nested": {"x": {"y": 2}}})) == []
    assert list(saver.list(thread("t"), filter={"' OR true --": 1})) == []


def test_no_text_or_number_in_metadata_ends_a_run(saver):
    odd = {"s": "a\ud800", "n": float("nan"), "pair": "\ud83d\ude00", "\ud800": [float("-inf"), ("NaN", 1.5)]}
    saver.add(None, {}, **odd)
    (found,) = saver.list(thread("t"), filter={"pair": "\U0001f600"})
    kept = {key: found.metadata[key] for key in ("s", "n", "pair", "\ufffd")}
    assert kept == {"s": "a\ufffd", "n": None, "pair": "\U0001f600", "\ufffd": [None, ["NaN", 1.5]]}
    graph = StateGraph(dict).add_node("a", lambda state: state).add_edge(START, "a").compile(checkpointer=saver)
    configurable = {"thread_id": "run", "ratio": float("inf"), "text": "\udfff", "nul": "a\0"}
    graph.invoke({"x": 1}, {"configurable": configurable})
    latest = saver.get_tuple(thread("run")).metadata
    assert (latest["ratio"], latest["text"], latest["nul"]) == (None, "\ufffd", "a")


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def test_names_as_long_as_they_may_be_are_kept_and_copied(saver):
    longest, ns = secrets.token_hex(250), secrets.token_hex(700)
    stored = saver.add(None, {"a" * 60: [1]}, name="t", ns=ns)
    saver.put_writes(stored, [("a", 1)], secrets.token_hex(30))
    saver.add(stored, {}, name="t", ns=ns, run_id=secrets.token_hex(999))
    saver.copy_thread("t", longest)
    assert saver.rows(longest) == saver.rows() == [2, 1, 1]
    assert saver.get_tuple(thread(longest, checkpoint_ns=ns)) is not None


# What is refused


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.get_tuple({"configurable": {}}), "thread_id"),
        (lambda s: s.get_tuple({"configurable": {"thread_id": ""}}), "thread_id"),
        (lambda s: s.get_tuple(thread("a\x00b")), "thread_id.*NUL"),
        (lambda s: s.list({"configurable": {}}), "thread_id"),
        (lambda s: s.list(None, limit=-1), "limit"),
        (lambda s: s.list(None, filter={"a": {1}}), "filter"),
        (lambda s: s.alist(None, limit=-1), "limit"),
        (lambda s: s.put_writes(thread("t"), [("a", 1)], "task"), "checkpoint_id"),
        (lambda s: s.add(None, {}, odd=object()), "metadata"),
        (lambda s: s.add(None, {}, odd=deep()), "metadata"),
        (lambda s: s.add(None, {}, run_id="r" * 2001), "run_id.*2,000"),
        (lambda s: s.add(None, {"\ud800": [1]}), "channel"),
        (lambda s: s.get_tuple(thread("\ud800")), "thread_id.*surrogates"),
        (lambda s: s.list(thread("t", checkpoint_ns="\ud800")), "checkpoint_ns"),
        (lambda s: s.list(None, filter={"x": "\ud800"}), "filter.*surrogates"),
        (lambda s: s.list(None, filter={"x": float("inf")}), "filter"),
        (lambda s: s.list(None, before=thread("t", checkpoint_id="\ud800")), "before"),
        (lambda s: s.put_writes(thread("t", checkpoint_id="1"), [("\ud800", 1)], "task"), "channel"),
        (lambda s: s.put_writes(thread("t", checkpoint_id="1"), [("a", 1)], "\ud800"), "task_id"),
        (lambda s: s.put_writes(thread("t", checkpoint_id="1"), [("a", 1)], "task", "\0"), "task_path"),
        (lambda s: s.add(None, {}, name="t" * 501), "thread_id.*500"),
        (lambda s: s.add(None, {}, ns="ü" * 800), "checkpoint_ns.*1,500"),
        (lambda s: s.add(None, {"c" * 1500: [1]}), "channel.*1,500"),
        (lambda s: s.put_writes(thread("t", checkpoint_id="1"), [("a", 1)], "k" * 1500), "task_id.*1,500"),
        (lambda s: s.prune(["t"], strategy="keep_all"), "strategy.*keep_all.*keep_latest, delete"),
        (lambda s: s.prune("t"), "thread_ids"),
        (lambda s: s.delete_for_runs("run"), "run_ids"),
        (lambda s: s.prune(None), "thread_ids.*None"),
        (lambda s: s.prune(7), "thread_ids"),
        (lambda s: s.prune([None]), "thread_ids.*None"),
        (lambda s: s.prune([""], strategy="delete"), "thread_ids"),
        (lambda s: s.delete_for_runs(None), "run_ids.*None"),
        (lambda s: s.delete_for_runs([None]), "run_ids.*None"),
        (lambda s: s.delete_thread(None), "thread_id.*None"),
        (lambda s: s.delete_thread(""), "thread_id"),
        (lambda s: s.copy_thread("t", "t"), "target_thread_id"),
        (lambda s: s.copy_thread(None, "t"), "source_thread_id.*None"),
        (lambda s: s.copy_thread("x", None), "target_thread_id.*None"),
        (lambda s: s.copy_thread("x", ""), "target_thread_id"),
    ],
)
def test_bad_input_is_named_and_nothing_written(saver, call, words):
    with pytest.raises(InvalidInputError, match=words):
        call(saver)
    assert saver.rows() == [0, 0, 0]


def test_no_engine_and_no_tables():
    with pytest.raises(InvalidInputError, match="engine"):
        EngramSaver("postgresql://")
    with (
        Engram(database_url="memory://", embedder=FakeEmbedder()) as memory,
        pytest.raises(ConfigError, match="memory://"),
    ):
        EngramSaver(memory).setup()


@pytest.mark.parametrize("field", ["thread_id", "checkpoint_ns"])
def test_ids_that_are_no_text(saver, field):
    config = thread("t") | {"configurable": {**thread("t")["configurable"], field: 7}}
    stored = saver.put(config, empty_checkpoint(), {}, {})
    assert stored["configurable"][field] == "7"
    assert saver.get_tuple(config).config == stored


# Without an engine


@pytest.fixture(scope="module")
def url(memory):
    """Of a database of its own on the embedded server, as somebody would know it who has only a URL."""

    async def make(database):
        async with database.connection() as connection:
            await connection.execute("CREATE DATABASE rows_url")
        return database._address

    at = EngramSaver(memory)._tables.call(make)
    place = f"host={quote(at.host, safe='')}&port={at.port}"
    return f"postgresql://{quote(at.user)}:{quote(at.password)}@/rows_url?{place}"


async def test_a_url_is_enough(bench_saver, url):
    await asyncio.to_thread(use_url, bench_saver, url)
    async with EngramSaver.from_conn_string(url, tenant="rows-url") as saver:
        assert (await saver.aget_tuple(thread("t"))).checkpoint["channel_values"] == {"a": [1]}
    async with EngramSaver.from_conn_string(url) as saver:
        await saver.asetup()
        assert await saver.aget_tuple(thread("t")) is None


def use_url(bench_saver, url):
    with bench_saver.from_conn_string(url, tenant="rows-url") as saver:
        saver.setup()
        saver.add(None, {"a": [1]})
