"""`engram import` of others' exports: seen from the content, true times, only what is new."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EXPORTS = Path(__file__).parents[1] / "ingest" / "importers" / "exports"


@pytest.fixture(params=["plain", "zip"])
def chatgpt(request, tmp_path):
    if request.param == "plain":
        return EXPORTS / "chatgpt.json"
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(EXPORTS / "chatgpt.json", "conversations.json")
        archive.writestr("chat.html", "<html></html>")
    return path


def test_conversations_become_sessions_once(cli, chatgpt):
    assert cli.ok("import", chatgpt) == [{"conversations": 2, "added": 5, "duplicates": 0, "skipped": 3}]
    assert cli.ok("import", chatgpt) == [{"conversations": 2, "added": 0, "duplicates": 5, "skipped": 3}]
    turns = cli.ok("list", "--session", "67d1c0de-0001-4000-8000-000000000001")
    assert turns[0]["text"] == "My rye starter is called Bruno and he will not rise."
    assert turns[0]["valid_from"] == "2025-03-12T17:20:00.500000+00:00"
    assert turns[0]["metadata"]["title"] == "Sourdough that will not rise"
    assert "Bruno" in cli.ok("search", "What is the starter called?")[0]["hits"][0]["memory"]["text"]


def test_a_newer_export_adds_what_is_new(cli, tmp_path):
    data = json.loads((EXPORTS / "claude.json").read_text())
    path = tmp_path / "anything.json"
    path.write_text(json.dumps(data))
    assert cli.ok("import", path)[0]["added"] == 3
    said = {"uuid": "m5", "sender": "human", "created_at": "2025-04-10T08:00:00Z", "text": "I arrived."}
    data[0]["chat_messages"].append(said)
    data[0]["name"] = "Vienna"
    path.write_text(json.dumps(data, indent=2))
    assert cli.ok("import", path) == [{"conversations": 1, "added": 1, "duplicates": 3, "skipped": 1}]


def test_what_is_imported_is_learned_from_on_request(cli, tmp_path):
    path = tmp_path / "export.json"
    said = [{"uuid": "m1", "sender": "human", "created_at": "2025-04-10T08:00:00Z", "text": "I live in Lisbon."}]
    path.write_text(json.dumps([{"uuid": "c1", "name": "Home", "chat_messages": said}]))
    env = {**cli.env, "ENGRAM_TENANT": cli.user}
    for user, options in (("ada", []), ("bob", ["--infer"])):
        page = cli.run("import", path, "-u", user, *options, env=env)
        assert page.exit_code == 0, page.output
        assert "Imported 1 message of 1 conversation." in page.stdout
        assert ("Nothing is learned from them without --infer." in page.stdout) == (not options)
        assert ("`engram worker` learns from them." in page.stdout) == bool(options)
    worker = [sys.executable, "-m", "engram_core.cli", "worker", "--once"]
    subprocess.run(worker, env={**os.environ, **env}, check=True)
    assert "User lives in Lisbon." in cli.run("list", "-u", "bob", "-k", "fact", env=env).stdout
    assert cli.run("list", "-u", "ada", "-k", "fact", env=env).stdout == ""


def test_our_own_records_bring_what_was_learned(light, tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_text('{"type": "header", "version": 1}\n')
    result = light.run("import", path, "--infer")
    assert result.exit_code == 2
    assert "--infer" in result.stderr


def test_the_help_page_says_what_is_learned(light):
    page = " ".join(light.run("import", "--help").stdout.split())
    assert "nothing is learned from them unless --infer is given: then `engram worker` does" in page


def test_whose_they_are_must_be_said(light):
    result = light.run("import", EXPORTS / "claude.json")
    assert result.exit_code == 2
    assert "--user" in result.stderr
    assert light.run("import", EXPORTS / "claude.json", "-u", "ada", "-s", "x").exit_code == 2


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"[", b'{"a": 1}', b"\xff\xfe", b"[1]", b"[" * 100_000, b"PK\x03\x04junk"]
)
def test_other_files_are_refused(light, tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    result = light.run("import", path, "-u", "ada")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_a_zip_without_conversations_is_refused(light, tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "x")
    assert "conversations.json" in light.run("import", path, "-u", "ada").stderr
