"""The retriever, and the block for LlamaIndex's own memory."""

import asyncio
import copy
import logging
import re

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM, MockLLM
from llama_index.core.memory import Memory
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, QueryBundle, TextNode
from llama_index.core.storage.chat_store.sql import MessageStatus
from llama_index.core.tools import RetrieverTool

from engram_core import AsyncEngram, Engram, InvalidInputError, StoreUnavailableError
from engram_core.testing import FakeEmbedder
from engram_llamaindex import EngramMemoryBlock, EngramRetriever
from engram_llamaindex.recall import written


@pytest.fixture(scope="module")
def engine():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def ada(request):
    return request.node.name


def user(text, **kwargs):
    return ChatMessage(role="user", content=text, additional_kwargs=kwargs)


def assistant(text):
    return ChatMessage(role="assistant", content=text)


class TestRetriever:
    def test_nodes_say_what_was_found(self, engine, ada):
        added = engine.add("I like green tea", user_id=ada, session_id="one", metadata={"topic": "drinks"})
        (found,) = EngramRetriever(engine, user_id=ada, kinds="turn").retrieve("Which tea?")
        assert isinstance(found.node, TextNode)
        assert found.node_id == added.turns[0].id
        assert found.text == "I like green tea"
        assert 0 < found.score <= 1
        metadata = found.metadata
        assert (metadata["kind"], metadata["user_id"], metadata["session_id"]) == ("turn", ada, "one")
        assert (metadata["role"], metadata["origin"], metadata["metadata"]) == ("user", "user", {"topic": "drinks"})
        assert metadata["valid_from"] == added.turns[0].valid_from.isoformat()
        assert metadata["signals"].keys() >= {"dense", "lexical"}

    async def test_it_finds_the_same_with_await_in_the_engines_order(self, engine, ada):
        for number in range(5):
            engine.add(f"Tea number {number} is green", user_id=ada, infer=False)
        retriever = EngramRetriever(engine, user_id=ada, similarity_top_k=3)
        found = await retriever.aretrieve(QueryBundle("green tea number 4"))
        assert found == retriever.retrieve("green tea number 4")
        assert [node.node_id for node in found] == [
            hit.memory.id for hit in engine.search("green tea number 4", user_id=ada, limit=3)
        ]
        assert len(found) == 3

    def test_a_model_reads_when_it_was_and_what_became_of_it(self, engine, ada):
        engine.add("I live in Lisbon.", user_id=ada, occurred_at="2024-01-01")
        engine.add("I moved to Porto.", user_id=ada, occurred_at="2024-05-17")
        found = EngramRetriever(engine, user_id=ada).retrieve("Where do I live?")
        nodes = {node.text: node.node.get_content(MetadataMode.LLM) for node in found}
        assert nodes["User lives in Porto."] == (
            "since: 2024-05-17\nbefore: User lives in Lisbon.\n\nUser lives in Porto."
        )
        old = nodes["I live in Lisbon."]
        assert old.startswith("said: 2024-01-01 by user\nuntil: 2024-05-17\nnow: User lives in Porto.")
        assert found[0].node.get_content(MetadataMode.EMBED) == found[0].text

    def test_it_keeps_to_its_scope(self, engine, ada):
        engine.add("My number is 1", user_id=ada, agent_id="cook", session_id="a", metadata={"n": 1}, infer=False)
        engine.add("My number is 2", user_id=f"{ada}-other", infer=False)
        engine.for_tenant("acme").add("My number is 3", user_id=ada, infer=False)

        def texts(engine=engine, **scope):
            return [node.text for node in EngramRetriever(engine, **scope).retrieve("My number")]

        assert texts(user_id=ada) == ["My number is 1"]
        assert texts(user_id=ada, agent_id="cook", session_id="a", filters={"n": 1}) == ["My number is 1"]
        assert texts(user_id=ada, agent_id="doctor") == texts(user_id=ada, filters={"n": 2}) == []
        assert texts(user_id=ada, as_of="2020-01-01") == []
        assert texts(engine.for_tenant("acme"), user_id=ada) == ["My number is 3"]

    async def test_a_copy_finds_the_same(self, engine, ada):
        engine.add("I like green tea", user_id=ada, metadata={"topic": "drinks"}, infer=False)
        retriever = EngramRetriever(engine, user_id=ada, filters={"topic": {"$in": ["drinks"]}})
        for twin in (copy.copy(retriever), copy.deepcopy({"retriever": retriever})["retriever"]):
            assert twin is not retriever
            assert twin.retrieve("tea") == await twin.aretrieve("tea") == retriever.retrieve("tea")
            assert [node.text for node in twin.retrieve("tea")] == ["I like green tea"]

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({}, "scope"),
            ({"user_id": ""}, "user_id"),
            ({"user_id": "a", "similarity_top_k": 0}, "similarity_top_k"),
            ({"user_id": "a", "similarity_top_k": "5"}, "similarity_top_k"),
            ({"user_id": "a", "similarity_top_k": True}, "similarity_top_k"),
        ],
    )
    def test_bad_input_is_named(self, engine, options, name):
        with pytest.raises(InvalidInputError) as caught:
            EngramRetriever(engine, **options)
        assert caught.value.argument == name
        with pytest.raises(InvalidInputError, match="an Engram or an AsyncEngram"):
            EngramRetriever("engine", user_id="a")
        with pytest.raises(InvalidInputError, match="kinds"):
            EngramRetriever(engine, user_id="a", kinds="thought").retrieve("x")

    async def test_a_query_engine_answers_from_it(self, engine, ada):
        engine.add("The number on my locker is 4711.", user_id=ada, occurred_at="2024-05-17", infer=False)
        queries = RetrieverQueryEngine.from_args(EngramRetriever(engine, user_id=ada), llm=MockLLM())
        for response in (queries.query("What is on my locker?"), await queries.aquery("What is on my locker?")):
            assert "said: 2024-05-17 by user\n\nThe number on my locker is 4711." in str(response)  # the mock echoes
            assert [node.text for node in response.source_nodes] == ["The number on my locker is 4711."]
            assert "signals" not in str(response)

    async def test_an_agent_uses_it_as_a_tool(self, engine, ada):
        engine.add("The number on my locker is 4711.", user_id=ada, infer=False)
        tool = RetrieverTool.from_defaults(EngramRetriever(engine, user_id=ada), name="recall", description="Recalls.")
        output = await tool.acall(input="locker")
        assert "4711" in output.content

    def test_an_async_engine_serves_it_too(self, ada):
        engine = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())
        retriever = EngramRetriever(engine, user_id=ada)
        assert retriever.retrieve("anything") == []
        assert asyncio.run(retriever.aretrieve("anything")) == []


class TestBlock:
    def turns(self, engine, ada, **scope):
        return [(turn.role, turn.text) for turn in engine.get_all(user_id=ada, kinds="turn", limit=1000, **scope)]

    @pytest.fixture
    async def make(self, engine):
        """Make the framework's memory with a block; its database is closed after the test."""
        made = []

        def make(user_id, priority=0, **options):
            block = EngramMemoryBlock(engine=engine, user_id=user_id, priority=priority)
            options = {"token_limit": 150, "token_flush_size": 30, "chat_history_token_ratio": 0.5, **options}
            made.append(Memory.from_defaults(memory_blocks=[block], session_id=f"{user_id}-session", **options))
            return made[-1]

        yield make
        for memory in made:
            if memory.sql_store._async_engine is not None:
                await memory.sql_store._async_engine.dispose()

    async def talk(self, memory, turns=8):
        for number in range(turns):
            await memory.aput(user(f"My tea number {number} is a green one"))
            await memory.aput(assistant("yes"))

    async def test_what_is_flushed_is_stored_and_recalled(self, engine, ada, make):
        memory = make(ada)
        await self.talk(memory)
        active = await memory.aget_all(status=MessageStatus.ACTIVE)
        stored = self.turns(engine, ada, session_id=f"{ada}-session")
        everything = [(m.role.value, m.content) for m in await memory.aget_all()]
        assert 0 < len(stored) < 16
        assert stored == everything[: 16 - len(active)]
        await memory.aput(user("Which tea was number 0?"))
        system = (await memory.aget())[0]
        assert system.role == MessageRole.SYSTEM
        assert "<engram>" in system.content
        assert "user: My tea number 0 is a green one" in system.content

    async def test_the_rest_is_handed_over_at_the_end(self, engine, ada, make):
        memory = make(ada)
        await self.talk(memory)
        (block,) = memory.memory_blocks
        for _ in range(2):
            active = await memory.aget_all(status=MessageStatus.ACTIVE)
            await block.aput(active, session_id=memory.session_id)
        assert self.turns(engine, ada) == [(m.role.value, m.content) for m in await memory.aget_all()]

    async def test_a_history_that_is_set_again_is_stored_once(self, engine, ada, make):
        memory = make(ada)
        await self.talk(memory)
        before = self.turns(engine, ada)
        history = await memory.aget_all()
        for _ in range(2):
            fresh = make(ada)
            await fresh.aset(history[:-1])
            await fresh.aput(history[-1])
        assert self.turns(engine, ada) == before

    async def test_messages_with_ids_are_stored_once_in_any_order(self, engine, ada):
        block = EngramMemoryBlock(engine=engine, user_id=ada, session_id="one")
        messages = [user("yes", id="1"), user("yes", id="2"), user("no", id="3")]
        await block.aput(messages)
        await block.aput(messages[::-1])
        assert sorted(self.turns(engine, ada, session_id="one")) == [("user", "no"), ("user", "yes"), ("user", "yes")]

    async def test_words_that_come_again_within_a_flush_are_all_stored(self, engine, ada):
        said = [m for word in ("yes", "yes", "no") for m in (user(word), assistant("Next?"))] + [user("yes")]
        for _ in range(2):
            await EngramMemoryBlock(engine=engine, user_id=ada, session_id="one").aput(said)
            assert self.turns(engine, ada) == [(m.role.value, m.content) for m in said]

    async def test_a_message_that_no_store_keeps_does_not_hold_up_the_others(self, engine, ada, caplog):
        block = EngramMemoryBlock(engine=engine, user_id=ada)
        with caplog.at_level(logging.WARNING):
            await block.aput([user("x" * 10_000_001), user("te\x00a", name="A\ud800da")])
        assert "what was said is not remembered: content" in caplog.text
        (turn,) = engine.get_all(user_id=ada, kinds="turn")
        assert (turn.text, turn.speaker) == ("te\ufffda", "A\ufffdda")

    async def test_a_copy_is_a_block_on_the_same_engine(self, engine, ada):
        block = EngramMemoryBlock(engine=engine, user_id=ada, session_id="one")
        for twin in (copy.deepcopy({"block": block})["block"], block.model_copy(deep=True)):
            assert twin is not block
            assert twin.engine is engine
            await twin.aput([user("My tea is green")])
            assert "My tea is green" in await twin.aget([user("Which tea?")])
        assert self.turns(engine, ada) == [("user", "My tea is green")]

    async def test_instructions_and_tools_are_left_out(self, engine, ada):
        block = EngramMemoryBlock(engine=engine, user_id=ada)
        said = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="tool", content="5"), user("tea")]
        await block.aput(said, from_short_term_memory=True)
        assert self.turns(engine, ada) == [("user", "tea")]

    async def test_one_search_a_turn(self, engine, ada, searches, make):
        def look() -> str:
            """Look."""
            return "tea"

        def answer(messages, **kwargs):
            if messages[-1].role == MessageRole.TOOL:
                return assistant("Tea.")
            call = ToolCallBlock(tool_call_id="1", tool_name="look", tool_kwargs={})
            return ChatMessage(role="assistant", blocks=[call])

        agent = FunctionAgent(tools=[look], llm=MockFunctionCallingLLM(response_generator=answer))
        memory = make(ada, token_limit=30_000)
        for _ in range(2):
            await agent.run("What is there?", memory=memory)
        assert searches == ["What is there?"] * 2

    async def test_users_do_not_mix(self, engine, ada, make):
        one, other = make(ada), make(f"{ada}-other")
        await self.talk(one)
        await other.aput(user("Which tea was number 0?"))
        assert "green" not in str(await other.aget())

    async def test_the_least_relevant_goes_first_when_it_is_truncated(self, engine, ada):
        for number in range(9):
            engine.add(f"Cake number {number}\nwas good", user_id=ada, infer=False)
        engine.add("My locker has the number 4711", user_id=ada, infer=False)
        for number in range(9):
            engine.add(f"Biscuit number {number} was good", user_id=ada, infer=False)
        block = EngramMemoryBlock(engine=engine, user_id=ada, priority=1)
        content = await block.aget([user("Which number has my locker?")])
        whole = len(block.tokenizer_fn(content))
        assert await block.atruncate(content, 1) != content
        for tokens in (10, 100, whole - 30):
            less = await block.atruncate(content, tokens)
            assert len(block.tokenizer_fn(less)) <= whole - tokens
            assert "4711" in less
        assert await block.atruncate(content, whole) is None
        assert await block.atruncate("", 5) is None

    async def test_what_makes_a_memory_readable_goes_before_it(self, engine, ada):
        engine.add("Which market has the old teapots?", user_id=ada, infer=False, occurred_at="2024-05-01T10:00")
        reply = "By the river. " + "Then we walked along the quay and looked at ships. " * 20
        engine.add(reply, user_id=ada, infer=False, occurred_at="2024-05-01T10:01")
        block = EngramMemoryBlock(engine=engine, user_id=ada, priority=1, token_budget=120)
        content = await block.aget([user("market old teapots")])
        asked, answered = content.split("\n")
        assert len(content.entries) == 2 > len(content.hits), "the reply stands there in part, beside what was found"
        assert answered.endswith("…")
        assert await block.atruncate(content, 1) == asked
        # A plain string no longer knows what is worth most: the oldest goes.
        assert await block.atruncate(str(content), 1) == answered

    async def test_a_memory_that_is_short_of_room_truncates_it(self, engine, ada, make):
        for number in range(30):
            engine.add(f"My cake number {number} was good", user_id=ada, infer=False)
        memory = make(ada, token_limit=200, priority=1)
        await memory.aput(user("Which cake was number 7?"))
        system = (await memory.aget())[0]
        assert "My cake number 7 was good" in system.content
        assert 0 < system.content.count("was good") < 15

    async def test_a_failure_is_logged_or_raised(self, engine, ada, monkeypatch, caplog):
        async def fail(self, *args, **kwargs):
            raise StoreUnavailableError("the store is away")

        for verb in ("add", "context"):
            monkeypatch.setattr(AsyncEngram, verb, fail)
        block = EngramMemoryBlock(engine=engine, user_id=ada)
        with caplog.at_level(logging.WARNING):
            await block.aput([user("tea")])
            assert await block.aget([user("tea")]) == ""
        assert caplog.text.count("the store is away") == 2
        strict = EngramMemoryBlock(engine=engine, user_id=ada, strict=True)
        with pytest.raises(StoreUnavailableError):
            await strict.aput([user("tea")])
        with pytest.raises(StoreUnavailableError):
            await strict.aget([user("tea")])

    @pytest.mark.parametrize(
        ("options", "name"),
        [({}, "scope"), ({"user_id": ""}, "user_id"), ({"user_id": "a", "token_budget": 0}, "token_budget")],
    )
    def test_bad_input_is_named(self, engine, options, name):
        with pytest.raises(InvalidInputError) as caught:
            EngramMemoryBlock(engine=engine, **options)
        assert caught.value.argument == name
        with pytest.raises(InvalidInputError, match="an Engram or an AsyncEngram"):
            EngramMemoryBlock(user_id="a")


def test_no_spelling_of_the_end_of_the_memory_part_ends_it():
    text = written("a </memory> b </MEMORY> c </memory > d </ memory>")
    assert text.lower().replace(" ", "").count("</memory>") == 5
    assert len(re.findall(r"</memory\s*>", text, re.IGNORECASE)) == 1
