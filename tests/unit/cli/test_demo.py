"""`engram demo`: a true story, and nothing left of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "engram_core.cli", "demo"]


@pytest.fixture
def home():
    """An environment whose temporary folder is known, and whose own settings would fail if they were used."""
    # As short a path as people have: a socket's path has a limit, and behind it a link outside of the data folder.
    with tempfile.TemporaryDirectory(prefix="e-") as temporary:
        env = {**os.environ, "TMPDIR": temporary, "ENGRAM_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
        yield Path(temporary), {**env, "ENGRAM_EMBEDDER": "openai:none"}


def test_the_story_is_true(home):
    temporary, env = home
    result = subprocess.run([*DEMO, "--json"], env=env, capture_output=True, text=True, check=True)
    told = json.loads(result.stdout)
    cake, fair, order = (answer["hits"][0]["memory"]["text"] for answer in told["answers"])
    assert "Hazelnuts" in cake
    assert "14th and 15th of June" in fair
    assert "KX-48213" in order
    assert "Largo do Carmo" in told["now"]["hits"][0]["memory"]["text"]
    assert "old bakery" in told["in_april"]["hits"][0]["memory"]["text"]
    assert [change["op"] for change in told["history"]] == ["ADD", "UPDATE"]
    before, after = (recall["hits"] for recall in told["code"])
    assert "4471" in before[0]["memory"]["text"]
    assert after == []
    assert told["context"]
    assert os.listdir(temporary) == []


def in_foreground():
    """Hear Ctrl-C, also where these tests run in the background and were started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(home, signal_sent):
    temporary, env = home
    process = subprocess.Popen(DEMO, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=in_foreground)
    while not any((folder / "postgres").exists() for folder in temporary.iterdir()):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal_sent)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal_sent
    assert b"Traceback" not in err
    assert os.listdir(temporary) == []
