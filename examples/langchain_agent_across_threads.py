"""How does a LangChain agent remember its users from one thread to the next?

Needs an extra, in a checkout `pip install '.[langchain]'`. Runs offline with a scripted model. With a real one:
`ENGRAM_EXAMPLE_MODEL=openai:gpt-4o-mini python examples/langchain_agent_across_threads.py`, with what LangChain needs
for it (here `pip install langchain-openai` and a key in OPENAI_API_KEY).
"""

import os
import sys
from dataclasses import dataclass
from typing import Any

from engram_core import Engram, MissingExtraError

try:
    from engram_langchain import EngramMiddleware
except MissingExtraError as missing:
    sys.exit(f"This example needs {missing.package}. In a checkout: pip install '.[{missing.extra}]'")

from langchain.agents import create_agent
from langchain.chat_models import BaseChatModel, init_chat_model
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver


@dataclass
class User:
    """Who is talking: the context of a run."""

    user_id: str


class Scripted(BaseChatModel):
    """Answers as a good model would, from nothing but its prompt."""

    _llm_type = "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        asked, known = messages[-1].text, messages[0].text
        if not asked.endswith("?"):
            answer = "Noted!"
        elif "vegetarian" in known:
            answer = "A lentil curry, since you are vegetarian."
        else:
            answer = "What do you like to eat?"
        return ChatResult(generations=[ChatGeneration(message=AIMessage(answer))])

    def bind_tools(self, *_: Any, **__: Any) -> BaseChatModel:
        """Take the tools that the memory brings; this model uses none."""
        return self


name = os.environ.get("ENGRAM_EXAMPLE_MODEL")
with Engram() as memory:
    agent = create_agent(
        init_chat_model(name) if name else Scripted(),
        system_prompt="Answer in one sentence.",
        middleware=[EngramMiddleware(memory)],
        context_schema=User,
        checkpointer=InMemorySaver(),
    )

    for thread, user_id, words in [
        ("monday", "example-ada", "I am vegetarian and I live in Lisbon."),
        ("friday", "example-ada", "What could I cook tonight?"),
        ("friday, another user", "example-bob", "What could I cook tonight?"),
    ]:
        given: Any = {"messages": [{"role": "user", "content": words}]}
        state = agent.invoke(given, {"configurable": {"thread_id": thread}}, context=User(user_id))
        print(f"[{thread}] {words}\n    {state['messages'][-1].text}")

    print("known of Ada:", [m.text for m in memory.get_all(user_id="example-ada", kinds=["fact", "preference"])])
    for user_id in ("example-ada", "example-bob"):
        memory.erase(user_id=user_id)
