"""Question answering over a small conversation, with models behind the scripted server."""

import json
import threading

import pytest

from benchmarks.__main__ import main
from benchmarks.qa import playing
from benchmarks.qa.prompts import ANSWER, JUDGES
from benchmarks.qa.running import Options, run
from engram_core import AsyncEngram, EngramError, InvalidInputError, StoreUnavailableError
from engram_core.testing import FakeEmbedder, Fault, ScriptedServer

TEXTS = ["My bike is red", "I live in Lisbon", "My cat is called Momo", "We met on 9 June"]
QUESTIONS = [
    ("1", "What colour is the bike?", "red"),
    ("1", "Where does Ada live?", "Lisbon"),
    ("2", "When did they meet?", "9 June 2024"),
    ("4", "What is the cat called?", "Momo"),
    ("5", "What is the dog called?", "Momo"),
    ("5", "What is the horse called?", "Momo"),
    ("4", "Is there a gold answer?", ""),
]
SAYS = {
    "What colour is the bike?": "Red",
    "Where does Ada live?": "a city",
    "When did they meet?": "in summer",
    "What is the cat called?": None,
    "What is the dog called?": None,
    "What is the horse called?": "Momo",
}
#: (lenient, strict) by what is answered.
JUDGED = {"Red": ("right", "right"), "a city": ("right", "wrong"), "in summer": ("unsure", "unsure")}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Script:
    """Plays both models; refuses questions with a word of `fails`, keeps in `calls` what it answered."""

    def __init__(self):
        self.fails = set()
        self.calls = []

    def __call__(self, messages, schema):
        (_, system), (_, user) = messages[:2]
        question = user.rpartition("Question: ")[2]
        if any(word in question for word in self.fails):
            raise KeyError("away")
        self.calls.append((system, user))
        if system == ANSWER:
            said = SAYS[question]
            return json.dumps({"known": said is not None, "answer": said or "Rex perhaps"})
        assert system in JUDGES.values()
        verdicts = JUDGED.get(user.rpartition("Answer: ")[2], ("wrong", "wrong"))
        return json.dumps({"reason": "so", "verdict": verdicts[system == JUDGES["strict"]]})

    def of(self, system):
        return [user for prompt, user in self.calls if prompt == system]


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def server(script, monkeypatch):
    with ScriptedServer(answer=script) as server:
        monkeypatch.setenv("ENGRAM_OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("ENGRAM_OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
async def engine():
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


def conversation(id="c1", questions=QUESTIONS, dataset="locomo", **more):
    turn = {"session": "1", "speaker": "Ada", "role": "user"}
    turns = [
        {**turn, "id": f"t{n}", "time": f"2024-06-{10 + n}T10:00:00", "text": text} for n, text in enumerate(TEXTS)
    ]
    asked = [
        {"id": f"{id}-{n}", "question": text, "answer": gold, "category": category, "evidence": ["t0"], **more}
        for n, (category, text, gold) in enumerate(questions)
    ]
    return {"dataset": dataset, "id": id, "speakers": ["Ada"], "turns": turns, "questions": asked}


@pytest.fixture
def write(tmp_path):
    def write(*conversations):
        path = tmp_path / "data.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in conversations or [conversation()]))
        return path

    return write


@pytest.fixture
def play(engine, server, write, tmp_path):
    """Run over conversations and return the one result that is written."""

    async def play(*conversations, resume=None, **options):
        chosen = Options(**{"llm": "openai:small", "judge": "openai:large", **options})
        out = tmp_path / "out.json"
        await run(engine, [write(*conversations)], chosen, json_path=out, resume=resume)
        [result] = json.loads(out.read_text())["results"]
        return result

    return play


def values(group):
    return {name: None if mean is None else round(mean["value"], 3) for name, mean in group["metrics"].items()}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_answers_are_judged_twice_and_averaged_by_category(play, capsys):
    result = await play(conversation(), conversation("c2", QUESTIONS[:1]))
    assert {name: group["questions"] for name, group in result["groups"].items()} == {
        "1": 3,
        "2": 1,
        "4": 1,
        "all scored": 5,
    }
    scored = values(result["groups"]["all scored"])
    assert (scored["lenient"], scored["strict"], scored["not_known"]) == (0.6, 0.4, 0.2)
    assert scored["unsure_lenient"] == scored["unsure_strict"] == 0.2
    assert values(result["groups"]["1"])["f1"] == values(result["groups"]["1"])["bleu_1"] == round(2 / 3, 3)
    assert scored["context_tokens"] > 0
    assert result["groups"]["all scored"]["metrics"]["strict"]["low"] == 0.25
    assert result["without_gold"] == 1
    printed = capsys.readouterr().out
    assert "data.jsonl, openai:small, judged by openai:large, context of 2,000 tokens" in printed
    assert "99 of the 1,540 gold answers" in printed
    assert "63% of the time" in printed


async def test_an_answer_that_declines_is_wrong_without_a_judge(play, script, monkeypatch):
    monkeypatch.setitem(JUDGED, "not known", ("right", "right"))
    result = await play(conversation(questions=QUESTIONS[3:4]))
    assert (values(result["groups"]["4"])["lenient"], values(result["groups"]["4"])["not_known"]) == (0, 1)
    assert result["spent"]["judge"]["calls"] == 0
    result = await play(conversation(questions=[("4", "What is the cat called?", "Unknown")]))
    assert (values(result["groups"]["4"])["lenient"], result["spent"]["judge"]["calls"]) == (1, 2)


async def test_a_store_that_fails_ends_the_run(server, write, tmp_path):
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        path = write()
        kept = tmp_path / "kept.jsonl"

        class Failing:
            settings = engine.settings
            add_many = engine.add_many

            async def context(self, query, **options):
                raise StoreUnavailableError("gone")

        with pytest.raises(StoreUnavailableError, match="gone"):
            await run(Failing(), [path], Options("openai:small", "openai:large"), resume=kept)
    assert len(lines(kept)) == 1


async def test_adversarial_questions_are_right_when_declined_and_need_no_judge(play, script, capsys):
    result = await play(conversation(questions=QUESTIONS[4:6]))
    assert result["unanswerable"]["questions"] == 2
    assert values(result["unanswerable"])["declined"] == 0.5
    assert result["groups"]["all scored"]["questions"] == 0
    assert [system for system, _ in script.calls] == [ANSWER, ANSWER]
    assert "right when the answer declines" in capsys.readouterr().out


async def test_category_5_of_other_data_is_an_ordinary_one(play, capsys):
    result = await play(conversation(questions=QUESTIONS[4:5], dataset="made-up"))
    assert result["groups"]["5"]["questions"] == 1
    assert result["known_defects"] == []
    assert "Known of this data" not in capsys.readouterr().out


async def test_the_model_reads_what_the_search_packs_and_never_later_turns(play, script):
    await play(conversation(questions=QUESTIONS[:1]), budget=500)
    [asked] = script.of(ANSWER)
    assert "[2024-06-10 10:00] Ada: My bike is red" in asked
    script.calls.clear()
    await play(conversation(questions=QUESTIONS[:1], before="t1"))
    [asked] = script.of(ANSWER)
    assert "bike is red" in asked
    assert "Lisbon" not in asked


async def test_full_context_is_the_whole_conversation_without_a_store(server, script, write):
    class Unused:
        pass

    options = Options("openai:small", "openai:large", full_context=True)
    await run(Unused(), [write(conversation(questions=QUESTIONS[:1]))], options)
    [asked] = script.of(ANSWER)
    notes = [f"[2024-06-{10 + n} 10:00] Ada: {text}" for n, text in enumerate(TEXTS)]
    assert asked == "\n".join(["Notes:", *notes, "", "Question: What colour is the bike?"])
    script.calls.clear()
    await run(Unused(), [write(conversation(questions=QUESTIONS[:1], before="t1"))], options)
    assert "Lisbon" not in script.of(ANSWER)[0]


async def test_the_budget_holds(play):
    result = await play(conversation(questions=QUESTIONS[:1]), budget=16)
    assert 0 < values(result["groups"]["1"])["context_tokens"] <= 16


async def test_calls_tokens_and_cost_are_counted_by_role(play, server):
    result = await play(conversation(questions=QUESTIONS[:2]), llm_price=(1, 2))
    llm, judge = result["spent"]["llm"], result["spent"]["judge"]
    assert (llm["calls"], judge["calls"]) == (2, 4)
    assert llm["cost"] == pytest.approx((llm["input_tokens"] + 2 * llm["output_tokens"]) / 1e6)
    assert llm["input_tokens"] > 0
    assert llm["seconds"] > 0
    assert judge["cost"] is None
    models = [request.body["model"] for request in server.requests if "messages" in request.body]
    assert sorted(models) == ["large"] * 4 + ["small"] * 2


async def test_one_model_in_both_roles_has_one_price(play):
    result = await play(conversation(questions=QUESTIONS[:1]), judge="openai:small", llm_price=(1, 2))
    assert result["spent"]["judge"]["cost"] > 0


async def test_ollama_is_asked_in_the_same_way(play):
    result = await play(conversation(questions=QUESTIONS[:1]), llm="ollama:small", judge="ollama:large")
    assert values(result["groups"]["1"])["strict"] == 1


@pytest.mark.parametrize("broken", ["{", "[1]", "no", '{"known": true}', '{"known": true, "answer": 5}', "{" * 50_000])
async def test_a_broken_answer_is_repaired_once(play, server, script, broken):
    server.fail(Fault.says(broken))
    result = await play(conversation(questions=QUESTIONS[:1]))
    assert values(result["groups"]["1"])["strict"] == 1
    assert (result["spent"]["llm"]["calls"], result["spent"]["llm"]["repairs"]) == (2, 1)
    assert result["spent"]["llm"]["failures"] == 0
    assert "That does not fit" in server.requests[1].body["messages"][-1]["content"]


@pytest.mark.parametrize("frame", ["<think>{{{{</think>{}", "```json\n{}\n```", "Here you are: {} I hope it helps."])
async def test_json_is_found_in_what_local_models_say_around_it(play, server, frame):
    server.fail(Fault.garbled(lambda text: frame.replace("{}", text)))
    result = await play(conversation(questions=QUESTIONS[:1]))
    assert result["spent"]["llm"]["calls"] == 1
    assert values(result["groups"]["1"])["strict"] == 1


async def test_a_verdict_that_stays_broken_is_no_score(play, server, capsys, tmp_path):
    server.fail(Fault(), times=1)
    server.fail(Fault.says('{"reason": "?", "verdict": "half"}'), times=2)
    kept = tmp_path / "kept.jsonl"
    result = await play(conversation(questions=QUESTIONS[:2]), concurrency=1, resume=kept)
    group = result["groups"]["all scored"]
    assert (group["questions"], group["failed"]) == (2, 1)
    assert values(group)["lenient"] == 1
    assert group["if_failed_were_wrong"] == {"lenient": 0.5, "strict": 0}
    assert result["spent"]["judge"]["failures"] == 1
    assert "InvalidOutputError" in lines(kept)[1]["failure"]
    assert "NOT SCORED, because a model failed: 1 of 2 questions" in capsys.readouterr().out


async def test_a_run_that_broke_off_goes_on_with_what_is_left(play, script, tmp_path, capsys):
    kept = tmp_path / "kept.jsonl"
    script.fails = {"cat", "dog", "meet"}
    first = await play(resume=kept, concurrency=1)
    assert first["groups"]["all scored"]["failed"] == 2
    assert first["unanswerable"]["failed"] == 1
    script.fails.clear()
    script.calls.clear()
    second = await play(resume=kept)
    assert len(script.of(ANSWER)) == 3
    assert second["groups"]["all scored"]["failed"] == second["unanswerable"]["failed"] == 0
    assert second["spent"]["llm"]["calls"] == 9
    assert second["spent"]["llm"]["failures"] == 3
    fresh = await play()
    assert second["groups"] == fresh["groups"]
    script.calls.clear()
    third = await play(resume=kept)
    assert script.calls == []
    assert third["groups"] == second["groups"]
    assert "kept.jsonl" in capsys.readouterr().err


async def test_a_model_that_is_away_breaks_the_run_off(play, script, tmp_path, monkeypatch):
    monkeypatch.setattr(playing, "FAILURES_IN_A_ROW", 2)
    kept = tmp_path / "kept.jsonl"
    script.fails = {"meet", "cat", "dog", "horse"}
    with pytest.raises(EngramError, match=r"2 failures in a row.*--resume .*kept\.jsonl"):
        await play(resume=kept, concurrency=1)
    assert [record["failure"] is None for record in lines(kept)[1:]] == [True, True, False, False]
    script.fails.clear()
    result = await play(resume=kept)
    assert result["groups"]["all scored"]["failed"] == 0


async def test_a_line_that_was_cut_off_is_asked_again(play, script, tmp_path):
    kept = tmp_path / "kept.jsonl"
    whole = await play(resume=kept, concurrency=1)
    kept.write_bytes(kept.read_bytes()[:-20])
    script.calls.clear()
    again = await play(resume=kept)
    assert len(script.of(ANSWER)) == 1
    assert again["groups"] == whole["groups"]
    assert len(lines(kept)) == 7


async def test_without_resume_answers_are_kept_in_a_file_of_their_own(play, tmp_path):
    await play(conversation(questions=QUESTIONS[:1]))
    [kept] = tmp_path.glob("qa-*.jsonl")
    [settings, record] = lines(kept)
    assert settings["settings"]["llm"] == "openai:small"
    assert record["answer"] == "Red"
    assert record["verdicts"] == {"lenient": "right", "strict": "right"}


@pytest.mark.parametrize("changed", [{"budget": 100}, {"judge": "openai:other"}, {"full_context": True}])
async def test_answers_made_in_another_way_are_not_mixed_in(play, tmp_path, changed):
    kept = tmp_path / "kept.jsonl"
    await play(resume=kept)
    with pytest.raises(InvalidInputError, match=f"kept.jsonl.*differ: .*{next(iter(changed))}"):
        await play(resume=kept, **changed)


@pytest.mark.parametrize("content", ["nothing", '{"dataset": "locomo"}\n', '{"settings": 5}\n', "[]\n", "\x00\n\x00"])
async def test_a_file_of_something_else_is_refused_and_left_as_it_is(play, tmp_path, content):
    kept = tmp_path / "kept.jsonl"
    kept.write_text(content)
    with pytest.raises(InvalidInputError, match="--resume"):
        await play(resume=kept)
    assert kept.read_text() == content


@pytest.mark.parametrize(("concurrency", "together"), [(1, 1), (3, 3)])
async def test_so_many_questions_are_under_way_at_a_time(play, script, monkeypatch, concurrency, together):
    barrier, under_way, seen = threading.Barrier(together, timeout=30), [], []

    def meeting(messages, schema, answer=Script.__call__):
        under_way.append(1)
        seen.append(len(under_way))
        if messages[0][1] == ANSWER:
            barrier.wait()
        under_way.pop()
        return answer(script, messages, schema)

    monkeypatch.setattr(Script, "__call__", lambda _, messages, schema: meeting(messages, schema))
    await play(conversation(questions=QUESTIONS[4:6] + QUESTIONS[4:5]), concurrency=concurrency)
    assert max(seen) == together


async def test_zero_questions_cost_nothing_and_score_nothing(play, server, capsys):
    result = await play(conversation(questions=[]))
    assert server.requests == []
    assert values(result["groups"]["all scored"])["lenient"] is None
    assert "–" in capsys.readouterr().out


async def test_questions_are_spread_over_a_conversation(play, script):
    await play(questions=2)
    asked = [user.rpartition("Question: ")[2] for user in script.of(ANSWER)]
    assert sorted(asked) == ["What colour is the bike?", "What is the cat called?"]


def test_the_command_line(server, write, tmp_path, capsys):
    models = ["--llm", "openai:small", "--judge", "openai:large"]
    out = tmp_path / "deep" / "out.json"
    given = ["qa", "--data", str(write()), *models, "--full-context", "--llm-price", "1", "2", "--json", str(out)]
    assert main(given) == 0
    assert "full context" in capsys.readouterr().out
    document = json.loads(out.read_text())
    assert (document["benchmark"], document["full_context"], document["budget"]) == ("qa", True, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--llm": "nobody"}, "--llm 'nobody'"),
        ({"--judge": "openai:"}, "--judge 'openai:'"),
        ({"--questions": "0"}, "--questions: got int 0"),
        ({"--limit": "-1"}, "--limit: got int -1"),
        ({"--budget": "0"}, "--budget: got int 0"),
        ({"--concurrency": "0"}, "--concurrency: got int 0"),
        ({"--data": "nowhere.jsonl"}, "nowhere.jsonl"),
        ({"--resume": "."}, "--resume"),
        ({"--llm": "openai:missing-one"}, "failures in a row"),
    ],
)
def test_bad_arguments_exit_with_2(server, write, capsys, changed, said):
    given = {"--data": str(write()), "--llm": "openai:small", "--judge": "openai:large", **changed}
    assert main(["qa", *(part for pair in given.items() for part in pair), "--database-url", "memory://"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--llm", "openai:a"], ["--budget", "many"], ["--llm-price", "1"]])
def test_what_cannot_be_parsed_exits_with_2(given):
    with pytest.raises(SystemExit) as exit:
        main(["qa", "--data", "x.jsonl", *given])
    assert exit.value.code == 2
