"""An engine over the reference store, without a model."""

import pytest

from engram_core import AsyncEngram
from engram_core.testing import FakeEmbedder


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def embedder():
    return FakeEmbedder()


@pytest.fixture
async def memory(embedder):
    async with AsyncEngram(database_url="memory://", embedder=embedder) as engine:
        yield engine
