"""How do I give a LlamaIndex agent a memory that outlives the conversation, and the process?

Needs an extra, in a checkout `pip install '.[llamaindex]'`. Runs offline with a scripted model. With a real one:
`ENGRAM_EXAMPLE_MODEL=gpt-4o-mini python examples/llamaindex_agent.py` with a key in OPENAI_API_KEY and the package
`llama-index-llms-openai`.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence

from engram_core import Engram, MissingExtraError

try:
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.llms import LLM, ChatMessage
    from llama_index.core.llms.mock import MockFunctionCallingLLM
    from llama_index.core.workflow import Context

    from engram_llamaindex import EngramMemory, EngramRetriever
except (MissingExtraError, ModuleNotFoundError):
    sys.exit("This example needs llama-index-core. In a checkout: pip install '.[llamaindex]'")

USER = "example-llamaindex-ada"


def scripted(messages: Sequence[ChatMessage], **_kwargs: object) -> ChatMessage:
    """Answer what a good model would: from what it is told, recalled memories included."""
    told = "\n".join(message.content or "" for message in messages)
    asks = "dinner" in (messages[-1].content or "")
    answer = "How about a lentil curry?" if "vegetarian" in told else "How about a steak?"
    return ChatMessage(role="assistant", content=answer if asks else "I will keep that in mind.")


def model() -> LLM:
    """Make the real model that is named, else the scripted one."""
    if not (name := os.environ.get("ENGRAM_EXAMPLE_MODEL")):
        return MockFunctionCallingLLM(response_generator=scripted)
    try:
        from llama_index.llms.openai import OpenAI
    except ModuleNotFoundError:
        sys.exit("A real model needs: pip install llama-index-llms-openai")
    return OpenAI(model=name)


def is_open(restaurant: str) -> str:
    """Tell whether a restaurant is open."""
    return f"{restaurant} is open until ten."


async def main() -> None:
    """Two conversations of one user, one of another, and one that is written down and goes on."""
    agent = FunctionAgent(tools=[is_open], llm=model(), system_prompt="You help to plan dinners.")
    with Engram() as engine:
        await agent.run("I am vegetarian.", memory=EngramMemory.from_defaults(engine, user_id=USER))

        # Another conversation: nothing of the first one is in its history, what matters is recalled.
        context = Context(agent)
        memory = EngramMemory.from_defaults(engine, user_id=USER)
        response = await agent.run("Suggest a dinner for tonight.", ctx=context, memory=memory)
        print("ada:     ", response.response.content)

        stranger = EngramMemory.from_defaults(engine, user_id=f"{USER}-stranger")
        response = await agent.run("Suggest a dinner for tonight.", memory=stranger)
        print("stranger:", response.response.content)

        # A Context is JSON: history, scope and settings, but no secret. In any process, it goes on.
        written = json.dumps(context.to_dict())
        context = Context.from_dict(agent, json.loads(written))
        response = await agent.run("And another dinner for tomorrow?", ctx=context)
        print("later:   ", response.response.content)

        for found in await EngramRetriever(engine, user_id=USER, similarity_top_k=1).aretrieve("vegetarian"):
            print("known:   ", found.text)
        for user in (USER, f"{USER}-stranger"):
            engine.erase(user_id=user)


asyncio.run(main())
