"""Memory for chains of langchain-classic."""

import asyncio
import subprocess
import sys

import pytest
from langchain_classic.base_memory import BaseMemory
from langchain_classic.chains import ConversationChain, LLMChain
from langchain_classic.memory import CombinedMemory, ConversationBufferMemory
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from pydantic import ValidationError

from engram_core import AsyncEngram, Engram, InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langchain import EngramMemory

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # chains are deprecated as a whole


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def engine():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


class Listening(FakeListLLM):
    """Notes its prompts."""

    prompts: list[str] = []  # noqa: RUF012 - pydantic copies it

    def _call(self, prompt, stop=None, run_manager=None, **kwargs):
        self.prompts.append(prompt)
        return super()._call(prompt, stop, run_manager, **kwargs)

    async def _acall(self, prompt, stop=None, run_manager=None, **kwargs):
        return self._call(prompt, stop, run_manager, **kwargs)


def turns(engine, **scope):
    return [(turn.role, turn.text) for turn in engine.get_all(**(scope or {"user_id": "ada"}), kinds="turn")]


@pytest.mark.parametrize("awaits", [False, True])
async def test_a_conversation_chain_remembers_over_sessions(engine, awaits):
    llm = Listening(responses=["Lovely!", "In Lisbon."])
    for session, said in [("s1", "I live in Lisbon."), ("s2", "Where do I live?")]:
        memory = EngramMemory(engram=engine, user_id="ada", session_id=session)
        assert isinstance(memory, BaseMemory)
        chain = ConversationChain(llm=llm, memory=memory)
        result = (
            await chain.ainvoke({"input": said}) if awaits else await asyncio.to_thread(chain.invoke, {"input": said})
        )
    assert result["response"] == "In Lisbon."
    assert "User lives in Lisbon." not in llm.prompts[0]
    assert "User lives in Lisbon." in llm.prompts[1]
    assert turns(engine, user_id="ada", session_id="s2") == [("user", "Where do I live?"), ("assistant", "In Lisbon.")]


def test_an_llm_chain_gets_messages(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    memory = EngramMemory(engram=engine, user_id="ada", memory_key="known", input_key="question", return_messages=True)
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("known"), ("human", "{question} {tone}")])
    chain = LLMChain(llm=FakeListChatModel(responses=["Lisbon."]), prompt=prompt, memory=memory)
    result = chain.invoke({"question": "Where do I live?", "tone": "politely"})
    assert result["text"] == "Lisbon."
    (known,) = result["known"]
    assert isinstance(known, SystemMessage)
    assert "I live in Lisbon." in known.text
    assert turns(engine)[1:] == [("user", "Where do I live?"), ("assistant", "Lisbon.")]


def test_beside_a_buffer_of_the_last_turns(engine):
    engine.add("I live in Lisbon.", user_id="ada")
    memories = [
        EngramMemory(engram=engine, user_id="ada", memory_key="known", input_key="input"),
        ConversationBufferMemory(input_key="input"),
    ]
    llm = Listening(responses=["Fine.", "Yes."])
    prompt = PromptTemplate.from_template("{known}\n{history}\n{input}")
    chain = LLMChain(llm=llm, prompt=prompt, memory=CombinedMemory(memories=memories))
    chain.invoke({"input": "How is Lisbon?"})
    chain.invoke({"input": "Really?"})
    assert "I live in Lisbon." in llm.prompts[0]
    assert "Human: How is Lisbon?\nAI: Fine." in llm.prompts[1]


async def test_the_verbs_of_the_base_with_and_without_await():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        memory = EngramMemory(engram=engine, user_id="ada", session_id="s1", return_messages=True)
        assert memory.memory_variables == ["history"]
        assert await memory.aload_memory_variables({"input": "Where?"}) == {"history": []}
        await memory.asave_context({"input": "I live in Lisbon."}, {"output": "Noted."})
        (message,) = (await asyncio.to_thread(memory.load_memory_variables, {"input": "Where?"}))["history"]
        assert "User lives in Lisbon." in message.text
        await asyncio.to_thread(memory.save_context, {"input": HumanMessage("Thanks")}, {"output": ""})
        assert [turn.text for turn in await engine.get_all(user_id="ada", kinds="turn")] == [
            "I live in Lisbon.",
            "Noted.",
            "Thanks",
        ]
        await memory.aclear()
        assert not await engine.get_all(user_id="ada")


def test_clearing_ends_the_session_alone(engine):
    for session in ("s1", "s2"):
        memory = EngramMemory(engram=engine, user_id="ada", session_id=session)
        memory.save_context({"input": f"Hello in {session}"}, {"output": "Hi"})
    memory.clear()
    assert turns(engine) == [("user", "Hello in s1"), ("assistant", "Hi")]
    with pytest.raises(InvalidInputError, match="session_id"):
        EngramMemory(engram=engine, user_id="ada").clear()
    assert len(turns(engine)) == 2


def test_what_is_recalled_keeps_to_budget_kinds_and_filters(engine):
    for n in range(40):
        engine.add(f"Note {n} about the garden and its many flowers", user_id="ada", metadata={"n": n})

    def known(**options):
        memory = EngramMemory(engram=engine, user_id="ada", **options)
        return memory.load_memory_variables({"input": "the garden", "stop": ["\n"]})["history"].count("Note ")

    assert 1 <= known(token_budget=60) <= 4
    assert known(filters={"n": {"$lt": 2}}) == 2
    assert known(kinds="fact") == 0


def test_bad_input_says_what_is_wrong_with_it(engine):
    memory = EngramMemory(engram=engine, user_id="ada")
    with pytest.raises(InvalidInputError, match="input_key: got None; accepted: the name of one of 'a', 'b'"):
        memory.load_memory_variables({"a": "1", "b": "2"})
    with pytest.raises(InvalidInputError, match="output_key"):
        memory.save_context({"input": "Hello"}, {"a": "1", "b": "2"})
    with pytest.raises(InvalidInputError, match="user_id"):
        EngramMemory(engram=engine, session_id="s1")
    with pytest.raises(InvalidInputError, match="engine"):
        EngramMemory(engram="memory", user_id="ada")
    with pytest.raises(ValidationError, match="usr"):
        EngramMemory(engram=engine, user_id="ada", usr="ada")
    assert turns(engine) == []


MISSING = """
import sys
sys.modules["{package}"] = None
import engram_langchain
from engram_core import MissingExtraError
try:
    engram_langchain.{name}
except MissingExtraError as missing:
    print(missing)
"""


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("langchain_classic", "EngramMemory", "langchain-classic"),
        ("langchain", "EngramMiddleware", "langchain"),
        ("langchain_core", "EngramRetriever", "langchain"),
    ],
)
def test_a_missing_extra_is_named(package, name, extra):
    code = MISSING.format(package=package, name=name)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert f"pip install 'engram-recall[{extra}]'" in result.stdout
