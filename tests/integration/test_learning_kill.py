"""Workers that are killed in the middle of learning: every turn is learned from once, in order, whoever dies."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pytest

from engram_core import Engram, Settings
from engram_core.testing import FakeEmbedder, ScriptedServer

USERS, ROUNDS, KILLS = 6, 12, 5
TOWNS = ["Lisbon", "Porto", "Braga", "Faro"]

# Learns as `engram worker` does, with a lease short enough for a test, and a model that takes its time.
WORKER = """
import asyncio
import sys
import engram_core.factory as factory
from engram_core import AsyncEngram, Settings
from engram_core.stores.postgres import PostgresStore
from engram_core.testing import FakeEmbedder

build = factory.build_store
factory.build_store = lambda settings: PostgresStore(factory.build_database(settings), lesson_lease=1.0)


async def work(folder, url):
    settings = Settings(data_dir=folder, llm="openai:slow", openai_base_url=url)
    async with AsyncEngram(settings, embedder=FakeEmbedder()) as memory:
        print("ready", flush=True)
        await memory.work(concurrency=3)


asyncio.run(work(sys.argv[1], sys.argv[2]))
"""


def model(messages, schema):
    """Read where the one turn says that somebody lives, slowly enough to be killed meanwhile."""
    import json

    time.sleep(0.05)
    asked = messages[1][1]
    town = next(town for town in TOWNS if town in asked)
    likes = asked.rsplit("number ", 1)[1].split(".")[0]
    said = [
        {"turns": [1], "subject": "user", "attribute": "home", "value": town, "text": f"User lives in {town}."},
        {"turns": [1], "subject": "user", "attribute": "likes", "value": likes, "text": f"User likes {likes}."},
    ]
    return json.dumps({"statements": said})


def town(user, number):
    return Random(f"{user}-{number}").choice(TOWNS)


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="engram-kill-learning-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def start(folder, url):
    command = [sys.executable, "-c", WORKER, str(folder), url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def kill_and_replace(workers, folder, url):
    """Kill one worker after the other, each while it is at it, and put another in its place."""
    random = Random(3)
    for _ in range(KILLS):
        time.sleep(0.2 + random.random() / 3)
        victim = workers.pop(0)
        os.kill(victim.pid, signal.SIGKILL)
        victim.communicate()
        workers.append(start(folder, url))


def told(memory):
    for number in range(ROUNDS):
        for user in range(USERS):
            text = f"I moved to {town(user, number)}. I like number {number}."
            result = memory.add(text, user_id=f"u{user}", occurred_at=f"2024-01-{number + 1:02d}", defer=True)
            assert result.unlearned == 1


@pytest.mark.slow
def test_two_workers_that_are_killed_again_and_again_learn_every_turn_once_and_in_order(folder):
    with ScriptedServer(answer=model) as server:
        settings = Settings(data_dir=folder, llm="openai:slow", openai_base_url=server.openai_url)
        with Engram(settings, embedder=FakeEmbedder()) as memory:
            told(memory)
            workers = [start(folder, server.openai_url) for _ in range(2)]
            try:
                kill_and_replace(workers, folder, server.openai_url)
                until_nothing_waits(memory)
            finally:
                for worker in workers:
                    worker.kill()
                    worker.communicate()
            assert (memory.queue().waiting, memory.queue().dead) == (0, 0)
            for user in range(USERS):
                assert_learned_in_order(memory, user)


def until_nothing_waits(memory):
    for _ in range(600):
        if memory.queue().waiting == 0:
            return
        time.sleep(0.1)
    pytest.fail(f"still waiting: {memory.queue()}")


def assert_learned_in_order(memory, user):
    name = f"u{user}"
    turns = [turn.id for turn in memory.get_all(user_id=name, kinds="turn")]
    assert len(turns) == ROUNDS
    likes = memory.get_all(user_id=name, kinds="preference")
    assert [m.claim.value for m in likes] == [str(number) for number in range(ROUNDS)]
    assert [m.sources for m in likes] == [(id,) for id in turns]
    (home,) = memory.get_all(user_id=name, kinds="fact")
    line = [town(user, number) for number in range(ROUNDS)]
    moves = [name for n, name in enumerate(line) if n == 0 or name != line[n - 1]]
    assert home.claim.value == moves[-1]
    opened = [c.after.claim.value for c in memory.history(home.id) if c.op in ("ADD", "UPDATE")]
    assert opened == moves
    said = sum(len(c.evidence) for c in memory.history(home.id) if c.op == "NOOP")
    assert said == ROUNDS - len(moves)
