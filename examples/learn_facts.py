"""What is learned from what people say, what replaces what, and how do I take one decision back?"""

from engram_core import Engram

SAID = [
    ("2024-01-10", "I live in Lisbon and I work at Casa do Barro. My dog is called Rex."),
    ("2024-05-20", "I moved to Porto last Friday!"),
    ("2024-05-21", "Sorry, it's Max, not Rex."),
    ("2024-06-02", "I'm thinking of moving to Madrid. As I told you, I live in Porto."),
]

with Engram() as memory:
    moved = None
    for day, text in SAID:
        print(f"{day}  {text}")
        for change in memory.add(text, user_id="example-ada", occurred_at=day).changes:
            if change.cause is None:  # a part of another change, such as a turn that is withheld
                print(f"    {change.op:<6} {change.memory.text}  ({change.reason})")
            if change.op == "UPDATE":
                moved = change

    hit = memory.search("Where does she live?", user_id="example-ada", kinds="fact")[0]
    assert hit.replaced is not None
    print(f"now: {hit.memory.text} Since {hit.memory.valid_from:%Y-%m-%d}; before: {hit.replaced.text}")

    assert moved is not None
    memory.undo(moved.id, reason="she was joking")
    print("undone:", [m.text for m in memory.get_all(user_id="example-ada", kinds="fact")])
    memory.erase(user_id="example-ada")
