"""Agents and chat engines of LlamaIndex that remember, with language models that say what a script says."""

import asyncio
import re

import pytest
from llama_index.core.agent.workflow import AgentStream, AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.chat_engine import CondensePlusContextChatEngine, ContextChatEngine, SimpleChatEngine
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.workflow import Context, JsonPickleSerializer, JsonSerializer

from engram_core import AsyncEngram, Engram
from engram_core.testing import FakeEmbedder
from engram_llamaindex import EngramMemory, EngramRetriever

NUMBER = re.compile(r"My number is (\d+)")


class Script:
    """A language model: it calls a tool when asked to, and else tells the number that its messages hold.

    Attributes:
        prompts: What it was given each time.
    """

    def __init__(self, style="functions"):
        self.prompts = []
        self.style = style
        self.llm = MockFunctionCallingLLM(response_generator=self.answer, is_chat_model=True)

    def answer(self, messages, **kwargs):
        self.prompts.append(list(messages))
        whole = "\n".join(str(message.content) for message in messages)
        question = next(m.content for m in reversed(messages) if m.role == MessageRole.USER)
        react = self.style == "react"
        if "dice" in question and "rolled 6" not in whole:
            call = ToolCallBlock(tool_call_id="1", tool_name="roll", tool_kwargs={"times": 1})
            text = "Thought: I roll.\nAction: roll\nAction Input: {'times': 1}"
            return ChatMessage(role="assistant", blocks=[] if react else [call], content=text if react else None)
        found = NUMBER.findall(whole)
        text = f"It is {found[-1]}." if found else "I do not know."
        return ChatMessage(role="assistant", content=f"Thought: I know.\nAnswer: {text}" if react else text)


def roll(times: int) -> str:
    """Roll the dice."""
    return f"rolled {6 * times}"


@pytest.fixture(scope="module")
def engine():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def ada(request):
    return request.node.name


def turns(engine, user_id):
    return [(turn.role, turn.text) for turn in engine.get_all(user_id=user_id, kinds="turn")]


@pytest.fixture(params=["functions", "react", "functions-whole", "react-whole"])
def agent(request):
    """An agent of each kind, streaming and not, with its script."""
    style, _, whole = request.param.partition("-")
    script = Script(style)
    kind = FunctionAgent if style == "functions" else ReActAgent
    agent = kind(tools=[roll], llm=script.llm, streaming=not whole, system_prompt="Be brief.")
    return agent, script


class TestAgents:
    async def test_one_remembers_from_one_conversation_to_the_next(self, engine, ada, agent, searches):
        agent, _ = agent
        first = EngramMemory.from_defaults(engine, user_id=ada)
        await agent.run("My number is 4711. Roll the dice!", memory=first)
        assert searches == ["My number is 4711. Roll the dice!"]
        second = EngramMemory.from_defaults(engine, user_id=ada)
        response = await agent.run("What is my number?", memory=second)
        assert response.response.content == "It is 4711."
        assert len(searches) == 2
        stranger = EngramMemory.from_defaults(engine, user_id="stranger")
        response = await agent.run("What is my number?", memory=stranger)
        assert response.response.content == "I do not know."
        assert turns(engine, ada) == [
            ("user", "My number is 4711. Roll the dice!"),
            ("assistant", "It is 4711."),
            ("user", "What is my number?"),
            ("assistant", "It is 4711."),
        ]

    async def test_the_short_term_is_in_the_prompt(self, engine, ada, agent):
        agent, script = agent
        memory = EngramMemory.from_defaults(engine, user_id=ada)
        await agent.run("Roll the dice!", memory=memory)
        await agent.run("What is my number?", memory=memory)
        users = [m.content for m in script.prompts[-1] if m.role == MessageRole.USER]
        assert users == ["Roll the dice!", "What is my number?"]
        assert not any("<memory>" in message.content for message in script.prompts[-1] if message.content)

    async def test_a_history_that_is_sent_each_time_is_stored_once(self, engine, ada, agent):
        agent, _ = agent
        history = []
        for question in ("My number is 4711.", "Roll the dice!", "What is my number?"):
            memory = EngramMemory.from_defaults(engine, user_id=ada, session_id="chat")
            response = await agent.run(question, chat_history=history, memory=memory)
            answer = ChatMessage(role="assistant", content=response.response.content)
            history = [*history, ChatMessage(role="user", content=question), answer]
        assert turns(engine, ada) == [(message.role.value, message.content) for message in history]

    async def test_it_streams(self, engine, ada):
        EngramMemory.from_defaults(engine, user_id=ada).put(ChatMessage(role="user", content="My number is 4711."))
        agent = FunctionAgent(tools=[roll], llm=Script().llm)
        handler = agent.run("What is my number?", memory=EngramMemory.from_defaults(engine, user_id=ada))
        deltas = [event.delta async for event in handler.stream_events() if isinstance(event, AgentStream)]
        assert "".join(deltas) == "It is 4711."
        await handler

    async def test_several_agents_share_one(self, engine, ada, searches):
        script = Script()
        greeter = FunctionAgent(
            name="greeter", description="Greets.", llm=script.llm, tools=[roll], can_handoff_to=["teller"]
        )
        teller = FunctionAgent(name="teller", description="Tells numbers.", llm=script.llm, tools=[roll])
        workflow = AgentWorkflow(agents=[greeter, teller], root_agent="greeter")
        memory = EngramMemory.from_defaults(engine, user_id=ada)
        memory.put(ChatMessage(role="user", content="My number is 4711."))
        response = await workflow.run(user_msg="Roll the dice!", memory=memory)
        assert response.response.content == "It is 4711."
        assert searches == ["Roll the dice!"]

    @pytest.mark.parametrize("serializer", [JsonSerializer, JsonPickleSerializer])
    async def test_a_context_goes_on_after_it_was_written_down(self, engine, ada, agent, serializer):
        agent, _ = agent
        context = Context(agent)
        await agent.run("My number is 4711.", ctx=context, memory=EngramMemory.from_defaults(engine, user_id=ada))
        written = context.to_dict(serializer=serializer())
        context = Context.from_dict(agent, written, serializer=serializer())
        response = await agent.run("What is my number?", ctx=context)
        assert response.response.content == "It is 4711."
        memory = await context.store.get("memory")
        assert len(memory.get_all()) == 4
        assert len(turns(engine, ada)) == 4

    async def test_a_tool_that_edits_the_state_does_not_part_the_agent_from_its_memory(self, engine, ada):
        async def note(ctx: Context, text: str) -> str:
            """Note something."""
            async with ctx.store.edit_state() as state:
                state["noted"] = text
            return "rolled 6"

        def answer(messages, **kwargs):
            if any(message.role == MessageRole.TOOL for message in messages):
                return ChatMessage(role="assistant", content="Noted.")
            call = ToolCallBlock(tool_call_id="1", tool_name="note", tool_kwargs={"text": "tea"})
            return ChatMessage(role="assistant", blocks=[call])

        agent = FunctionAgent(tools=[note], llm=MockFunctionCallingLLM(response_generator=answer))
        memory = EngramMemory.from_defaults(engine, user_id=ada)
        context = Context(agent)
        await agent.run("Note that I like tea", ctx=context, memory=memory)
        assert await context.store.get("noted") == "tea"
        assert memory.get_all()[-1].content == "Noted."
        assert turns(engine, ada) == [("user", "Note that I like tea"), ("assistant", "Noted.")]

    async def test_an_async_engine_serves_an_agent_on_its_own_loop(self, ada):
        async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
            agent = FunctionAgent(tools=[roll], llm=Script().llm)
            for question in ("My number is 4711.", "What is my number?"):
                memory = EngramMemory.from_defaults(engine, user_id=ada, strict=True)
                response = await agent.run(question, memory=memory)
            assert response.response.content == "It is 4711."

    async def test_many_users_at_once_stay_apart(self, engine, ada):
        agent = FunctionAgent(tools=[roll], llm=Script().llm)

        async def ask(user, question):
            memory = EngramMemory.from_defaults(engine, user_id=f"{ada}-{user}")
            return (await agent.run(question, memory=memory)).response.content

        await asyncio.gather(*(ask(user, f"My number is {user}.") for user in range(8)))
        answers = await asyncio.gather(*(ask(user, "What is my number?") for user in range(8)))
        assert answers == [f"It is {user}." for user in range(8)]


@pytest.fixture(params=["simple", "context", "condense"])
def chat(request, engine, ada):
    """Make a chat engine of each kind on a memory."""
    llm = Script().llm
    engine.add("Every customer has a number.", user_id=f"{ada}-documents")  # without a document, none of them asks
    retriever = EngramRetriever(engine, user_id=f"{ada}-documents")
    makers = {
        "simple": lambda memory: SimpleChatEngine.from_defaults(llm=llm, memory=memory),
        "context": lambda memory: ContextChatEngine.from_defaults(retriever=retriever, llm=llm, memory=memory),
        "condense": lambda memory: CondensePlusContextChatEngine.from_defaults(
            retriever=retriever, llm=llm, memory=memory
        ),
    }
    return lambda user_id: makers[request.param](EngramMemory.from_defaults(engine, user_id=user_id, strict=True))


QUESTIONS = ["My number is 4711.", "What is my number?"]
SAID = [("user", QUESTIONS[0]), ("assistant", "It is 4711."), ("user", QUESTIONS[1]), ("assistant", "It is 4711.")]


class TestChatEngines:
    def test_without_await(self, engine, ada, chat, searches):
        for question in QUESTIONS:
            answer = chat(ada).chat(question)
        assert answer.response == "It is 4711."
        assert turns(engine, ada) == SAID
        assert searches == QUESTIONS
        assert chat("stranger").chat(QUESTIONS[1]).response == "I do not know."

    async def test_with_await(self, engine, ada, chat, searches):
        for question in QUESTIONS:
            answer = await chat(ada).achat(question)
        assert answer.response == "It is 4711."
        assert turns(engine, ada) == SAID
        assert searches == QUESTIONS

    def test_streaming(self, engine, ada, chat):
        for question in QUESTIONS:
            stream = chat(ada).stream_chat(question)
            answer = "".join(stream.response_gen)
            stream.write_response_to_history_thread.join() if stream.write_response_to_history_thread else None
        assert answer == "It is 4711."
        assert turns(engine, ada) == SAID

    async def test_streaming_with_await(self, engine, ada, chat):
        for question in QUESTIONS:
            stream = await chat(ada).astream_chat(question)
            answer = "".join([token async for token in stream.async_response_gen()])
            if stream.awrite_response_to_history_task:
                await stream.awrite_response_to_history_task
        assert answer == "It is 4711."
        assert turns(engine, ada) == SAID

    def test_without_await_inside_of_a_running_loop(self, engine, ada, chat):
        async def inside():
            return [chat(ada).chat(question).response for question in QUESTIONS]

        assert asyncio.run(inside())[-1] == "It is 4711."

    def test_its_history_and_its_reset(self, engine, ada, chat):
        one = chat(ada)
        one.chat(QUESTIONS[0])
        assert [(m.role.value, m.content) for m in one.chat_history] == SAID[:2]
        one.reset()
        assert one.chat_history == []
        assert one.chat(QUESTIONS[1]).response == "It is 4711."
