"""How do I give langmem's memory tools a database of their own?

Needs langmem (`pip install langmem`) and the extra `[langgraph]`. langmem keeps memories in any LangGraph store. This
one is Engram's Postgres, embedded, and it finds by meaning with Engram's embedder: no server, no key. The model is
scripted; set ENGRAM_EXAMPLE_MODEL, such as `openai:gpt-4o-mini`, to ask a real one (needs `langchain` and its package
for the provider).
"""

import os
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langmem import create_manage_memory_tool, create_search_memory_tool

from engram_core import Engram
from engram_langgraph import EngramStore


class Scripted(GenericFakeChatModel):
    """Says what it is given to say, tool calls included."""

    def bind_tools(self, *_: Any, **__: Any) -> "Scripted":
        """Take the tools as known."""
        return self


def call(name: str, **arguments: str) -> AIMessage:
    """Call a tool, as a model would."""
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call-{name}"}])


def model() -> BaseChatModel:
    """Return the model that is named, or a scripted one."""
    if name := os.environ.get("ENGRAM_EXAMPLE_MODEL"):
        from langchain.chat_models import init_chat_model

        return init_chat_model(name)
    script = [
        call("manage_memory", action="create", content="Ada is vegetarian; hazelnuts make her ill."),
        AIMessage("I shall remember that."),
        call("search_memory", query="What can Ada eat?"),
        AIMessage("A lentil curry, without hazelnuts."),
    ]
    return Scripted(messages=iter(script))


with Engram() as memory:
    store = EngramStore(memory, index={"embed": "engram", "fields": ["content"]})
    place = ("memories", "{user}")
    tools = [create_manage_memory_tool(place), create_search_memory_tool(place)]
    agent = create_agent(model(), tools, store=store)
    ada = {"configurable": {"user": "ada"}}
    for said in ("Please remember: I am vegetarian, and hazelnuts make me ill.", "What shall I cook? Look it up."):
        print(f"Ada: {said}")
        print(f"Agent: {agent.invoke({'messages': [('user', said)]}, ada)['messages'][-1].text}")
    for item in store.search(("memories", "ada"), query="food that Ada cannot have"):
        print(f"kept: {item.score:.2f}  {item.value['content']}")
        store.delete(item.namespace, item.key)
