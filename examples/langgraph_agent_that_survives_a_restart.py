"""How does my LangGraph agent survive a restart, with its thread and its long-term memory?

The checkpoints of its steps, the items of its store and what its users said: all in one database. Run it, and run it
again: the second run is another process, and goes on where the first one stopped.

Needs an extra, in a checkout `pip install '.[langgraph]'`. The model is scripted; set ENGRAM_EXAMPLE_MODEL, such as
`openai:gpt-4o-mini`, to ask a real one (needs `langchain` and its package for the provider).
"""

import os
import sys
from dataclasses import dataclass

from engram_core import Engram, MissingExtraError

try:
    from engram_langgraph import EngramSaver, EngramStore, recall_node, remember_node
except MissingExtraError as missing:
    sys.exit(f"This example needs {missing.package}. In a checkout: pip install '.[{missing.extra}]'")

from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt


@dataclass
class User:
    """Whose memories a run reaches."""

    user_id: str


class State(MessagesState):
    """The conversation, and what is known from earlier ones."""

    recalled: str


def model() -> BaseChatModel:
    """Return the model that is named, or a scripted one."""
    if name := os.environ.get("ENGRAM_EXAMPLE_MODEL"):
        from langchain.chat_models import init_chat_model

        return init_chat_model(name)
    return FakeListChatModel(responses=["A window seat on the night train to Porto, then: may I book it?"])


def answer(state: State) -> dict[str, object]:
    """Ask the model, with what is known."""
    return {"messages": [model().invoke([("system", f"What is known:\n{state['recalled']}"), *state["messages"]])]}


def confirm(_: State, runtime: Runtime[User]) -> dict[str, object]:
    """Wait for the user's word, for minutes or until after the restart, and keep it where other threads find it."""
    word = interrupt("book it?")
    assert runtime.store is not None
    runtime.store.put(("bookings", runtime.context.user_id), "porto", {"train": "to Porto", "word": word})
    return {"messages": [("user", word)]}


def build(memory: Engram) -> CompiledStateGraph[State, User, State, State]:
    """Build the agent on a memory."""
    builder = StateGraph(State, context_schema=User)
    builder.add_node("recall", recall_node(memory, to="recalled"))
    builder.add_node("answer", answer)
    builder.add_node("remember", remember_node(memory))
    builder.add_node("confirm", confirm)
    nodes = ["recall", "answer", "remember", "confirm"]
    for before, after in zip([START, *nodes], [*nodes, END], strict=True):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=EngramSaver(memory), store=EngramStore(memory))


with Engram() as memory:
    agent, user = build(memory), User("ada")
    trip = {"configurable": {"thread_id": "trip"}}
    if agent.get_state(trip).next == ("confirm",):
        print("second run: the thread waits at", agent.get_state(trip).next)
        for message in agent.invoke(Command(resume="Yes, book it."), trip, context=user)["messages"]:
            print(f"{message.type}: {message.text}")
        other = {"configurable": {"thread_id": "another"}}
        known = agent.invoke({"messages": "Which seat do I like on trains?"}, other, context=user)["recalled"]
        print("another thread knows:", known)
        print("the store has:", [item.value for item in agent.store.search(("bookings", "ada"))])
        for thread in ("trip", "another"):
            agent.checkpointer.delete_thread(thread)
    else:
        agent.invoke({"messages": "On trains I like a window seat. I want to go to Porto."}, trip, context=user)
        print("first run: stopped, waiting for the user at", agent.get_state(trip).next)
