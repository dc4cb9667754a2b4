"""How do I correct a memory, read the past, and forget for good?"""

from engram_core import Engram, NotFoundError

with Engram() as memory:
    turn = memory.add("The flat is in Lisbon", user_id="example-ada", occurred_at="2024-03-01").turns[0]

    change = memory.update(turn.id, "The flat is in Porto", reason="she moved")
    assert change.after is not None
    print("now:   ", memory.search("Where is the flat?", user_id="example-ada")[0].memory.text)
    past = memory.search("Where is the flat?", user_id="example-ada", as_of="2024-06-01")
    print("before:", past[0].memory.text)
    for step in memory.history(turn.id):
        print(f"{step.at:%Y-%m-%d} {step.op}: {step.memory.text} ({step.reason})")

    memory.delete(change.after.id, reason="asked to forget")
    print("after delete:", [hit.memory.text for hit in memory.search("Where is the flat?", user_id="example-ada")])

    print(memory.erase(user_id="example-ada"))
    try:
        memory.get(turn.id)
    except NotFoundError as gone:
        print("after erase:", gone)
