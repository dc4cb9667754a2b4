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
    "langchain_agent_across_threads": [
        "A lentil curry, since you are vegetarian.",
        "What do you like to eat?",
        "User lives in Lisbon.",
    ],
    "langgraph_agent_that_survives_a_restart": ["the thread waits at", "another thread knows:", "the store has:"],
    "langmem_on_engram": ["kept: ", "Ada is vegetarian"],
    "learn_facts": [
        "UPDATE User lives in Porto.",
        "DELETE User has a dog Rex.",
        "ADD    User has a dog Max.",
        "NOOP   User lives in Porto.",
        "now: User lives in Porto. Since 2024-05-17; before: User lives in Lisbon.",
        "undone: ['User lives in Lisbon.'",
    ],
    "learn_with_a_model": ["Ana mora no Porto.", "{'item': 'forno', 'number': 'KX-48213'}", "1 call, tokens counted"],
    "llamaindex_agent": [
        "ada:      How about a lentil curry?",
        "stranger: How about a steak?",
        "later:    How about a lentil curry?",
        "known:    User is vegetarian.",
    ],
    "mcp_client_session": [
        "tools: remember, recall, context",
        "(before: User lives in Lisbon.)",
        "not hers: user_id: recall takes no such argument",
    ],
    "many_users_async": ["example-acme -> ['My order KX-48213", "example-globex -> ['I would like to cancel"],
    "plain_agent_loop": [
        "learned: ['UPDATE User lives in Porto.']",
        "known before: ['User is vegetarian.', 'User lives in Porto.'",
    ],
    "remember_across_sessions": ["2 turns are remembered"],
}
#: What the second run says shows what the first one kept.
TWICE = {"remember_across_sessions", "langgraph_agent_that_survives_a_restart"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return os.environ | {"ENGRAM_DATA_DIR": str(tmp_path_factory.mktemp("examples"))}


def test_every_example_is_expected():
    assert {path.stem for path in EXAMPLES} == EXPECTED.keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_promises(path, environment):
    runs = 2 if path.stem in TWICE else 1
    for _ in range(runs):
        result = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True, timeout=240)
        assert result.returncode == 0, result.stderr
    for words in EXPECTED[path.stem]:
        assert words in result.stdout
    if path.stem == "remember_across_sessions":
        assert "hazelnuts" in result.stdout
