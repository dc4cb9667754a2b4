"""Tools, resources and the prompt, through the SDK's client in memory."""

from contextlib import AsyncExitStack

import jsonschema
import pytest

from engram_core import AsyncEngram, Engram, InvalidInputError, ProviderUnavailableError
from engram_core.testing import FakeEmbedder
from engram_mcp import build_server, tools

NOBODY = "0198c0de-0000-7000-8000-000000000000"
READING = {"recall", "context", "list_recent", "history"}
WRITING = {"remember", "update", "forget", "undo"}
#: Arguments that each tool accepts in form.
PLAIN = {
    "remember": {"text": "I like tea."},
    "recall": {"query": "tea"},
    "context": {"query": "tea"},
    "list_recent": {},
    "history": {"id": NOBODY},
    "update": {"id": NOBODY, "text": "I like coffee."},
    "forget": {"id": NOBODY},
    "undo": {"id": NOBODY, "change_id": NOBODY},
}


@pytest.fixture
async def ada(engine, connect, mode):
    async with connect(build_server(engine, user_id="ada"), mode) as talk:
        yield talk


@pytest.fixture
async def bob(engine, connect, mode):
    async with connect(build_server(engine, user_id="bob"), mode) as talk:
        yield talk


async def moved(talk):
    """Tell of two homes, and return the change that the second one made."""
    await talk.ok("remember", text="I live in Lisbon.", occurred_at="2024-01-01")
    told = await talk.ok("remember", text="I moved to Porto!", occurred_at="2024-05-20")
    (change,) = told.data["changes"]
    return change


async def test_every_tool_says_what_it_takes_and_gives(ada):
    found = await ada.tools()
    assert set(found) == READING | WRITING
    for tool in found.values():
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert tool["title"]
        assert tool["description"]
        assert tool["inputSchema"]["additionalProperties"] is False
        assert not {"user_id", "agent_id", "session_id", "tenant"} & tool["inputSchema"]["properties"].keys()
        assert all(value["description"] for value in tool["inputSchema"]["properties"].values())
        assert all("anyOf" not in value for value in tool["inputSchema"]["properties"].values())


async def test_every_tool_says_what_it_does_to_memories(ada):
    hints = {name: tool["annotations"] for name, tool in (await ada.tools()).items()}
    assert {name for name, hint in hints.items() if hint["readOnlyHint"]} == READING
    assert {name for name in WRITING if hints[name]["destructiveHint"]} == {"update", "forget", "undo"}
    assert {name for name in WRITING if hints[name]["idempotentHint"]} == {"update", "forget", "undo"}
    assert not any(hint["openWorldHint"] for hint in hints.values())


async def test_what_was_said_is_recalled_and_a_change_is_not_silent(ada):
    change = await moved(ada)
    assert (change["op"], change["before"]["text"]) == ("UPDATE", "User lives in Lisbon.")
    found = await ada.ok("recall", query="Where do I live?")
    first = found.data["memories"][0]
    assert (first["text"], first["before"]) == ("User lives in Porto.", "User lives in Lisbon.")
    assert 0 <= first["score"] <= 1
    assert first["text"] in found.text
    assert first["id"] in found.text
    turn = next(memory for memory in found.data["memories"] if memory["text"] == "I live in Lisbon.")
    assert (turn["said_by"], turn["now"]) == ("user", "User lives in Porto.")


async def test_answers_fit_their_schemas(ada):
    schemas = {name: tool["outputSchema"] for name, tool in (await ada.tools()).items()}
    change = await moved(ada)
    id, change_id = change["after"]["id"], change["change_id"]
    calls = {
        "remember": {"text": "I like tea.", "metadata": {"topic": {"drink": None}}},
        "recall": {"query": "home"},
        "context": {"query": "home"},
        "list_recent": {},
        "history": {"id": id},
        "undo": {"id": id, "change_id": change_id},
    }
    for name, arguments in calls.items():
        jsonschema.validate((await ada.ok(name, **arguments)).data, schemas[name])


async def test_reading_can_be_narrowed_by_time_kind_and_number(ada):
    await moved(ada)
    before = await ada.ok("recall", query="Where do I live?", as_of="2024-03-01", kinds=["fact"])
    assert [memory["text"] for memory in before.data["memories"]] == ["User lives in Lisbon."]
    assert len((await ada.ok("recall", query="live", limit=1)).data["memories"]) == 1
    # Some clients send a list as a string, or one for a list.
    for kinds in ('["fact"]', "fact"):
        assert {m["kind"] for m in (await ada.ok("recall", query="live", kinds=kinds)).data["memories"]} == {"fact"}


async def test_metadata_is_kept_as_it_was_given(ada):
    await ada.ok("remember", text="Order KX-48213 is late.", metadata={"order": {"number": 48213, "eta": None}})
    (memory,) = (await ada.ok("recall", query="KX-48213", kinds=["turn"])).data["memories"]
    assert memory["metadata"] == {"order": {"number": 48213, "eta": None}}


async def test_a_context_keeps_to_its_budget(ada):
    for number in range(20):
        await ada.ok("remember", text=f"Plan {number} is to visit town number {number} in spring.")
    whole = await ada.ok("context", query="Which towns?", token_budget=10_000)
    small = await ada.ok("context", query="Which towns?", token_budget=60)
    assert small.data["tokens"] <= 60 < whole.data["tokens"]
    assert small.text == small.data["context"]
    assert 0 < len(small.data["ids"]) < len(whole.data["ids"])


async def test_a_context_names_what_only_makes_another_turn_readable(ada):
    asked = (await ada.ok("remember", text="Which market has the old teapots?", occurred_at="2024-05-01T10:00")).data
    long = "By the river. " + "Then we walked along the quay and looked at ships. " * 20
    reply = (await ada.ok("remember", text=long, occurred_at="2024-05-01T10:01")).data
    said = {"query": "market old teapots", "kinds": ["turn"]}
    data = (await ada.ok("context", **said, token_budget=120)).data
    assert data["ids"] == asked["ids"] + reply["ids"]
    assert data["beside"] == reply["ids"], "the budget has room for the beginning of the reply alone"
    assert [line[-1] for line in data["context"].splitlines()] == ["?", "…"]
    assert "beside" not in (await ada.ok("context", **said, token_budget=5_000)).data


async def test_what_failed_in_a_search_is_told(engine, ada, monkeypatch):
    await ada.ok("remember", text="The kiln is red.")

    async def fail(self, text):
        raise ProviderUnavailableError("the model is away")

    monkeypatch.setattr(FakeEmbedder, "encode_query", fail)
    for tool in ("context", "recall"):
        answer = await ada.ok(tool, query="kiln")
        assert answer.data["incomplete"] == ["dense"]
        assert "The kiln is red." in answer.text
        assert answer.text.endswith("Incomplete: dense could not be read this time; try again in a moment.")


async def test_a_budget_too_small_is_not_told_as_nothing_known(ada):
    await ada.ok("remember", text="I live in Lisbon.")
    small = await ada.ok("context", query="Where do I live?", token_budget=1)
    assert small.data == {"context": "", "tokens": 0, "ids": [], "too_small": True}
    assert "none of it fits" in small.text
    assert "none of it fits" in str(await ada.prompt("recall", question="Where do I live?", token_budget="1"))
    assert (await ada.ok("context", query="Where do I live?")).data["too_small"] is False


async def test_nothing_known_is_said_in_words(ada):
    assert (await ada.ok("recall", query="tea")).text == "Nothing is remembered about that."
    assert (await ada.ok("context", query="tea")).text == "Nothing is remembered about that."
    assert (await ada.ok("list_recent")).text == "Nothing is remembered yet."


async def test_the_newest_are_listed_first_across_pages(ada, monkeypatch):
    monkeypatch.setattr(tools, "_PAGE", 3)
    for number in range(8):
        await ada.ok("remember", text=f"Note {number}")
    listed = await ada.ok("list_recent", limit=4, kinds=["turn"])
    assert [memory["text"] for memory in listed.data["memories"]] == ["Note 7", "Note 6", "Note 5", "Note 4"]


async def test_a_memory_is_corrected_and_its_history_told(ada):
    old = (await moved(ada))["after"]["id"]
    changed = await ada.ok("update", id=old, text="User lives in Faro.", reason="misheard")
    new = changed.data["change"]["after"]["id"]
    assert new != old
    told = await ada.ok("history", id=new)
    assert [change["op"] for change in told.data["changes"]] == ["ADD", "UPDATE", "UPDATE"]
    assert told.data["changes"][-1]["reason"] == "misheard"
    assert "`history`" in await ada.refused("update", id=old, text="User lives in Beja.")


async def test_what_is_forgotten_is_not_found_until_it_is_undone(ada):
    told = await ada.ok("remember", text="I have a dog called Rex.")
    id = told.data["changes"][0]["after"]["id"]
    change = (await ada.ok("forget", id=id, reason="asked to")).data["change"]
    assert (change["op"], change["reason"]) == ("DELETE", "asked to")
    assert (await ada.ok("recall", query="Which dog do I have?")).data["memories"] == []
    assert "`history`" in await ada.refused("forget", id=id)
    await ada.ok("undo", id=id, change_id=change["change_id"])
    found = (await ada.ok("recall", query="Which dog do I have?")).data["memories"]
    assert {memory["text"] for memory in found} >= {"I have a dog called Rex."}


async def test_words_at_a_stated_time_are_kept_once(ada):
    first = await ada.ok("remember", text="I like tea.", occurred_at="2024-01-01")
    again = await ada.ok("remember", text="I like tea.", occurred_at="2024-01-01")
    assert again.data["already_known"]
    assert again.data["ids"] == first.data["ids"]


async def test_no_argument_names_another_scope(ada, bob):
    await bob.ok("remember", text="I like tea.")
    for tool, arguments in PLAIN.items():
        for other in ("user_id", "agent_id", "session_id", "tenant", "scope", "user"):
            said = await ada.refused(tool, **arguments, **{other: "bob"})
            assert said.startswith(f"{other}: {tool} takes no such argument")
            assert "configuration" in said
    assert (await ada.ok("list_recent")).data["memories"] == []


async def test_two_users_never_meet(ada, bob):
    theirs = await moved(bob)
    id, change = theirs["after"]["id"], theirs["change_id"]
    assert (await ada.ok("recall", query="Where does Bob live?")).data["memories"] == []
    assert (await ada.ok("context", query="Where does Bob live?")).data["context"] == ""
    assert (await ada.read("engram://memories"))["memories"] == []
    own = (await moved(ada))["after"]["id"]
    for tool, arguments in {
        "history": {"id": id},
        "update": {"id": id, "text": "User lives nowhere."},
        "forget": {"id": id},
        "undo": {"id": id, "change_id": change},
    }.items():
        assert "no memory" in await ada.refused(tool, **arguments)
    assert "has no change" in await ada.refused("undo", id=own, change_id=change)
    with pytest.raises(ada.error, match="no memory"):
        await ada.read(f"engram://memories/{id}")
    assert (await bob.ok("recall", query="Where do I live?")).data["memories"][0]["id"] == id


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("recall", {"query": "tea", "limit": 0}, "limit: Input should be greater than or equal to 1."),
        ("recall", {"query": "tea", "limit": 101}, "limit: Input should be less than or equal to 100."),
        ("recall", {"query": "tea", "limit": "many"}, "limit: Input should be a valid integer"),
        ("recall", {"query": "tea", "as_of": "soon"}, "as_of: got str 'soon'; accepted: a datetime or an ISO 8601"),
        ("recall", {"query": "tea", "as_of": 5}, "as_of: Input should be a valid string."),
        ("recall", {"query": "tea", "kinds": ["dream"]}, "kinds: Input should be 'turn', 'fact', 'preference'"),
        ("recall", {"query": "tea", "kinds": "[x"}, "kinds: "),
        ("recall", {"query": "tea", "kinds": []}, "kinds: "),
        ("recall", {}, "query: it is missing; recall needs it."),
        ("recall", {"query": ""}, "query: String should have at least 1 character."),
        ("context", {"query": "tea", "token_budget": -1}, "token_budget: "),
        ("remember", {"text": "  "}, "visible character"),
        ("remember", {"text": "I like tea.", "occurred_at": "12/31"}, "occurred_at: got str '12/31'"),
        ("remember", {"text": "I like tea.", "metadata": "tea"}, "metadata: Input should be a valid dictionary."),
        ("history", {"id": "x"}, "id: got str 'x'; accepted: the id of a memory, a UUID"),
        ("history", {"id": NOBODY}, f"no memory {NOBODY}. `recall` and `list_recent` show the ids"),
        ("update", {"id": "x", "text": "tea"}, "a UUID"),
        ("forget", {"id": ""}, "a UUID"),
        ("undo", {"id": NOBODY, "change_id": "x"}, "no memory"),
    ],
)
async def test_mistakes_are_told_in_words(ada, tool, arguments, says):
    said = await ada.refused(tool, **arguments)
    assert says in said
    assert "pydantic" not in said
    assert "None" not in said
    assert (await ada.ok("list_recent")).data["memories"] == []


async def test_a_tool_that_is_not_there(ada):
    with pytest.raises(ada.error, match="There is no tool 'erase' here; there are remember, "):
        await ada.call("erase")


async def test_read_only_hides_what_writes(engine, connect, mode):
    await engine.add("I like tea.", user_id="ada")
    async with connect(build_server(engine, user_id="ada", read_only=True), mode) as talk:
        assert set(await talk.tools()) == READING
        assert (await talk.ok("recall", query="tea")).data["memories"]
        for tool in WRITING:
            with pytest.raises(talk.error, match=f"There is no tool '{tool}' here"):
                await talk.call(tool, **PLAIN[tool])
    assert len(await engine.get_all(user_id="ada", kinds="turn")) == 1


async def test_resources(ada):
    change = await moved(ada)
    (recent,) = await ada.resources()
    assert recent["uri"] == "engram://memories"
    (one,) = await ada.templates()
    assert one["uriTemplate"] == "engram://memories/{id}"
    listed = (await ada.read("engram://memories"))["memories"]
    assert "User lives in Porto." in {memory["text"] for memory in listed}
    old = await ada.read(f"engram://memories/{change['before']['id']}")
    assert (old["text"], old["valid_to"]) == ("User lives in Lisbon.", "2024-05-20T00:00:00Z")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("engram://memories/x", "a UUID"),
        (f"engram://memories/{NOBODY}", f"no memory {NOBODY}"),
        ("engram://users/bob", "There is no resource"),
        (f"engram://memories/bob/{NOBODY}", "There is no resource"),
        ("file:///etc/passwd", "There is no resource"),
    ],
)
async def test_a_resource_that_is_not_there(ada, uri, says):
    with pytest.raises(ada.error, match=says):
        await ada.read(uri)


async def test_the_prompt_holds_what_is_known(ada):
    (prompt,) = await ada.prompts()
    assert [(part["name"], part["required"]) for part in prompt["arguments"]] == [
        ("question", True),
        ("token_budget", False),
    ]
    (message,) = await ada.prompt("recall", question="Where do I live?")
    assert message["content"]["text"].startswith("Nothing is remembered")
    await moved(ada)
    (message,) = await ada.prompt("recall", question="Where do {I} live?", token_budget="200")
    assert message["role"] == "user"
    assert "before: User lives in Lisbon." in message["content"]["text"]
    assert message["content"]["text"].endswith("Where do {I} live?")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("other", {"question": "x"}, "There is no prompt 'other'"),
        ("recall", {}, "question: it is missing"),
        ("recall", {"question": " "}, "question: it is missing"),
        ("recall", {"question": "x", "user_id": "bob"}, "user_id: recall takes no such argument"),
        ("recall", {"question": "x", "token_budget": "lots"}, "token_budget: Input should be a valid integer"),
    ],
)
async def test_mistakes_with_the_prompt(ada, name, arguments, says):
    with pytest.raises(ada.error, match=says):
        await ada.prompt(name, **arguments)


async def test_what_a_prompt_gave_is_not_learned_again(ada):
    await moved(ada)
    (message,) = await ada.prompt("recall", question="Where do I live?")
    told = await ada.ok("remember", text=message["content"]["text"].split("\n\n")[1])
    assert told.data["changes"] == []


async def test_a_store_that_cannot_be_reached_is_told_without_its_password(connect, mode, caplog):
    engine = AsyncEngram(database_url="postgresql://ada:sesame@127.0.0.1:1/none", embedder=FakeEmbedder())
    async with connect(build_server(engine, user_id="ada"), mode) as talk:
        said = await talk.refused("recall", query="tea")
        assert said == "The memory store cannot be reached now. Try again in a moment."
        with pytest.raises(talk.error, match="cannot be reached now"):
            await talk.read("engram://memories")
        with pytest.raises(talk.error, match="cannot be reached now"):
            await talk.prompt("recall", question="tea")
    await engine.close()
    assert "StoreUnavailableError" in caplog.text
    assert "sesame" not in caplog.text


async def test_a_fault_of_the_server_shows_nothing_of_itself(engine, connect, mode, monkeypatch, caplog):
    async def broken(*args, **kwargs):
        raise RuntimeError("sesame")

    monkeypatch.setattr(engine, "search", broken)
    async with connect(build_server(engine, user_id="ada"), mode) as talk:
        said = await talk.refused("recall", query="tea")
    assert "sesame" not in said
    assert "log" in said
    assert "RuntimeError: sesame" in caplog.text


async def test_an_empty_scope_is_refused(engine):
    with pytest.raises(InvalidInputError, match="scope"):
        build_server(engine)
    with pytest.raises(InvalidInputError, match="user_id"):
        build_server(engine, user_id=" ")
    with pytest.raises(InvalidInputError, match="engine"):
        build_server("memory://", user_id="ada")


async def test_a_conversation_shows_its_turns_alone(engine, connect, mode):
    """No answer tells a statement, for statements are learned from other conversations too."""
    async with AsyncExitStack() as stack:
        one, two, all_of_it = [
            await stack.enter_async_context(connect(build_server(engine, user_id="ada", session_id=session), mode))
            for session in ("one", "two", None)
        ]
        await one.ok("remember", text="I live in Lisbon.", occurred_at="2024-01-01")
        kept = await two.ok("remember", text="I moved to Porto!", occurred_at="2024-05-20")
        (id,) = kept.data["ids"]
        assert kept.data["changes"] == []
        assert "Porto" in (await all_of_it.ok("recall", query="Where do I live?", limit=1)).text
        for talk, other in ((one, "Porto"), (two, "Lisbon")):
            question = {"query": "Where do I live?"}
            answers = [await talk.ok("recall", **question), await talk.ok("list_recent")]
            budgets = (60, 40, 30, 25, 20, 10)
            answers += [await talk.ok("context", **question, token_budget=budget) for budget in budgets]
            answers += [await talk.ok("history", id=memory["id"]) for memory in answers[0].data["memories"]]
            told = [answer.text + str(answer.data) for answer in answers]
            told.append(str(await talk.prompt("recall", question=question["query"])))
            assert not [words for words in told if other in words or "User lives" in words]
        # What it hands out, it takes.
        for tool, more in (("forget", {}), ("update", {"text": "I moved to Faro!"})):
            done = (await two.ok(tool, id=id, **more)).data["change"]
            changed = done.get("after", done["before"])["id"]
            undone = await two.ok("undo", id=changed, change_id=done["change_id"])
            (after,) = undone.data["changes"]
            assert after["after"]["id"] == id
        assert "Porto" in (await all_of_it.ok("recall", query="Where do I live?", limit=1, kinds=["fact"])).text


async def test_agents_and_tenants_are_kept_apart(engine, connect, mode):
    scopes = [(engine, {"agent_id": "planner"}), (engine, {"agent_id": "critic"})]
    scopes += [(engine.for_tenant("acme"), {"agent_id": "planner"})]
    for number, (bound, scope) in enumerate(scopes):
        async with connect(build_server(bound, user_id="ada", **scope), mode) as talk:
            await talk.ok("remember", text=f"Note {number}")
    for number, (bound, scope) in enumerate(scopes):
        async with connect(build_server(bound, user_id="ada", **scope), mode) as talk:
            listed = (await talk.ok("list_recent")).data["memories"]
            assert [memory["text"] for memory in listed] == [f"Note {number}"]


async def test_a_blocking_engine_serves_too(connect, mode):
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        async with connect(build_server(engine, user_id="ada"), mode) as talk:
            await talk.ok("remember", text="I like tea.")
        assert len(engine.search("tea", user_id="ada")) > 0
