"""Graphs on our checkpointer: what people do with LangGraph, without await and with it."""

import asyncio
import operator
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from engram_core import AsyncEngram, Engram, StoreError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver


class State(TypedDict):
    log: Annotated[list[str], operator.add]
    count: int


def step(name):
    def node(state):
        return {"log": [name], "count": state.get("count", 0) + 1}

    return node


def chain(saver, *names, **options):
    """A graph of nodes that each say their name, one after the other."""
    builder = StateGraph(State)
    for name in names:
        builder.add_node(name, step(name))
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=saver, **options)


def thread(name, **more):
    return {"configurable": {"thread_id": name, **more}}


@pytest.fixture(scope="module")
def memory(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="saver") as engine:
        yield engine


@pytest.fixture
def saver(memory, request):
    """A saver of this test's own tenant."""
    return EngramSaver(memory.for_tenant(request.node.name))


def test_a_state_goes_on_where_it_was(saver):
    graph = chain(saver, "a", "b")
    graph.invoke({"log": ["one"], "count": 0}, thread("t"))
    assert graph.invoke({"log": ["two"]}, thread("t"))["log"] == ["one", "a", "b", "two", "a", "b"]
    assert graph.invoke({"log": ["three"]}, thread("u"))["log"] == ["three", "a", "b"]
    again = chain(EngramSaver(saver._tables.bridge._given), "a", "b")
    assert again.get_state(thread("t")).values["count"] == 4


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_every_durability(saver, durability):
    graph = chain(saver, "a", "b")
    graph.invoke({"log": [], "count": 0}, thread("t"), durability=durability)
    assert graph.get_state(thread("t")).values == {"log": ["a", "b"], "count": 2}
    assert len(list(graph.get_state_history(thread("t")))) == (1 if durability == "exit" else 4)


async def test_the_same_saver_with_and_without_await_and_from_other_loops(saver):
    """Without await from a worker thread, with await here, and with await on a loop in another thread."""
    graph = chain(saver, "a")
    await asyncio.to_thread(graph.invoke, {"log": ["sync"], "count": 0}, thread("t"))
    await graph.ainvoke({"log": ["here"]}, thread("t"))
    await asyncio.to_thread(lambda: asyncio.run(graph.ainvoke({"log": ["there"]}, thread("t"))))
    assert graph.get_state(thread("t")).values["log"] == ["sync", "a", "here", "a", "there", "a"]
    assert [found async for found in saver.alist(thread("t"))] == list(saver.list(thread("t")))


async def test_an_async_engine_serves_its_loop_and_threads_beside_it(data_dir):
    async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="saver-async") as memory:
        saver = EngramSaver(memory)
        graph = chain(saver, "a")
        await graph.ainvoke({"log": ["here"], "count": 0}, thread("t"))
        await asyncio.to_thread(graph.invoke, {"log": ["sync"]}, thread("t"))
        assert (await graph.aget_state(thread("t"))).values["log"] == ["here", "a", "sync", "a"]
        with pytest.raises(StoreError, match="async"):
            saver.get_tuple(thread("t"))


def test_an_interrupt_waits_for_its_answer(saver):
    def ask(state):
        return {"log": [interrupt("go on?")]}

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    graph = builder.compile(checkpointer=saver)
    stopped = graph.invoke({"log": [], "count": 0}, thread("t"))
    assert [found.value for found in stopped["__interrupt__"]] == ["go on?"]
    assert graph.get_state(thread("t")).next == ("ask",)
    assert graph.invoke(Command(resume="yes"), thread("t"))["log"] == ["yes"]


async def test_time_travel_replays_forks_and_corrects(saver):
    graph = chain(saver, "a", "b")
    await graph.ainvoke({"log": ["start"], "count": 0}, thread("t"))
    history = [found async for found in graph.aget_state_history(thread("t"))]
    assert [found.next for found in history] == [(), ("b",), ("a",), ("__start__",)]
    before_b = history[1]
    replayed = await graph.ainvoke(None, before_b.config)
    assert replayed["log"] == ["start", "a", "b"]
    fork = await graph.aupdate_state(before_b.config, {"log": ["forked"]}, as_node="a")
    assert (await graph.ainvoke(None, fork))["log"] == ["start", "a", "forked", "b"]
    assert (await graph.aget_state(before_b.config)).values["log"] == ["start", "a"]
    latest = await graph.aget_state(thread("t"))
    assert latest.values["log"] == ["start", "a", "forked", "b"]
    assert [found.metadata["source"] async for found in graph.aget_state_history(thread("t"))].count("update") == 1


def test_subgraphs_keep_their_state_in_namespaces(saver):
    inner = chain(True, "x", "y", interrupt_before=["y"])
    builder = StateGraph(State)
    builder.add_node("inner", inner)
    builder.add_edge(START, "inner")
    builder.add_edge("inner", END)
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"log": [], "count": 0}, thread("t"))
    state = graph.get_state(thread("t"), subgraphs=True)
    assert state.tasks[0].state.values["log"] == ["x"]
    assert graph.invoke(None, thread("t"))["log"] == ["x", "y"]
    assert {found.config["configurable"]["checkpoint_ns"] for found in saver.list(thread("t"))} == {"", "inner"}
    assert [found.config["configurable"]["checkpoint_ns"] for found in saver.list(thread("t", checkpoint_ns="inner"))]


def test_what_succeeded_beside_a_failure_is_not_run_again(saver):
    ran, broken = [], [True]

    def good(state):
        ran.append("good")
        return {"log": ["good"]}

    def bad(state):
        if broken:
            raise ValueError("not yet")
        return {"log": ["bad"]}

    builder = StateGraph(State)
    builder.add_node("good", good)
    builder.add_node("bad", bad)
    builder.add_edge(START, "good")
    builder.add_edge(START, "bad")
    graph = builder.compile(checkpointer=saver)
    with pytest.raises(ValueError, match="not yet"):
        graph.invoke({"log": [], "count": 0}, thread("t"))
    pending = saver.get_tuple(thread("t")).pending_writes
    assert ("log", ["good"]) in [(channel, value) for _, channel, value in pending]
    broken.clear()
    assert sorted(graph.invoke(None, thread("t"))["log"]) == ["bad", "good"]
    assert ran == ["good"]


def test_threads_do_not_meet(saver):
    graph = chain(saver, "a", "b", "c")

    def run(number):
        for turn in range(3):
            graph.invoke({"log": [f"{number}-{turn}"], "count": 0}, thread(f"t{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    for number in range(8):
        said = [f"{number}-{turn}" for turn in range(3)]
        log = graph.get_state(thread(f"t{number}")).values["log"]
        assert log == [word for turn in said for word in (turn, "a", "b", "c")]


async def test_streams_say_each_step(saver):
    graph = chain(saver, "a", "b")
    steps = [found async for found in graph.astream({"log": [], "count": 0}, thread("t"), stream_mode="updates")]
    assert [list(found) for found in steps] == [["a"], ["b"]]
    seen = list(graph.stream({"log": ["more"]}, thread("t"), stream_mode=["values", "checkpoints"]))
    assert seen[-1][1]["values"]["count"] == 4
    assert {mode for mode, _ in seen} == {"values", "checkpoints"}


def test_messages_come_back_as_they_were(saver):
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda state: {"messages": [AIMessage(f"I heard {len(state['messages'])}")]})
    builder.add_edge(START, "answer")
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"messages": [HumanMessage("Hi \x00 there", name="Ada")]}, thread("t"))
    found = graph.invoke({"messages": [HumanMessage("And now?")]}, thread("t"))["messages"]
    assert [message.content for message in found] == ["Hi \x00 there", "I heard 1", "And now?", "I heard 3"]
    assert found[0].name == "Ada"


def test_the_first_call_may_come_without_await_to_an_async_engine(data_dir):
    memory = AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="saver-first")
    saver = EngramSaver(memory)
    graph = chain(saver, "a")
    assert graph.invoke({"log": [], "count": 0}, thread("t"))["log"] == ["a"]
    assert asyncio.run(graph.ainvoke({"log": []}, thread("t")))["log"] == ["a", "a"]
    assert "engram" in {running.name for running in threading.enumerate()}
    saver.close()
