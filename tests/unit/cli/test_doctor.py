"""`engram doctor`: it works where nothing else does, and shows no secret."""

import json
import os

import pytest


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
