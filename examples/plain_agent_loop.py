"""How do I give a loop of my own a memory, without any framework?

Runs offline with a scripted model. With a real one, set ENGRAM_EXAMPLE_MODEL=gpt-4o-mini and OPENAI_API_KEY; in a
checkout, `pip install '.[openai]'`. At a terminal it answers what you type; an empty line ends it.
"""

import os
import sys
from collections.abc import Iterable

from engram_core import Engram


def model(background: str, message: str) -> str:
    """Answer a message knowing the background."""
    if name := os.environ.get("ENGRAM_EXAMPLE_MODEL"):
        from openai import OpenAI

        system = f"You are a helpful assistant. What you remember of the user:\n{background or '(nothing yet)'}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": message}]
        return OpenAI().chat.completions.create(model=name, messages=messages).choices[0].message.content or ""
    return "I will keep that in mind."


def typed() -> Iterable[str]:
    """Yield what is typed; without a terminal, a short story."""
    if sys.stdin.isatty():
        yield from iter(lambda: input("> "), "")
    else:
        yield from ("I'm vegetarian and I live in Lisbon.", "I moved to Porto.", "Where could I have dinner?")


with Engram() as memory:
    memory.erase(user_id="example-loop")
    for message in typed():
        turn = memory.process_turn(message, user_id="example-loop", session_id="today", token_budget=300)
        reply = model(turn.context, message)
        memory.add({"role": "assistant", "content": reply}, user_id="example-loop", session_id="today", infer=False)
        print(f"user: {message}\nassistant: {reply}")
        print("  known before:", [hit.memory.text for hit in turn.context.hits if hit.memory.kind != "turn"])
        print("  learned:", [f"{change.op} {change.memory.text}" for change in turn.added.changes])
    memory.erase(user_id="example-loop")
