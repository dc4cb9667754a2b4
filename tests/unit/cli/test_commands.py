"""What the commands do on a real store, for people and for scripts."""

import json
import os
import signal
import subprocess
import sys
import time

from engram_core.testing import ScriptedServer

OUT = [sys.executable, "-m", "engram_core.cli"]


def test_what_is_added_is_found_with_all_that_was_said_about_it(cli):
    (added,) = cli.ok(
        "add", "I avoid dairy", "And nuts", "-s", "s1", "--name", "Ada", "--at", "2025-01-02T03:04:05", "--meta", "n=1",
        "--meta", "topic=food",
    )  # fmt: skip
    assert [turn["text"] for turn in added["turns"]] == ["I avoid dairy", "And nuts"]
    assert added["turns"][0]["metadata"] == {"n": 1, "topic": "food"}
    assert added["turns"][0]["valid_from"] == "2025-01-02T03:04:05+00:00"
    (recall,) = cli.ok("search", "dairy", "--filter", '{"topic": "food"}', "--kind", "turn")
    assert recall["hits"][0]["memory"] == added["turns"][0]
    assert recall["hits"][0]["signals"]
    assert recall["timings"]["total"] > 0
    assert cli.ok("search", "dairy", "--filter", '{"topic": "tea"}')[0]["hits"] == []


def test_add_takes_stdin_and_repeats_nothing(cli):
    for count in (0, 1):
        (added,) = cli.ok("add", "-", "--at", "2025-01-02", input="two\nlines\n")
        assert added["turns"][0]["text"] == "two\nlines"
        assert added["duplicates"] == count


def test_what_is_deferred_is_said_to_be(cli):
    page = " ".join(cli.text("add", "I live in Lisbon", "--defer").split())
    assert "failed" not in page
    assert "1 has no vector yet: it was deferred" in page
    assert "1 is still to be learned from" in page
    page = " ".join(cli.text("add", "I live in Porto", "I like tea", "--defer", "--no-infer").split())
    assert "2 have no vector yet: they were deferred" in page
    assert "to be learned" not in page


def test_a_worker_that_is_to_end_by_itself_ends_on_a_signal(cli):
    process = None

    def answer(messages, schema):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        return '{"statements": []}'

    with ScriptedServer(answer=answer) as server:
        env = {"ENGRAM_TENANT": cli.user, "ENGRAM_LLM": "openai:m", "ENGRAM_OPENAI_BASE_URL": server.openai_url}
        env = {**cli.env, **env}
        for n in range(8):
            assert cli.run("add", "hello", "-u", f"u{n}", "--defer", env=env).exit_code == 0
        process = subprocess.Popen([*OUT, "worker", "--once", "--concurrency", "1"], env={**os.environ, **env})
        assert process.wait(60) == 0
    left = json.loads(cli.run("queue", "--json", env=env).stdout)["queue"]["waiting"]
    assert 0 < left < 8


def test_list_pages_and_says_when_there_is_more(cli):
    cli.ok("add", *(f"thing {number}" for number in range(5)))
    assert [memory["text"] for memory in cli.ok("list", "--limit", 3)] == ["thing 0", "thing 1", "thing 2"]
    result = cli.run("list", "-u", cli.user, "--limit", 3)
    assert "thing 2" in result.stdout
    assert "thing 3" not in result.stdout
    assert "more" in result.stderr
    assert "more" not in cli.run("list", "-u", cli.user, "--limit", 5).stderr


def test_what_a_person_reads(cli):
    (added,) = cli.ok(
        "add", "The [bold]kiln[/bold] is \x1b[31mred\x1b[0m :smile:", "--name", "Nadia", "--at", "2025-01-02"
    )
    id = added["turns"][0]["id"]
    for page in (cli.text("list"), cli.text("search", "kiln"), cli.text("show", id), cli.text("context", "kiln")):
        assert "The [bold]kiln[/bold] is ␛[31mred␛[0m :smile:" in page
        assert "\x1b" not in page
    assert "2025-01-02 00:00" in cli.text("list")
    explained = cli.text("search", "kiln", "--explain")
    assert "dense" in explained
    assert "total" in explained


def test_update_tells_before_and_after(cli):
    (added,) = cli.ok("add", "I live in Lisbon", "--at", "2025-01-02")
    page = cli.text("update", added["turns"][0]["id"], "Ada lives in Porto", "--reason", "moved")
    assert all(words in page for words in ("I live in Lisbon", "Ada lives in Porto", "moved"))
    (memory,) = cli.ok("list")
    assert cli.ok("update", memory["id"], "--importance", "0.9", "--meta", "a=1")[0]["after"]["importance"] == 0.9
    assert [change["op"] for change in cli.ok("history", memory["id"])] == ["ADD", "UPDATE", "UPDATE"]
    assert "corrected" in cli.text("list")
    again = cli.run("update", memory["id"], "once more")
    assert again.exit_code == 5
    assert "engram history" in again.stderr


def test_delete_all_retires_and_erase_removes(cli):
    cli.ok("add", "one", "two")
    assert cli.ok("delete", "--all", "--yes") == [{"retired": 2}]
    assert cli.ok("list") == []
    (receipt,) = cli.ok("erase", "--yes")
    assert receipt["memories"] == 2
    assert "memories" in cli.text("erase", "--yes")


def test_nobody_elses_memory_is_reached(cli):
    (added,) = cli.ok("add", "mine")
    id = added["turns"][0]["id"]
    for words in (["show", id], ["history", id], ["update", id, "x"], ["delete", id, "--yes"]):
        assert cli.run(*words, "-u", "somebody else").exit_code == 3


def test_export_to_a_file_is_private_and_comes_back(cli, tmp_path):
    cli.ok("add", "keep me")
    path = tmp_path / "memories.jsonl"
    assert cli.ok("export", "-o", path) == [{"file": str(path), "records": 2}]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line) for line in path.read_text().splitlines()] == cli.ok("export")
    result = json.loads(cli.run("import", path, "--json").stdout)
    assert result == {"memories": 0, "changes": 0, "duplicates": 1}
    assert cli.run("import", path, "-u", "ada").exit_code == 2
    assert os.listdir(tmp_path) == ["memories.jsonl"]
    assert cli.run("export", "-u", cli.user, "-o", tmp_path / "no" / "where").exit_code == 2


def test_output_that_nobody_reads_to_the_end(cli):
    cli.ok("add", *(f"thing {number} " + "x" * 2000 for number in range(100)))
    process = subprocess.Popen(
        [*OUT, "list", "-u", cli.user, "-n", "1000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **cli.env},
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
