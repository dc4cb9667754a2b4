"""`search` and `context`."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from engram_core import AsyncEngram, InvalidInputError, Message, ProviderUnavailableError, StoreUnavailableError

WHEN = datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
async def story(memory):
    await memory.add(
        [
            Message("I adopted a beagle named Rex", name="Ada", occurred_at=WHEN, metadata={"topic": "pets"}),
            Message("My flight to Lisbon is AB-1234", name="Ada", occurred_at=WHEN, metadata={"topic": "travel"}),
            Message("I bake sourdough on Sundays", name="Ada", occurred_at=WHEN, metadata={"topic": "food"}),
        ],
        user_id="ada",
        session_id="one",
    )
    await memory.add("Bob keeps a beagle too", user_id="bob")
    return memory


def found(recall):
    return [hit.memory.text for hit in recall]


async def test_the_memory_that_matters_comes_first(story):
    recall = await story.search("which beagle did Ada adopt", user_id="ada")
    assert found(recall)[0] == "I adopted a beagle named Rex"
    assert all(0 <= hit.score <= 1 for hit in recall)
    assert [hit.score for hit in recall] == sorted((hit.score for hit in recall), reverse=True)


async def test_nothing_of_another_user_or_tenant_is_found(story):
    assert found(await story.search("beagle", user_id="bob")) == ["Bob keeps a beagle too"]
    assert found(await story.for_tenant("acme").search("beagle", user_id="ada")) == []


async def test_a_rare_token_is_found(story):
    assert found(await story.search("AB-1234", user_id="ada"))[0] == "My flight to Lisbon is AB-1234"


async def test_filters_and_limits_hold(story):
    recall = await story.search("beagle", user_id="ada", filters={"topic": {"$in": ["food", "travel"]}}, limit=1)
    assert len(recall) == 1
    assert recall[0].memory.metadata["topic"] in ("food", "travel")


async def test_signals_and_timings_are_told(story):
    recall = await story.search("beagle", user_id="ada")
    assert {"dense", "lexical"} <= recall[0].signals.keys()
    assert {"embed", "view", "dense", "lexical", "rank", "hydrate", "total"} <= recall.timings.keys()
    assert recall.degraded == {}


async def test_the_same_query_gives_the_same_hits(story):
    first, second = [await story.search("what about sundays", user_id="ada") for _ in range(2)]
    assert first.hits == second.hits


@pytest.mark.parametrize("query", ["", "   ", "\x00", "''\"\"", "a & b | !c", "😀", "word " * 10_000, "\ud800", "(((("])
async def test_odd_queries_never_fail(story, query):
    await story.search(query, user_id="ada")


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": 7, "user_id": "ada"},
        {"query": "a"},
        {"query": "a", "user_id": "ada", "limit": 0},
        {"query": "a", "user_id": "ada", "limit": 201},
        {"query": "a", "user_id": "ada", "limit": True},
        {"query": "a", "user_id": "ada", "kinds": "dream"},
        {"query": "a", "user_id": "ada", "kinds": []},
        {"query": "a", "user_id": "ada", "filters": {"a": {"$regex": "x"}}},
        {"query": "a", "user_id": "ada", "filters": {"$nor": []}},
        {"query": "a", "user_id": "ada", "filters": ["a"]},
        {"query": "a", "user_id": "ada", "as_of": "soon"},
    ],
)
async def test_bad_arguments_are_refused(story, arguments):
    with pytest.raises(InvalidInputError):
        await story.search(**arguments)


async def test_a_leg_that_fails_is_named_and_the_rest_answers(story, embedder, monkeypatch):
    async def fail(text):
        raise ProviderUnavailableError("the model is down")

    monkeypatch.setattr(embedder, "embed_query", fail)
    recall = await story.search("beagle", user_id="ada")
    assert recall.degraded == {"dense": "the model is down"}
    assert "I adopted a beagle named Rex" in found(recall)


async def test_a_blank_query_finds_nothing(story):
    assert len(await story.search("  ", user_id="ada")) == 0


async def test_context_is_dated_text_within_the_budget(story):
    text = await story.context("beagle", user_id="ada", token_budget=60)
    assert "[2024-05-01 10:00] Ada: I adopted a beagle named Rex" in text
    assert text.tokens <= 60
    backend = await story._backend.opened()
    assert backend.counter.count(text) <= 60


async def test_context_tells_what_a_memory_replaced(story):
    recall = await story.search("flight", user_id="ada")
    await story.update(recall[0].memory.id, "Ada flies to Porto with AB-1234")
    text = await story.context("flight to Porto", user_id="ada")
    assert "before: My flight to Lisbon is AB-1234" in text


async def test_context_never_tells_what_is_beyond_the_scope(story):
    secret = (await story.add("Bob's password is swordfish", user_id="bob")).turns[0]
    record = {"type": "memory", "id": str(uuid4()), "user_id": "eve", "kind": "fact", "text": "a harmless fact"}
    times = {"valid_from": WHEN.isoformat(), "recorded_at": WHEN.isoformat()}
    await story.import_([record | times | {"supersedes": secret.id}])
    text = await story.context("harmless fact", user_id="eve")
    assert "harmless" in text
    assert "swordfish" not in text


@pytest.mark.parametrize("budget", [0, -1, "10", None])
async def test_a_budget_is_a_positive_number(story, budget):
    with pytest.raises(InvalidInputError, match="token_budget"):
        await story.context("beagle", user_id="ada", token_budget=budget)


@pytest.fixture
async def frank(embedder):
    """An engine that returns whatever it finds: what is tested here is what comes beside that."""
    async with AsyncEngram(database_url="memory://", embedder=embedder, ranker="sum") as engine:
        yield engine


@pytest.fixture
async def talk(frank):
    await frank.add(
        [
            Message("Where did you buy the teapot?", name="Rui", occurred_at=WHEN),
            Message("At the flea market in Porto", name="Ada", occurred_at=WHEN),
            Message("We should drink tea there some day", name="Rui", occurred_at=WHEN),
        ],
        user_id="ada",
        session_id="tea",
    )
    await frank.add("The weather is dull", user_id="ada", session_id="else")
    return frank


async def test_context_brings_the_answer_to_a_question_that_is_found(talk):
    text = await talk.context("flea market", user_id="ada", token_budget=200)
    lines = text.splitlines()
    question = lines.index("[2024-05-01 10:00] Rui: Where did you buy the teapot?")
    assert lines[question + 1] == "[2024-05-01 10:00] Ada: At the flea market in Porto"


async def test_only_hits_count_as_found_and_neighbours_can_be_left_out(talk, monkeypatch):
    monkeypatch.setattr("engram_core.engine.finding._PACKED", 1)
    alone = await talk.context("flea market", user_id="ada", neighbours=False)
    assert alone == "[2024-05-01 10:00] Ada: At the flea market in Porto"
    assert alone.entries == alone.hits
    beside = await talk.context("flea market", user_id="ada")
    assert [hit.memory.text for hit in beside.hits] == ["At the flea market in Porto"]
    assert [entry.memory.text for entry in beside.entries] == [
        "Where did you buy the teapot?",
        "At the flea market in Porto",
    ]


async def test_neighbours_are_only_what_the_search_may_see(talk, monkeypatch):
    monkeypatch.setattr("engram_core.engine.finding._PACKED", 1)
    question = next(m for m in await talk.get_all(user_id="ada") if "teapot" in m.text)
    await talk.delete(question.id)
    assert "teapot" not in await talk.context("flea market", user_id="ada")


async def test_a_turn_that_is_no_longer_so_is_no_neighbour(frank, monkeypatch):
    monkeypatch.setattr("engram_core.engine.finding._PACKED", 1)
    turns = (
        await frank.add(
            [
                Message("I live in Lisbon. Is it warm in Lisbon?", name="Ada", occurred_at=WHEN),
                Message("Never below freezing", name="Rui", occurred_at=WHEN),
            ],
            user_id="ada",
            infer=False,
        )
    ).turns
    assert "Lisbon" in await frank.context("below freezing", user_id="ada")
    fact = {
        "type": "memory",
        "user_id": "ada",
        "kind": "fact",
        "sources": [turns[0].id],
        "valid_from": WHEN.isoformat(),
    }
    old = fact | {"id": str(uuid4()), "text": "Ada lives in Lisbon", "valid_to": "2024-06-01T00:00:00+00:00"}
    await frank.import_([old | {"recorded_at": WHEN.isoformat()}])
    assert "Lisbon" not in await frank.context("below freezing", user_id="ada")


async def test_context_names_what_failed(talk, embedder, monkeypatch):
    async def away(*_):
        raise StoreUnavailableError("gone")

    store = (await talk._backend.opened()).store
    view = type(await store.view(talk._selection("ada", None, None, None, None, None)))
    hydrate = view.hydrate

    async def last(self, rows):
        monkeypatch.setattr(view, "neighbours", away)  # what comes after the hits themselves
        return await hydrate(self, rows)

    monkeypatch.setattr(view, "hydrate", last)
    text = await talk.context("flea market", user_id="ada")
    assert "flea market" in text
    assert text.entries == text.hits
    assert text.degraded == {"neighbours": "gone"}


async def test_neighbours_is_true_or_false(story):
    with pytest.raises(InvalidInputError, match="neighbours"):
        await story.context("beagle", user_id="ada", neighbours="yes")
