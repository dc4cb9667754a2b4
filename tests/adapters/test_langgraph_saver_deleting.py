"""Deleting, pruning and copying; what stays can be read, delta channels included."""

import asyncio
import operator
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import _messages_delta_reducer
from typing_extensions import TypedDict

from engram_core import ConflictError, Engram
from engram_core.testing import FakeEmbedder
from engram_langgraph import pruning


def thread(name, **more):
    return {"configurable": {"thread_id": name, "checkpoint_ns": "", **more}}


@pytest.fixture(scope="module")
def memory(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def saver(bench_saver, memory, request):
    return bench_saver(memory.for_tenant(request.node.name))


def history(saver, name="t"):
    """Five checkpoints with writes, of which the first's value is shared by all."""
    parent, stored = None, []
    for number in range(5):
        values = {"own": [number], "shared": ["s"]}
        versions = {"own": str(number), "shared": "0"}
        new = ["own", "shared"] if number == 0 else ["own"]
        parent = saver.add(parent, values, versions, new=new, name=name, step=number, run_id=f"run-{number}")
        saver.put_writes(parent, [("own", number)], "task")
        stored.append(parent)
    return stored


def test_pruning_leaves_the_latest_whole(saver):
    stored = history(saver)
    history(saver, "other")
    before = saver.get_tuple(stored[-1])
    saver.put_writes(thread("t", checkpoint_id=str(uuid6())), [("own", "to come")], "task")
    saver.prune(["t"])
    assert saver.get_tuple(stored[-1]) == before._replace(parent_config=None)
    assert saver.rows() == [1, 2, 2]
    assert saver.rows("other") == [5, 6, 5]
    saver.prune(["t"])
    assert saver.rows() == [1, 2, 2]
    saver.prune(["t", "other"], strategy="delete")
    assert saver.rows() == saver.rows("other") == [0, 0, 0]


def test_what_is_stored_while_pruning_stays_whole(saver, monkeypatch):
    """A child of the latest and a fork of one that goes, both after the checkpoints were read and before they go."""
    stored = history(saver)
    survey, meanwhile = pruning._survey, []

    async def surveyed(connection, thread, only=None):
        found = await survey(connection, thread, only)
        meanwhile.extend(await asyncio.to_thread(added))
        return found

    def added():
        versions = {"own": "new", "shared": "0"}
        child = saver.add(stored[-1], {"own": ["new"], "shared": ["s"]}, versions, new=["own"], step=5)
        versions = {"own": "2", "shared": "0"}
        return child, saver.add(stored[2], {"own": [2], "shared": ["s"]}, versions, new=[], step=6)

    monkeypatch.setattr(pruning, "_survey", surveyed)
    saver.prune(["t"])
    child, fork = meanwhile
    assert saver.get_tuple(child).checkpoint["channel_values"] == {"own": ["new"], "shared": ["s"]}
    assert saver.get_tuple(child).parent_config == stored[-1]
    assert saver.get_tuple(fork).checkpoint["channel_values"] == {"own": [2], "shared": ["s"]}
    assert saver.get_tuple(fork).parent_config is None


def test_a_subgraphs_call_goes_with_the_checkpoint_it_was_made_from(saver):
    older = saver.add(None, {})
    head = saver.add(older, {}, step=1)
    calls = {"ended:1": older, "waiting:2": head, "lasting": older}
    for ns, root in calls.items():
        saver.add(None, {"a": [1]}, ns=ns, parents={"": root["configurable"]["checkpoint_id"]})
    saver.add(None, {"a": [1]}, ns="begun:3", parents={"": str(uuid6())})
    saver.prune(["t"])
    left = {found.config["configurable"]["checkpoint_ns"] for found in saver.list({"configurable": {"thread_id": "t"}})}
    assert left == {"", "waiting:2", "lasting", "begun:3"}
    assert saver.rows() == [4, 3, 0]


def test_deleting_runs(saver):
    stored = history(saver)
    other = history(saver, "other")
    saver.delete_for_runs(["run-1", "run-3", "no such run"])
    assert [found.metadata["run_id"] for found in saver.list(thread("t"))] == ["run-4", "run-2", "run-0"]
    assert saver.rows() == saver.rows("other") == [3, 4, 3]
    assert saver.get_tuple(stored[4]).checkpoint["channel_values"] == {"own": [4], "shared": ["s"]}
    assert saver.get_tuple(stored[4]).parent_config is None
    assert saver.get_tuple(other[2]).parent_config is None


def test_copying_a_thread(saver):
    stored = history(saver)
    saver.copy_thread("t", "copy")
    assert saver.rows("copy") == saver.rows() == [5, 6, 5]
    assert saver.ids("copy") == saver.ids()
    there = saver.get_tuple(thread("copy"))
    assert there.parent_config["configurable"]["thread_id"] == "copy"
    assert there.checkpoint == saver.get_tuple(stored[-1]).checkpoint
    with pytest.raises(ConflictError, match="copy"):
        saver.copy_thread("t", "copy")
    saver.delete_thread("t")
    assert saver.get_tuple(thread("copy")) == there


def test_of_copies_to_one_thread_at_one_moment_one_is_made(saver):
    for source in ("a", "b"):
        history(saver, source)
    begin = threading.Barrier(4)

    def copied(source, target):
        begin.wait(30)
        try:
            saver.copy_thread(source, target)
        except ConflictError as exc:
            return str(exc)

    with ThreadPoolExecutor(4) as threads:
        for number in range(5):
            target = f"to-{number}"
            outcomes = list(threads.map(copied, "abab", [target] * 4))
            taken = f"target_thread_id: '{target}' has checkpoints already; delete it first, or name another"
            assert sorted(outcomes, key=str) == [None, taken, taken, taken]
            assert saver.rows(target) == [5, 6, 5]


def test_the_id_of_a_run_is_in_the_metadata_where_the_call_says_so(saver):
    graph = StateGraph(dict).add_node("a", lambda state: state).add_edge(START, "a").compile(checkpointer=saver)
    graph.invoke({}, thread("t") | {"metadata": {"run_id": "said"}})
    graph.invoke({}, thread("other") | {"run_id": uuid.UUID(int=7)})
    saver.delete_for_runs(["said", str(uuid.UUID(int=7))])
    assert saver.rows() == [0, 0, 0]
    assert saver.rows("other")[0] > 0


# Delta channels


class Deltas(TypedDict):
    messages: Annotated[list, DeltaChannel(_messages_delta_reducer, snapshot_frequency=4)]
    total: Annotated[int, operator.add]


def delta_graph(saver):
    def answer(state):
        return {"messages": [AIMessage(f"{len(state['messages'])}", id=f"a{len(state['messages'])}")], "total": 1}

    builder = StateGraph(Deltas)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=saver)


def talk(graph, turns, name="t"):
    for number in range(turns):
        said = HumanMessage("hi", id=f"{name}-{number}-{len(graph.get_state(thread(name)).values.get('messages', []))}")
        graph.invoke({"messages": [said], "total": 0}, thread(name))
    return [message.content for message in graph.get_state(thread(name)).values["messages"]]


@pytest.mark.parametrize("turns", range(1, 9))
def test_delta_channels_are_whole_after_pruning(saver, turns):
    graph = delta_graph(saver)
    said = talk(graph, turns)
    before = saver.rows()
    saver.prune(["t"])
    after = saver.rows()
    assert [message.content for message in graph.get_state(thread("t")).values["messages"]] == said
    assert after[0] < before[0] or turns == 1
    assert after[0] <= 9, "no more than reaches back to the last snapshot"
    assert talk(graph, 1) == [*said, "hi", str(len(said) + 1)]
    assert graph.get_state(thread("t")).values["total"] == turns + 1


def test_delta_channels_are_whole_in_a_copy(saver):
    graph = delta_graph(saver)
    said = talk(graph, 3)
    saver.copy_thread("t", "copy")
    saver.delete_thread("t")
    assert talk(graph, 1, "copy") == [*said, "hi", "7"]


def test_delta_channels_are_whole_in_an_older_state_and_in_a_fork(saver):
    graph = delta_graph(saver)
    talk(graph, 3)
    states = list(graph.get_state_history(thread("t")))
    lengths = [len(state.values.get("messages", [])) for state in states]
    assert lengths == sorted(lengths, reverse=True)
    fork = graph.update_state(states[3].config, {"messages": [HumanMessage("fork", id="fork")]})
    found = graph.get_state(fork).values["messages"]
    assert len(found) == lengths[3] + 1
    saver.prune(["t"])
    assert graph.get_state(thread("t")).values["messages"] == found


def test_runs_that_a_delta_channel_is_read_from_are_not_deleted(saver):
    graph = delta_graph(saver)
    for number in range(2):
        config = thread("t") | {"metadata": {"run_id": f"run-{number}"}}
        graph.invoke({"messages": [HumanMessage("hi", id=f"h{number}")], "total": 0}, config)
    before = saver.rows()
    with pytest.raises(ConflictError, match="delta"):
        saver.delete_for_runs(["run-0"])
    assert saver.rows() == before
    saver.delete_for_runs(["run-1"])
    assert [message.id for message in graph.get_state(thread("t")).values["messages"]] == ["h0", "a1"]
    saver.delete_for_runs(["run-0"])
    assert saver.rows()[0] == 0


def delta_chain(saver, steps, values, name="t"):
    """Checkpoints that each have a write, and values at some steps."""
    parent, stored = None, []
    for number in range(steps):
        given = {"ch": values[number]} if number in values else {}
        versions = {"ch": f"{number:03}"}
        parent = saver.add(parent, given, versions, name=name, step=number)
        saver.put_writes(parent, [("ch", f"w{number}"), ("other", number)], f"task-{number}")
        stored.append(parent)
    return stored


@pytest.mark.parametrize("value", [_DeltaSnapshot(["seed"]), ["seed"], "seed", 0, None, True, "long " * 100])
def test_a_history_begins_at_the_nearest_value(saver, value):
    """Whatever kind of value it is: that of a channel which was another kind of channel before counts too."""
    stored = delta_chain(saver, 5, {0: ["older"], 1: value})
    found = saver.get_delta_channel_history(config=stored[-1], channels=["ch", "none"])
    assert found == {
        "ch": {"seed": value, "writes": [(f"task-{n}", "ch", f"w{n}") for n in (1, 2, 3)]},
        "none": {"writes": []},
    }
    assert saver.get_delta_channel_history(config=thread("t"), channels=["ch"])["ch"] == found["ch"]
    assert saver.get_delta_channel_history(config=stored[-1], channels=[]) == {}


def test_a_history_follows_parents_and_the_order_of_tasks(saver):
    stored = delta_chain(saver, 3, {})
    saver.put_writes(stored[1], [("ch", "second")], "a", "~pull, 02")
    saver.put_writes(stored[1], [("ch", "first")], "z", "~pull, 01")
    saver.add(stored[0], {}, {"ch": "fork"}, step=7)
    found = saver.get_delta_channel_history(config=stored[2], channels=["ch"])["ch"]
    assert [value for _, _, value in found["writes"]] == ["w0", "w1", "first", "second"]
    assert "seed" not in found
    assert saver.get_delta_channel_history(config=thread("nowhere"), channels=["ch"]) == {"ch": {"writes": []}}


def test_a_history_follows_parents_whatever_their_ids(saver):
    parent = saver.add(None, {"ch": "seed"}, id="z")
    saver.put_writes(parent, [("ch", "w")], "task")
    for id in ("m", "a"):
        parent = saver.add(parent, {}, id=id)
    found = saver.get_delta_channel_history(config=parent, channels=["ch"])["ch"]
    assert found == {"seed": "seed", "writes": [("task", "ch", "w")]}


def test_a_history_ends_where_parents_lead_in_a_circle(saver):
    first = saver.add(None, {}, id="a")
    second = saver.add(first, {}, id="b")
    saver.add(second, {}, id="a")
    assert saver.get_delta_channel_history(config=second, channels=["ch"]) == {"ch": {"writes": []}}
    saver.prune(["t"])
    assert saver.ids() == ["b"]


def test_channels_end_at_values_of_their_own(saver):
    parent = None
    for number, values in enumerate([{"a": _DeltaSnapshot(0)}, {"b": _DeltaSnapshot(1)}, {}, {}]):
        parent = saver.add(parent, values, step=number)
        saver.put_writes(parent, [("a", number), ("b", number)], "task")
    found = saver.get_delta_channel_history(config=parent, channels=["a", "b"])
    assert [value for _, _, value in found["a"]["writes"]] == [0, 1, 2]
    assert [value for _, _, value in found["b"]["writes"]] == [1, 2]
    saver.prune(["t"])
    assert saver.get_delta_channel_history(config=parent, channels=["a", "b"]) == found


def test_a_long_history(saver):
    stored = delta_chain(saver, 60, {0: _DeltaSnapshot("start")})
    found = saver.get_delta_channel_history(config=stored[-1], channels=["ch"])["ch"]
    assert found["seed"] == _DeltaSnapshot("start")
    assert [value for _, _, value in found["writes"]] == [f"w{number}" for number in range(59)]
    saver.prune(["t"])
    assert saver.get_delta_channel_history(config=stored[-1], channels=["ch"])["ch"] == found
