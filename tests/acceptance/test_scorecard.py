"""What the rules change is right: on dialogues that were held out while they were written.

Failures name dialogues by id alone. Do not read the file to mend the rules: dev.jsonl beside it is for that.
"""

import pytest

from benchmarks.operations.data import HELD_OUT, read
from benchmarks.operations.scorecard import measure
from benchmarks.operations.scoring import TOGETHER
from engram_core import AsyncEngram
from engram_core.testing import FakeEmbedder

PRECISE = 0.97
ENOUGH = 150


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def dialogues():
    return read(HELD_OUT)


@pytest.fixture
async def summary(dialogues):
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        _, summary = await measure(engine, dialogues, label=HELD_OUT.name)
    return summary


async def test_the_rules_are_precise_and_supersede_nothing_that_holds(summary):
    count, precision = summary["dialogues"], summary["operations"][TOGETHER]["precision"]
    wrong = [one["id"] for one in summary["mistakes"] if set(one["wrong"]) - {"NOOP"}]
    superseded = [one["id"] for one in summary["mistakes"] if one["false_supersessions"]]
    assert count >= ENOUGH
    assert superseded == [], "these close a statement that should still hold"
    assert precision is not None, "nothing was learned"
    assert precision["value"] >= PRECISE, f"of {precision['count']} changes, some in these are wrong: {wrong}"
