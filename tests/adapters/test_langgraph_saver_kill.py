"""An agent that is killed in the middle of a run goes on where it was, in another process, and remembers."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

AGENT = """
import sys, time
from pathlib import Path
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, END, MessagesState, StateGraph
from engram_core import Engram
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver, recall_node, remember_node

folder, mode = Path(sys.argv[1]), sys.argv[2]

def ran(name):
    with (folder / "ran").open("a") as file:
        file.write(f"{name}\\n")

def answer(state):
    ran("answer")
    return {"messages": [AIMessage("Noted.", id="answer")]}

def slow(state):
    ran("slow")
    if mode == "die":
        (folder / "ready").touch()
        time.sleep(600)
    return {"messages": [AIMessage("Done.", id="done")]}

def build(memory):
    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_node("remember", remember_node(memory))
    builder.add_node("slow", slow)
    builder.add_node("again", remember_node(memory))
    nodes = ["answer", "remember", "slow", "again"]
    for before, after in zip([START, *nodes], [*nodes, END]):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=EngramSaver(memory))

with Engram(data_dir=folder / "data", embedder=FakeEmbedder()) as memory:
    graph = build(memory)
    config = {"configurable": {"thread_id": "trip"}}
    said = {"messages": [HumanMessage("My locker code is KX-48213", id="said")]} if mode == "die" else None
    if mode == "resume":
        print("next:", graph.get_state(config).next)
    result = graph.invoke(said, config, context={"user_id": "ada"}, durability="sync")
    print("messages:", [message.id for message in result["messages"]])
    print("turns:", sorted(turn.text for turn in memory.get_all(user_id="ada", kinds="turn")))
    print("found:", memory.search("locker KX-48213", user_id="ada")[0].memory.text)
    print("next:", graph.get_state(config).next)
"""


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="engram-kill-"))
    (path / "agent.py").write_text(AGENT, encoding="utf-8")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def run(folder, mode):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENGRAM_")}
    return subprocess.Popen(
        [sys.executable, folder / "agent.py", folder, mode], env=environment, stdout=subprocess.PIPE, text=True
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, "the agent ended before it could be killed"
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue


def test_a_killed_run_is_resumed_and_remembers(folder):
    agent = run(folder, "die")
    wait_for(folder / "ready", agent)
    agent.send_signal(signal.SIGKILL)
    assert agent.wait() == -signal.SIGKILL
    agent.stdout.close()

    resumed = run(folder, "resume")
    said, _ = resumed.communicate(timeout=120)
    assert resumed.returncode == 0
    assert said.splitlines() == [
        "next: ('slow',)",
        "messages: ['said', 'answer', 'done']",
        "turns: ['Done.', 'My locker code is KX-48213', 'Noted.']",
        "found: My locker code is KX-48213",
        "next: ()",
    ]
    assert (folder / "ran").read_text().split() == ["answer", "slow", "slow"]
