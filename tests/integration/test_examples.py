"""Every example runs as a user would run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
EXPECTED = {
    "correct_and_forget": [
        "now:    The flat is in Porto",
        "before: The flat is in Lisbon",
        "after delete: []",
        "after erase:",
    ],
    "import_a_chat": [
        "first run: 3 added, 0 were there",
        "second run: 0 added, 3 were there",
        "every Tuesday at seven",
    ],
    "keep_in_shape": [
        "merged: ['User likes hikes.']",
        "1 had expired, 3 were too many:",
        "over the limit of 12 memories",
        "kept: User likes hiking.",
    ],
    "learn_facts": [
        "UPDATE User lives in Porto.",
        "DELETE User has a dog Rex.",
        "ADD    User has a dog Max.",
        "NOOP   User lives in Porto.",
        "now: User lives in Porto. Since 2024-05-17; before: User lives in Lisbon.",
        "undone: ['User lives in Lisbon.'",
    ],
    "learn_with_a_model": ["Ana mora no Porto.", "{'item': 'forno', 'number': 'KX-48213'}", "1 call, tokens counted"],
    "many_users_async": ["example-acme -> ['My order KX-48213", "example-globex -> ['I would like to cancel"],
    "plain_agent_loop": [
        "learned: ['UPDATE User lives in Porto.']",
        "known before: ['User is vegetarian.', 'User lives in Porto.'",
    ],
    "remember_across_sessions": ["2 turns are remembered"],
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return os.environ | {"ENGRAM_DATA_DIR": str(tmp_path_factory.mktemp("examples"))}


def test_every_example_is_expected():
    assert {path.stem for path in EXAMPLES} == EXPECTED.keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_promises(path, environment):
    runs = 2 if path.stem == "remember_across_sessions" else 1
    for _ in range(runs):
        result = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True, timeout=240)
        assert result.returncode == 0, result.stderr
    for words in EXPECTED[path.stem]:
        assert words in result.stdout
    if runs == 2:
        assert "hazelnuts" in result.stdout
