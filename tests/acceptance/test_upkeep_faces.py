"""Consolidation and expiry through the face without `await`."""

from datetime import UTC, datetime, timedelta

from engram_core import Engram, Settings
from engram_core.testing import FakeEmbedder


def test_both_verbs_without_await(store, user):
    settings = Settings(**store, max_memories_per_user=5)
    with Engram(settings, embedder=FakeEmbedder()) as memory:
        memory.add("I love hiking.", user_id=user)
        memory.add("I love hikes.", user_id=user)
        merged = memory.consolidate(user_id=user)
        assert [change.memory.text for change in merged.merged if change.op == "DELETE"] == ["User likes hikes."]
        assert memory.consolidate(user_id=user).merged == ()
        past = datetime.now(UTC) - timedelta(minutes=1)
        gone = memory.add("The door code is 4471", user_id=user, infer=False, expires_at=past).turns[0]
        memory.add([f"small talk {n}" for n in range(4)], user_id=user, infer=False)
        result = memory.expire(user_id=user)
        assert [change.memory.id for change in result.expired] == [gone.id]
        assert len(result.over_limit) == 2
        assert len(memory.get_all(user_id=user)) == 5
