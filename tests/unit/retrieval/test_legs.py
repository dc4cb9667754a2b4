"""The legs: what each asks of a view, how they are joined, and the door for those that look elsewhere."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engram_core import AsyncEngram, Message, Settings
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.engine import Engine, LazyBackend
from engram_core.errors import InvalidOutputError, ProviderError, StoreError
from engram_core.factory import Own, build
from engram_core.ports import EncodedQuery, Leg, Proposer
from engram_core.retrieval.legs import column_of, dense, lexical, merge, outside, temporal
from engram_core.retrieval.legs.outside import LOOKED_UP
from engram_core.retrieval.question import Question
from engram_core.testing import FakeEmbedder

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
ADA = Selection(Scope("acme", user_id="ada"), NOW)
VECTOR = np.array([1, 0], np.float32)


def leg(*rows):
    return Leg(np.array(rows, np.int64), np.linspace(1, 0.1, len(rows), dtype=np.float32))


def asked(text, *, with_vector=True):
    none = np.empty((0, 0), np.float32)
    return Question.of(text, EncodedQuery(VECTOR, none, none[:, :0]) if with_vector else None, NOW)


class Known:
    """A view of memories whose ids are the numbers of their rows; it notes what it is asked."""

    def __init__(self, rows=5):
        self.rows = rows
        self.asked = []

    def __getattr__(self, name):
        async def answer(*arguments):
            self.asked.append((name, *arguments))
            return leg(1, 2)

        return answer

    async def rows_of(self, ids):
        self.asked.append(("rows_of", len(ids)))
        return np.array([int(id) if id.isdecimal() and int(id) < self.rows else -1 for id in ids], np.int64)


class Answers(Proposer):
    name = "graph"

    def __init__(self, answer):
        self.answer = answer

    async def propose(self, question, selection, limit):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_each_leg_asks_for_what_the_question_gives_it():
    view, question = Known(), asked("What happened in May 2023 or since Monday?")
    for one in (dense, lexical, temporal):
        assert (await one(view, question, 7)).rows.tolist() == [1, 2]
    ranges = [
        (datetime(2023, 5, 1, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC)),
        (datetime(2024, 6, 17, tzinfo=UTC), None),
    ]
    assert view.asked[:2] == [("dense", question.vector, 7), ("lexical", question.text, 7)]
    assert view.asked[2] == ("within", ranges, question.vector, 7)


async def test_a_leg_without_anything_to_go_by_asks_nothing():
    view = Known()
    assert dense(view, asked("What in May 2023?", with_vector=False), 7) is None
    assert temporal(view, asked("What did June say?"), 7) is None
    assert view.asked == []
    await temporal(view, asked("What in May 2023?", with_vector=False), 7)
    assert view.asked[0][2] is None


def test_what_several_legs_propose_comes_first():
    assert merge([leg(1, 2, 3), leg(3, 4)], 10).tolist() == [3, 1, 2, 4]
    assert merge([leg(1, 2, 3), leg(3, 4)], 2).tolist() == [3, 1]
    assert merge([leg(9), leg(4)], 10).tolist() == [4, 9], "ties go by row"
    assert merge([], 10).tolist() == merge([leg()], 10).tolist() == []


async def found(answer, view=None, limit=10):
    return await outside(Answers(answer), view or Known(), "Who?", ADA, limit)


async def test_ids_become_rows_the_strongest_first():
    one = await found({"3": 0.2, "1": 0.9, "4": 0.2, "2": np.float32(0.5)})
    assert one.rows.tolist() == [1, 2, 3, 4]
    assert one.scores.tolist() == pytest.approx([0.9, 0.5, 0.2, 0.2])
    assert (await found({"3": 0.2, "1": 0.9, "2": 0.5}, limit=2)).rows.tolist() == [1, 2]


async def test_what_is_not_seen_and_scores_that_say_nothing_are_passed_over():
    nan, inf = float("nan"), float("inf")
    odd = {
        "9": 0.9,
        "": 0.9,
        "no id": 0.9,
        "0": nan,
        "1": inf,
        "2": -inf,
        "3": 0,
        "4": -1,
        2: 0.9,
        None: 0.9,
        "x": None,
    }
    assert (await found(odd)).rows.tolist() == []
    assert (await found({})).rows.tolist() == []
    assert (await found({"1": "0.9", "2": 7})).scores.tolist() == [1.0], "more than 1 is 1, and a text is no score"


async def test_of_very_many_the_strongest_are_looked_up():
    view = Known(10_000)
    many = await found({str(n): (n + 1) / 10_000 for n in range(10_000)}, view, limit=200)
    assert many.rows.tolist() == list(range(9_999, 9_799, -1))
    assert view.asked == [("rows_of", LOOKED_UP)]


@pytest.mark.parametrize("answer", [None, [("1", 0.5)], 7, "1"])
async def test_an_answer_of_another_kind_is_a_failure(answer):
    with pytest.raises(InvalidOutputError, match="graph"):
        await found(answer)


async def test_whatever_is_raised_is_a_failure_that_searches_know():
    with pytest.raises(ProviderError, match=r"graph.*KeyError"):
        await found(KeyError("node"))
    with pytest.raises(StoreError, match="down"):
        await found(StoreError("down"))


def test_a_column_is_zero_for_what_was_not_proposed():
    assert column_of(Leg(np.array([5, 3]), np.array([0.75, 0.5], np.float32)), np.array([3, 4, 5])).tolist() == [
        0.5,
        0,
        0.75,
    ]


class Entities(Proposer):
    """A little graph: which memories speak of whom, and who belongs to whom."""

    name = "graph"

    def __init__(self):
        self.mentions, self.beside, self.extra = {}, {}, {}

    def read(self, memories):
        for memory in memories:
            for name in re.findall(r"[A-Z]\w+", memory.text):
                self.mentions.setdefault(name, []).append(memory.id)

    async def propose(self, question, selection, limit):
        names = re.findall(r"[A-Z]\w+", question)
        near = [other for name in names for other in self.beside.get(name, ())]
        far = {id: 0.5 for name in near for id in self.mentions.get(name, ())}
        return far | {id: 1.0 for name in names for id in self.mentions.get(name, ())} | self.extra


SAID = ["the cat Miso sleeps on the wall", "Rui came by train", "we ate figs", "it rained", "the roof is red"]


class Mute(FakeEmbedder):
    """It embeds memories and no question: what is found, other legs found."""

    async def encode_query(self, text):
        raise ProviderError("mute")


async def engine_with(*proposers, embedder=None):
    settings, embedder = Settings(database_url="memory://", ranker="sum", tenant="acme"), embedder or FakeEmbedder()

    async def made():
        return replace(await build(settings, Own(embedder=embedder)), proposers=proposers)

    memory = Engine(LazyBackend(made), "acme")
    for user in ("ada", "bob"):
        said = [Message(f"{text} ({user})", occurred_at=NOW + timedelta(minutes=n)) for n, text in enumerate(SAID)]
        await memory.add_many(said, user_id=user)
    return memory


async def kept(memory, user):
    return [hit.memory for hit in await memory.search("the cat came, we ate, it rained, the roof", user_id=user)]


async def test_a_graph_leg_brings_what_shares_no_word_and_shows_its_signal():
    graph = Entities()
    async with await engine_with(graph, embedder=Mute()) as memory:
        assert not (await memory.search("Olga", user_id="ada")).hits
        graph.read(await kept(memory, "ada"))
        graph.beside = {"Olga": ["Miso"]}
        recall = await memory.search("Olga", user_id="ada")
        signals = {hit.memory.text: hit.signals["graph"] for hit in recall}
        assert signals.pop("the cat Miso sleeps on the wall (ada)") == 0.5
        assert set(signals.values()) == {0}, "the turn beside it comes along"
        assert set(recall.degraded) == {"dense"}
        assert "graph" in recall.timings
    async with await engine_with() as memory:
        assert "graph" not in (await memory.search("the cat", user_id="ada")).hits[0].signals


async def test_nothing_of_others_erased_or_unknown_comes_in():
    graph = Entities()
    async with await engine_with(graph) as memory:
        mine = await kept(memory, "ada")
        theirs = await kept(memory, "bob")
        assert len(theirs) == len(SAID)
        graph.extra = {item.id: 1.0 for item in theirs} | {"no id": 1.0, "\x00": 1.0}
        before = await memory.search("the cat", user_id="ada")
        assert {hit.memory.scope.user_id for hit in before} == {"ada"}
        assert all(hit.signals["graph"] == 0 for hit in before)
        graph.extra |= {item.id: 1.0 for item in mine}
        await memory.erase(user_id="ada")
        assert not (await memory.search("the cat", user_id="ada")).hits


@pytest.mark.parametrize("answer", [RuntimeError("no server"), StoreError("no server"), "no server", None])
async def test_a_graph_leg_that_fails_is_named_and_the_rest_answers(answer):
    async with await engine_with(Answers(answer)) as memory, await engine_with() as without:
        recall, usual = [await one.search("the cat", user_id="ada") for one in (memory, without)]
        assert set(recall.degraded) == {"graph"}
        assert [hit.memory.text for hit in recall] == [hit.memory.text for hit in usual]
        assert "graph" not in recall.hits[0].signals


async def test_the_times_of_a_question_bring_memories_that_share_no_word():
    async with AsyncEngram(database_url="memory://", ranker="sum", embedder=Mute()) as memory:
        old = Message("figs", occurred_at=datetime(2021, 3, 5, tzinfo=UTC))
        more = [Message(f"note {n} on tea", occurred_at=NOW + timedelta(minutes=n)) for n in range(5)]
        await memory.add_many([old, *more], user_id="ada")
        dated = await memory.search("What was on 5 March 2021?", user_id="ada")
        assert "temporal" in dated.timings
        assert "figs" in {hit.memory.text for hit in dated}
        assert "figs" not in {hit.memory.text for hit in await memory.search("What was on the table?", user_id="ada")}
        assert "temporal" not in (await memory.search("What was noted on tea?", user_id="ada")).timings
