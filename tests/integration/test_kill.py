"""What is acknowledged survives: the process and the server are killed in the middle of an import."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from engram_core import Engram, Message
from engram_core.testing import FakeEmbedder

TOTAL = 6000
BATCHES_BEFORE_THE_KILL = 3

WRITER = """
import sys
import time
from engram_core import Engram, Message
from engram_core.testing import FakeEmbedder


def acknowledge(done):
    print(done, flush=True)
    time.sleep(0.3)  # so that the import is not over before the kill


folder, total = sys.argv[1], int(sys.argv[2])
messages = (Message(f"turn {i % 1000}", session_id=f"s{i % 7}") for i in range(total))
with Engram(data_dir=folder, embedder=FakeEmbedder()) as memory:
    memory.add("acknowledged on its own", user_id="ada", session_id="single")
    memory.add_many(messages, user_id="ada", progress=acknowledge)
"""


def messages():
    return [Message(f"turn {i % 1000}", session_id=f"s{i % 7}") for i in range(TOTAL)]


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="engram-kill-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("victims", ["process", "process and server", "server"])
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(folder, victims):
    acknowledged = interrupted_import(folder, victims)
    assert 0 < acknowledged < TOTAL
    with Engram(data_dir=folder, embedder=FakeEmbedder()) as memory:
        stored = everything(memory)
        assert stored["single", "acknowledged on its own"] == 1
        assert_no_more_than_once(stored)
        assert sum(stored.values()) - 1 >= acknowledged
        result = memory.add_many(messages(), user_id="ada")
        assert result.added + result.duplicates == TOTAL
        again = everything(memory)
        assert sum(again.values()) - 1 == TOTAL
        assert_no_more_than_once(again)
        # Every vector is there too: each turn answers in the dense leg.
        recall = memory.search("turn 5", user_id="ada", limit=200)
        assert all("dense" in hit.signals for hit in recall)


def interrupted_import(folder: Path, victims: str) -> int:
    """Start an import, kill what is to be killed once some of it is acknowledged, and return how much was."""
    command = [sys.executable, "-c", WRITER, str(folder), str(TOTAL)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    done = 0
    for _ in range(BATCHES_BEFORE_THE_KILL):
        done = int(process.stdout.readline() or process.stderr.read())
    if "process" in victims:
        process.kill()
    if "server" in victims:
        os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    out, _ = process.communicate(timeout=120)
    return max([done, *map(int, out.split())])


def everything(memory: Engram) -> Counter[tuple[str | None, str]]:
    """Count every stored turn by session and text."""
    found: Counter[tuple[str | None, str]] = Counter()
    cursor = None
    while True:
        page = memory.get_all(user_id="ada", limit=1000, after=cursor)
        found.update((turn.scope.session_id, turn.text) for turn in page)
        if (cursor := page.cursor) is None:
            return found


def assert_no_more_than_once(stored: Counter[tuple[str | None, str]]) -> None:
    """Compare with how often each message is in the input."""
    expected = Counter((message.session_id, message.content) for message in messages())
    assert all(count <= expected[key] for key, count in stored.items() if key[0] != "single")


def test_a_killed_process_leaves_nothing_that_stops_the_next(folder):
    interrupted_import(folder, "process")
    with Engram(data_dir=folder, embedder=FakeEmbedder()) as memory:
        memory.add("hello", user_id="bob")
    assert not (folder / "postgres" / "postmaster.pid").exists()
