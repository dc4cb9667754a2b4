"""The nodes that recall and remember, in graphs with and without await."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from pydantic import BaseModel
from typing_extensions import TypedDict

from engram_core import AsyncEngram, Engram, InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver, recall_node, remember_node
from engram_langgraph.nodes import RECALLED_ID


@dataclass
class User:
    user_id: str
    agent_id: str | None = None


class State(MessagesState):
    recalled: str


@pytest.fixture(scope="module")
def engine(data_dir):
    with Engram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="nodes") as engine:
        yield engine


@pytest.fixture
def memory(engine, request):
    return engine.for_tenant(request.node.name)


class Agent:
    """recall → answer → remember; keeps what the model was shown."""

    def __init__(self, memory, *, state=State, saver=None, recall=None, remember=None, answers=None, context=None):
        self.shown = []
        self.model = GenericFakeChatModel(messages=iter(answers or (AIMessage(f"answer {n}") for n in range(99))))
        builder = StateGraph(state, context_schema=context)
        builder.add_node("recall", recall_node(memory, **(recall or {})))
        builder.add_node("answer", self.answer)
        builder.add_node("remember", remember_node(memory, **(remember or {})))
        for before, after in [(START, "recall"), ("recall", "answer"), ("answer", "remember"), ("remember", END)]:
            builder.add_edge(before, after)
        self.graph = builder.compile(checkpointer=saver or EngramSaver(memory))

    def answer(self, state):
        messages = state["messages"] if isinstance(state, dict) else state.messages
        self.shown.append((list(messages), state.get("recalled") if isinstance(state, dict) else None))
        return {"messages": [self.model.invoke(messages)]}

    def say(self, text, thread="1", context=None):
        config = {"configurable": {"thread_id": thread}}
        return self.graph.invoke({"messages": [HumanMessage(text)]}, config, context=context or {"user_id": "ada"})


def turns(memory, **scope):
    return [(turn.role, turn.text) for turn in memory.get_all(kinds="turn", **scope)]


def test_what_one_thread_said_another_recalls(memory):
    agent = Agent(memory, recall={"to": "recalled"})
    first = agent.say("My order is KX-48213", "1")
    assert first["recalled"] == ""
    second = agent.say("What was my order KX-48213?", "2")
    assert "My order is KX-48213" in second["recalled"]
    assert agent.shown[-1][1] == second["recalled"]
    assert type(second["recalled"]) is str
    assert turns(memory, user_id="ada", session_id="1") == [("user", "My order is KX-48213"), ("assistant", "answer 0")]
    assert len(turns(memory, user_id="ada")) == 4


async def test_the_same_with_await(data_dir):
    async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder(), tenant="nodes-async") as memory:
        agent = Agent(memory, recall={"to": "recalled"}, context=User)
        for thread in ("1", "2"):
            config = {"configurable": {"thread_id": thread}}
            said = {"messages": [HumanMessage("My order is KX-48213")]}
            found = await agent.graph.ainvoke(said, config, context=User("ada", "shop"))
        assert "KX-48213" in found["recalled"]
        page = await memory.get_all(user_id="ada", agent_id="shop", session_id="2", kinds="turn")
        assert [turn.text for turn in page] == ["My order is KX-48213", "answer 1"]


async def test_a_sync_engine_in_an_async_graph(memory):
    agent = Agent(memory, recall={"to": "recalled"})
    config = {"configurable": {"thread_id": "1"}}
    for _ in range(2):
        said = {"messages": [HumanMessage("My order is KX-48213")]}
        found = await agent.graph.ainvoke(said, config, context={"user_id": "ada"})
    assert "KX-48213" in found["recalled"]
    await asyncio.to_thread(agent.say, "and without await")


def test_the_system_message_is_one_and_comes_first(memory):
    agent = Agent(memory, state=MessagesState)
    agent.say("My order is KX-48213", "other")
    for number in range(3):
        said = agent.say(f"My order KX-48213, question {number}", "1")["messages"]
        assert [message.id == RECALLED_ID for message in said] == [True, *[False] * (len(said) - 1)]
        assert isinstance(said[0], SystemMessage)
        assert len(said) == 1 + 2 * (number + 1)
    assert [type(message) for message in agent.shown[-1][0][:2]] == [SystemMessage, HumanMessage]
    assert "question 1" in said[0].content
    assert all("earlier conversations" not in text for _, text in turns(memory, user_id="ada"))


def test_the_system_message_goes_when_nothing_is_recalled(memory):
    agent = Agent(memory, state=MessagesState)
    agent.say("My order is KX-48213", "1")
    assert agent.say("My order KX-48213?", "1")["messages"][0].id == RECALLED_ID
    memory.delete_all(user_id="ada", reason="forget it")
    said = agent.say("zebra", "1")["messages"]
    assert all(message.id != RECALLED_ID for message in said)
    assert len(said) == 6


def test_nobody_recalls_what_another_said(memory):
    agent = Agent(memory, recall={"to": "recalled"})
    agent.say("My order is KX-48213", context={"user_id": "ada"})
    assert agent.say("My order is KX-48213", context={"user_id": "bob"})["recalled"] == ""
    other = Agent(memory.for_tenant("nodes-other"), recall={"to": "recalled"})
    assert other.say("My order is KX-48213", context={"user_id": "ada"})["recalled"] == ""


@pytest.mark.parametrize("context", [{}, {"session_id": "s"}, {"agent_id": "a"}, {"user_id": ""}, {"user_id": 7}])
def test_a_run_that_names_nobody_is_refused(memory, context):
    agent = Agent(memory)
    with pytest.raises(InvalidInputError, match="user_id"):
        agent.graph.invoke({"messages": ["hi"]}, {"configurable": {"thread_id": "1"}}, context=context)
    assert agent.shown == []


def test_the_node_may_say_whose_memories_they_are(memory):
    given = {"user_id": "ada", "agent_id": "shop"}
    agent = Agent(memory, recall={"to": "recalled", **given}, remember=given)
    config = {"configurable": {"thread_id": "1"}}
    agent.graph.invoke({"messages": ["My order is KX-48213"]}, config)
    assert "KX-48213" in agent.graph.invoke({"messages": ["Order KX-48213?"]}, config)["recalled"]
    assert agent.graph.invoke({"messages": ["KX-48213"]}, config, context={"user_id": "bob"})["recalled"] == ""
    assert len(turns(memory, user_id="ada", agent_id="shop")) == 4


def test_an_agent_without_a_user(memory):
    agent = Agent(memory, recall={"to": "recalled", "require_user": False}, remember={"require_user": False})
    agent.say("My order is KX-48213", context={"agent_id": "shop"})
    assert "KX-48213" in agent.say("Order KX-48213?", context={"agent_id": "shop"})["recalled"]
    with pytest.raises(InvalidInputError, match="user_id"):
        agent.say("hi", context={"session_id": "s"})


def test_the_last_turn_is_remembered_once_and_tools_are_not(memory):
    said = [
        HumanMessage("an earlier turn", id="0"),
        AIMessage("its answer", id="1"),
        SystemMessage("be nice", id="2"),
        HumanMessage("My order is KX-48213", id="3"),
        HumanMessage("Where is it?", id="4", name="Ada"),
        AIMessage("", id="5", tool_calls=[{"name": "find", "args": {}, "id": "call"}]),
        ToolMessage("it is in Porto", tool_call_id="call", id="6"),
        AIMessage([{"type": "text", "text": "In "}, {"type": "text", "text": "Porto"}], id="7"),
    ]
    builder = StateGraph(MessagesState)
    builder.add_node("remember", remember_node(memory, metadata={"source": "test"}))
    builder.add_edge(START, "remember")
    graph = builder.compile(checkpointer=EngramSaver(memory))
    for _ in range(2):
        graph.invoke({"messages": said}, {"configurable": {"thread_id": "1"}}, context={"user_id": "ada"})
    expected = [("user", "My order is KX-48213"), ("user", "Where is it?"), ("assistant", "In Porto")]
    assert turns(memory, user_id="ada") == expected
    found = memory.get_all(user_id="ada", kinds="turn")
    assert {turn.metadata["source"] for turn in found} == {"test"}
    assert found[1].speaker == "Ada"


def test_facts_are_learned_from_the_users_words_alone(memory):
    agent = Agent(memory, answers=[AIMessage("I live in Oslo.")])
    agent.say("I live in Lisbon.")
    facts = [fact.text for fact in memory.get_all(user_id="ada") if fact.kind != "turn"]
    assert facts == ["User lives in Lisbon."]


def test_nothing_is_recalled_and_remembered_without_words(memory):
    class Plain(TypedDict):
        chat: Annotated[list[AnyMessage], add_messages]
        recalled: str

    builder = StateGraph(Plain)
    builder.add_node("recall", recall_node(memory, messages="chat", to="recalled"))
    builder.add_node("remember", remember_node(memory, messages="chat"))
    builder.add_edge(START, "recall")
    builder.add_edge("recall", "remember")
    graph = builder.compile()
    found = graph.invoke({"chat": [SystemMessage("be nice")]}, context={"user_id": "ada"})
    assert found["recalled"] == ""
    assert graph.invoke({"chat": []}, context={"user_id": "ada"})["recalled"] == ""
    assert turns(memory, user_id="ada") == []


def test_a_state_that_is_an_object(memory):
    class Model(BaseModel):
        messages: Annotated[list[AnyMessage], add_messages]
        recalled: str = ""

    agent = Agent(memory, state=Model, recall={"to": "recalled"})
    agent.say("My order is KX-48213")
    assert "KX-48213" in agent.say("Order KX-48213?")["recalled"]


def test_a_key_that_holds_no_messages_is_named(memory):
    builder = StateGraph(State)
    builder.add_node("recall", recall_node(memory, messages="recalled"))
    builder.add_edge(START, "recall")
    with pytest.raises(InvalidInputError, match="recalled"):
        builder.compile().invoke({"messages": ["hi"], "recalled": "text"}, context={"user_id": "ada"})


def test_no_engine():
    with pytest.raises(InvalidInputError, match="engine"):
        recall_node(None)
    with pytest.raises(InvalidInputError, match="engine"):
        remember_node(None)
