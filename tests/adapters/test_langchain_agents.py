"""Agents of `create_agent` with a memory, over a scripted chat model."""

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, SummarizationMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, Field

from engram_core import AsyncEngram, Engram, InvalidInputError, StoreError, StoreUnavailableError
from engram_core.testing import FakeEmbedder
from engram_langchain import EngramChatMessageHistory, EngramMiddleware


class ScriptedModel(GenericFakeChatModel):
    """Answers as a function of the messages says, and notes every prompt; it can be given tools and streamed."""

    messages: Iterator[Any] = iter(())
    answer: Callable[[list[BaseMessage]], AIMessage | str]
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    bound: list[str] = Field(default_factory=list)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        self.prompts.append(list(messages))
        answer = self.answer(messages)
        self.messages = iter([answer])
        return super()._generate(messages, stop, run_manager, **kwargs)

    def _stream(self, messages, stop=None, run_manager=None, **kwargs) -> Iterator[ChatGenerationChunk]:
        message = self._generate(messages).generations[0].message
        words = message.content.split(" ")
        pieces = [word if n == len(words) - 1 else f"{word} " for n, word in enumerate(words)]
        calls = [
            {"name": c["name"], "args": json.dumps(c["args"]), "id": c["id"], "index": n}
            for n, c in enumerate(message.tool_calls)
        ]
        for n, piece in enumerate(pieces):
            last = n == len(pieces) - 1
            chunk = AIMessageChunk(
                piece,
                id="streamed",
                tool_call_chunks=calls if last else [],
                chunk_position="last" if last else None,
            )
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=ChatGenerationChunk(message=chunk))
            yield ChatGenerationChunk(message=chunk)

    def bind_tools(self, tools, **kwargs):
        self.bound[:] = [getattr(one, "name", None) or one["function"]["name"] for one in tools]
        return self

    @property
    def system_prompts(self) -> list[str]:
        """The system prompt of each call."""
        return ["".join(m.text for m in prompt if isinstance(m, SystemMessage)) for prompt in self.prompts]


def says(*answers):
    """A model that gives these answers, one after the other."""
    script = iter(answers)
    return ScriptedModel(answer=lambda _: next(script))


def calls(name, call="call-1", **args):
    """An answer that calls a tool."""
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": call, "type": "tool_call"}])


@dataclass
class User:
    """The context of a run."""

    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It rains in {city}."


ADA, BOB = User("ada"), User("bob")


def thread(id="t1"):
    return {"configurable": {"thread_id": id}}


def asks(words, **fields):
    return {"messages": [HumanMessage(words, **fields)]}


class Face:
    """An agent, called with or without `await`, over an engine with or without: the same words for all four."""

    def __init__(self, engine, awaits):
        self.engine, self.awaits = engine, awaits

    async def run(self, agent, given, config=None, context=ADA):
        if self.awaits:
            return await agent.ainvoke(given, config, context=context)
        return await asyncio.to_thread(agent.invoke, given, config, context=context)

    async def verb(self, name, *args, **kwargs):
        if isinstance(self.engine, AsyncEngram):
            return await getattr(self.engine, name)(*args, **kwargs)
        return await asyncio.to_thread(getattr(self.engine, name), *args, **kwargs)

    async def turns(self, **scope):
        found = await self.verb("get_all", **(scope or {"user_id": "ada"}), kinds="turn")
        return [(turn.role, turn.text) for turn in found]

    async def facts(self, user_id="ada"):
        return [memory.text for memory in await self.verb("get_all", user_id=user_id, kinds=["fact", "preference"])]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=["sync agent, sync engine", "async agent, sync engine", "async agent, async engine", "mixed"])
async def face(request):
    options = {"database_url": "memory://", "embedder": FakeEmbedder()}
    awaits = request.param.startswith("async agent")
    if request.param.endswith("async engine") or request.param == "mixed":
        async with AsyncEngram(**options) as engine:
            yield Face(engine, awaits)
    else:
        with Engram(**options) as engine:
            yield Face(engine, awaits)


@pytest.fixture
def engine():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


def made(model, memory, *, own=(), before=(), saver=None, **options):
    middleware = [*before, EngramMiddleware(memory, **options)]
    return create_agent(
        model, own, middleware=middleware, context_schema=User, checkpointer=saver, system_prompt="Be kind."
    )


async def test_what_one_thread_says_is_known_in_the_next(face):
    model = says("Lovely!", "In Lisbon.")
    agent = made(model, face.engine, saver=InMemorySaver())
    await face.run(agent, asks("I live in Lisbon."), thread("t1"))
    state = await face.run(agent, asks("Where do I live?"), thread("t2"))

    first, second = model.system_prompts
    assert first == "Be kind."
    assert second.startswith("Be kind.\n\n")
    assert "User lives in Lisbon." in second
    assert [m.text for m in state["messages"]] == ["Where do I live?", "In Lisbon."]
    assert await face.turns() == [
        ("user", "I live in Lisbon."),
        ("assistant", "Lovely!"),
        ("user", "Where do I live?"),
        ("assistant", "In Lisbon."),
    ]
    assert await face.turns(session_id="t2", user_id="ada") == [
        ("user", "Where do I live?"),
        ("assistant", "In Lisbon."),
    ]
    assert await face.facts() == ["User lives in Lisbon."]


async def test_a_turn_recalls_once_and_its_later_model_calls_reuse_it(face):
    await face.verb("add", "I live in Lisbon.", user_id="ada")
    model = says(calls("weather", city="Lisbon"), calls("weather", call="call-2", city="Porto"), "Rain.", "Yes.")
    agent = made(model, face.engine, own=[weather], saver=InMemorySaver())
    with counted(face.engine, "context") as recalls:
        await face.run(agent, asks("What is the weather where I live?"), thread())
        assert len(recalls) == 1
        await face.run(agent, asks("And in Lisbon tomorrow?"), thread())
        assert len(recalls) == 2
    assert len(set(model.system_prompts[:3])) == 1
    assert "I live in Lisbon." in model.system_prompts[0]


async def test_two_users_never_mix(face):
    model = says("Noted.", "No idea.")
    agent = made(model, face.engine, saver=InMemorySaver())
    await face.run(agent, asks("I live in Lisbon."), thread("t1"), context=ADA)
    await face.run(agent, asks("Where do I live?"), thread("t2"), context=BOB)
    assert model.system_prompts[1] == "Be kind."
    assert await face.turns(user_id="bob") == [("user", "Where do I live?"), ("assistant", "No idea.")]


async def test_concurrent_runs_keep_to_their_users(face):
    users = [f"user-{n}" for n in range(6)]
    for user in users:
        await face.verb("add", f"My code word is {user}-word", user_id=user)
    model = ScriptedModel(answer=lambda messages: f"It is {messages[-1].text[-6:]}.")
    agent = made(model, face.engine, saver=InMemorySaver())
    runs = [
        face.run(agent, asks(f"What is my code word? I am {user}"), thread(user), context=User(user)) for user in users
    ]
    await asyncio.gather(*runs)
    for prompt in model.prompts:
        asked = prompt[-1].text[-6:]
        named = {user for user in users if f"{user}-word" in prompt[0].text}
        assert named == {asked}
    for user in users:
        assert len(await face.turns(user_id=user)) == 3


async def test_an_interrupted_run_stores_its_turn_once_when_it_ends(face):
    model = says(calls("weather", city="Lisbon"), "It rains.")
    agent = made(
        model,
        face.engine,
        own=[weather],
        before=[HumanInTheLoopMiddleware(interrupt_on={"weather": True})],
        saver=InMemorySaver(),
    )
    state = await face.run(agent, asks("How is the weather?"), thread())
    assert "__interrupt__" in state
    assert await face.turns() == []
    await face.run(agent, Command(resume={"decisions": [{"type": "approve"}]}), thread())
    assert await face.turns() == [("user", "How is the weather?"), ("assistant", "It rains.")]


async def test_running_again_from_an_earlier_checkpoint_stores_only_what_is_new(face):
    model = says("First.", "Second.")
    agent = made(model, face.engine, saver=InMemorySaver())
    await face.run(agent, asks("Tell me a word."), thread())
    begin = next(s for s in agent.get_state_history(thread()) if s.next == ("model",))
    await face.run(agent, None, begin.config)
    assert await face.turns() == [("user", "Tell me a word."), ("assistant", "First."), ("assistant", "Second.")]


async def test_a_thread_that_is_replayed_whole_stores_nothing_twice(face):
    said = [HumanMessage("One.", id="m1"), AIMessage("Two.", id="m2"), HumanMessage("Three.", id="m3")]
    for _ in range(2):
        agent = made(says(AIMessage("Four.", id="m4")), face.engine)
        await face.run(agent, {"messages": said})
    # What was said before this run is not new in it.
    assert await face.turns() == [("user", "Three."), ("assistant", "Four.")]


async def test_what_a_failed_run_was_asked_is_stored_with_the_next_turn(face):
    def fails(messages):
        if isinstance(messages[-1], ToolMessage):
            raise ConnectionError("the model is away")
        return calls("weather", city="Lisbon") if "Weather" in messages[-1].text else "Hello."

    agent = made(ScriptedModel(answer=fails), face.engine, own=[weather], saver=InMemorySaver())
    await face.run(agent, asks("Good morning"), thread())
    for words in ("Weather?", "Weather please?"):
        with pytest.raises(ConnectionError):
            await face.run(agent, asks(words), thread())
    await face.run(agent, asks("Never mind"), thread())
    assert [text for _, text in await face.turns()] == [
        "Good morning",
        "Hello.",
        "Weather?",
        "Weather please?",
        "Never mind",
        "Hello.",
    ]


async def test_a_run_that_failed_and_goes_on_elsewhere_recalls_and_stores_its_turn_once(face):
    await face.verb("add", "I live in Lisbon.", user_id="ada")
    saver, away = InMemorySaver(), [True]

    def answers(messages):
        if not isinstance(messages[-1], ToolMessage):
            return calls("weather", city="Lisbon")
        if away:
            raise ConnectionError("the model is away")
        return "It rains."

    model = ScriptedModel(answer=answers)
    with pytest.raises(ConnectionError):
        await face.run(made(model, face.engine, own=[weather], saver=saver), asks("Weather at home?"), thread())
    away.clear()
    state = await face.run(made(model, face.engine, own=[weather], saver=saver), None, thread())
    assert state["messages"][-1].text == "It rains."
    assert all("I live in Lisbon." in prompt for prompt in model.system_prompts)
    assert (await face.turns())[1:] == [("user", "Weather at home?"), ("assistant", "It rains.")]


async def test_an_edited_message_is_another(face):
    for words in ("I like tea", "I like coffee"):
        await face.run(made(says("Noted."), face.engine), asks(words, id="m1"))
    assert [text for role, text in await face.turns() if role == "user"] == ["I like tea", "I like coffee"]


async def test_the_tools_remember_recall_and_forget(face):
    model = says(calls("remember", content="The user is allergic to nuts"), "Noted.")
    await face.run(made(model, face.engine), asks("Remember my allergy, please"))
    assert set(model.bound) == {"remember", "recall", "forget"}
    (note,) = [m for m in await face.verb("get_all", user_id="ada") if "nuts" in m.text]
    assert (note.origin, note.scope.session_id) == ("assistant", None)

    def forgets(messages):
        answers = [m for m in messages if isinstance(m, ToolMessage)]
        if not answers:
            return calls("recall", query="allergic to nuts", limit=1)
        if len(answers) == 1:
            return calls("forget", call="call-2", id=answers[0].text.rpartition("(id ")[2].rstrip(")"))
        return "Done."

    model = ScriptedModel(answer=forgets)
    state = await face.run(made(model, face.engine), asks("Drop the note about nuts that you have of me"))
    assert [m.status for m in state["messages"] if isinstance(m, ToolMessage)] == ["success", "success"]
    assert "allergic" in model.system_prompts[0]
    assert "allergic" not in model.system_prompts[-1]
    assert not [m for m in await face.verb("get_all", user_id="ada") if "allergic" in m.text]


async def test_forget_reaches_nobody_elses_memories(face):
    added = await face.verb("add", "I live in Lisbon.", user_id="bob")
    for id in (added.turns[0].id, str(uuid.uuid4()), "the first one"):
        model = says(calls("forget", id=id), "Sorry.")
        state = await face.run(made(model, face.engine), asks("Forget that"))
        (answer,) = [m for m in state["messages"] if isinstance(m, ToolMessage)]
        assert answer.status == "error"
    assert (await face.turns(user_id="bob")) == [("user", "I live in Lisbon.")]


async def test_the_model_cannot_name_a_user(face):
    await face.verb("add", "I live in Lisbon.", user_id="bob")
    model = says(calls("recall", query="Where?", user_id="bob", runtime={"context": {"user_id": "bob"}}), "No idea.")
    agent = made(model, face.engine)
    state = await face.run(agent, asks("Where does Bob live?"))
    (answer,) = [m for m in state["messages"] if isinstance(m, ToolMessage)]
    assert "Lisbon" not in answer.text


async def test_a_run_without_a_user_is_refused_before_the_model_is_called(face):
    for context in (None, User(), User(agent_id="chef")):
        model = says("Hello.")
        with pytest.raises(InvalidInputError, match=r"user_id: got .*context"):
            await face.run(made(model, face.engine, agent_id="chef"), asks("Hello"), thread(), context=context)
        assert model.prompts == []
    with pytest.raises(InvalidInputError, match="user_id"):
        await face.run(made(says("Hello."), face.engine, user_id="ada"), asks("Hello"), context=User(" "))


async def test_a_blank_part_of_a_context_is_refused_and_widens_nothing(face):
    await face.verb("add", "I live in Lisbon.", user_id="ada", agent_id="chef")
    for part in ("user_id", "agent_id", "session_id"):
        for blank in ("", " ", 0, False, []):
            for options in ({"user_id": "ada", "agent_id": "chef"}, {"agent_id": "chef", "require_user": False}):
                model = says("Hello.")
                with pytest.raises(InvalidInputError, match=f"^{part}: "):
                    await face.run(made(model, face.engine, **options), asks("Where?"), context=User(**{part: blank}))
                assert model.prompts == []


async def test_a_context_of_an_unknown_shape_is_refused(face):
    await face.verb("add", "I live in Lisbon.", user_id="ada")
    for context in ("bob", b"bob", 7, ["bob"], object(), User):
        model = says(calls("recall", query="home"), "Hello.")
        agent = create_agent(model, [], middleware=[EngramMiddleware(face.engine, user_id="ada")])
        with pytest.raises(InvalidInputError, match=r"^context: "):
            await face.run(agent, asks("Where do I live?"), context=context)
        assert model.prompts == []


async def test_ids_and_names_that_no_store_can_have_cost_neither_the_answer_nor_the_turn(face):
    await face.verb("add", "I was born in Faro.", user_id="ada")
    model = says(AIMessage("Lovely!", name="x" * 600), "In Lisbon.")
    agent = made(model, face.engine, saver=InMemorySaver(), strict=True)
    await face.run(agent, asks("I live in Lisbon.", id="odd\x00id\ud800", name="Ada\x00"), thread())
    await face.run(agent, asks("Where do I live, and where was I born?", name="Ada"), thread())
    found = await face.verb("get_all", user_id="ada", kinds="turn")
    assert [(turn.text, turn.speaker) for turn in found][1:] == [
        ("I live in Lisbon.", None),
        ("Lovely!", None),
        ("Where do I live, and where was I born?", "Ada"),
        ("In Lisbon.", None),
    ]
    assert "Faro" in model.system_prompts[1]
    assert "Lisbon" not in model.system_prompts[1]  # it is in the conversation


async def test_a_call_with_an_odd_id_remembers(face):
    model = says(calls("remember", call="odd\x00call", content="The user likes tea"), "Noted.")
    await face.run(made(model, face.engine, strict=True), asks("Remember that, please"))
    assert ("assistant", "The user likes tea") in await face.turns()


# What does not depend on who awaits whom.


class counted:
    """Counts the calls of a verb of an engine."""

    def __init__(self, engine, verb):
        self.engine = engine._engine if isinstance(engine, Engram) else engine
        self.verb, self.calls = verb, []

    def __enter__(self):
        original = getattr(self.engine, self.verb)

        def call(*args, **kwargs):
            self.calls.append(args)
            return original(*args, **kwargs)

        setattr(self.engine, self.verb, call)
        return self.calls

    def __exit__(self, *_):
        delattr(self.engine, self.verb)


class Failing:
    """Makes a verb of an engine fail."""

    def __init__(self, engine, *verbs, error=StoreUnavailableError):
        self.engine, self.verbs, self.error, self.calls = engine._engine, verbs, error, 0

    def __enter__(self):
        async def fail(*args, **kwargs):
            self.calls += 1
            raise self.error("the database is away") if self.error is not InvalidInputError else self.error("x", 1, "y")

        for verb in self.verbs:
            setattr(self.engine, verb, fail)
        return self

    def __exit__(self, *_):
        for verb in self.verbs:
            delattr(self.engine, verb)


def turns(engine, user_id="ada"):
    return [(turn.role, turn.text) for turn in engine.get_all(user_id=user_id, kinds="turn")]


@pytest.mark.parametrize("awaits", [False, True])
async def test_an_agent_goes_on_without_a_memory_that_is_away(awaits, caplog):
    model = says(calls("recall", query="home"), "Hello.")
    engine = Engram(database_url="postgresql://nobody@127.0.0.1:9/none", embedder=FakeEmbedder())
    with caplog.at_level(logging.WARNING, "engram_langchain"):
        state = await Face(engine, awaits).run(made(model, engine), asks("Hello"))
    assert state["messages"][-1].text == "Hello."
    assert "cannot be reached" in state["messages"][-2].text
    logged = [record.getMessage() for record in caplog.records if record.name == "engram_langchain"]
    assert [line.partition(":")[0] for line in logged] == [
        "nothing was recalled",
        "a tool could not reach the memory",
        "the turn was not stored",
    ]
    with pytest.raises(StoreUnavailableError):
        await Face(engine, awaits).run(made(says("Hello."), engine, strict=True), asks("Hello"))
    engine.close()


@pytest.mark.parametrize("verb", ["context", "search", "add"])
def test_a_strict_one_says_so(engine, verb):
    model = says(calls("recall", query="home"), "Hello.")
    with Failing(engine, verb), pytest.raises(StoreUnavailableError):
        made(model, engine, strict=True).invoke(asks("Hello"), context=ADA)


def test_words_that_cannot_be_stored_do_not_take_back_the_answer(engine, caplog):
    with Failing(engine, "add", error=InvalidInputError), caplog.at_level(logging.WARNING, "engram_langchain"):
        assert made(says("Hello."), engine).invoke(asks("Hello"), context=ADA)["messages"][-1].text == "Hello."
        assert "the turn was not stored" in caplog.text
        with pytest.raises(InvalidInputError):
            made(says("Hello."), engine, strict=True).invoke(asks("Hello"), context=ADA)


def test_other_errors_are_not_hidden(engine):
    with Failing(engine, "context", error=StoreError), pytest.raises(StoreError):
        made(says("Hello."), engine).invoke(asks("Hello"), context=ADA)


async def test_a_failed_recall_is_not_tried_again_in_the_same_turn(engine):
    model = says(calls("weather", city="Lisbon"), "Rain.")
    with Failing(engine, "context") as failing:
        await made(model, engine, own=[weather]).ainvoke(asks("Weather?"), context=ADA)
    assert failing.calls == 1
    assert model.system_prompts == ["Be kind.", "Be kind."]


@pytest.mark.parametrize("mode", ["updates", "messages", "values"])
def test_streaming_without_await(engine, mode):
    engine.add("I live in Lisbon.", user_id="ada")
    model = says(calls("weather", city="Lisbon"), "It rains in Lisbon.")
    agent = made(model, engine, own=[weather], saver=InMemorySaver())
    chunks = list(agent.stream(asks("Weather at home?"), thread(), context=ADA, stream_mode=mode))
    assert "Long-term memory" not in str(chunks)
    if mode == "messages":
        assert "".join(chunk.text for chunk, _ in chunks if isinstance(chunk, AIMessageChunk)) == "It rains in Lisbon."
    assert "I live in Lisbon." in model.system_prompts[0]
    assert turns(engine)[1:] == [("user", "Weather at home?"), ("assistant", "It rains in Lisbon.")]


@pytest.mark.parametrize("mode", ["updates", "messages"])
async def test_streaming_with_await(engine, mode):
    engine.add("I live in Lisbon.", user_id="ada")
    model = says(calls("weather", city="Lisbon"), "It rains in Lisbon.")
    agent = made(model, engine, own=[weather], saver=InMemorySaver())
    chunks = [c async for c in agent.astream(asks("Weather at home?"), thread(), context=ADA, stream_mode=mode)]
    assert "Long-term memory" not in str(chunks)
    assert "I live in Lisbon." in model.system_prompts[1]
    assert turns(engine)[1:] == [("user", "Weather at home?"), ("assistant", "It rains in Lisbon.")]


def test_a_stream_that_nobody_reads_to_its_end_stores_nothing_half(engine):
    agent = made(says(calls("weather", city="Lisbon"), "Rain."), engine, own=[weather])
    stream = agent.stream(asks("Weather?"), context=ADA)
    next(stream)
    stream.close()
    assert turns(engine) == []


def test_state_holds_no_recalled_text(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    agent = made(says("Lisbon."), engine, saver=InMemorySaver())
    agent.invoke(asks("Where do I live?"), thread(), context=ADA)
    for snapshot in agent.get_state_history(thread()):
        assert set(snapshot.values) <= {"messages"}
        assert "I live in Lisbon." not in str(snapshot.values)


def test_what_the_model_can_read_anyway_is_not_recalled(engine):
    model = says("Lovely!", "In Lisbon.")
    agent = made(model, engine, saver=InMemorySaver())
    engine.add("I was born in Faro.", user_id="ada")
    agent.invoke(asks("I live in Lisbon."), thread(), context=ADA)
    agent.invoke(asks("Where do I live, and where was I born?"), thread(), context=ADA)
    assert "Faro" in model.system_prompts[1]
    assert "Lisbon" not in model.system_prompts[1]


def test_a_turn_that_is_run_again_later_recalls_what_is_known_then(engine):
    model = says("No idea.", "In Faro.")
    agent = made(model, engine, saver=InMemorySaver())
    agent.invoke(asks("Where was I born?"), thread(), context=ADA)
    engine.add("I was born in Faro.", user_id="ada")
    begin = next(s for s in agent.get_state_history(thread()) if s.next == ("model",))
    agent.invoke(None, begin.config, context=ADA)
    assert "Faro" in model.system_prompts[1]


def test_recall_keeps_to_its_budget_kinds_and_filters(engine):
    for n in range(40):
        engine.add(f"Note {n} about the garden and its many flowers", user_id="ada", metadata={"n": n})
    for options, lines in [
        ({"token_budget": 60}, range(1, 5)),
        ({"filters": {"n": {"$lt": 2}}}, [2]),
        ({"kinds": "fact"}, [0]),
    ]:
        model = says("Nice.")
        made(model, engine, capture=False, **options).invoke(asks("What about the garden?"), context=ADA)
        assert model.system_prompts[0].count("Note ") in lines


def test_blocks_of_a_system_prompt_stay_as_they_are(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    block = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
    model = says("Lisbon.")
    agent = create_agent(model, [], system_prompt=SystemMessage([block]), middleware=[EngramMiddleware(engine)])
    agent.invoke(asks("Where do I live?"), context={"user_id": "ada"})
    content = model.prompts[0][0].content
    assert content[0] == block
    assert "I live in Lisbon." in content[1]["text"]


def test_an_agent_without_a_system_prompt_gets_one_only_where_something_is_known(engine):
    model = says("Hello.", "Hello again.")
    agent = create_agent(model, [], middleware=[EngramMiddleware(engine, user_id="ada")])
    agent.invoke(asks("I like tea"))
    agent.invoke(asks("What do I like?"))
    assert [type(prompt[0]) for prompt in model.prompts] == [HumanMessage, SystemMessage]


def test_what_tools_say_is_left_out_or_kept_as_the_words_of_a_tool(engine):
    for kept in (False, True):
        user = User(f"ada-{kept}")
        model = says(calls("recall", query="home"), calls("weather", call="call-2", city="Faro"), "Rain.")
        made(model, engine, own=[weather], capture_tools=kept).invoke(asks("I live in Faro"), context=user)
        tools = [("tool", "It rains in Faro.")] if kept else []
        assert turns(engine, user.user_id) == [("user", "I live in Faro"), *tools, ("assistant", "Rain.")]


def test_recalled_text_is_not_learned_again(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    echoing = ScriptedModel(answer=lambda messages: f"I know: {messages[0].text}")
    made(echoing, engine).invoke(asks("What do you know?"), context=ADA)
    (fact,) = engine.get_all(user_id="ada", kinds="fact")
    assert len(fact.sources) == 1
    recalled = engine.context("Lisbon", user_id="ada", kinds="fact")
    made(says("Yes."), engine).invoke(asks(f"You wrote:\n{recalled}"), context=ADA)
    (fact,) = engine.get_all(user_id="ada", kinds="fact")
    assert len(fact.sources) == 1


def test_a_turn_that_is_summarised_away_within_its_run_is_stored_all_the_same(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    steps = [calls("weather", call=f"call-{n}", city="Lisbon") for n in range(4)]
    model = says(*steps, "It rains.")
    summing = SummarizationMiddleware(
        ScriptedModel(answer=lambda _: "The weather was asked for."),
        trigger=("messages", 4),
        keep=("messages", 2),
    )
    agent = made(model, engine, own=[weather], before=[summing], saver=InMemorySaver())
    with counted(engine, "context") as recalls:
        state = agent.invoke(asks("Weather at home?"), thread(), context=ADA)
    assert "summary" in state["messages"][0].text
    assert len(recalls) == 1
    assert all("I live in Lisbon." in prompt for prompt in model.system_prompts)
    assert turns(engine)[1:] == [("user", "Weather at home?"), ("assistant", "It rains.")]


class Plan(BaseModel):
    """A plan."""

    city: str


def test_a_structured_answer_is_stored_as_what_it_says(engine):
    model = says(calls("Plan", city="Faro"))
    agent = create_agent(
        model, [], middleware=[EngramMiddleware(engine, user_id="ada")], response_format=ToolStrategy(Plan)
    )
    assert agent.invoke(asks("Where to?"))["structured_response"] == Plan(city="Faro")
    assert turns(engine) == [("user", "Where to?"), ("assistant", '{"city": "Faro"}')]


def test_pictures_alone_and_odd_characters_do_no_harm(engine):
    picture = [{"type": "image", "url": "https://example.org/cat.png"}]
    made(says("A cat."), engine).invoke({"messages": [HumanMessage(picture)]}, context=ADA)
    made(says("Odd."), engine).invoke(asks("a\x00b \ud800"), context=ADA)
    assert turns(engine) == [("assistant", "A cat."), ("user", "a\ufffdb ?"), ("assistant", "Odd.")]


def test_a_call_of_remember_that_is_run_again_stores_once(engine):
    saver = InMemorySaver()
    model = says(calls("remember", content="Nuts are bad"), "Noted.", "Noted again.")
    agent = made(model, engine, saver=saver)
    agent.invoke(asks("Remember: nuts are bad for me"), thread(), context=ADA)
    before_tool = next(s for s in agent.get_state_history(thread()) if s.next == ("tools",))
    agent.invoke(None, before_tool.config, context=ADA)
    assert [text for _, text in turns(engine)].count("Nuts are bad") == 1


def test_the_agent_is_a_part_of_the_scope(engine):
    chef, coach = User("ada", "chef"), User("ada", "coach")
    made(says("Noted."), engine).invoke(asks("I like tea"), context=chef)
    model = says("Nothing.", "Tea.")
    made(model, engine).invoke(asks("What do I like?"), context=coach)
    assert "tea" not in model.system_prompts[0]
    made(model, engine).invoke(asks("What do I like?"), context=ADA)
    assert "tea" in model.system_prompts[1]


def test_an_agents_own_memories_need_to_be_asked_for(engine):
    model = says("Noted.", "Tea.")
    agent = made(model, engine, require_user=False, agent_id="chef")
    agent.invoke(asks("The kitchen opens at six"), context=None)
    agent.invoke(asks("When does the kitchen open?"), context=None)
    assert "six" in model.system_prompts[1]
    with pytest.raises(InvalidInputError, match="user_id"):
        made(says("Hello."), engine, require_user=False).invoke(asks("Hello"), context=None)


def test_the_session_is_the_contexts_else_the_constructors_else_the_threads(engine):
    for context, options, session in [
        (User("a", session_id="own"), {"session_id": "given"}, "own"),
        (User("b"), {"session_id": "given"}, "given"),
        (User("c"), {}, "t1"),
    ]:
        agent = made(says("Hi."), engine, saver=InMemorySaver(), **options)
        agent.invoke(asks("Hello"), thread(), context=context)
        assert {m.scope.session_id for m in engine.get_all(user_id=context.user_id)} == {session}


@pytest.mark.parametrize("names", [False, ["recall"], ["forget", "recall"]])
def test_tools_are_switched(engine, names):
    model = says("Hi.")
    made(model, engine, own=[weather], tools=names).invoke(asks("Hello"), context=ADA)
    assert set(model.bound) == {"weather", *(names or ())}


def test_what_is_no_tool_is_refused(engine):
    with pytest.raises(InvalidInputError, match="tools: got str 'erase'; accepted: some of remember, recall, forget"):
        EngramMiddleware(engine, tools=["erase"])
    with pytest.raises(InvalidInputError, match="tools"):
        EngramMiddleware(engine, tools="recall")
    with pytest.raises(InvalidInputError, match="metadata"):
        EngramMiddleware(engine, metadata={"at": object()})
    with pytest.raises(InvalidInputError, match="engine"):
        EngramMiddleware("memory")
    with pytest.raises(InvalidInputError, match="agent_id"):
        EngramMiddleware(engine, agent_id=" ")
    with pytest.raises(InvalidInputError, match="recall: got str 'no'; accepted: True or False"):
        EngramMiddleware(engine, recall="no")
    with pytest.raises(InvalidInputError, match="kinds"):
        made(says("Hi."), engine, kinds="story").invoke(asks("Hello"), context=ADA)


def test_capture_and_recall_are_switched(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    model = says("Hi.")
    made(model, engine, capture=False, recall=False).invoke(asks("Where do I live?"), context=ADA)
    assert model.system_prompts == ["Be kind."]
    assert len(turns(engine)) == 1


def test_deferred_turns_are_stored_at_once_and_learned_from_later(engine):
    made(says("Hi."), engine, defer=True, metadata={"app": "chat"}).invoke(asks("I live in Lisbon."), context=ADA)
    assert [m.metadata["app"] for m in engine.get_all(user_id="ada", kinds="turn")] == ["chat", "chat"]
    assert not engine.get_all(user_id="ada", kinds="fact")
    assert engine.queue().waiting == 1  # the user's words alone are learned from
    engine.work(until_idle=True)
    assert [m.text for m in engine.get_all(user_id="ada", kinds="fact")] == ["User lives in Lisbon."]


def test_the_same_on_postgres(tmp_path):
    saver = InMemorySaver()
    with Engram(data_dir=tmp_path, embedder=FakeEmbedder()) as engine:
        for _ in range(2):  # the same request comes again, as after a lost connection
            agent = made(says(AIMessage("Lovely!", id="a1")), engine, saver=saver)
            agent.invoke(asks("I live in Lisbon.", id="h1"), thread("t1"), context=ADA)
        model = says("Lisbon.", calls("recall", query="home", limit=2), "Fine.")
        agent = made(model, engine, saver=saver)
        agent.invoke(asks("Where do I live?"), thread("t1"), context=ADA)
        agent.invoke(asks("Where do I live?"), thread("t2"), context=ADA)
        assert model.system_prompts[0] == "Be kind."  # it is in the conversation
        assert "User lives in Lisbon." in model.system_prompts[1]
        assert turns(engine)[:4] == [
            ("user", "I live in Lisbon."),
            ("assistant", "Lovely!"),
            ("user", "Where do I live?"),
            ("assistant", "Lisbon."),
        ]
        history = EngramChatMessageHistory(engine, user_id="ada", session_id="t1")
        assert [(m.type, m.id) for m in history.messages[:2]] == [("human", "h1"), ("ai", "a1")]


async def test_an_agent_without_await_on_the_engines_own_loop_says_what_to_do():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        with pytest.raises(StoreError, match="async method"):
            made(says("Hi."), engine).invoke(asks("Hello"), context=ADA)


def test_many_threads_share_one_middleware(engine):
    model = ScriptedModel(answer=lambda messages: "Fine.")
    agent = made(model, engine)
    workers = [
        threading.Thread(target=agent.invoke, args=(asks(f"I am number {n}"),), kwargs={"context": User(f"u{n}")})
        for n in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for n in range(8):
        assert turns(engine, f"u{n}") == [("user", f"I am number {n}"), ("assistant", "Fine.")]
