"""How do I learn with a language model, give it my own instructions, and get memories of my own shape?

Needs an extra, in a checkout `pip install '.[openai]'`. Runs offline with a scripted model. With a real one:
`ENGRAM_LLM=openai:gpt-4o-mini python examples/learn_with_a_model.py` with a key in OPENAI_API_KEY, or
`ENGRAM_LLM=ollama:qwen2.5` with the extra `[ollama]`.
"""

import json
import os
import sys
from contextlib import ExitStack

from pydantic import BaseModel

from engram_core import Engram, MissingExtraError, Settings
from engram_core.testing import ScriptedServer


class Order(BaseModel):
    """Something that a customer ordered."""

    item: str
    number: str


def scripted(_messages: list[tuple[str, str]], _schema: dict[str, object] | None) -> str:
    """Answer what a good model would answer about the one turn below."""
    home = {"turns": [1], "subject": "user", "attribute": "home", "value": "Porto", "text": "Ana mora no Porto."}
    order = {"turns": [1], "data": {"item": "forno", "number": "KX-48213"}}
    return json.dumps({"statements": [home], "records": [order]})


with ExitStack() as stack:
    if os.environ.get("ENGRAM_LLM"):
        settings = Settings()
    else:
        server = stack.enter_context(ScriptedServer(answer=scripted))
        settings = Settings(llm="openai:scripted", openai_base_url=server.openai_url, openai_api_key="none")
    settings = settings.model_copy(update={"custom_instructions": "Orders and addresses matter; small talk does not."})
    try:
        memory = stack.enter_context(Engram(settings, memory_schema=Order))
    except MissingExtraError as missing:
        sys.exit(f"This example needs {missing.package}. In a checkout: pip install '.[{missing.extra}]'")

    result = memory.add("Moro no Porto, e encomendei o forno KX-48213.", user_id="example-ana")
    for change in result.changes:
        print(change.op, change.memory.text, change.memory.metadata.get("data", ""))
    usage = memory.usage()
    print(f"{usage.calls} call, {usage.input_tokens + usage.output_tokens > 0 and 'tokens counted'}")
    memory.erase(user_id="example-ana")
