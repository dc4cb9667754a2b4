"""The nodes that recall and remember, in graphs with and without await."""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Annotated

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, interrupt
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


def test_turns_are_remembered_once_and_tools_are_not(memory):
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
    expected = [
        ("user", "an earlier turn"),
        ("assistant", "its answer"),
        ("user", "My order is KX-48213"),
        ("user", "Where is it?"),
        ("assistant", "In Porto"),
    ]
    assert turns(memory, user_id="ada") == expected
    found = memory.get_all(user_id="ada", kinds="turn")
    assert {turn.metadata["source"] for turn in found} == {"test"}
    assert found[3].speaker == "Ada"


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


BLANK = ["", " ", 0, False, []]


async def run_alone(make, memory, awaits, context, **options):
    """Run one node over a conversation of one turn."""
    graph = StateGraph(State).add_node("node", make(memory, **options)).add_edge(START, "node").compile()
    said = {"messages": [HumanMessage("My order is KX-48213"), AIMessage("Noted.")]}
    if awaits:
        return await graph.ainvoke(said, context=context)
    return await asyncio.to_thread(graph.invoke, said, context=context)


@pytest.mark.parametrize("awaits", [False, True])
@pytest.mark.parametrize("make", [recall_node, remember_node])
@pytest.mark.parametrize("part", ["user_id", "agent_id", "session_id"])
async def test_a_blank_part_of_a_context_is_refused_and_widens_nothing(memory, make, awaits, part):
    memory.add("My order is KX-48213", user_id="ada", agent_id="shop")
    for blank in BLANK:
        for options in ({"user_id": "ada", "agent_id": "shop"}, {"agent_id": "shop", "require_user": False}):
            with pytest.raises(InvalidInputError, match=f"^{part}: "):
                await run_alone(make, memory, awaits, {part: blank}, **options)
    assert len(turns(memory, agent_id="shop")) == 1


@pytest.mark.parametrize("awaits", [False, True])
@pytest.mark.parametrize("make", [recall_node, remember_node])
async def test_a_context_of_an_unknown_shape_is_refused(memory, make, awaits):
    for context in ("bob", b"bob", 7, ["bob"], object(), User):
        with pytest.raises(InvalidInputError, match=r"^context: "):
            await run_alone(make, memory, awaits, context, user_id="ada")
    assert turns(memory, user_id="ada") == []

    class Settings(BaseModel):
        language: str = "pt"

    await run_alone(make, memory, awaits, Settings(), user_id="ada")


def remembering(memory, saver=None, **options):
    builder = StateGraph(MessagesState).add_node("remember", remember_node(memory, **options))
    return builder.add_edge(START, "remember").compile(checkpointer=saver)


@pytest.mark.parametrize("awaits", [False, True])
async def test_what_no_store_can_keep_is_cleaned_and_the_turn_is_kept(memory, awaits):
    said = [
        HumanMessage("a\x00b \ud800", name="  ", id="odd\x00id\ud800"),
        HumanMessage("and this", name="x" * 600),
        AIMessage("Noted\x00", name="bot\x00"),
        AIMessage("Yes", name=" bot "),
    ]
    graph = remembering(memory)
    given, context = {"messages": said}, {"user_id": "ada"}
    if awaits:
        await graph.ainvoke(given, context=context)
    else:
        await asyncio.to_thread(graph.invoke, given, context=context)
    assert turns(memory, user_id="ada") == [
        ("user", "a\ufffdb ?"),
        ("user", "and this"),
        ("assistant", "Noted\ufffd"),
        ("assistant", "Yes"),
    ]
    assert [turn.speaker for turn in memory.get_all(user_id="ada", kinds="turn")] == [None, None, None, "bot"]


def test_summaries_are_not_the_users_words(memory):
    summary = HumanMessage("Summary: I live in Oslo.", additional_kwargs={"lc_source": "summarization"})
    for number, said in enumerate([[summary], [summary, HumanMessage("I live in Lisbon."), AIMessage("Nice.")]]):
        user = f"ada-{number}"
        remembering(memory).invoke({"messages": said}, context={"user_id": user})
        assert turns(memory, user_id=user) == [("user", "I live in Lisbon."), ("assistant", "Nice.")][: 2 * number]


class Asking:
    """An agent that asks the user back within a run, with or without a message of its own."""

    def __init__(self, memory, question):
        builder = StateGraph(MessagesState)
        builder.add_node("ask", lambda state: {"messages": [AIMessage(words) for words in question]})
        builder.add_node("wait", lambda state: {"messages": [HumanMessage(interrupt("Which city?"))]})
        builder.add_node("answer", lambda state: {"messages": [AIMessage("Booked.")]})
        builder.add_node("remember", remember_node(memory))
        names = [START, "ask", "wait", "answer", "remember"]
        for before, after in itertools.pairwise(names):
            builder.add_edge(before, after)
        self.graph = builder.compile(checkpointer=EngramSaver(memory))
        self.config = {"configurable": {"thread_id": "1"}}

    def run(self, given, user="ada"):
        return self.graph.invoke(given, self.config, context={"user_id": user})

    def book(self, what, city, user="ada"):
        self.run({"messages": [HumanMessage(what)]}, user)
        self.run(Command(resume=city), user)


@pytest.mark.parametrize("question", [[], ["Which city?"]])
def test_a_run_that_an_interrupt_divides_is_remembered_whole(memory, question):
    agent = Asking(memory, question)
    expected = []
    for what, city in [("Book a flight", "Porto"), ("Book a hotel", "Faro")]:
        agent.book(what, city)
        expected += [what, *question, city, "Booked."]
        assert [text for _, text in turns(memory, user_id="ada", session_id="1")] == expected


def test_an_earlier_turn_of_another_user_of_the_thread_stays_theirs(memory):
    agent = Asking(memory, ["Which city?"])
    agent.book("Book a flight", "Porto")
    agent.book("Book a hotel", "Faro", "bob")
    agent.book("Book a car", "Braga")
    assert [text for role, text in turns(memory, user_id="bob") if role == "user"] == ["Book a hotel", "Faro"]
    said = [text for role, text in turns(memory, user_id="ada") if role == "user"]
    assert said == ["Book a flight", "Porto", "Book a car", "Braga"]


def test_what_is_deleted_is_not_remembered_again(memory):
    agent = Asking(memory, ["Which city?"])
    agent.book("Book a flight", "Porto")
    memory.delete_all(user_id="ada", reason="forget it")
    agent.book("Book a hotel", "Faro")
    assert [text for role, text in turns(memory, user_id="ada") if role == "user"] == ["Book a hotel", "Faro"]


def test_no_more_than_four_turns_are_looked_back_on(memory):
    said = [kind(f"{kind.__name__} {n}") for n in range(6) for kind in (HumanMessage, AIMessage)]
    graph = remembering(memory, EngramSaver(memory))
    config = {"configurable": {"thread_id": "1"}}
    graph.invoke({"messages": said[:10]}, config, context={"user_id": "ada"})
    assert len(turns(memory, user_id="ada")) == 2  # a long thread of which nothing is stored: the last turn alone
    graph.invoke({"messages": said[10:]}, config, context={"user_id": "ada"})
    assert [text for _, text in turns(memory, user_id="ada")] == [message.text for message in said[8:]]
    short = {"configurable": {"thread_id": "2"}}
    graph.invoke({"messages": said[:8]}, short, context={"user_id": "bob"})
    assert [text for _, text in turns(memory, user_id="bob")] == [message.text for message in said[:8]]


def test_without_a_thread_the_last_turn_alone_is_remembered(memory):
    said = [HumanMessage("One"), AIMessage("Two"), HumanMessage("Three"), AIMessage("Four")]
    for end in (2, 4):  # a client that sends the whole conversation each time, without ids
        remembering(memory).invoke({"messages": [m.model_copy() for m in said[:end]]}, context={"user_id": "ada"})
    assert [text for _, text in turns(memory, user_id="ada")] == ["One", "Two", "Three", "Four"]
