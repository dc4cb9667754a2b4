"""The verb of an agent loop: recall before, remember after."""

import pytest

from engram_core import AsyncEngram, InvalidInputError, Message
from engram_core.testing import FakeEmbedder


@pytest.fixture
async def memory():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


async def test_what_was_known_is_recalled_and_what_is_said_is_remembered(memory):
    first = await memory.process_turn("I live in Lisbon", user_id="ada", session_id="monday")
    assert (first.context, first.context.hits) == ("", ())
    assert [change.after.text for change in first.added.changes] == ["User lives in Lisbon."]
    second = await memory.process_turn("Where do I live? In Lisbon?", user_id="ada", session_id="tuesday")
    assert "Lisbon" in second.context
    assert second.added.turns[0].id not in {hit.memory.id for hit in second.context.hits}
    assert second.added.turns[0].scope.session_id == "tuesday"


async def test_nobody_elses_memories_are_recalled(memory):
    await memory.process_turn("I live in Lisbon", user_id="ada")
    assert (await memory.process_turn("Who lives in Lisbon?", user_id="bob")).context == ""


async def test_the_answer_is_remembered_behind_the_message(memory):
    done = await memory.process_turn(
        Message("Hello", name="Ada"), assistant_message="Hi Ada!", user_id="ada", occurred_at="2024-05-01"
    )
    assert [(turn.role, turn.text) for turn in done.added.turns] == [("user", "Hello"), ("assistant", "Hi Ada!")]
    again = await memory.process_turn(
        Message("Hello", name="Ada"), assistant_message="Hi Ada!", user_id="ada", occurred_at="2024-05-01"
    )
    assert again.added.duplicates == 2


async def test_without_user_and_agent_the_conversation_is_all_there_is(memory):
    await memory.process_turn("I live in Lisbon", session_id="s")
    assert "Lisbon" in (await memory.process_turn("Where in Lisbon?", session_id="s")).context
    assert (await memory.process_turn("Where in Lisbon?", session_id="t")).context == ""


async def test_a_budget_holds_and_deferring_learns_later(memory):
    await memory.add([f"note {n} about Lisbon" for n in range(50)], user_id="ada", infer=False)
    done = await memory.process_turn("I live in Lisbon", user_id="ada", token_budget=60, defer=True)
    assert 0 < done.context.tokens <= 60
    assert (done.added.changes, done.added.unlearned) == ((), 1)


@pytest.mark.parametrize(
    ("message", "fields", "named"),
    [
        (["a", "b"], {"user_id": "ada"}, "user_message"),
        (7, {"user_id": "ada"}, "user_message"),
        ("hi", {"user_id": "ada", "assistant_message": ["x"]}, "assistant_message"),
        ("hi", {"user_id": "ada", "token_budget": 0}, "token_budget"),
        ("hi", {"user_id": "ada", "defer": "yes"}, "defer"),
        ("hi", {}, "user_id"),
    ],
)
async def test_bad_input_writes_nothing(memory, message, fields, named):
    with pytest.raises(InvalidInputError, match=named):
        await memory.process_turn(message, **fields)
    assert len(await memory.get_all(user_id="ada")) == 0
