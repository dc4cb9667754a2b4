"""What the commands do on a real store, for people and for scripts."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time

from engram_core.errors import ProviderUnavailableError
from engram_core.providers.onnx import OnnxEmbedder
from engram_core.testing import Fault, ScriptedServer

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


def test_a_context_tells_what_it_holds(cli):
    cli.ok("add", "Which market has the old teapots?", "--name", "Rui", "--at", "2025-01-02T10:00")
    cli.ok("add", "The one by the river", "--name", "Ada", "--at", "2025-01-02T10:01")
    cli.ok("add", "A storm broke my fence", "--name", "Ada", "--at", "2025-02-02T10:01")
    (told,) = cli.ok("context", "market old teapots")
    entries = [entry["memory"]["text"] for entry in told["entries"]]
    places = [told["text"].index(words) for words in entries]
    assert {"Which market has the old teapots?", "The one by the river"} <= set(entries)
    assert places == sorted(places)
    assert [hit for hit in told["hits"] if hit not in told["entries"]] == []
    assert told["degraded"] == {}


def test_what_failed_in_a_search_is_told(cli, monkeypatch):
    cli.ok("add", "The kiln is red")

    async def fail(self, text):
        raise ProviderUnavailableError("the model is away")

    monkeypatch.setattr(OnnxEmbedder, "encode_query", fail)
    for verb in ("context", "search"):
        result = cli.run(verb, "kiln", "--user", cli.user, "--json")
        assert json.loads(result.stdout)["degraded"] == {"dense": "the model is away"}
        assert "warning: dense did not answer: the model is away" in result.stderr


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


# -- what a person reads on a terminal of 80 columns

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def eighty(cli, *words, env=None):
    result = cli.run(*words, "-u", cli.user, env={"COLUMNS": "80", **(env or {})})
    assert result.exit_code == 0, result.output
    assert all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines())
    return result.stdout


def test_ids_stay_whole_and_the_id_of_a_change_is_called_one(cli):
    learned = eighty(cli, "add", "I live in Lisbon.", "--at", "2024-01-01", "--name", "Ada Augusta Byron King")
    (home,) = cli.ok("list", "-k", "fact")
    (added,) = cli.ok("history", home["id"])
    assert f"change {added['id']}\n" in re.sub(" +\n", "\n", learned)
    moved = eighty(cli, "add", "I moved to Porto.", "--at", "2024-05-01", "--name", "Ada Augusta Byron King")
    assert "before: Ada Augusta Byron King lives in Lisbon." in " ".join(moved.split())
    (now,) = cli.ok("list", "-k", "fact")
    everything = {memory["id"] for memory in cli.ok("list")}
    assert set(ID.findall(eighty(cli, "list"))) == everything
    assert set(ID.findall(eighty(cli, "search", "Where does Ada live?", "--explain"))) <= everything
    assert len(ID.findall(eighty(cli, "search", "Where does Ada live?"))) == 3
    changes = [change["id"] for change in cli.ok("history", now["id"])]
    assert ID.findall(eighty(cli, "history", now["id"])) == changes
    assert set(ID.findall(eighty(cli, "show", now["id"]))) == {now["id"], home["id"], *now["sources"]}
    eighty(cli, "update", now["id"], "Ada lives in Porto, Portugal")
    (now,) = cli.ok("list", "-k", "fact")
    gone = ID.findall(eighty(cli, "delete", now["id"], "--yes"))
    assert gone == [now["id"], cli.ok("history", now["id"])[-1]["id"]]
    assert cli.run("undo", gone[1]).exit_code == 0


def test_the_beginning_of_a_turn_has_no_id_to_undo(cli):
    (added,) = cli.ok("add", "hello there", "--no-infer")
    page = cli.text("history", added["turns"][0]["id"])
    assert "stored as it was said" in page
    assert not ID.search(page)


def test_one_is_one_and_two_are_two(cli, tmp_path):
    assert "Remembered 1 turn.\n" in cli.text("add", "one", "--no-infer", "--at", "2024-01-01")
    page = cli.text("add", "one", "two", "--no-infer", "--at", "2024-01-01")
    assert "Remembered 2 turns. 1 was there before.\n" in page
    path = tmp_path / "all.jsonl"
    assert cli.text("export", "-o", path) == f"Wrote 3 records to {path}.\n"
    imported = cli.run("import", path).stdout
    assert imported == "Imported 0 memories and 0 changes.\n2 were there before.\n"
    assert cli.text("delete", "--all", "--yes") == "Retired 2 memories.\n"
    cli.ok("add", "three", "--no-infer")
    assert cli.text("delete", "--all", "--yes") == "Retired 1 memory.\n"


def test_an_empty_queue_and_one_that_is_not(cli):
    env = {"ENGRAM_TENANT": cli.user}
    assert cli.run("queue", env=env).stdout == "Nothing waits to be learned from.\n"
    assert cli.run("replay", env=env).stdout == "Nothing was given up.\n"
    cli.run("add", "I like tea", "-u", "ada", "--defer", env=env)
    assert cli.run("queue", env=env).stdout.startswith("1 lesson waits since 2")


# -- upkeep


def test_consolidate_merges_and_says_so(cli):
    cli.ok("add", "I love hiking.")
    cli.ok("add", "I love hikes.")
    page = cli.text("consolidate")
    assert "DELETE" in page
    assert "User likes hikes." in page
    assert "\n1 duplicate merged" in page
    assert cli.text("consolidate") == "Nothing to do.\n"
    cli.ok("add", "I love swimming.", "I love swims.")
    (result,) = cli.ok("consolidate")
    assert [change["op"] for change in result["merged"]][:1] == ["DELETE"]
    assert (result["summaries"], result["failed"]) == ([], {})


def test_consolidate_summarises_with_a_model_and_names_what_failed(cli):
    with ScriptedServer(answer=lambda messages, schema: '{"summary": "They spoke of tea."}') as server:
        env = {"ENGRAM_LLM": "openai:m", "ENGRAM_OPENAI_BASE_URL": server.openai_url}
        cli.ok("add", *(f"tea {n}" for n in range(5)), "-s", "s1", "--no-infer")
        server.fail(Fault(status=401))
        failed = cli.run("consolidate", "-u", cli.user, env=env)
        assert failed.stdout.startswith("Not summarised: user ")
        page = cli.run("consolidate", "-u", cli.user, env=env).stdout
    assert "They spoke of tea." in page
    assert "\n1 summary written" in page


def test_expire_tells_once_what_went(cli):
    assert cli.text("expire").startswith("Nothing to retire")
    (added,) = cli.ok("add", "I live in Lisbon.", "the code is 4471")
    cli.ok("update", added["turns"][0]["id"], "--expires", "2020-01-01")
    page = cli.text("expire")
    assert "it expired at 2020-01-01" in " ".join(page.split())
    assert "1 memory had expired, and with them went 1 statement or summary." in page
    cli.ok("add", *(f"small talk {n}" for n in range(4)), "--no-infer")
    result = cli.run("expire", "-u", cli.user, env={"ENGRAM_MAX_MEMORIES_PER_USER": "3"})
    assert "2 memories were too many.\n" in result.stdout
    assert result.stderr == ""
    assert logging.getLogger("engram_core.ingest.upkeep.expiry").isEnabledFor(logging.WARNING)
    cli.ok("add", "one more", "--no-infer")
    process = subprocess.run(
        [*OUT, "expire", "-u", cli.user, "--json"],
        env={**os.environ, **cli.env, "ENGRAM_MAX_MEMORIES_PER_USER": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stderr == ""
    (told,) = map(json.loads, process.stdout.splitlines())
    assert [change["op"] for change in told["over_limit"]] == ["DELETE"]
    assert cli.run("undo", told["over_limit"][0]["id"]).exit_code == 0
    assert len(cli.ok("list")) == 4
