"""Memories as documents: LangChain's own suite, and what it does not ask."""

import asyncio
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnablePassthrough
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from engram_core import AsyncEngram, Engram, InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langchain import EngramRetriever

NOTES = ["I live in Lisbon.", "My sister lives in Lisbon too", "Lisbon has seven hills", "The tram of Lisbon is yellow"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module", params=["memory", "postgres"])
def engine(request):
    """An engine that knows some notes of Ada, in memory and on a Postgres of this module's own."""
    folder = Path(tempfile.mkdtemp(prefix="engram-langchain-"))
    where = {"database_url": "memory://"} if request.param == "memory" else {"data_dir": folder}
    with Engram(**where, embedder=FakeEmbedder()) as engine:
        engine.add_many(NOTES, user_id="ada", session_id="notes", metadata={"topic": "city"})
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own suite."""

    @pytest.fixture(autouse=True)
    def _bind(self, engine):
        self.engine = engine

    @property
    def retriever_constructor(self):
        return EngramRetriever

    @property
    def retriever_constructor_params(self):
        return {"engram": self.engine, "user_id": "ada"}

    @property
    def retriever_query_example(self):
        return "What is there to know about Lisbon?"


async def test_with_and_without_await_the_same_documents_come(engine):
    retriever = EngramRetriever(engram=engine, user_id="ada", k=3)
    documents = await retriever.ainvoke("Lisbon")
    assert [d.id for d in documents] == [d.id for d in await asyncio.to_thread(retriever.invoke, "Lisbon")]
    assert len(documents) == 3
    assert len(await retriever.ainvoke("Lisbon", k=1)) == 1
    assert len(await retriever.abatch(["Lisbon", "trams"])) == 2


async def test_an_async_engine_serves_both():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        await engine.add(NOTES, user_id="ada", infer=False)
        retriever = EngramRetriever(engram=engine, user_id="ada")
        assert len(await retriever.ainvoke("Lisbon")) == 4
        assert len(await asyncio.to_thread(retriever.invoke, "Lisbon")) == 4
        assert len(await asyncio.to_thread(lambda: asyncio.run(retriever.ainvoke("Lisbon")))) == 4


def test_a_document_says_all_that_a_hit_knows(engine):
    (document,) = EngramRetriever(engram=engine, user_id="ada", k=1).invoke("The tram of Lisbon is yellow")
    (hit,) = engine.search("The tram of Lisbon is yellow", user_id="ada", limit=1)
    memory, said = hit.memory, document.metadata
    assert (document.id, document.page_content) == (memory.id, "The tram of Lisbon is yellow")
    assert said == json.loads(json.dumps(said))
    assert (said["id"], said["kind"], said["role"], said["origin"]) == (memory.id, "turn", "user", "user")
    assert (said["score"], said["signals"]) == (hit.score, dict(hit.signals))
    assert (said["user_id"], said["agent_id"], said["session_id"]) == ("ada", None, "notes")
    assert datetime.fromisoformat(said["valid_from"]) == memory.valid_from
    assert datetime.fromisoformat(said["recorded_at"]) == memory.recorded_at
    assert (said["valid_to"], said["speaker"], said["sources"]) == (None, None, [])
    assert said["metadata"] == {"topic": "city"}
    assert not said.keys() & {"supersedes", "replaced", "superseded_by", "now", "ended_at"}


def test_a_change_is_never_silent(engine):
    first = engine.add("I live in Lisbon.", user_id="eve", occurred_at="2024-01-01").changes[0].after
    engine.add("I moved to Porto.", user_id="eve", occurred_at="2024-05-20")
    retriever = EngramRetriever(engram=engine, user_id="eve", k=10)
    found = {d.page_content: d.metadata for d in retriever.invoke("Where does she live?")}
    new, old = found["User lives in Porto."], found["I live in Lisbon."]
    assert (new["supersedes"], new["replaced"]) == (first.id, "User lives in Lisbon.")
    assert len(new["sources"]) == 1
    assert (old["superseded_by"], old["now"]) == (new["id"], "User lives in Porto.")
    assert datetime.fromisoformat(old["ended_at"]) == datetime(2024, 5, 20, tzinfo=UTC)

    (past,) = retriever.invoke("Where does she live?", kinds="fact", as_of="2024-03-01")
    assert past.page_content == "User lives in Lisbon."
    then = EngramRetriever(engram=engine, user_id="eve", kinds=["fact"], as_of=datetime(2024, 3, 1))
    assert [d.page_content for d in then.invoke("Where?")] == ["User lives in Lisbon."]


def test_scope_kinds_and_filters_narrow(engine):
    engine.add("I have a boat", user_id="dan", agent_id="chef", session_id="s1", metadata={"topic": "sea"})
    engine.add("I have a bike", user_id="dan", session_id="s2", metadata={"topic": "land"})

    def found(**options):
        call = options.pop("call", {})
        documents = EngramRetriever(engram=engine, **options).invoke("What do I have?", **call)
        return {d.page_content for d in documents if d.metadata["kind"] == "turn"}

    assert found(user_id="dan") == {"I have a boat", "I have a bike"}
    assert found(user_id="dan", agent_id="chef") == {"I have a boat"}
    assert found(user_id="dan", session_id="s2") == {"I have a bike"}
    assert found(user_id="dan", filters={"topic": "sea"}) == {"I have a boat"}
    assert found(user_id="dan", filters={"topic": "sea"}, call={"filters": {"topic": "land"}}) == {"I have a bike"}
    assert found(user_id="dan", kinds="fact") == set()
    assert found(user_id="nobody") == set()


def test_it_takes_part_in_a_chain_and_can_be_configured(engine):
    engine.add("I have a kite", user_id="finn")
    retriever = EngramRetriever(engram=engine, user_id="nobody").configurable_fields(user_id=ConfigurableField("user"))
    prompt = ChatPromptTemplate.from_template("{known}\n{question}")
    join = retriever | (lambda documents: " ".join(d.page_content for d in documents))
    chain = {"known": join, "question": RunnablePassthrough()} | prompt
    text = chain.invoke("A kite?", {"configurable": {"user": "finn"}}).to_messages()[0].text
    assert text.endswith("\nA kite?")
    assert "I have a kite" in text
    assert "kite\n" not in chain.invoke("A kite?").to_messages()[0].text


@pytest.mark.parametrize("k", [0, 201, 2.5, True, "3"])
def test_a_wrong_k_is_named(engine, k):
    with pytest.raises(InvalidInputError, match=r"k: got .*; accepted: a whole number from 1 to 200"):
        EngramRetriever(engram=engine, user_id="ada").invoke("Lisbon", k=k)


def test_bad_input_says_what_is_wrong_with_it(engine):
    with pytest.raises(InvalidInputError, match="scope: got None; accepted: at least one of user_id"):
        EngramRetriever(engram=engine)
    with pytest.raises(InvalidInputError, match="user_id"):
        EngramRetriever(engram=engine, user_id=" ")
    with pytest.raises(InvalidInputError, match="engine"):
        EngramRetriever(engram="memory", user_id="ada")
    with pytest.raises(InvalidInputError, match="k: got int 0"):
        EngramRetriever(engram=engine, user_id="ada", k=0)
    with pytest.raises(ValidationError, match=r"usr_id\n.*not permitted"):
        EngramRetriever(engram=engine, user_id="ada", usr_id="ada")
    with pytest.raises(InvalidInputError, match="kinds"):
        EngramRetriever(engram=engine, user_id="ada", kinds="story").invoke("Lisbon")
    with pytest.raises(TypeError, match="user"):
        EngramRetriever(engram=engine, user_id="ada").invoke("Lisbon", user_id="bob")
