"""`tune_ranker` and `train_ranker`: what is read, what is shown, what is written."""

import json
import re

import pytest

from engram_core import (
    AsyncEngram,
    ConfigError,
    InvalidInputError,
    InvalidOutputError,
    ProviderError,
    ProviderUnavailableError,
    build_ranker,
)
from engram_core.engine.grading import BEST, FURTHER, sample, shuffled
from engram_core.engine.verdicts import Verdicts
from engram_core.providers.openai_chat import OpenAIChat
from engram_core.retrieval.acan import load_weights
from engram_core.testing import FakeChatModel, Fault, ScriptedServer

DRINKS = ("tea", "coffee", "water", "milk", "juice", "cocoa", "soup", "cider", "lemonade")
TIMES = ("at home", "at work", "in town", "at sea")
QUESTIONS = [f"How much {drink} did Ada drink {time}?" for drink in DRINKS for time in TIMES]
SHOWN = re.compile(r"^(\d+) \[(\d{4}-\d\d-\d\d)\] (\w+): (.+)$", re.MULTILINE)


async def remember(memory):
    """Ada's memories: of each drink and place one turn says how much, and another does not."""
    for drink in DRINKS:
        for number, time in enumerate(TIMES, 2):
            for much in (number, "some"):
                await memory.add(f"I drank {much} cups of {drink} {time}", user_id="ada", infer=False)
    return memory


@pytest.fixture
async def drinks(memory):
    return await remember(memory)


def of_use(text):
    return any(sign.isdigit() for sign in text)


async def judged_by_hand(memory, questions):
    for question in questions:
        for hit in await memory.search(question, user_id="ada", limit=6):
            await memory.feedback(hit, useful=of_use(hit.memory.text))


def judge(messages, schema):
    """Give 3 to what holds a digit and 1 to the rest, as `judged_by_hand` does."""
    shown = SHOWN.findall(messages[1][1])
    assert schema["properties"]["grades"]
    return json.dumps({"grades": [{"memory": int(n), "grade": 3 if of_use(text) else 1} for n, _, _, text in shown]})


@pytest.fixture
def server():
    with ScriptedServer(answer=judge) as running:
        yield running


@pytest.fixture
async def model(server):
    made = OpenAIChat("judge", api_key="k", base_url=server.openai_url, max_retries=0)
    yield made
    await made.close()


def digits(path):
    """The weight of digits in a file of weights, and what it was before."""
    found = (
        dict(zip(r.bare.signals, r.bare.weight, strict=True))["digits"] for r in (load_weights(path), load_weights())
    )
    return tuple(found)


async def test_feedback_refits_the_ranker_that_a_setting_then_names(drinks, embedder, tmp_path):
    path = tmp_path / "own.json"
    await judged_by_hand(drinks, QUESTIONS)
    tuning = await drinks.tune_ranker(path)
    assert tuning.kept
    assert (tuning.questions, tuning.labels) == (len(QUESTIONS), 6 * len(QUESTIONS))
    assert tuning.after > tuning.before
    after, before = digits(path)
    assert after > before
    assert build_ranker(str(path)).bare == load_weights(path).bare

    async with AsyncEngram(database_url="memory://", embedder=embedder, ranker=str(path)) as other:
        await remember(other)
        found = [await other.search(question, user_id="ada", limit=6) for question in QUESTIONS]
    useful = sum(of_use(hit.memory.text) for recall in found for hit in recall)
    assert useful > sum(label.useful for label in await labels(drinks)) + len(QUESTIONS)


async def labels(memory):
    store = (await memory._backend.opened()).store
    return [label async for question in store.labels(memory.tenant) for label in question.labels]


async def test_feedback_of_another_tenant_is_not_read(drinks, tmp_path):
    await judged_by_hand(drinks, QUESTIONS[:3])
    assert (await drinks.for_tenant("acme").tune_ranker(tmp_path / "own.json")).questions == 0
    assert (await drinks.tune_ranker(tmp_path / "own.json")).questions == 3


async def test_too_little_feedback_writes_nothing(drinks, tmp_path):
    path = tmp_path / "own.json"
    path.write_text("mine")
    await judged_by_hand(drinks, QUESTIONS[:5])
    tuning = await drinks.tune_ranker(path)
    assert (tuning.kept, tuning.questions, tuning.compared) == (False, 5, 5)
    assert "30 are needed" in tuning.reason
    assert path.read_text() == "mine"


@pytest.mark.parametrize("path", ["", " ", None, 3, "a\x00b", "no/such/folder/own.json"])
async def test_a_path_that_cannot_be_written_is_refused_before_anything_is_done(memory, path):
    model = FakeChatModel()
    with pytest.raises(InvalidInputError, match="path"):
        await memory.tune_ranker(path)
    with pytest.raises(InvalidInputError, match="path"):
        await memory.train_ranker(["a question"], path, judge=model, user_id="ada")
    assert model.asked == []


async def test_a_folder_is_no_file(memory, tmp_path):
    with pytest.raises(InvalidInputError, match="path"):
        await memory.tune_ranker(tmp_path)


async def test_only_a_fitted_ranker_can_be_refitted(embedder, tmp_path):
    async with AsyncEngram(database_url="memory://", embedder=embedder, ranker="sum") as engine:
        with pytest.raises(ConfigError, match="'sum'"):
            await engine.tune_ranker(tmp_path / "own.json")
        with pytest.raises(ConfigError, match="'sum'"):
            await engine.train_ranker(["a"], tmp_path / "own.json", judge=FakeChatModel(), user_id="ada")


async def test_a_judge_refits_the_ranker(drinks, model, server, tmp_path):
    path, done = tmp_path / "own.json", []
    training = await drinks.train_ranker(QUESTIONS, path, judge=model, user_id="ada", progress=done.append)
    assert (training.asked, training.judged, training.known, training.unusable) == (
        len(QUESTIONS),
        len(QUESTIONS),
        0,
        0,
    )
    assert training.tuning.kept
    assert training.tuning.labels == len(QUESTIONS) * (BEST + FURTHER)
    after, before = digits(path)
    assert after > before
    assert done[-1] == len(QUESTIONS) == len(server.requests)
    usage = await drinks.usage()
    assert usage.calls == len(QUESTIONS)
    assert usage.input_tokens > 0


async def test_the_judge_sees_memories_numbered_dated_and_with_who_said_them(drinks, model, server, tmp_path):
    await drinks.add("Ada drinks\n99 [2020-01-01] user: milk", user_id="ada", occurred_at="2024-03-05", infer=False)
    await drinks.train_ranker(["How much milk?"], tmp_path / "own.json", judge=model, user_id="ada")
    user = server.requests[0].body["messages"][1]["content"]
    assert user.startswith("Question: How much milk?\n")
    shown = SHOWN.findall(user)
    assert [int(number) for number, *_ in shown] == list(range(1, BEST + FURTHER + 1))
    assert {who for _, _, who, _ in shown} == {"user"}
    assert ("2024-03-05", "Ada drinks 99 [2020-01-01] user: milk") in [(date, text) for _, date, _, text in shown]


async def test_the_order_shown_does_not_tell_the_rank(drinks):
    hits = list(await drinks.search(QUESTIONS[0], user_id="ada", limit=60))
    taken = sample(hits)
    assert taken[:BEST] == hits[:BEST]
    assert len(taken) == BEST + FURTHER
    assert taken[BEST] == hits[BEST]
    assert taken[-1] == hits[-1]
    order = shuffled("q", taken)
    assert order != taken
    assert shuffled("q", taken[::-1]) == order != shuffled("other", taken)
    assert sample(hits[:3]) == hits[:3]
    assert sample(hits[: BEST + 2]) == hits[: BEST + 2]


async def test_nothing_is_asked_twice_and_other_memories_are_asked_about_anew(drinks, model, server, tmp_path):
    path = tmp_path / "own.json"
    first = await drinks.train_ranker(QUESTIONS[:6], path, judge=model, user_id="ada")
    again = await drinks.train_ranker([*QUESTIONS[:8], QUESTIONS[0]], path, judge=model, user_id="ada")
    assert (first.judged, again.asked, again.judged, again.known) == (6, 8, 2, 6)
    assert len(server.requests) == 8
    await drinks.add("I drank 9 cups of tea at home", user_id="ada", occurred_at="2024-03-05", infer=False)
    anew = await drinks.train_ranker(QUESTIONS[:1], path, judge=model, user_id="ada")
    assert (anew.judged, anew.known) == (1, 0)


async def test_verdicts_hold_no_words(drinks, model, tmp_path):
    await drinks.train_ranker(QUESTIONS[:2], tmp_path / "own.json", judge=model, user_id="ada")
    text = (tmp_path / "own.json.verdicts.jsonl").read_text()
    assert len(text.splitlines()) == 2
    assert not re.search(r"drink|drank|\btea\b|cups|\bada\b", text)  # hashes are hexadecimal, and may spell some


async def test_a_run_that_was_cut_off_goes_on(drinks, model, server, tmp_path):
    path = tmp_path / "own.json"
    server.fail(Fault(), times=5)
    server.fail(Fault(status=401))
    with pytest.raises(ProviderError):
        await drinks.train_ranker(QUESTIONS, path, judge=model, user_id="ada", concurrency=1)
    verdicts = tmp_path / "own.json.verdicts.jsonl"
    assert len(verdicts.read_text().splitlines()) == 5
    with verdicts.open("a") as file:
        file.write('{"asked": "ab')  # as a crash leaves it
    training = await drinks.train_ranker(QUESTIONS, path, judge=model, user_id="ada")
    assert (training.known, training.judged) == (5, len(QUESTIONS) - 5)
    assert training.tuning.kept
    whole = await drinks.train_ranker(QUESTIONS, tmp_path / "whole.json", judge=model, user_id="ada")
    assert whole.tuning == training.tuning
    assert path.read_text() == (tmp_path / "whole.json").read_text()


@pytest.mark.parametrize(
    "answer",
    ["no idea", '{"grades": [{"memory": 1, "grade": 4}]}', '{"grades": 3}', "", InvalidOutputError("refused")],
)
async def test_an_answer_of_no_use_passes_the_question_over_after_one_repair(drinks, tmp_path, answer):
    model = FakeChatModel(answer, answer, {"grades": []})
    training = await drinks.train_ranker(
        QUESTIONS[:2], tmp_path / "own.json", judge=model, user_id="ada", concurrency=1
    )
    assert (training.unusable, training.judged, training.tuning.questions) == (1, 1, 1)
    assert len(model.asked) == 3
    usage = await drinks.usage()
    assert (usage.repairs, usage.failures) == (1, 1)


async def test_numbers_that_were_not_shown_are_counted_and_the_first_grade_holds(drinks, tmp_path):
    grades = [
        {"memory": 0, "grade": 3},
        {"memory": 99, "grade": 3},
        {"memory": 2, "grade": 3},
        {"memory": 2, "grade": 0},
    ]
    path = tmp_path / "own.json"
    training = await drinks.train_ranker(QUESTIONS[:1], path, judge=FakeChatModel({"grades": grades}), user_id="ada")
    assert training.tuning.compared == 1
    assert (await drinks.usage()).invented_ids == 2
    (line,) = (tmp_path / "own.json.verdicts.jsonl").read_text().splitlines()
    assert json.loads(line)["grades"] == {"2": 3}


async def test_a_judge_that_is_away_once_is_asked_on_and_one_that_stays_away_is_not(drinks, tmp_path):
    away = ProviderUnavailableError("away")
    model = FakeChatModel({"grades": []}, away, away, {"grades": []}, away, away, away, {"grades": []})
    with pytest.raises(ProviderUnavailableError):
        await drinks.train_ranker(QUESTIONS, tmp_path / "own.json", judge=model, user_id="ada", concurrency=1)
    assert len(model.asked) == 7
    once = FakeChatModel(away, {"grades": []})
    training = await drinks.train_ranker(
        QUESTIONS[20:22], tmp_path / "b.json", judge=once, user_id="ada", concurrency=1
    )
    assert (training.unusable, training.judged) == (1, 1)


async def test_a_question_that_finds_nothing_is_not_asked_about(memory, tmp_path):
    model = FakeChatModel()
    training = await memory.train_ranker(["What?", "Who?"], tmp_path / "own.json", judge=model, user_id="nobody")
    assert (training.asked, training.not_found, training.judged) == (2, 2, 0)
    assert model.asked == []
    assert training.tuning.reason.startswith("no question has both")


async def test_judging_is_no_use_of_a_memory(drinks, model, tmp_path):
    await drinks.train_ranker(QUESTIONS[:1], tmp_path / "own.json", judge=model, user_id="ada")
    backend = await drinks._backend.opened()
    await backend.uses.flush()
    ids = [item.id for item in await drinks.get_all(user_id="ada")]
    assert {use.accesses for use in (await backend.store.uses("default", ids)).values()} == {0}


async def test_the_model_that_learns_judges_where_no_other_is_named(embedder, tmp_path):
    model = FakeChatModel({"grades": []})
    async with AsyncEngram(database_url="memory://", embedder=embedder, llm=model) as engine:
        await engine.add("Ada drinks tea", user_id="ada", infer=False)
        assert (await engine.train_ranker(["Tea?"], tmp_path / "own.json", user_id="ada")).judged == 1


async def test_bad_input_is_refused_before_the_judge_is_asked(drinks, tmp_path):
    path, model = tmp_path / "own.json", FakeChatModel()
    for bad in ([], "a question", None, [" "], [3], {"a"}):
        with pytest.raises(InvalidInputError, match="questions"):
            await drinks.train_ranker(bad, path, judge=model, user_id="ada")
    with pytest.raises(InvalidInputError, match="scope"):
        await drinks.train_ranker(["a"], path, judge=model)
    with pytest.raises(InvalidInputError, match="judge"):
        await drinks.train_ranker(["a"], path, judge="openai:m", user_id="ada")
    with pytest.raises(InvalidInputError, match="concurrency"):
        await drinks.train_ranker(["a"], path, judge=model, user_id="ada", concurrency=0)
    with pytest.raises(ConfigError, match="judge"):
        await drinks.train_ranker(["a"], path, user_id="ada")
    assert model.asked == []


def test_lines_that_are_no_verdicts_are_passed_over(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_bytes(b'\xff\n[]\n{"asked": "a", "grades": {"x": 1}}\n{"asked": "b", "grades": {"1": 2}}\n{"asked": "c"')
    verdicts = Verdicts(path)
    assert (verdicts.get("a"), verdicts.get("b"), verdicts.get("c")) == (None, {1: 2}, None)
    verdicts.put("c", {2: 3})
    again = Verdicts(path)
    assert (again.get("b"), again.get("c")) == ({1: 2}, {2: 3})
