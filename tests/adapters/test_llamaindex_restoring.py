"""A memory that was serialised finds its engine again: in its process, in another one, and without any secret."""

import asyncio
import copy
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.workflow import Context

from engram_core import AsyncEngram, ConfigError, Engram, InvalidInputError, Settings, StoreError
from engram_core.testing import FakeEmbedder
from engram_llamaindex import EngramMemory, use_engine
from engram_llamaindex.connection import Connection, SavedEngine, find_engine


def user(text):
    return ChatMessage(role="user", content=text)


def again(memory, **kwargs):
    return EngramMemory.from_dict(json.loads(json.dumps(memory.to_dict())), **kwargs)


def in_process(**options):
    return Engram(database_url="memory://", embedder=FakeEmbedder(), **options)


async def tenant_of(engine):
    return engine.tenant


@pytest.fixture
def ada_saved_by_an_ended_loop():
    async def run():
        engine = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())
        memory = EngramMemory.from_defaults(engine, user_id="ada", strict=True)
        await memory.aput(user("one"))
        memory.reset()
        return engine, memory.to_dict()

    return asyncio.run(run())


def recalled(memory):
    return next((m.content for m in memory.get() if m.role == MessageRole.SYSTEM), "")


class TestWhatIsWritten:
    def test_no_secret(self):
        engine = Engram(
            Settings(
                database_url="postgresql://ada:geheim@db.example.org:5433/memories?sslcert=geheim",
                openai_api_key="sk-geheim",
                openai_base_url="https://ada:geheim@models.example.org",
                llm="openai:gpt",
                cache_mb=7,
                tenant="acme",
            )
        )
        memory = EngramMemory.from_defaults(engine, user_id="ada")
        for written in (memory.to_json(), repr(memory), str(memory.__reduce__())):
            assert "geheim" not in written
        saved = memory.to_dict()["saved_engine"]
        assert saved["store"] == "postgresql://db.example.org:5433/memories"
        assert saved["settings"] == {"llm": "openai:gpt", "cache_mb": 7}
        assert saved["tenant"] == "acme"

    @pytest.mark.parametrize(
        "address",
        [
            {"openai_base_url": "https://llm.example/v1?api-key=geheim"},
            {"openai_base_url": "https://geheim@llm.example/v1"},
            {"ollama_host": "ada:geheim@llm.example:11434"},
            {"ollama_host": "llm.example:11434?key=geheim"},
            {"custom_instructions": "Ask https://llm.example/rules?key=geheim how."},
        ],
    )
    def test_no_url_that_may_hold_one(self, tmp_path, monkeypatch, address):
        (name,) = address
        saved = SavedEngine.of(Engram(Settings(data_dir=tmp_path, embedder="openai:some@256", **address)))
        gc.collect()
        assert "geheim" not in saved.model_dump_json()
        assert saved.settings["embedder"] == "openai:some@256"
        with pytest.raises(ConfigError, match=f"ENGRAM_{name.upper()}"):  # never a default instead of it
            find_engine(saved)
        monkeypatch.setenv(f"ENGRAM_{name.upper()}", address[name])
        assert getattr(find_engine(saved).settings, name) == address[name]

    def test_a_url_without_one_goes_along(self):
        kept = {"openai_base_url": "https://llm.example/v1", "custom_instructions": "Why? See https://llm.example/v1."}
        saved = SavedEngine.of(Engram(Settings(database_url="memory://", **kept)))
        assert saved.settings == kept

    @pytest.mark.parametrize(
        ("url", "store"),
        [
            ("postgresql:///engram?host=/a", "/a:5432/engram"),
            ("postgresql:///engram?host=/b&password=geheim", "/b:5432/engram"),
            ("postgresql:///engram?host=/a&port=5433&user=geheim", "/a:5433/engram"),
            ("postgresql://?host=db&dbname=engram", "db:5432/engram"),
            ("postgres://ada:geheim@DB:5433?database=engram", "db:5433/engram"),
            ("postgresql://ada:geheim@%2FA/engram?port=5433&host=c", "/A:5432/engram"),
            ("postgresql://ada:geheim@a,b:5433/engram", "a:5432,b:5433/engram"),
            ("postgresql://ada:geheim@[::1]:5433/engram", "[::1]:5433/engram"),
            ("postgresql://ada:geheim@[::1/engram", ""),
        ],
    )
    def test_which_store_it_is(self, url, store):
        assert SavedEngine.of(Engram(Settings(database_url=url))).store == f"postgresql://{store}"

    def test_everything_else(self):
        with in_process() as engine:
            options = {"recall_tokens": 77, "infer": False, "defer": True, "remember_tools": True, "strict": True}
            memory = EngramMemory.from_defaults(
                engine, user_id="ada", agent_id="cook", session_id="one", token_limit=999, **options
            )
            memory.put(user("hello"))
            restored = again(memory)
            assert restored.to_dict() == memory.to_dict()
            for name in ("user_id", "agent_id", "session_id", "token_limit", *options):
                assert getattr(restored, name) == getattr(memory, name)

    def test_what_is_not_remembered_yet_goes_along(self):
        with in_process() as engine:
            memory = EngramMemory.from_defaults(engine, user_id="ada", chat_history=[user("I like tea")])
            restored = again(memory)
            restored.put(user("And cake"))
            turns = engine.get_all(user_id="ada", kinds="turn")
            assert [turn.text for turn in turns] == ["I like tea", "And cake"]
            memory.set(memory.get_all())
            assert len(engine.get_all(user_id="ada", kinds="turn")) == 2

    def test_a_copy_is_the_same_conversation(self):
        with in_process() as engine:
            memory = EngramMemory.from_defaults(engine, user_id="ada")
            copy.deepcopy({"memory": memory})["memory"].put(user("hello"))
            assert len(memory.get_all()) == 1


class TestWhichEngine:
    def test_the_one_it_had(self):
        with in_process() as engine, in_process() as other:
            memory = EngramMemory.from_defaults(engine, user_id="ada")
            EngramMemory.from_defaults(other, user_id="ada")
            again(memory).put(user("hello"))
            assert len(engine.get_all(user_id="ada")) == 1
            assert len(other.get_all(user_id="ada")) == 0

    def test_an_async_one_too(self):
        async def run():
            async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
                memory = again(EngramMemory.from_defaults(engine, user_id="ada", strict=True))
                await memory.aput(user("hello"))
                return [turn.text for turn in await engine.get_all(user_id="ada")]

        assert asyncio.run(run()) == ["hello"]

    def test_the_one_that_is_given(self):
        with in_process() as engine, in_process() as other:
            memory = EngramMemory.from_defaults(engine, user_id="ada")
            again(memory, engine=other).put(user("hello"))
            again(memory).attach(other).put(user("hello again"))
            assert len(engine.get_all(user_id="ada")) == 0
            assert len(other.get_all(user_id="ada")) == 2

    def test_the_one_that_the_process_uses_for_that_tenant(self):
        with in_process() as engine, in_process() as used, in_process(tenant="acme") as acme:
            memory = EngramMemory.from_defaults(engine, user_id="ada")
            use_engine(used)
            use_engine(acme)
            again(memory).put(user("hello"))
            assert len(used.get_all(user_id="ada")) == 1
            assert len(acme.get_all(user_id="ada")) == len(engine.get_all(user_id="ada")) == 0
        del used, acme
        gc.collect()  # it is not kept: it is its owner's
        with pytest.raises(InvalidInputError, match="engine"):
            use_engine("memory://")

    def test_another_one_on_the_same_store(self, tmp_path):
        first = Engram(data_dir=tmp_path, embedder=FakeEmbedder())
        saved = SavedEngine.of(first)
        del first
        gc.collect()
        second, acme = (Engram(data_dir=tmp_path, embedder=FakeEmbedder(), tenant=t) for t in ("default", "acme"))
        SavedEngine.of(second)
        SavedEngine.of(acme)
        assert find_engine(saved) is second

    def test_one_that_is_open_rather_than_a_closed_one(self, data_dir, request):
        name = request.node.name
        first = Engram(data_dir=data_dir, embedder=FakeEmbedder())
        memory = EngramMemory.from_defaults(first, user_id=name)
        memory.put(user("one"))
        written = memory.to_dict()
        first.close()
        with (
            Engram(data_dir=data_dir, embedder=FakeEmbedder()) as second,
            Engram(data_dir=data_dir, embedder=FakeEmbedder()) as third,
        ):
            for engine in (second, third):
                EngramMemory.from_defaults(engine, user_id=name)
            third.close()  # the latest is closed too
            use_engine(third)
            restored = EngramMemory.from_dict(written)
            restored.strict = True
            restored.put(user("two"))
            assert [turn.text for turn in second.get_all(user_id=name, kinds="turn")] == ["one", "two"]

    async def test_one_that_is_open_rather_than_a_closed_one_with_await(self, data_dir, request):
        name = request.node.name
        first = AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder())
        written = EngramMemory.from_defaults(first, user_id=name, strict=True).to_dict()
        await first.open()
        await first.close()
        async with AsyncEngram(data_dir=data_dir, embedder=FakeEmbedder()) as second:
            EngramMemory.from_defaults(second, user_id=name)
            await EngramMemory.from_dict(written).aput(user("two"))
            assert [turn.text for turn in await second.get_all(user_id=name)] == ["two"]

    def test_one_whose_loop_runs_rather_than_one_whose_loop_ended(self, ada_saved_by_an_ended_loop):
        ended, written = ada_saved_by_an_ended_loop
        with in_process() as second:
            use_engine(second)
            use_engine(ended)
            with pytest.raises(ConfigError, match="use_engine"):  # memory:// is gone with it
                EngramMemory.from_dict(written).put(user("two"))
            use_engine(second)
            EngramMemory.from_dict(written).put(user("two"))
            assert [turn.text for turn in second.get_all(user_id="ada")] == ["two"]

    def test_one_whose_loop_rests_is_not_given_up(self):
        with asyncio.Runner() as runner:
            engine = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())
            runner.run(engine.open())
            restored = again(EngramMemory.from_defaults(engine, user_id="ada", strict=True))
            with pytest.raises(ConfigError, match="use_engine"):
                restored.put(user("one"))
            runner.run(restored.aput(user("two")))
            turns = runner.run(engine.get_all(user_id="ada"))
            runner.run(engine.close())
        assert [turn.text for turn in turns] == ["one", "two"]

    def test_a_closed_one_that_was_made_is_made_anew(self, tmp_path):
        saved = SavedEngine.of(Engram(data_dir=tmp_path, tenant="made"))
        gc.collect()
        made = find_engine(saved)
        made.close()
        assert Connection(saved).call(tenant_of) == "made"
        assert find_engine(saved) is not made
        find_engine(saved).close()

    async def test_the_callers_own_loop_is_not_taken_for_an_ended_one(self):
        async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
            memory = again(EngramMemory.from_defaults(engine, user_id="ada", strict=True))
            with pytest.raises(StoreError, match="async method"):
                memory.put(user("one"))
            await memory.aput(user("two"))
            assert [turn.text for turn in await engine.get_all(user_id="ada")] == ["one", "two"]

    def test_one_made_from_its_settings(self, tmp_path, monkeypatch):
        saved = SavedEngine.of(Engram(data_dir=tmp_path, tenant="acme", llm="ollama:any"))
        gc.collect()
        monkeypatch.setenv("ENGRAM_DATABASE_URL", "postgresql://elsewhere/db")
        made = find_engine(saved)
        assert (made.tenant, made.settings.data_dir, made.settings.database_url) == ("acme", tmp_path, None)
        assert made.settings.llm == "ollama:any"
        assert find_engine(saved) is made

    def test_secrets_come_from_the_environment(self, monkeypatch):
        url = "postgresql://ada:geheim@db.example.org/memories"
        saved = SavedEngine.of(Engram(database_url=url))
        gc.collect()
        with pytest.raises(ConfigError, match=r"db\.example\.org:5432/memories.*ENGRAM_DATABASE_URL"):
            find_engine(saved)
        monkeypatch.setenv("ENGRAM_DATABASE_URL", "postgresql://ada:geheim@db.example.org/others")
        with pytest.raises(ConfigError, match="others"):
            find_engine(saved)
        monkeypatch.setenv("ENGRAM_DATABASE_URL", url)
        assert find_engine(saved).settings.database_url.get_secret_value() == url

    def test_none_says_what_to_do_and_does_not_take_the_chat_down(self, caplog):
        memory = EngramMemory.from_defaults(in_process(tenant="lost"), user_id="ada")
        restored = again(memory)
        del memory
        gc.collect()
        restored.put(user("hello"))
        assert [message.content for message in restored.get()] == ["hello"]
        assert "use_engine" in caplog.text
        with in_process(tenant="lost") as engine:
            restored.attach(engine)
            restored.put(user("hello again"))
            assert [turn.text for turn in engine.get_all(user_id="ada")] == ["hello", "hello again"]
        with pytest.raises(ConfigError, match="from_defaults"):
            EngramMemory(user_id="ada", strict=True).put(user("hello"))

    def test_never_one_of_another_tenant(self):
        with in_process(tenant="acme") as engine, in_process() as other:
            memory = EngramMemory.from_defaults(engine, user_id="ada")
            with pytest.raises(InvalidInputError, match=r"tenant 'default'.*tenant 'acme'"):
                again(memory).attach(other)
            with pytest.raises(InvalidInputError, match="tenant"):
                again(memory, engine=other)


WORKFLOW = """
import asyncio, json, sys
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.workflow import Context

def answer(messages, **kwargs):
    whole = " ".join(str(message.content) for message in messages)
    return ChatMessage(role="assistant", content="4711" if "4711" in whole else "unknown")

def nothing() -> str:
    "Do nothing."

agent = FunctionAgent(tools=[nothing], llm=MockFunctionCallingLLM(response_generator=answer))
"""

SECOND = (
    WORKFLOW
    + """
async def main():
    context = Context.from_dict(agent, json.loads(sys.stdin.read()))
    response = await agent.run("What is the number on my locker?", ctx=context)
    memory = await context.store.get("memory")
    print(json.dumps([response.response.content, len(memory.get_all())]))

asyncio.run(main())
"""
)


def run(script, *arguments, env=None, stdin=None):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    result = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    return result


class TestAnotherProcess:
    async def test_an_agent_goes_on_from_its_context_alone(self):
        folder = Path(tempfile.mkdtemp(prefix="engram-llamaindex-"))
        agent = FunctionAgent(tools=[], llm=MockFunctionCallingLLM(), streaming=False)
        context = Context(agent)
        try:
            with Engram(data_dir=folder) as engine:
                memory = EngramMemory.from_defaults(engine, user_id="ada", token_limit=60)
                await agent.run("The number on my locker is 4711.", ctx=context, memory=memory)
                await agent.run("Tea is " + "very " * 60 + "good.", ctx=context)
            result = run(SECOND, stdin=json.dumps(context.to_dict()))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        # What was said first no longer fits into the prompt: the number was recalled, by an engine found by itself.
        assert json.loads(result.stdout) == ["4711", 6]
        assert "not remembered" not in result.stderr
        assert "nothing was recalled" not in result.stderr

    def test_another_engine_on_the_same_postgres_remembers(self, data_dir, request):
        name = request.node.name
        with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as engine:
            EngramMemory.from_defaults(engine, user_id=name).put_messages([user("I live in Lisbon."), user("Tea!")])
            memory = EngramMemory.from_defaults(engine, user_id=name, session_id="chat")
            memory.put(user("I moved to Porto."))
            written = memory.to_json()
        del engine, memory
        gc.collect()
        with Engram(data_dir=data_dir, embedder=FakeEmbedder()) as engine:
            use_engine(engine)
            memory = EngramMemory.from_json(written)
            memory.set(memory.get_all())
            assert len(engine.get_all(user_id=name, kinds="turn")) == 3
            memory.reset()
            memory.put(user("Where do I live now?"))
            assert "User lives in Porto. (since" in recalled(memory)
            other = EngramMemory.from_defaults(engine, user_id=f"{name}-stranger")
            other.put(user("Where do I live now?"))
            assert recalled(other) == ""
            visible = [entry.key for entry in memory.buffer.entries]
            assert visible
            assert "Where do I live" not in recalled(memory)


def test_a_framework_that_is_missing_is_named():
    script = "import sys; sys.modules['llama_index'] = None; from engram_llamaindex import EngramMemory"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stderr.endswith("llama-index-core is not installed; run: pip install 'engram-recall[llamaindex]'\n")


OFFLINE = """
import socket

def refuse(*arguments, **kwargs):
    raise AssertionError(f"the network was touched: {arguments}")

socket.getaddrinfo = socket.create_connection = refuse
connect = socket.socket.connect
socket.socket.connect = lambda self, to: connect(self, to) if self.family == socket.AF_UNIX else refuse(to)
"""

EVERYTHING = (
    OFFLINE
    + WORKFLOW
    + """
from llama_index.core import get_response_synthesizer
from llama_index.core.memory import Memory
from llama_index.core.query_engine import RetrieverQueryEngine
from engram_core import Engram
from engram_core.testing import FakeEmbedder
from engram_llamaindex import EngramMemory, EngramMemoryBlock, EngramRetriever

async def main():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        memory = EngramMemory.from_defaults(engine, user_id="ada", token_limit=50)
        for _ in range(10):
            await agent.run("The number on my locker is 4711.", memory=memory)
        block = EngramMemoryBlock(engine=engine, user_id="ada")
        core = Memory.from_defaults(memory_blocks=[block], token_limit=100, token_flush_size=20)
        await core.aput_messages([ChatMessage(content="tea " * 60), ChatMessage(content="cake " * 60)])
        await core.aget()
        queries = RetrieverQueryEngine.from_args(EngramRetriever(engine, user_id="ada"), llm=agent.llm)
        print(queries.query("What is on my locker?"))

asyncio.run(main())
"""
)


def test_nothing_touches_the_network(tmp_path):
    # An empty folder of vocabularies, where LlamaIndex alone would start a download.
    result = run(EVERYTHING, env={**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path)})
    assert "4711" in result.stdout
    assert "network" not in result.stderr
    assert not list(tmp_path.iterdir())
