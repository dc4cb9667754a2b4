"""What users of other memory layers report about models, one test each, on a real Postgres and through real clients."""

import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from engram_core import AsyncEngram, SchemaMismatchError, Settings
from engram_core.testing import FakeEmbedder, Fault, ScriptedServer

HOMES = {
    "Moro em Lisboa desde janeiro.": ("Lisboa", "A utilizadora mora em Lisboa."),
    "大阪に住んでいます。": ("大阪", "ユーザーは大阪に住んでいます。"),
    "I live in Lisbon.": ("Lisbon", "User lives in Lisbon."),
    "I moved to Porto.": ("Porto", "User lives in Porto."),
    "My shoe size is 38.": ("38", "User wears size 38."),
    "My shoe size is 39 now.": ("39", "User wears size 39."),
}
_TURN = re.compile(r"^(\d+)\. \[[^\]]+\] user:\n    (.*)$", re.MULTILINE)


def model(messages, schema):
    """Answer as a model that knows a few sentences, and that takes a new shoe size for a change."""
    asked = messages[1][1]
    if asked.startswith("Candidate"):
        return json.dumps({"decisions": [{"candidate": 1, "decision": "UPDATE", "known": 1, "reason": "it grew"}]})
    found = [statement(int(n), text) for n, text in _TURN.findall(asked) if text in HOMES]
    return json.dumps({"statements": found})


def statement(turn, text):
    value, said = HOMES[text]
    attribute = "shoe_size" if value.isdigit() else "home"
    return {"turns": [turn], "subject": "user", "attribute": attribute, "value": value, "text": said}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="engram-complaints-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server():
    with ScriptedServer(answer=model) as running:
        yield running


@pytest.fixture(params=["openai", "ollama"])
def settings(request, folder, server):
    where = {"openai_base_url": server.openai_url, "openai_api_key": "test", "ollama_host": server.url}
    return Settings(data_dir=folder, llm=f"{request.param}:any", **where)


@pytest.fixture
async def memory(settings):
    async with AsyncEngram(settings, embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def user(request):
    return request.node.name


async def facts(memory, user):
    return [m.text for m in await memory.get_all(user_id=user, kinds=["fact", "preference", "event"])]


@pytest.mark.anyio
async def test_2_another_embedding_model_is_told_and_changed_without_loss(tmp_path_factory, user):
    folder = tmp_path_factory.mktemp("other-model")
    async with AsyncEngram(data_dir=folder, embedder=FakeEmbedder(8)) as memory:
        await memory.add("I live in Lisbon.", user_id=user)
    memory = AsyncEngram(data_dir=folder, embedder=FakeEmbedder(16))
    with pytest.raises(SchemaMismatchError, match=r"fake-8.*engram reembed"):
        await memory.add("I love tea.", user_id=user)
    await memory.reembed()
    async with memory:
        await memory.add("I love tea.", user_id=user)
        assert await facts(memory, user) == ["User lives in Lisbon.", "User likes tea."]
        recall = await memory.search("lives in Lisbon", user_id=user)
        assert not recall.degraded
        assert all("dense" in hit.signals for hit in recall)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "broken",
    [
        Fault.says("Sure, here is what I found!"),
        Fault.says('{"statements": [{"turns": [1], "subject": "user"'),
        Fault.says('{"statements": [{"turns": "one", "subject": 7}]}'),
        Fault.says(""),
        Fault.says('{"statements": [', "length"),
    ],
    ids=["prose", "broken off", "another shape", "nothing", "too long"],
)
async def test_3_json_that_a_local_model_breaks_is_repaired(memory, server, user, broken):
    server.fail(broken)
    result = await memory.add("I live in Lisbon.", user_id=user)
    assert result.unlearned == 0
    assert await facts(memory, user) == ["User lives in Lisbon."]
    usage = await memory.usage()
    assert (usage.calls, usage.repairs, usage.failures) == (2, 1, 0)
    assert usage.input_tokens > 2 * len(server.requests[0].body["messages"][0]["content"]) // 5  # both are counted


@pytest.mark.anyio
async def test_3_what_cannot_be_repaired_costs_no_turn_and_waits_for_another_attempt(memory, server, user):
    server.fail(Fault.says("no"), times=2)
    result = await memory.add("I live in Lisbon.", user_id=user)
    assert (len(result.turns), result.unlearned) == (1, 1)
    assert (await memory.search("Lisbon", user_id=user))[0].memory.text == "I live in Lisbon."
    assert (await memory.queue()).waiting == 1
    await memory.erase(user_id=user)
    assert (await memory.queue()).waiting == 0


@pytest.mark.anyio
async def test_6_an_add_is_one_call_and_a_second_one_only_where_something_is_near(memory, server, user):
    await memory.add(["My shoe size is 38.", "I live in Lisbon.", "It rains."], user_id=user)
    assert (await memory.usage()).calls == 1
    (moved,) = (await memory.add("I moved to Porto.", user_id=user)).changes
    assert (moved.op, (await memory.usage()).calls) == ("UPDATE", 2)
    (grown,) = (await memory.add("My shoe size is 39 now.", user_id=user)).changes
    assert (grown.op, grown.reason, (await memory.usage()).calls) == ("UPDATE", "it grew", 4)
    assert len(server.requests) == 4
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as rules:
        await rules.add("I live in Lisbon.", user_id=user)
        assert (await rules.usage()).calls == 0


@pytest.mark.anyio
async def test_11_ids_that_the_model_made_up_are_ignored_and_counted(memory, server, user):
    await memory.add("My shoe size is 38.", user_id=user)
    server.fail(Fault.garbled(lambda text: text.replace('"turns": [1]', '"turns": [1, 9000, -1]')))
    server.fail(Fault.garbled(lambda text: text.replace('"known": 1', '"known": 77')))
    (change,) = (await memory.add("My shoe size is 39 now.", user_id=user)).changes
    # An id that nothing has is no reason to touch what is known.
    assert (change.op, len(change.after.sources)) == ("ADD", 1)
    assert (await memory.usage()).invented_ids == 3
    assert await facts(memory, user) == ["User wears size 38.", "User wears size 39."]


@pytest.mark.anyio
async def test_17_memories_are_in_the_language_of_the_speaker(memory, server, user):
    await memory.add(["Moro em Lisboa desde janeiro."], user_id=user)
    assert await facts(memory, user) == ["A utilizadora mora em Lisboa."]
    assert "in the speaker's language" in server.requests[0].body["messages"][0]["content"]
    await memory.add("大阪に住んでいます。", user_id=user)
    assert await facts(memory, user) == ["ユーザーは大阪に住んでいます。"]
    assert (await memory.search("大阪", user_id=user))[0].memory.text == "ユーザーは大阪に住んでいます。"
