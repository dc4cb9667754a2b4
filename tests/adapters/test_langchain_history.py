"""The messages of a session, in and out."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from engram_core import AsyncEngram, Engram, InvalidInputError, Message
from engram_core.testing import FakeEmbedder
from engram_langchain import EngramChatMessageHistory

CALL = {"name": "weather", "args": {"city": "Lisbon", "days": [1, 2]}, "id": "c1", "type": "tool_call"}
PICTURE = {"type": "image", "url": "https://example.org/cat.png"}
MESSAGES = [
    SystemMessage("Be kind."),
    HumanMessage("I live in Lisbon.", id="m1", name="Ada"),
    HumanMessage("  with spaces \n and lines\n"),
    HumanMessage([{"type": "text", "text": "What is this?"}, PICTURE]),
    HumanMessage([PICTURE], additional_kwargs={"shown": True}),
    AIMessage("", tool_calls=[CALL]),
    AIMessage("Let me see.", tool_calls=[CALL], id="a1", usage_metadata={
        "input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, response_metadata={"model": "scripted", "p": 0.5}),
    AIMessage("", invalid_tool_calls=[
        {"name": "weather", "args": "{", "id": "c2", "error": "no JSON", "type": "invalid_tool_call"}]),
    ToolMessage("Rain.", tool_call_id="c1", name="weather", artifact={"mm": [3, None]}, status="success"),
    ToolMessage("", tool_call_id="c2", status="error"),
    ToolMessage([{"type": "text", "text": "sun"}], tool_call_id="c3"),
    FunctionMessage("4", name="plus"),
    ChatMessage("Objection!", role="lawyer"),
    ChatMessage("Yes?", role="assistant"),
    AIMessageChunk("It rains", chunk_position="last"),
    AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Bring a coat."}]),
    AIMessage("ciao 👋", name="bot", example=False),
]  # fmt: skip


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module", params=["memory", "postgres"])
def engine(request):
    folder = Path(tempfile.mkdtemp(prefix="engram-langchain-"))
    where = {"database_url": "memory://"} if request.param == "memory" else {"data_dir": folder}
    with Engram(**where, embedder=FakeEmbedder()) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def user(request):
    return request.node.name


def texts(history):
    return [message.text for message in history.messages]


def test_every_message_comes_back_as_it_was(engine, user):
    history = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
    assert isinstance(history, BaseChatMessageHistory)
    history.add_messages(MESSAGES)
    found = history.messages
    assert [type(message) for message in found] == [type(message) for message in MESSAGES]
    assert found == MESSAGES
    roles = [turn.role for turn in engine.get_all(user_id=user, kinds="turn")]
    assert roles == ["system", *["user"] * 4, *["assistant"] * 3, *["tool"] * 5, *["assistant"] * 4]


async def test_with_await_on_the_engines_loop_and_on_others():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        history = EngramChatMessageHistory(engine, user_id="ada", session_id="s1")
        await history.aadd_messages(MESSAGES)
        assert await history.aget_messages() == MESSAGES
        await asyncio.to_thread(lambda: asyncio.run(history.aadd_messages([HumanMessage("More")])))
        assert (await asyncio.to_thread(lambda: history.messages))[-1] == HumanMessage("More")
        await history.aclear()
        assert await history.aget_messages() == []


def test_adding_appends_and_another_object_sees_it(engine, user):
    for _ in range(2):
        history = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
        history.add_user_message("Hello")
        history.add_ai_message(AIMessage("Hello!", id="same"))
        history.add_messages([])
    assert texts(EngramChatMessageHistory(engine, user_id=user, session_id="s1")) == ["Hello", "Hello!"] * 2


def test_more_messages_than_a_page_come_in_order():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        history = EngramChatMessageHistory(engine, user_id="ada", session_id="s1", infer=False)
        history.add_messages([HumanMessage(f"Message {n}") for n in range(1100)])
        assert texts(history) == [f"Message {n}" for n in range(1100)]


def test_sessions_users_and_agents_are_apart(engine, user):
    other = f"{user}-2"
    for whose, session, agent in [(user, "s1", None), (user, "s2", "chef"), (user, "s2", "coach"), (other, "s1", None)]:
        history = EngramChatMessageHistory(engine, user_id=whose, session_id=session, agent_id=agent)
        history.add_user_message(f"{session} {agent}")
    assert texts(EngramChatMessageHistory(engine, user_id=user, session_id="s1")) == ["s1 None"]
    assert texts(EngramChatMessageHistory(engine, user_id=user, session_id="s2")) == ["s2 chef", "s2 coach"]
    EngramChatMessageHistory(engine, user_id=user, session_id="s2", agent_id="chef").clear()
    assert texts(EngramChatMessageHistory(engine, user_id=user, session_id="s2")) == ["s2 coach"]
    EngramChatMessageHistory(engine, user_id=user, session_id="s1").clear()
    assert texts(EngramChatMessageHistory(engine, user_id=other, session_id="s1")) == ["s1 None"]


def test_clearing_retires_what_was_said_and_what_was_learned_from_it_alone(engine, user):
    one = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
    two = EngramChatMessageHistory(engine, user_id=user, session_id="s2")
    one.add_user_message("I live in Lisbon. I love hiking.")
    two.add_user_message("I love hiking.")
    (turn,) = engine.get_all(user_id=user, session_id="s1", kinds="turn")
    one.clear()
    assert one.messages == []
    assert texts(two) == ["I love hiking."]
    assert {m.text for m in engine.get_all(user_id=user, kinds=["fact", "preference"])} == {"User likes hiking."}
    assert engine.history(turn.id)[-1].reason == "the chat history was cleared"
    one.add_user_message("Hello again")
    assert texts(one) == ["Hello again"]


def test_what_others_stored_in_the_session_comes_too(engine, user):
    said = [
        Message("Hello", name="Ada"),
        Message("Hi", role="assistant"),
        Message("Rain", role="tool", name="weather"),
        Message("Be kind", role="system"),
    ]
    engine.add(said, user_id=user, session_id="s1")
    messages = EngramChatMessageHistory(engine, user_id=user, session_id="s1").messages
    assert [(m.type, m.text, m.name) for m in messages] == [
        ("human", "Hello", "Ada"),
        ("ai", "Hi", None),
        ("tool", "Rain", "weather"),
        ("system", "Be kind", None),
    ]


def test_it_is_a_part_of_what_is_remembered(engine, user):
    history = EngramChatMessageHistory(engine, user_id=user, session_id="s1", metadata={"app": "chat"})
    history.add_messages([HumanMessage("I live in Lisbon."), AIMessage("", tool_calls=[CALL])])
    assert engine.search("Where does she live?", user_id=user, kinds="fact")[0].memory.text == "User lives in Lisbon."
    (call,) = [
        hit.memory for hit in engine.search("weather Lisbon days", user_id=user) if hit.memory.role == "assistant"
    ]
    assert call.text == "calls weather(city='Lisbon', days=[1, 2])"
    assert call.metadata["app"] == "chat"
    silent = EngramChatMessageHistory(engine, user_id=f"{user}-2", session_id="s1", infer=False)
    silent.add_user_message("I live in Lisbon.")
    assert not engine.get_all(user_id=f"{user}-2", kinds="fact")


async def test_it_carries_a_runnable_with_history(engine, user):
    seen = []

    def answer(value):
        seen.append([m.text for m in value.to_messages()])
        return AIMessage(f"Answer {len(seen)}")

    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{question}")])
    chain = RunnableWithMessageHistory(
        prompt | RunnableLambda(answer),
        lambda session_id: EngramChatMessageHistory(engine, user_id=user, session_id=session_id),
        input_messages_key="question",
        history_messages_key="history",
    )
    config = {"configurable": {"session_id": "s1"}}
    await asyncio.to_thread(chain.invoke, {"question": "One?"}, config)
    await chain.ainvoke({"question": "Two?"}, config)
    assert seen == [["One?"], ["One?", "Answer 1", "Two?"]]
    history = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
    assert texts(history) == ["One?", "Answer 1", "Two?", "Answer 2"]


def test_what_cannot_be_kept_is_named_and_nothing_is_written(engine, user):
    history = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
    good = HumanMessage("Hello")
    for bad, named in [
        (ToolMessage("x", tool_call_id="c", artifact=object()), r"metadata\.langchain\.data\.artifact"),
        (AIMessage("x", response_metadata={"p": float("inf")}), r"response_metadata\.p"),
        (HumanMessage("a\x00b"), "content"),
        ("Hello", "messages: got str"),
    ]:
        with pytest.raises(InvalidInputError, match=named):
            history.add_messages([good, bad])
    assert history.messages == []
    for arguments, named in [
        ({"user_id": None, "session_id": "s"}, "user_id"),
        ({"user_id": "a", "session_id": None}, "session_id"),
        ({"user_id": " ", "session_id": "s"}, "user_id"),
        ({"user_id": "a", "session_id": "s", "metadata": {"x": object()}}, "metadata"),
    ]:
        with pytest.raises(InvalidInputError, match=named):
            EngramChatMessageHistory(engine, **arguments)


BROKEN = [
    {"type": "bogus"},
    {"type": "human", "data": "x"},
    {"type": ["human"], "data": {}},
    {"type": "human", "data": {"content": 7}},
    {"type": "ai", "data": {"tool_calls": "none"}},
    {"type": "tool", "data": {}},
    {"type": "chat", "message_id": 7},
    {"message_id": ["m"]},
    {"data": "x"},
    "bogus",
]


@pytest.mark.parametrize("awaits", [False, True])
async def test_a_turn_with_broken_metadata_comes_as_a_message_of_its_role(engine, user, awaits):
    roles = {"user": "human", "assistant": "ai", "system": "system", "tool": "tool"}
    said = [Message("Hello", role=role, metadata={"langchain": broken}) for broken in BROKEN for role in roles]
    await asyncio.to_thread(engine.add, said, user_id=user, session_id="s1", infer=False)
    history = EngramChatMessageHistory(engine, user_id=user, session_id="s1")
    found = await history.aget_messages() if awaits else await asyncio.to_thread(lambda: history.messages)
    assert [(m.type, m.text) for m in found] == [(kind, "Hello") for _ in BROKEN for kind in roles.values()]
