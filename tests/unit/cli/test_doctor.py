"""`engram doctor`: it works where nothing else does, and shows no secret."""

import json
import os
import sys

import pytest

from engram_core.cli import language_model
from engram_core.testing import Fault, ScriptedServer


def look(cli, **env):
    result = cli.run("doctor", "--json", env=env)
    return result.exit_code, json.loads(result.stdout)


def findings(report):
    return {finding["about"]: finding for finding in report["findings"]}


def test_a_store_that_works(cli):
    cli.ok("add", "something")
    code, report = look(cli)
    assert code == 0
    found = findings(report)
    assert found["store"]["detail"].startswith("PostgreSQL 18.")
    assert "pgvector" in found["store"]["detail"]
    assert found["vectors"]["state"] == found["embedder"]["state"] == found["data folder"]["state"] == "ok"
    assert {"engram", "python", "asyncpg", "onnxruntime"} <= report["versions"].keys()
    assert "All is well." in cli.run("doctor").stdout


def test_a_store_that_is_not_there_yet_is_not_made(cli, tmp_path):
    folder = tmp_path / "none"
    code, report = look(cli, ENGRAM_DATA_DIR=str(folder))
    assert code == 0
    assert "none yet" in findings(report)["store"]["detail"]
    assert not folder.exists()


def test_a_store_that_cannot_be_reached(light):
    url = "postgresql://me:s3cret@127.0.0.1:1/mine?password=s3cret"
    code, report = look(light, ENGRAM_DATABASE_URL=url, OPENAI_API_KEY="sk-s3cret")
    assert code == 1
    assert findings(report)["store"]["state"] == "problem"
    assert "s3cret" not in json.dumps(report)
    settings = {row["name"]: row for row in report["settings"]}
    assert settings["database_url"]["source"] == "ENGRAM_DATABASE_URL"
    assert settings["database_url"]["value"] == "postgresql://127.0.0.1:1/mine"
    assert settings["openai_api_key"]["source"] == "OPENAI_API_KEY"
    assert settings["tenant"] == {"name": "tenant", "value": "default", "source": "default"}
    page = light.run("doctor", env={"ENGRAM_DATABASE_URL": url})
    assert page.exit_code == 1
    assert "1 to fix." in page.stdout


def test_settings_that_cannot_be_read(light):
    code, report = look(light, ENGRAM_POOL_SIZE="many")
    assert code == 1
    assert "ENGRAM_POOL_SIZE" in findings(report)["settings"]["detail"]


@pytest.mark.parametrize(("name", "about"), [("ENGRAM_TOKENS", "tokens"), ("ENGRAM_LANGUAGES", "store")])
def test_a_setting_that_does_not_exist_is_one_finding_among_the_others(light, name, about):
    code, report = look(light, **{name: "klingon"})
    assert code == 1
    assert [found for found, finding in findings(report).items() if finding["state"] == "problem"] == [about]
    assert "klingon" in findings(report)[about]["detail"]


def test_an_address_does_not_show_the_password_in_it(light):
    _, report = look(light, OLLAMA_HOST="http://me:s3cret@models.example:11434/v1")
    assert "s3cret" not in json.dumps(report)
    settings = {row["name"]: row for row in report["settings"]}
    assert settings["ollama_host"]["value"] == "http://models.example:11434/v1"


def test_an_embedder_that_does_not_exist(light):
    code, report = look(light, ENGRAM_EMBEDDER="magic")
    assert code == 1
    assert "magic" in findings(report)["embedder"]["detail"]


def test_a_data_folder_that_others_can_read(light, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o755)
    code, report = look(light, ENGRAM_DATA_DIR=str(folder), ENGRAM_DATABASE_URL="")
    assert code == 0
    assert findings(report)["data folder"]["state"] == "note"
    assert findings(report)["data folder"]["fix"].startswith("chmod 700")


# -- the language model


def model(cli, **env):
    code, report = look(cli, **env)
    return code, findings(report)["language model"], json.dumps(report)


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


def test_without_a_model_the_rules_learn(light):
    code, found, _ = model(light)
    assert (code, found["state"], found["fix"]) == (0, "ok", None)
    assert "the rules learn" in found["detail"]


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_model_that_answers_is_asked_once(light, server, provider):
    env = {"ENGRAM_OPENAI_BASE_URL": server.openai_url, "OLLAMA_HOST": server.url, "OPENAI_API_KEY": "s3cret"}
    code, found, _ = model(light, ENGRAM_LLM=f"{provider}:tiny", **env)
    assert (code, found["state"]) == (0, "ok")
    where = server.openai_url if provider == "openai" else server.url
    assert found["detail"].startswith(f"{provider}:tiny at {where} is reachable (")
    assert len(server.requests) == 1
    assert len(json.dumps(server.requests[0].body)) < 1000


@pytest.mark.parametrize(
    ("llm", "says", "helps"),
    [
        ("openai:tiny", "is not reachable", "ENGRAM_OPENAI_BASE_URL"),
        ("ollama:tiny", "is not reachable", "ollama serve"),
        ("openai", "it takes openai:<model>", "set ENGRAM_LLM to openai:<model>"),
        ("magic:tiny", "magic:tiny", "set ENGRAM_LLM to openai:<model>"),
    ],
)
def test_a_model_that_cannot_be_reached(light, llm, says, helps):
    env = {"ENGRAM_OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OLLAMA_HOST": "http://127.0.0.1:9"}
    code, found, _ = model(light, ENGRAM_LLM=llm, **env)
    assert (code, found["state"]) == (1, "problem")
    assert says in found["detail"]
    assert helps in found["fix"]


def test_a_model_without_its_key(light):
    code, found, _ = model(light, ENGRAM_LLM="openai:tiny")
    assert (code, found["fix"]) == (1, "set OPENAI_API_KEY")
    assert "needs a key" in found["detail"]


def test_a_host_that_is_no_address(light):
    code, found, _ = model(light, ENGRAM_LLM="ollama:tiny", OLLAMA_HOST="http://[")
    assert (code, found["state"]) == (1, "problem")
    assert "ENGRAM_OLLAMA_HOST" in found["fix"]


@pytest.mark.parametrize("key", ["wrong", "sk-proj-abcdefgh"])
def test_a_model_that_refuses_does_not_show_the_key(light, server, key):
    told = {"error": {"message": f"Incorrect API key provided: {key}, or sk-pr***fgh, or sk-other"}}
    server.fail(Fault(raw=json.dumps(told).encode(), status=401))
    env = {"ENGRAM_OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": key}
    code, found, report = model(light, ENGRAM_LLM="openai:tiny", **env)
    assert (code, found["state"]) == (1, "problem")
    assert "refuses: openai: Error code: 401" in found["detail"]
    assert "OPENAI_API_KEY" in found["fix"]
    assert not any(part in report for part in (key, "sk-", "fgh"))


@pytest.mark.parametrize(
    ("fault", "state", "says"),
    [
        (Fault.says(""), "problem", "its answer cannot be used"),
        (Fault(status=404), "problem", "refuses"),
        (Fault.rate_limit(), "note", "slow down"),
    ],
)
def test_a_model_that_is_there_but_does_not_work(light, server, fault, state, says):
    server.fail(fault, times=3)
    env = {"ENGRAM_OPENAI_BASE_URL": server.openai_url}
    code, found, _ = model(light, ENGRAM_LLM="openai:tiny", **env)
    assert (code, found["state"]) == (state == "problem", state)
    assert "is reachable, but" in found["detail"]
    assert says in found["detail"]
    assert found["fix"]


def test_a_model_that_never_answers_is_waited_for_a_short_time(light, server, monkeypatch):
    monkeypatch.setattr(language_model, "PATIENCE", 0.2)
    server.fail(Fault.timeout())
    code, found, _ = model(light, ENGRAM_LLM="ollama:tiny", OLLAMA_HOST=server.url)
    assert (code, found["state"]) == (1, "problem")
    assert "no answer within 0.2 seconds" in found["detail"]
    assert "run `engram doctor` again" in found["fix"]


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_model_whose_extra_is_missing(light, provider, monkeypatch):
    monkeypatch.setitem(sys.modules, provider, None)
    for module in (provider, f"{provider}_chat"):
        monkeypatch.delitem(sys.modules, f"engram_core.providers.{module}", raising=False)
    code, found, _ = model(light, ENGRAM_LLM=f"{provider}:tiny", OPENAI_API_KEY="s3cret")
    assert (code, found["state"]) == (1, "problem")
    assert f"needs the extra {provider}, which is not installed" in found["detail"]
    assert found["fix"] == f"pip install 'engram-recall[{provider}]'"
