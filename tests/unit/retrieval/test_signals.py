"""The signals of candidates, and reading what they need."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engram_core import AsyncEngram, Message
from engram_core.domain.signs import signs_of
from engram_core.ports import Encoded, EncodedQuery, Evidence, Outline
from engram_core.retrieval.late import Late
from engram_core.retrieval.reading import CANDIDATES, EXPANDED, Question, expand
from engram_core.retrieval.signals import LONGEST, PRIOR, PRIOR_CANDIDATES, Seen, rows_to_read, signals_of, told
from engram_core.retrieval.temporal import read_spans
from engram_core.testing import FakeEmbedder

NAN = float("nan")
NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
LEGS = ("dense", "lexical", "late")


def column(values, n, default=0.0, dtype=np.float32):
    return np.array([default] * n if values is None else values, dtype)


def seen(text="", n=3, dense=None, near_dense=None, late=None, speakers=None, texts=None, days=None, **columns):
    """What was read of n candidates; what is not said of them is alike."""
    evidence = Evidence(
        column(dense, n),
        column(columns.get("lexical"), n),
        np.full((n, 4), NAN, np.float32) if near_dense is None else np.array(near_dense, np.float32),
        np.zeros((n, 4), np.float32),
        column(None, n, 40),
    )
    times = [int((NOW - timedelta(days=day)).timestamp() * 1e6) for day in days or [0] * n]
    outline = Outline(
        kinds=np.zeros(n, np.int8),
        times=np.array(times, np.int64),
        speakers=speakers or [None] * n,
        assistant=column(columns.get("assistant"), n, 0, np.bool_),
        signs=np.array([signs_of(said) for said in texts] if texts else [0] * n, np.int32),
    )
    before = column(columns.get("has_before"), n, 0, np.bool_)
    return Seen(text, read_spans(text, NOW), evidence, outline, column(columns.get("asked"), n), before, late)


def of(name, *args, **fields):
    return signals_of(seen(*args, **fields))[name].tolist()


def test_with_many_candidates_scores_become_standard_scores():
    values = np.random.default_rng(3).normal(0.5, 0.2, 2000).astype(np.float32)
    found = of("dense", n=2000, dense=values)
    assert found == pytest.approx((values - values.mean()) / values.std(), abs=0.05)


def test_few_candidates_are_measured_by_what_is_usual():
    mean, spread = PRIOR["dense"]
    share = 1 / (1 + PRIOR_CANDIDATES)
    centre, width = share * 0.4 + (1 - share) * mean, np.sqrt(1 - share) * spread
    assert of("dense", n=1, dense=[0.4]) == pytest.approx([(0.4 - centre) / width], rel=1e-5)
    assert of("dense", n=1, dense=[0.4])[0] > 1 > -1 > of("dense", n=1, dense=[-0.2])[0]
    assert of("dense", n=1, dense=[mean]) == pytest.approx([0], abs=1e-5)


def test_candidates_that_are_all_alike_are_no_error():
    assert len(set(of("dense", dense=[0.5, 0.5, 0.5]))) == 1


def test_a_memory_without_a_vector_counts_as_an_average_one():
    found = of("dense", dense=[0.9, NAN, 0.1])
    assert found[1] == 0
    assert found[0] > 0 > found[2]
    assert of("dense", dense=[NAN] * 3) == [0, 0, 0]
    assert of("dense_raw", dense=[0.5, NAN, -0.5]) == [0.5, 0, -0.5]


def test_neighbours_are_measured_by_the_candidates_and_count_nothing_where_there_are_none():
    near = [[0.9, 0.1, NAN, NAN], [NAN, NAN, 0.9, 0.1], [NAN] * 4]
    found = signals_of(seen(dense=[0.9, 0.5, 0.1], near_dense=near))
    own = found["dense"]
    assert found["dense_before"].tolist() == [own[0], 0, 0]
    assert found["dense_after"].tolist() == [own[2], 0, 0]
    assert found["dense_beside"].tolist() == [own[0], 0, 0]
    assert found["dense_beyond"].tolist() == [0, own[0], 0]


def test_late_interaction_adds_a_leg_of_its_own():
    late = Late(np.array([0.6, 0.2, 0.1], np.float32), np.full((3, 4), NAN), np.array([0.6, 0.5, 0.1], np.float32))
    with_tokens, without = signals_of(seen(late=late)), signals_of(seen())
    assert set(with_tokens) - set(without) == {
        *(f"late{side}" for side in ("", "_before", "_after", "_beside", "_beyond")),
        "late_window",
        "late_raw",
    }
    assert with_tokens["late_raw"].tolist() == late.own.tolist()
    assert with_tokens["late_window"][0] > with_tokens["late_window"][1] > with_tokens["late_window"][2]


def test_every_signal_is_one_finite_number_a_candidate():
    late = Late(np.zeros(3, np.float32), np.full((3, 4), NAN, np.float32), np.zeros(3, np.float32))
    everything = seen("What did Ada say in May?", dense=[NAN, 0.5, 0.5], late=late, texts=["", "Hm?", "in 1999"])
    for name, values in signals_of(everything).items():
        assert values.shape == (3,), name
        assert values.dtype == np.float32, name
        assert np.isfinite(values).all(), name


@pytest.mark.parametrize(
    ("text", "speakers", "named", "others"),
    [
        ("What does Ada eat?", ["Ada", "Rui", None], [1, 0, 0], [0, 1, 0]),
        ("what does ADA's dog eat?", ["Ada", "Rui", None], [1, 0, 0], [0, 1, 0]),
        ("What do Ada and Rui eat?", ["Ada", "Rui", "Ada"], [0, 0, 0], [0, 0, 0]),
        ("What do they eat?", ["Ada", "Rui", None], [0, 0, 0], [0, 0, 0]),
        ("What does Ada eat?", ["Ada", "Ada", None], [0, 0, 0], [0, 0, 0]),
        ("What does Ada eat?", [None, None, None], [0, 0, 0], [0, 0, 0]),
        ("What about Adam's Radar?", ["Ada", "Rui", None], [0, 0, 0], [0, 0, 0]),
        ("What does Mary eat?", ["Mary Ann Lee", "Ann Lee", "Rui"], [1, 0, 0], [0, 1, 1]),
        ("What does Lee eat?", ["Mary Lee", "Rui", "Ada"], [0, 0, 0], [0, 0, 0]),
        ("What did the assistant say?", ["assistant", "Ada", "Ada"], [1, 0, 0], [0, 1, 1]),
        ("Что ест Анна?", ["анна", "Иван", None], [1, 0, 0], [0, 1, 0]),
        ("ماذا تأكل ليلى؟", ["ليلى", "سامي", None], [1, 0, 0], [0, 1, 0]),
        ("पूजा क्या खाती है?", ["पूजा", "प्रिया", None], [1, 0, 0], [0, 1, 0]),
        ("What does Jose\u0301 eat?", ["Jos\u00e9", "Jo", None], [1, 0, 0], [0, 1, 0]),
        ("Was isst GROSS?", ["Groß", "Rui", None], [1, 0, 0], [0, 1, 0]),
        ("What does ?! eat?", ["!?", "Ada", ""], [0, 0, 0], [0, 0, 0]),
    ],
)
def test_whose_turns_they_are_counts_where_the_question_names_some_of_them(text, speakers, named, others):
    assert of("speaker", text, speakers=speakers) == named
    assert of("other_speaker", text, speakers=speakers) == others


def test_what_an_assistant_said_is_told():
    assert of("assistant", assistant=[True, False, True]) == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "speakers", "assistant", "stranger"),
    [
        ("What does Zoe eat?", ["Ada", "Rui", None], None, 1),
        ("What do they eat?", ["Ada", "Rui", None], None, 1),
        ("What does Ada eat?", ["Ada", "Rui", None], None, 0),
        ("What do I eat?", ["Ada", "assistant", None], [0, 1, 0], 0),
        ("What does Zoe eat?", ["Ada", "Ada", None], None, 0),
        ("What does Zoe eat?", [None, None, None], None, 0),
    ],
)
def test_a_question_that_names_nobody_who_speaks_may_be_about_others(text, speakers, assistant, stranger):
    assert of("stranger", text, speakers=speakers, assistant=assistant) == [stranger] * 3


def test_a_chat_has_an_assistant_in_it():
    assert of("chat", assistant=[False, True, False]) == [1, 1, 1]
    assert of("chat") == [0, 0, 0]


def test_a_question_is_as_long_as_its_words_and_no_longer_than_the_longest():
    few, many = of("length", "Which one?"), of("length", "word " * 50)
    assert 0 < few[0] < many[0] < LONGEST
    assert many[0] == pytest.approx(np.log(51) / np.log(50))
    assert of("length", "word " * 5000) == pytest.approx([LONGEST] * 3)


def test_what_the_text_shows():
    found = signals_of(seen(texts=["My Ada moved to Porto in May 2021, did she?", "Yes", ""]))
    shown = {name: round(float(found[name][0]), 4) for name in ("asks", "question", "digits", "times", "own", "names")}
    assert shown == {"asks": 1, "question": 1, "digits": 1, "times": 0.5, "own": 0.3333, "names": 1.5}
    assert found["words"] == pytest.approx(np.log1p([10, 1, 0]))
    assert found["words_squared"] == pytest.approx(np.log1p([10, 1, 0]) ** 2 / 5)


def test_words_of_time_count_more_where_the_question_asks_when():
    texts = ["Last May, on the 3rd", "Yes", "In June"]
    asking, other = (signals_of(seen(text, texts=texts)) for text in ("When did she move?", "Where did she move?"))
    assert asking["when_times"].tolist() == asking["times"].tolist()
    assert asking["when_digits"].tolist() == [1, 0, 0]
    assert asking["times"][0] > 0
    assert other["when_times"].tolist() == other["when_digits"].tolist() == [0, 0, 0]


def test_what_opens_a_conversation_is_told_of_texts_with_signs():
    texts, before = ["Hello", "Hello", "Hello"], [False, True, False]
    assert of("opens", texts=texts, has_before=before) == [1, 0, 1]
    assert of("opens", has_before=before) == [0, 0, 0]
    assert of("asked_before", asked=[1, 0, 0], has_before=[True] * 3) == [1, 0, 0]


def test_the_time_counts_where_the_question_names_one():
    assert of("time", "What happened in May?", days=[30, 20, 400])[0] == 1
    fit = of("time", "What happened on 18 June?", days=[1, 8, 300])
    assert fit == pytest.approx([1, 2 ** (-6.5 / 2), 0], abs=1e-3), "half after each two days before the span"
    assert of("time", "What happened?", days=[1, 8, 300]) == [0, 0, 0]


def test_each_row_is_read_once_and_found_again():
    rows, near = np.array([7, 3]), np.array([[3, 9, -1, -1], [-1, 7, -1, 9]])
    wanted, own, beside = rows_to_read(rows, near)
    assert wanted.tolist() == [3, 7, 9]
    assert wanted[own].tolist() == rows.tolist()
    assert np.where(beside < 0, -1, wanted[beside]).tolist() == near.tolist()


def test_rows_without_neighbours_are_read_alone():
    wanted, own, beside = rows_to_read(np.array([4]), np.full((1, 4), -1))
    assert (wanted.tolist(), own.tolist(), beside.tolist()) == ([4], [0], [[-1] * 4])


def test_a_hit_tells_its_signals_and_the_parts_of_its_score():
    columns = {"dense": np.array([0.1, 1 / 3], np.float32)}
    assert told(columns, {"null": np.array([1.0, -2.0])}, np.array([1])) == [{"dense": 0.333333, "null_part": -2.0}]


class Line:
    """A view of one conversation of so many turns."""

    def __init__(self, turns):
        self.turns = turns

    async def neighbours(self, rows):
        sides = rows[:, None] + np.array([-1, 1, -2, 2])
        return np.where((sides < 0) | (sides >= self.turns), -1, sides)


async def test_the_turns_beside_the_best_are_ranked_too():
    rows = await expand(Line(10), np.array([4, 0, 9]))
    assert rows.tolist() == [4, 0, 9, 1, 3, 5, 8]


async def test_only_the_best_bring_what_is_beside_them():
    rows = await expand(Line(1000), np.arange(1, 1000, 4)[: EXPANDED + 9])
    assert len(rows) == EXPANDED + 9 + 2 * EXPANDED
    assert len(set(rows.tolist())) == len(rows)


async def test_the_last_give_way_where_there_are_too_many():
    best = np.arange(1, 4 * CANDIDATES, 4)
    rows = await expand(Line(4 * CANDIDATES), best)
    assert len(rows) == CANDIDATES
    assert rows[: CANDIDATES - 2 * EXPANDED].tolist() == best[: CANDIDATES - 2 * EXPANDED].tolist()
    assert set(rows[-2 * EXPANDED :].tolist()) == {row + side for row in best[:EXPANDED] for side in (-1, 1)}


async def test_what_stands_beside_the_best_does_not_give_way():
    best = np.arange(1, 4 * CANDIDATES, 4)
    best[-1] = 0  # the turn before the best one, as the last candidate
    rows = await expand(Line(4 * CANDIDATES), best)
    assert len(rows) == len(set(rows.tolist())) == CANDIDATES
    assert {row + side for row in best[:EXPANDED] for side in (-1, 0, 1)} <= set(rows.tolist())


async def test_nothing_is_added_where_all_are_there():
    rows = np.random.default_rng(1).permutation(50)
    assert (await expand(Line(50), rows)).tolist() == rows.tolist()


def test_a_question_without_a_year_is_of_the_past():
    (span,) = Question.of("What happened in July?", None, NOW).spans
    assert span.begin == datetime(2023, 7, 1, tzinfo=UTC)


SAID = ["Where did you eat?", "Figs, in the garden", "And the cat?", "She slept on the wall"]


class Told(FakeEmbedder):
    """With one token vector a word."""

    async def encode(self, texts):
        words = [await self.embed(text.split()) for text in texts]
        return Encoded(await self.embed(texts), tuple(np.round(word * 127).astype(np.int8) for word in words))

    async def encode_query(self, text):
        words = await self.embed(text.split())
        return EncodedQuery(await self.embed_query(text), words, np.full(len(words), 1 / len(words), np.float32))


async def searched(query, embedder):
    async with AsyncEngram(database_url="memory://", ranker="sum", embedder=embedder) as memory:
        said = [
            Message(text, name=name, session_id="s", occurred_at=NOW - timedelta(minutes=9 - minute))
            for minute, (text, name) in enumerate(zip(SAID, ["Rui", "Ada", "Rui", "Ada"], strict=True))
        ]
        await memory.add_many(said, user_id="u")
        recall = await memory.search(query, user_id="u", limit=9)
        assert not recall.degraded
        return {hit.memory.text: hit.signals for hit in recall}


async def test_all_is_read_of_memories_that_are_stored():
    hits = await searched("What did Ada say of the cat?", FakeEmbedder())
    assert set(hits) == set(SAID)
    assert [hits[text]["asked_before"] for text in SAID] == [0, 1, 0, 1]
    assert [hits[text]["opens"] for text in SAID] == [1, 0, 0, 0]
    assert [hits[text]["speaker"] for text in SAID] == [0, 1, 0, 1]
    assert hits[SAID[3]]["lexical_before"] == hits[SAID[2]]["lexical"] > 0
    assert not any(name.startswith("late") for name in hits[SAID[0]])


async def test_token_vectors_are_read_where_there_are_some():
    hits = await searched("cat?", Told())
    assert hits["And the cat?"]["late_raw"] == pytest.approx(1, abs=0.02)
    assert hits["She slept on the wall"]["late_before"] == hits["And the cat?"]["late"]
    windows = [hits[text]["late_window"] for text in SAID]
    assert windows[2] > windows[3] > windows[0]
    assert windows[2] > windows[1] > windows[0]
