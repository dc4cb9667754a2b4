"""The tools as others use them: LangChain's own suites, and a plain tool node."""

import asyncio
import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, ToolRuntime

from engram_core import Engram, InvalidInputError
from engram_core.testing import FakeEmbedder
from engram_langchain import memory_tools


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def engine():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        engine.add("I live in Lisbon.", user_id="ada")
        yield engine


def runtime(user="ada", state=None):
    """What a graph hands to a tool."""
    return ToolRuntime(
        state=state or {}, context={"user_id": user}, config={}, stream_writer=print, tool_call_id="1", store=None
    )


class Tool:
    """One tool for LangChain's own suites."""

    name: str
    args: dict

    @pytest.fixture(autouse=True)
    def _bind(self, engine):
        self.engine = engine
        self.id = engine.add("I have a boat", user_id="ada").turns[0].id

    @property
    def tool_constructor(self):
        (tool,) = memory_tools(self.engine, names=[self.name])
        return tool

    @property
    def tool_invoke_params_example(self):
        given = {name: self.id if value == "its id" else value for name, value in self.args.items()}
        return given | {"runtime": runtime()}


class Remember(Tool):
    name, args = "remember", {"content": "The user likes tea"}


class Recall(Tool):
    name, args = "recall", {"query": "What does she have?", "limit": 3}


class Forget(Tool):
    name, args = "forget", {"id": "its id"}


class TestRememberUnit(Remember, ToolsUnitTests):
    pass


class TestRemember(Remember, ToolsIntegrationTests):
    pass


class TestRecallUnit(Recall, ToolsUnitTests):
    pass


class TestRecall(Recall, ToolsIntegrationTests):
    pass


class TestForgetUnit(Forget, ToolsUnitTests):
    pass


class TestForget(Forget, ToolsIntegrationTests):
    pass


def test_the_model_is_shown_no_scope(engine):
    shown = [convert_to_openai_tool(tool)["function"] for tool in memory_tools(engine)]
    assert {one["name"]: sorted(one["parameters"]["properties"]) for one in shown} == {
        "remember": ["content"],
        "recall": ["limit", "query"],
        "forget": ["id"],
    }
    assert all(one["description"] for one in shown)
    assert not {"user_id", "runtime", "tenant"} & set(json.dumps(shown).split('"'))


@pytest.mark.parametrize("awaits", [False, True])
async def test_they_run_in_a_plain_tool_node(engine, awaits):
    node = ToolNode(memory_tools(engine, user_id="ada"))
    graph = StateGraph(MessagesState).add_node("tools", node).add_edge(START, "tools").compile()
    call = {"name": "recall", "args": {"query": "Where does she live?"}, "id": "1", "type": "tool_call"}
    given = {"messages": [HumanMessage("Where?"), AIMessage("", tool_calls=[call])]}
    state = await graph.ainvoke(given) if awaits else await asyncio.to_thread(graph.invoke, given)
    lines = state["messages"][-1].text.splitlines()
    assert sorted(line[13:].partition(" (id ")[0] for line in lines) == [
        "User lives in Lisbon.",
        "user: I live in Lisbon.",
    ]


def test_a_recall_tells_what_became_of_things_on_lines_that_are_known_as_recalled(engine):
    engine.add("I moved to Porto.\nIt has a river.", user_id="ada")
    (recall,) = memory_tools(engine, names=["recall"])
    shown = recall.invoke({"query": "Where does she live?", "runtime": runtime()})
    assert "User lives in Porto. (before: User lives in Lisbon.) (id " in shown
    assert "user: I live in Lisbon. (until " in shown
    assert "; now: User lives in Porto.) (id " in shown
    before = engine.get_all(user_id="ada", kinds="fact")
    engine.add(shown, user_id="ada")
    assert engine.get_all(user_id="ada", kinds="fact") == before
    assert recall.invoke({"query": "Where?", "runtime": runtime("bob")}) == "Nothing is remembered about that."


def test_a_long_memory_is_cut(engine):
    engine.add("boat " * 10_000, user_id="ada", infer=False)
    (recall,) = memory_tools(engine, names=["recall"])
    assert len(recall.invoke({"query": "boat", "limit": 1, "runtime": runtime()})) < 1200


def test_a_run_without_a_user_is_no_fault_of_the_model(engine):
    for tool, args in zip(memory_tools(engine), [{"content": "x"}, {"query": "x"}, {"id": "x"}], strict=True):
        with pytest.raises(InvalidInputError, match="user_id"):
            tool.invoke(args | {"runtime": runtime(None)})


def test_what_the_model_may_not_store_it_is_told(engine):
    (remember,) = memory_tools(engine, names=["remember"])
    call = {"name": "remember", "args": {"content": " ", "runtime": runtime()}, "id": "1", "type": "tool_call"}
    answer = remember.invoke(call)
    assert (answer.status, "visible character" in answer.text) == ("error", True)


@pytest.mark.parametrize("awaits", [False, True])
async def test_what_is_too_long_to_be_a_statement_is_not_stored_and_the_model_is_told(engine, awaits):
    (remember,) = memory_tools(engine, names=["remember"])
    for length, status in [(20_001, "error"), (20_000, "success")]:
        given = {"content": "x" * length, "runtime": runtime("bob")}
        call = {"name": "remember", "args": given, "id": "1", "type": "tool_call"}
        answer = await remember.ainvoke(call) if awaits else await asyncio.to_thread(remember.invoke, call)
        assert answer.status == status
        assert ("at most 20,000 characters" in answer.text) == (status == "error")
        assert len(answer.text) < 300
    assert len(engine.get_all(user_id="bob", kinds="turn")) == 1
