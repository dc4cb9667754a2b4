"""Verbs by id, and whole scopes."""

import json
from datetime import timedelta

import pytest

from engram_core import (
    AsyncEngram,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Op,
    ProviderUnavailableError,
    StoreError,
)
from engram_core.domain.ids import new_id


async def one(memory, text="Ada lives in Lisbon", **scope):
    return (await memory.add(text, **(scope or {"user_id": "ada"}), infer=False)).turns[0]


async def texts(memory, **arguments):
    return [m.text for m in await memory.get_all(**arguments)]


async def test_get_reaches_only_its_own_scope_and_tenant(memory):
    turn = await one(memory)
    assert await memory.get(turn.id) == turn
    assert await memory.get(turn.id, user_id="ada") == turn
    with pytest.raises(NotFoundError):
        await memory.get(turn.id, user_id="bob")
    with pytest.raises(NotFoundError):
        await memory.for_tenant("acme").get(turn.id)
    with pytest.raises(NotFoundError):
        await memory.get(new_id())
    with pytest.raises(InvalidInputError):
        await memory.get("42")


async def test_an_update_closes_the_old_version_and_opens_a_new_one(memory):
    turn = await one(memory)
    change = await memory.update(turn.id, "Ada lives in Porto", reason="she moved")
    assert (change.op, change.reason) == (Op.UPDATE, "she moved")
    assert change.after.supersedes == turn.id
    assert change.after.sources == (turn.id,)
    assert change.before.valid_to == change.after.valid_from
    assert await texts(memory, user_id="ada") == ["Ada lives in Porto"]
    assert (await memory.get(turn.id)).text == "Ada lives in Lisbon"


async def test_at_the_instant_of_a_change_one_version_is_true(memory):
    turn = await one(memory)
    change = await memory.update(turn.id, "Ada lives in Porto")
    at = change.after.valid_from
    assert await texts(memory, user_id="ada", as_of=at) == ["Ada lives in Porto"]
    assert await texts(memory, user_id="ada", as_of=at - timedelta(microseconds=1)) == ["Ada lives in Lisbon"]
    recall = await memory.search("where does Ada live", user_id="ada", as_of=at - timedelta(microseconds=1))
    assert [hit.memory.text for hit in recall] == ["Ada lives in Lisbon"]


async def test_a_memory_dated_in_the_future_has_one_version_too(memory):
    turn = (await memory.add("Ada will live in Lisbon", user_id="ada", occurred_at="2999-01-01")).turns[0]
    await memory.update(turn.id, "Ada will live in Porto")
    assert await texts(memory, user_id="ada") == ["Ada will live in Porto"]
    assert await texts(memory, user_id="ada", as_of="2999-01-02") == ["Ada will live in Porto"]


async def test_only_the_current_version_can_be_changed(memory):
    turn = await one(memory)
    await memory.update(turn.id, "Ada lives in Porto")
    with pytest.raises(ConflictError):
        await memory.update(turn.id, "Ada lives in Faro")
    with pytest.raises(ConflictError):
        await memory.delete(turn.id)


async def test_an_update_does_not_wait_for_a_model_that_is_down(memory, embedder, monkeypatch):
    turn = await one(memory)

    async def fail(texts):
        raise ProviderUnavailableError("the model is down")

    monkeypatch.setattr(embedder, "embed", fail)
    change = await memory.update(turn.id, "Ada lives in Porto")
    recall = await memory.search("Porto", user_id="ada")
    assert [hit.memory.id for hit in recall] == [change.after.id]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"text": ""}, {"importance": 2}, {"importance": True}, {"metadata": [1]}, {"reason": "", "text": "a"}],
)
async def test_a_bad_update_is_refused_and_changes_nothing(memory, arguments):
    turn = await one(memory)
    with pytest.raises(InvalidInputError):
        await memory.update(turn.id, **arguments)
    assert await memory.get(turn.id) == turn


async def test_delete_retires_one_memory_and_keeps_its_history(memory):
    turn, other = await one(memory), await one(memory, "Ada likes tea")
    await memory.delete(turn.id, reason="wrong")
    assert await texts(memory, user_id="ada") == [other.text]
    assert (await memory.get(turn.id)).retired_at is not None
    assert [change.op for change in await memory.history(turn.id)] == [Op.ADD, Op.DELETE]


async def test_ids_of_others_cannot_be_changed(memory):
    turn = await one(memory)
    for verb in (memory.update(turn.id, "x", user_id="bob"), memory.delete(turn.id, agent_id="bot")):
        with pytest.raises(NotFoundError):
            await verb
    acme = memory.for_tenant("acme")
    for verb in (acme.update(turn.id, "x"), acme.delete(turn.id), acme.history(turn.id)):
        with pytest.raises(NotFoundError):
            await verb
    assert await memory.get(turn.id) == turn


async def test_history_is_the_same_from_every_version(memory):
    turn = await one(memory)
    second = (await memory.update(turn.id, "Ada lives in Porto")).after
    third = (await memory.update(second.id, metadata={"checked": True})).after
    histories = [await memory.history(version.id) for version in (turn, second, third)]
    assert histories[0] == histories[1] == histories[2]
    assert [change.op for change in histories[0]] == [Op.ADD, Op.UPDATE, Op.UPDATE]
    assert [change.memory.text for change in histories[0]] == [turn.text, second.text, second.text]


async def test_delete_all_counts_and_stays_in_its_scope(memory):
    for i in range(3):
        await one(memory, f"turn {i}", user_id="ada", session_id="s")
    await one(memory, "kept", user_id="ada", session_id="t")
    await one(memory, "bob's", user_id="bob", session_id="s")
    assert await memory.delete_all(user_id="ada", session_id="s") == 3
    assert await memory.delete_all(user_id="ada", session_id="s") == 0
    assert await texts(memory, user_id="ada") == ["kept"]
    assert await texts(memory, user_id="bob") == ["bob's"]


async def test_delete_all_refuses_a_bad_reason_even_where_there_is_nothing(memory):
    with pytest.raises(InvalidInputError, match="reason"):
        await memory.delete_all(user_id="nobody", reason=" ")


@pytest.mark.parametrize("verb", ["delete_all", "erase"])
async def test_an_empty_scope_is_never_everything(memory, verb):
    await one(memory)
    with pytest.raises(InvalidInputError, match="scope"):
        await getattr(memory, verb)()
    assert len(await memory.get_all(user_id="ada")) == 1


async def test_erase_removes_physically_with_a_receipt(memory):
    turn = await one(memory)
    await memory.update(turn.id, "Ada lives in Porto")
    await one(memory, "bob's", user_id="bob")
    receipt = await memory.erase(user_id="ada")
    assert (receipt.memories, receipt.changes) == (2, 1)
    with pytest.raises(NotFoundError):
        await memory.get(turn.id)
    assert await texts(memory, user_id="bob") == ["bob's"]


async def test_listing_goes_on_by_cursor(memory):
    await memory.add([f"turn {i}" for i in range(7)], user_id="ada")
    seen, cursor = [], None
    while True:
        page = await memory.get_all(user_id="ada", limit=3, after=cursor)
        seen += [m.text for m in page]
        if (cursor := page.cursor) is None:
            break
    assert seen == [f"turn {i}" for i in range(7)]


async def test_export_and_import_lose_nothing(memory, embedder):
    turn = (
        await memory.add("Ada lives in Lisbon", user_id="ada", occurred_at="2024-01-01", metadata={"a": [1.5]})
    ).turns[0]
    second = (await memory.update(turn.id, "Ada lives in Porto", importance=0.25)).after
    await memory.delete(second.id)
    await one(memory, "Ada likes tea", user_id="ada", session_id="s")
    records = [record async for record in memory.export(user_id="ada")]
    lines = [json.dumps(record) for record in records]
    async with AsyncEngram(database_url="memory://", embedder=embedder) as other:
        result = await other.import_(lines)
        assert (result.memories, result.changes, result.duplicates) == (4, 5, 0)
        assert [record async for record in other.export(user_id="ada")] == records
        assert (await other.import_(records)).duplicates == 4
        assert [record async for record in other.export()] == records
        assert await other.history(turn.id) == await memory.history(turn.id)
        assert (
            await other.add("Ada lives in Lisbon", user_id="ada", occurred_at="2024-01-01", metadata={"a": [1.5]})
        ).duplicates == 1
        assert [hit.memory.text for hit in await other.search("tea", user_id="ada")] == ["Ada likes tea"]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"type": "memory"}', '{"type": "header", "version": 99}', '{"type": "x"}', 7]
)
async def test_a_line_that_is_no_record_is_refused_by_number(memory, line):
    with pytest.raises(InvalidInputError, match=r"records\[2\]"):
        await memory.import_([{"type": "header"}, line])


async def test_a_closed_engine_says_so(embedder):
    engine = AsyncEngram(database_url="memory://", embedder=embedder)
    await one(engine)
    await engine.close()
    await engine.close()
    with pytest.raises(StoreError, match="closed"):
        await engine.get_all(user_id="ada")


async def test_closing_a_tenants_engine_closes_nothing(memory):
    async with memory.for_tenant("acme") as acme:
        await one(acme)
    assert await texts(memory.for_tenant("acme"), user_id="ada") == ["Ada lives in Lisbon"]
    assert await texts(memory, user_id="ada") == []
