"""How do I make an agent remember a user from one session to the next?

Run it twice: the second run finds what the first one stored. No key, no server; the data is in ENGRAM_DATA_DIR.
"""

from engram_core import Engram, Message


def answer(question: str, background: str) -> str:
    """Stand in for your model: put `background` into its prompt."""
    return f"(a model would answer {question!r} knowing:\n{background})"


with Engram() as memory:
    question = "Can you suggest a dinner for tonight?"
    background = memory.context(question, user_id="example-dinner", token_budget=300)
    reply = answer(question, background)
    print(reply)
    memory.add(
        [
            Message("I am vegetarian, and hazelnuts make me ill. " + question, name="Ada"),
            Message("How about a lentil curry?", role="assistant"),
        ],
        user_id="example-dinner",
        session_id="dinner",
        idempotency_key="dinner-1",  # a second run stores nothing twice
    )
    print(f"{len(memory.get_all(user_id='example-dinner', kinds='turn'))} turns are remembered")
