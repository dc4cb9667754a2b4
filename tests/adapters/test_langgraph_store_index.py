"""`EngramStore` finds by meaning and by words, and forgets in time; in graphs, in agents and under langmem."""

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_core.embeddings import Embeddings
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import PutOp, SearchOp
from langmem import create_manage_memory_tool, create_search_memory_tool

from engram_core import InvalidInputError, InvalidOutputError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramStore

NS = ("users", "ada")
SECOND = 1 / 60
WORDS = {"embed": FakeEmbedder(), "fields": ["text"]}


def letters(texts):
    """One dimension a letter."""
    return [[float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


class Letters(Embeddings):
    def embed_documents(self, texts):
        return letters(texts)

    def embed_query(self, text):
        return letters([text])[0]


async def async_letters(texts):
    return letters(texts)


def keys(items):
    return [item.key for item in items]


@pytest.mark.parametrize("embed", [letters, async_letters, Letters()], ids=["function", "async function", "Embeddings"])
async def test_any_kind_of_embedder_serves_both_kinds_of_callers(tenant, embed):
    store = EngramStore(tenant, index={"dims": 26, "embed": embed, "fields": ["text"]})
    store.put(NS, "a", {"text": "aaa"})
    await store.aput(NS, "b", {"text": "bbb"})
    for items in (store.search(NS, query="aab"), await store.asearch(NS, query="aab")):
        assert keys(items) == ["a", "b"]
        assert items[0].score == pytest.approx(2 / 5**0.5, abs=1e-3)
        assert items[1].score == pytest.approx(1 / 5**0.5, abs=1e-3)
    assert store.embeddings is not None
    assert store.index_config["dims"] == 26


def test_the_engines_embedder_by_name(tenant):
    store = EngramStore(tenant, index={"embed": "engram"})
    store.put(NS, "a", {"text": "red apple"})
    assert store.search(NS, query="text red apple")[0].score == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("distance", "expected"), [("cosine", 0.8), ("inner_product", 8.0), ("l2", -(85**0.5)), (None, 0.8)]
)
def test_scores_are_what_the_distance_says(tenant, distance, expected):
    index = {"dims": 2, "embed": lambda texts: [list(map(float, text.split())) for text in texts], "fields": ["v"]}
    store = EngramStore(tenant, index=index | ({"distance_type": distance} if distance else {}))
    store.put(NS, "a", {"v": "6 8"})
    assert store.search(NS, query="1 1")[0].score == pytest.approx(0.99, abs=0.01) or distance in (
        "l2",
        "inner_product",
    )
    assert store.search(NS, query="0 1")[0].score == pytest.approx(
        expected if distance != "l2" else -(85**0.5), abs=1e-2
    )


def test_each_path_has_its_vectors_and_the_best_one_counts(tenant):
    store = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["title", "notes[*].text"]})
    store.put(NS, "one", {"title": "zzz", "notes": [{"text": "aaa"}, {"text": "bbb"}, {"other": "ccc"}]})
    store.put(NS, "two", {"title": "aab", "notes": []})
    for query, first in (("aaa", "one"), ("bbb", "one"), ("zzz", "one"), ("aab", "two")):
        items = store.search(NS, query=query)
        assert (items[0].key, sorted(keys(items))) == (first, ["one", "two"])
        assert items[0].score == pytest.approx(1, abs=1e-3)
    assert store.search(NS, query="ccc")[0].score == 0
    store.put(NS, "one", {"title": "yyy"})
    assert store.search(NS, query="bbb")[0].key == "two"


def test_an_item_with_many_vectors_does_not_crowd_out_the_others(tenant):
    store = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["tags[*]"]})
    store.put(NS, "many", {"tags": ["a" + "b" * n for n in range(50)]})
    for n in range(4):
        store.put(NS, f"few{n}", {"tags": ["a" + "z" * (n + 40)]})
    assert keys(store.search(NS, query="a", limit=3)) == ["many", "few0", "few1"]
    assert keys(store.search(NS, query="a", limit=3, offset=3)) == ["few2", "few3"]


def test_a_put_says_what_is_indexed_of_it(tenant):
    store = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["text"]})
    store.put(NS, "own", {"text": "aaa", "note": "bbb"}, index=["note"])
    store.put(NS, "none", {"text": "bbb"}, index=False)
    items = store.search(NS, query="bbb")
    assert [(item.key, item.score) for item in items] == [("own", pytest.approx(1, abs=1e-3)), ("none", None)]
    with pytest.raises(InvalidInputError, match="index"):
        store.put(NS, "bad", {"text": "a"}, index=7)
    assert store.get(NS, "bad") is None


def test_items_without_a_score_fill_the_pages(tenant):
    store = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["text"]})
    for n in range(3):
        store.put(NS, f"plain{n}", {"n": n})
    for n in range(3):
        store.put(NS, f"text{n}", {"text": "a" * 3 + "b" * n, "n": n})
    order = ["text0", "text1", "text2", "plain2", "plain1", "plain0"]
    assert keys(store.search(NS, query="aaa")) == order
    assert [key for at in (0, 2, 4) for key in keys(store.search(NS, query="aaa", limit=2, offset=at))] == order
    assert keys(store.search(NS, query="aaa", filter={"n": {"$gt": 0}})) == ["text1", "text2", "plain2", "plain1"]
    assert keys(store.search(NS, query="!!!"))[0] == "text2"  # nothing to compare: the last written first
    assert keys(store.search(NS, query=""))[0] == "text2"


def test_a_search_sees_its_namespace_and_its_tenant_alone(tenant, engine):
    index = {"dims": 26, "embed": letters, "fields": ["text"]}
    store, other = EngramStore(tenant, index=index), EngramStore(engine.for_tenant(uuid.uuid4().hex), index=index)
    for place in (("users", "ada"), ("users", "bob"), ("users", "ada", "work"), ("teams",)):
        store.put(place, "k", {"text": "aaa"})
        other.put(place, "theirs", {"text": "aaa"})
    assert {item.namespace for item in store.search(NS, query="aaa")} == {NS, (*NS, "work")}
    everything = store.search((), query="aaa")
    assert (len(everything), set(keys(everything))) == (4, {"k"})
    assert all(item.score == pytest.approx(1, abs=1e-3) for item in everything)


def test_vectors_of_another_embedder_are_never_compared(tenant):
    old = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["text"]})
    old.put(NS, "old", {"text": "aaa"})
    new = EngramStore(tenant, index={"embed": FakeEmbedder(8), "fields": ["text"]})
    new.put(NS, "new", {"text": "bbb"})
    assert [(item.key, item.score is None) for item in new.search(NS, query="aaa")] == [("new", False), ("old", True)]
    EngramStore(tenant).put(NS, "old", {"text": "zzz"})  # without an index: what was found is gone
    assert [(item.key, item.score) for item in old.search(NS, query="aaa") if item.score] == []


def test_a_hybrid_search_finds_names_that_vectors_miss(tenant):
    def same(texts):
        return [[1.0, len(text) / 1000] for text in texts]

    plain = EngramStore(tenant, index={"dims": 2, "embed": same, "fields": ["text"]})
    store = EngramStore(tenant, index={"dims": 2, "embed": same, "fields": ["text"], "hybrid": True})
    texts = [f"The order number {n} has been shipped to the customers" for n in range(30)]
    store.batch([PutOp(NS, f"k{n}", {"text": text, "n": n}) for n, text in enumerate(texts)])
    store.put(NS, "rare", {"text": "KX-48213 customer", "n": 99})
    store.put(NS, "plain", {"n": 100})
    question = "please tell me where my parcel KX-48213 is by now, will you"
    assert keys(store.search(NS, query=question))[0] == "rare"
    assert keys(store.search(NS, query="orders shipped", filter={"n": 17}))[0] == "k17"
    assert "rare" not in keys(plain.search(NS, query=question))
    items = store.search(NS, query="customers", limit=40)
    scores = [item.score for item in items if item.score is not None]
    assert (len(items), len(scores)) == (32, 31)
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1
    assert [item.value["n"] for item in store.search(NS, query="number", filter={"n": {"$gt": 98}})] == [99, 100]
    pages = [key for at in range(0, 40, 7) for key in keys(store.search(NS, query="number 3", limit=7, offset=at))]
    assert pages == keys(store.search(NS, query="number 3", limit=40))
    assert keys(store.search((), query="KX-48213"))[0] == "rare"
    store.search(NS, query="' & | ! <-> :* \\ \0 (")


@pytest.mark.parametrize(
    ("index", "argument"),
    [
        ({"embed": letters}, "dims"),
        ({"dims": 0, "embed": letters}, "dims"),
        ({"dims": 26}, "embed"),
        ({"dims": 26, "embed": 7}, "embed"),
        ({"dims": 26, "embed": letters, "fields": [1]}, "fields"),
        ({"dims": 26, "embed": letters, "distance_type": "hamming"}, "distance_type"),
        ("text", "index"),
    ],
)
def test_an_index_that_cannot_work_is_refused(tenant, index, argument):
    with pytest.raises(InvalidInputError, match=argument):
        EngramStore(tenant, index=index)


@pytest.mark.parametrize("vectors", [[[1.0]], [], [[float("nan")] * 26], [["x"]], [[1.0] * 26, [1.0] * 26]])
def test_an_embedder_that_answers_nonsense_writes_nothing(tenant, vectors):
    store = EngramStore(tenant, index={"dims": 26, "embed": lambda texts: vectors, "fields": ["text"]})
    with pytest.raises(InvalidOutputError):
        store.put(NS, "k", {"text": "aaa"})
    assert store.get(NS, "k") is None


def test_vectors_are_exact_enough_and_dense_ranking_is_exact(tenant):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((400, 48)) * 1e6  # beyond half precision, before they are brought to length one
    index = {"dims": 48, "embed": lambda texts: [vectors[int(text)].tolist() for text in texts], "fields": ["n"]}
    store = EngramStore(tenant, index=index)
    store.batch([PutOp(NS, f"k{n}", {"n": n}) for n in range(400)])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = unit @ unit[7]
    items = store.search(NS, query="7", limit=400)
    assert len(items) == 400
    assert [item.score for item in items] == pytest.approx([expected[item.value["n"]] for item in items], abs=2e-3)
    assert keys(items)[:3] == [f"k{n}" for n in np.argsort(-expected)[:3]]


async def test_a_large_namespace_gets_an_index_that_finds_the_same(tenant, monkeypatch):
    monkeypatch.setattr("engram_langgraph.hnsw.EXACT_LIMIT", 100)
    store = EngramStore(tenant, index={"embed": FakeEmbedder(), "fields": ["text"]})
    texts = [f"red apple number{n} of basket{n % 17}" for n in range(300)]
    await store.abatch([PutOp(("shop", str(n % 2)), f"k{n}", {"text": text, "n": n}) for n, text in enumerate(texts)])
    question = "apple number33 of basket16"
    exact = await store.asearch(("shop",), query=question, limit=5)
    await store.settle()

    async def names(database):
        async with database.connection() as connection:
            return await connection.fetch("SELECT relname FROM pg_class WHERE relname LIKE 'store_hnsw_ip_64_%'")

    assert len(await store._tables.acall(names)) == 1
    found = await store.asearch(("shop",), query=question, limit=5)
    assert [(item.key, item.score) for item in found] == [(item.key, item.score) for item in exact]
    await store.aput(("shop", "1"), "new", {"text": question})
    assert keys(await store.asearch(("shop",), query=question, limit=1)) == ["new"]
    odd = await store.asearch(("shop", "1"), query=question, limit=3)
    assert (odd[0].key, {item.namespace for item in odd}) == ("new", {("shop", "1")})
    assert len(await store.asearch(("shop",), query=question, limit=350)) == 301
    some = await store.asearch(("shop",), query=question, filter={"n": {"$lt": 4}})
    assert sorted(keys(some)) == ["k0", "k1", "k2", "k3"]
    await store.adelete(("shop", "1"), "new")
    assert "new" not in keys(await store.asearch(("shop",), query=question, limit=5))


def expiring(tenant, **ttl):
    return EngramStore(tenant, ttl=ttl)


def test_what_has_expired_is_swept_and_what_is_read_lives_on(tenant, engine):
    store = expiring(tenant, default_ttl=SECOND, refresh_on_read=False)
    other = EngramStore(engine.for_tenant(uuid.uuid4().hex))
    other.put(NS, "theirs", {}, ttl=0)
    store.put(NS, "short", {})
    store.put(NS, "read", {})
    store.put(NS, "longer", {}, ttl=60)
    store.put(NS, "always", {}, ttl=None)
    assert store.sweep_ttl() == 0
    time.sleep(0.6)
    store.get(NS, "read", refresh_ttl=True)
    time.sleep(0.6)
    assert store.sweep_ttl() == 1
    assert sorted(keys(store.search(NS))) == ["always", "longer", "read"]
    time.sleep(0.6)
    assert asyncio.run(store.asweep_ttl()) == 1
    assert keys(other.search(NS, refresh_ttl=False)) == ["theirs"]


def test_reads_refresh_unless_told_otherwise(tenant):
    store = expiring(tenant, default_ttl=1.5 * SECOND)
    for key in ("got", "found", "left"):
        store.put(NS, key, {"k": key})
    time.sleep(1)
    store.get(NS, "got")
    store.search(NS, filter={"k": "found"})
    store.get(NS, "left", refresh_ttl=False)
    time.sleep(1)
    assert store.sweep_ttl() == 1
    assert sorted(keys(store.search(NS))) == ["found", "got"]


def test_the_expired_can_be_omitted_before_they_are_swept(tenant):
    index = {"dims": 26, "embed": letters, "fields": ["text"]}
    plain = EngramStore(tenant, index=index)
    store = EngramStore(tenant, index=index, ttl={"omit_expired": True})
    store.put(NS, "gone", {"text": "aaa"}, ttl=0)
    store.put(("gone",), "gone", {"text": "aaa"}, ttl=0)
    store.put(NS, "here", {"text": "aab"}, ttl=60)
    assert store.get(NS, "gone") is None
    assert (keys(store.search(NS)), keys(store.search(NS, query="aaa")), store.list_namespaces()) == (
        ["here"],
        ["here"],
        [NS],
    )
    assert sorted(keys(plain.search(NS, query="aaa", refresh_ttl=False))) == ["gone", "here"]
    assert store.sweep_ttl() == 2
    assert keys(plain.search((), query="aaa")) == ["here"]
    store.put(NS, "gone", {"text": "aaa"})
    assert store.get(NS, "gone").value == {"text": "aaa"}


def test_readers_that_refresh_the_same_items_never_wait_in_a_circle(tenant):
    store = expiring(tenant, default_ttl=1)
    store.batch([PutOp(NS, f"k{n}", {"n": n}, ttl=1) for n in range(30)])

    def work(n):
        store.search(NS, limit=30, filter={"n": {"$gte": n % 3}})
        store.batch([PutOp(NS, f"k{(n * 7 + m) % 30}", {"n": m}, ttl=1) for m in range(5)])
        store.batch([PutOp(NS, f"k{(n * 11 - m) % 30}", None) for m in range(3)])
        store.sweep_ttl()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(80)))


def test_a_sweeper_sweeps_until_it_is_stopped(tenant):
    store = expiring(tenant, sweep_interval_minutes=SECOND / 5)
    running = store.start_ttl_sweeper()
    assert store.start_ttl_sweeper() is running
    store.put(NS, "k", {}, ttl=0)
    deadline = time.monotonic() + 30
    while store.get(NS, "k", refresh_ttl=False) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert store.stop_ttl_sweeper()
    assert running.done()
    assert store.stop_ttl_sweeper()
    assert EngramStore(tenant).start_ttl_sweeper().done()
    assert not asyncio.run(store.astart_ttl_sweeper(60)).done()
    assert asyncio.run(store.astop_ttl_sweeper(30))


@pytest.mark.parametrize("ttl", [{"default_ttl": -1}, {"sweep_interval_minutes": 0}, {"default_ttl": "1"}, 60])
def test_a_ttl_that_cannot_work_is_refused(tenant, ttl):
    with pytest.raises(InvalidInputError, match="ttl"):
        EngramStore(tenant, ttl=ttl)


@dataclass
class Context:
    user_id: str


async def test_a_graph_reaches_it_through_its_runtime(tenant):
    def remember(state: dict, runtime: Runtime[Context]) -> dict:
        runtime.store.put(("users", runtime.context.user_id), "seen", {"text": state["said"]})
        return {}

    async def recall(state: dict, runtime: Runtime[Context]) -> dict:
        (item,) = await runtime.store.asearch(("users", runtime.context.user_id), query="red apple")
        return {"said": item.value["text"]}

    builder = StateGraph(dict, context_schema=Context)
    builder.add_node("remember", remember)
    builder.add_node("recall", recall)
    builder.add_edge(START, "remember")
    builder.add_edge("remember", "recall")
    graph = builder.compile(store=EngramStore(tenant, index=WORDS))
    assert await graph.ainvoke({"said": "a red apple"}, context=Context("ada")) == {"said": "a red apple"}


@tool
def note(text: str, runtime: ToolRuntime[Context]) -> str:
    """Keep a note."""
    runtime.store.put(("notes", runtime.context.user_id), "last", {"text": text})
    return runtime.store.get(("notes", runtime.context.user_id), "last").value["text"]


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


def calling(name, **arguments):
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": uuid.uuid4().hex}])


@pytest.mark.parametrize("is_async", [False, True], ids=["invoke", "ainvoke"])
async def test_an_agents_tools_reach_it(tenant, is_async):
    model = Scripted(messages=iter([calling("note", text="buy oats"), AIMessage("done")]))
    store = EngramStore(tenant, index=WORDS)
    agent = create_agent(model, [note], store=store, context_schema=Context)
    asked = {"messages": [("user", "remember oats")]}
    state = (
        await agent.ainvoke(asked, context=Context("ada")) if is_async else agent.invoke(asked, context=Context("ada"))
    )
    assert state["messages"][-2].content == "buy oats"
    assert store.search(("notes", "ada"), query="oats")[0].value == {"text": "buy oats"}


@pytest.mark.parametrize("is_async", [False, True], ids=["invoke", "ainvoke"])
async def test_langmems_tools_work_on_it(tenant, is_async):
    store = EngramStore(tenant, index={"embed": FakeEmbedder()})
    places = ("memories", "{user}")
    tools = [create_manage_memory_tool(places), create_search_memory_tool(places)]
    script = [
        calling("manage_memory", content="Ada is vegetarian", action="create"),
        calling("search_memory", query="Is Ada vegetarian?"),
        AIMessage("She is."),
    ]
    agent = create_agent(Scripted(messages=iter(script)), tools, store=store)
    asked, config = {"messages": [("user", "I am vegetarian")]}, {"configurable": {"user": "ada"}}
    state = await agent.ainvoke(asked, config) if is_async else agent.invoke(asked, config)
    assert "Ada is vegetarian" in state["messages"][-2].content
    (item,) = store.search(("memories", "ada"), query="vegetarian")
    assert item.value["content"] == "Ada is vegetarian"
    assert store.search(("memories", "bob")) == []


def test_several_searches_of_a_batch_have_their_own_questions(tenant):
    store = EngramStore(tenant, index={"dims": 26, "embed": letters, "fields": ["text"]})
    store.batch([PutOp(NS, letter, {"text": letter * 3}) for letter in "abc"])
    results = store.batch([SearchOp(NS, query=query, limit=1) for query in ("aaa", "bbb", "ccc", "aaa")])
    assert [keys(items) for items in results] == [["a"], ["b"], ["c"], ["a"]]
