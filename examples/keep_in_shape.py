"""How do I keep a user's memories few, fresh and without duplicates?"""

from datetime import UTC, datetime, timedelta

from engram_core import Engram, Settings

with Engram(Settings(max_memories_per_user=12)) as memory:
    memory.add("I love hiking.", user_id="example-ada")
    memory.add("I love hikes.", user_id="example-ada")
    merged = memory.consolidate(user_id="example-ada")
    print("merged:", [change.memory.text for change in merged.merged if change.op == "DELETE"])

    memory.add("The door code is 4471", user_id="example-ada", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    memory.add_many((f"small talk {n}" for n in range(12)), user_id="example-ada", occurred_at="2023-01-01")
    result = memory.expire(user_id="example-ada")
    print(f"{len(result.expired)} had expired, {len(result.over_limit)} were too many:")
    print("   ", result.over_limit[0].reason)
    print("kept:", *(m.text for m in memory.get_all(user_id="example-ada", kinds="preference")))
    memory.erase(user_id="example-ada")
