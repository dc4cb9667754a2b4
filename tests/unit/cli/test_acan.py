"""`engram acan tune` and `engram acan train` on a real store, with the real client of a scripted judge."""

import json
import re
import subprocess
import sys

import pytest

from engram_core import Engram
from engram_core.retrieval.acan import load_weights
from engram_core.testing import Fault, ScriptedServer

DRINKS = ("tea", "coffee", "water", "milk", "juice", "cocoa", "soup", "cider")
TIMES = ("at home", "at work", "in town", "at sea")
QUESTIONS = [f"How much {drink} did I drink {time}?" for drink in DRINKS for time in TIMES]
SHOWN = re.compile(r"^(\d+) \[[^]]+\] \w+: (.+)$", re.MULTILINE)


def of_use(text):
    return any(sign.isdigit() for sign in text)


def judge(messages, schema):
    shown = SHOWN.findall(messages[1][1])
    return json.dumps({"grades": [{"memory": int(number), "grade": 3} for number, text in shown if of_use(text)]})


@pytest.fixture
def server():
    with ScriptedServer(answer=judge) as running:
        yield running


@pytest.fixture
def drinker(cli, folder, server):
    """A command line of a tenant of its own, whose user said how much of each drink, and said it vaguely too."""
    cli.env |= {"ENGRAM_TENANT": cli.user, "ENGRAM_OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": "k"}
    with Engram(data_dir=folder, tenant=cli.user) as memory:
        turns = [f"I drank {much} cups of {drink} {time}" for drink in DRINKS for time in TIMES for much in (3, "some")]
        memory.add_many([{"role": "user", "content": turn} for turn in turns], user_id=cli.user, infer=False)
    return cli


@pytest.fixture
def asked(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text("\n\n".join(QUESTIONS) + "\n", encoding="utf-8")
    return path


def train(cli, asked, out, *more, **options):
    words = ("acan", "train", "--judge", "openai:m", "--questions", asked, "--out", out)
    return cli.run(*words, "--user", cli.user, *more, **options)


def test_feedback_becomes_weights_that_a_setting_names(drinker, folder, tmp_path):
    out = tmp_path / "own.json"
    with Engram(data_dir=folder, tenant=drinker.user) as memory:
        for question in QUESTIONS:
            for hit in memory.search(question, user_id=drinker.user, limit=6):
                memory.feedback(hit, useful=of_use(hit.memory.text))
    result = drinker.run("acan", "tune", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    tuning = json.loads(result.stdout)
    assert (tuning["kept"], tuning["questions"]) == (True, len(QUESTIONS))
    assert tuning["after"] > tuning["before"]
    assert tuning["interval"][0] > 0
    assert load_weights(out).full != load_weights().full
    found = drinker.run("search", QUESTIONS[0], "-u", drinker.user, env={"ENGRAM_RANKER": str(out)})
    assert found.exit_code == 0
    again = drinker.run("acan", "tune", "--out", out)
    assert f"ENGRAM_RANKER={out}" in again.stdout
    assert "of the pairs in the right order" in again.stdout


def test_without_feedback_nothing_is_written_and_that_is_no_failure(drinker, tmp_path):
    out = tmp_path / "own.json"
    result = drinker.run("acan", "tune", "--out", out)
    assert result.exit_code == 0, result.output
    assert "30 are needed" in result.stdout
    assert "Nothing was written." in result.stdout
    assert not out.exists()


def test_a_judge_trains_and_a_run_that_failed_goes_on(drinker, asked, server, tmp_path):
    out = tmp_path / "own.json"
    server.fail(Fault(), times=4)
    server.fail(Fault(status=401))
    failed = train(drinker, asked, out, "--concurrency", 1)
    assert failed.exit_code == 7, failed.output
    assert not out.exists()
    before = len(server.requests)
    done = train(drinker, asked, out, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    training, usage = document["training"], document["usage"]
    assert (training["asked"], training["judged"], training["known"]) == (len(QUESTIONS), len(QUESTIONS) - 4, 4)
    assert training["tuning"]["kept"]
    assert usage["calls"] == len(server.requests) - before == len(QUESTIONS) - 4
    assert load_weights(out).full != load_weights().full
    page = train(drinker, asked, out, env={"ENGRAM_LLM_INPUT_PRICE": "1"}).stdout
    assert f"{len(QUESTIONS)} questions: 0 judged now, {len(QUESTIONS)} before." in page
    assert "0 calls to models, 0 tokens read and 0 written." in page


def test_what_the_judge_took_is_told_with_its_price(drinker, asked, server, tmp_path):
    server.fail(Fault.says("no idea"), times=2)
    env = {"ENGRAM_LLM_INPUT_PRICE": "10"}
    page = train(drinker, asked, tmp_path / "own.json", "--concurrency", 1, env=env).stdout
    assert f"{len(QUESTIONS) + 1} calls to models, " in page
    assert re.search(r"tokens read and [\d,]+ written, \d+\.\d{4} by the prices set\.", page)
    assert "The judge had no answer of use for 1;" in page


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "holds no question"), (b" \n\n", "holds no question"), (b"\xff\xfe", "cannot be read")]
)
def test_a_file_without_questions_is_refused(light, tmp_path, content, says):
    path = tmp_path / "questions.txt"
    path.write_bytes(content)
    result = train(light, path, tmp_path / "own.json", env={"OPENAI_API_KEY": "k"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


@pytest.mark.parametrize("name", ["gpt", "openai:", "claude:x", ":m", ""])
def test_a_judge_that_cannot_be_is_refused(light, asked, tmp_path, name):
    result = light.run("acan", "train", "--judge", name, "-q", asked, "-o", tmp_path / "own.json", "-u", "ada")
    assert result.exit_code == 2
    assert "--judge" in result.stderr
    assert "openai:<model> or ollama:<model>" in result.stderr


def test_bad_input_ends_in_its_exit_code(light, asked, tmp_path):
    key = {"OPENAI_API_KEY": "k"}
    missing = train(light, tmp_path / "none.txt", tmp_path / "own.json", env=key)
    assert (missing.exit_code, "No such file" in missing.stderr) == (2, True)
    nowhere = train(light, asked, tmp_path / "no" / "own.json", env=key)
    assert (nowhere.exit_code, "--out cannot be" in nowhere.stderr) == (2, True)
    scopeless = light.run("acan", "train", "--judge", "openai:m", "-q", asked, "-o", tmp_path / "own.json", env=key)
    assert (scopeless.exit_code, "whose memories?" in scopeless.stderr) == (2, True)
    keyless = train(light, asked, tmp_path / "own.json")
    assert (keyless.exit_code, "OPENAI_API_KEY" in keyless.stderr) == (6, True)
    untrained = light.run("acan", "tune", "-o", tmp_path / "own.json", env={"ENGRAM_RANKER": "sum"})
    assert (untrained.exit_code, "ENGRAM_RANKER cannot be 'sum'" in untrained.stderr) == (6, True)
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    unreadable = light.run("acan", "tune", "-o", tmp_path / "own.json", env={"ENGRAM_RANKER": str(broken)})
    assert (unreadable.exit_code, "cannot be read" in unreadable.stderr) == (6, True)


def test_the_help_says_that_memories_are_shown_to_the_model(light):
    page = " ".join(light.run("acan", "train", "--help").stdout.split())
    assert "stored memories leave this machine" in page
    assert "acan" in light.run("--help").stdout
    assert "tune" in light.run("acan", "--help").stdout


def test_without_torch_the_extra_is_named_before_the_judge_is_paid(tmp_path, asked):
    (tmp_path / "torch.py").write_text("raise ImportError('not installed')\n")
    with ScriptedServer(answer=judge) as server:
        env = {
            "PYTHONPATH": str(tmp_path),
            "ENGRAM_DATABASE_URL": "memory://",
            "OPENAI_BASE_URL": server.openai_url,
            "HOME": str(tmp_path),
        }
        words = ["acan", "train", "--judge", "openai:m", "-q", asked, "-o", tmp_path / "own.json", "-u", "ada"]
        result = subprocess.run(
            [sys.executable, "-m", "engram_core.cli", *words], env=env, capture_output=True, text=True
        )
        assert server.requests == []
    assert result.returncode == 6
    assert "pip install 'engram-recall[train]'" in result.stderr
