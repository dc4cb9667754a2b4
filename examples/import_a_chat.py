"""How do I import an old chat, with its true times, and go on after a crash?

`add_many` takes any iterable, holds a few hundred messages at a time, and run again it adds only what is missing.
"""

from collections.abc import Iterator

from engram_core import Engram, Message

LOG = """\
2023-01-14T18:02 Ada: The marathon is on the second of April
2023-01-14T18:03 Bob: Are you training with the club?
2023-01-14T18:03 Ada: Yes, every Tuesday at seven
"""


def read(log: str) -> Iterator[Message]:
    """Read one message a line."""
    for line in log.splitlines():
        time, _, said = line.partition(" ")
        name, _, text = said.partition(": ")
        yield Message(text, name=name, occurred_at=time, session_id=time[:10])


with Engram() as memory:
    for run in ("first", "second"):
        result = memory.add_many(read(LOG), user_id="example-club", progress=lambda done: print(f"{done} stored"))
        print(f"{run} run: {result.added} added, {result.duplicates} were there")
    print(memory.context("When does Ada train?", user_id="example-club"))
    memory.erase(user_id="example-club")
