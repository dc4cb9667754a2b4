"""What every embedder promises, over all of them."""

import asyncio
import importlib.util
import os

import numpy as np
import pytest

from engram_core.domain.memory import Space
from engram_core.errors import InvalidInputError
from engram_core.testing import FakeEmbedder, ScriptedServer

TEXTS = ["Ada: I am vegetarian.", "Bo: When does the train to Lyon leave?", "ok", "日本語の文", "😂😂😂", "Straße"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def server():
    with ScriptedServer(dimension=16) as running:
        yield running


def make_fake(server):
    return FakeEmbedder()


def make_minilm(server):
    from engram_core.providers.onnx import OnnxEmbedder

    return OnnxEmbedder(threads=2)


def make_openai(server):
    from engram_core.providers.openai import OpenAIEmbedder

    return OpenAIEmbedder("any", api_key="test", base_url=server.openai_url)


def make_openai_sized(server):
    from engram_core.providers.openai import OpenAIEmbedder

    return OpenAIEmbedder("any", api_key="test", base_url=server.openai_url, dimension=5)


def make_ollama(server):
    from engram_core.providers.ollama import OllamaEmbedder

    return OllamaEmbedder("any", host=server.url)


def make_sentence_transformers(server):
    if importlib.util.find_spec("sentence_transformers") is None and not os.environ.get("ENGRAM_REQUIRE_SERVICES"):
        pytest.skip("sentence-transformers is not installed")
    from engram_core.providers.models.build import find_weights
    from engram_core.providers.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(str(find_weights()))


@pytest.fixture(
    params=[make_fake, make_minilm, make_openai, make_openai_sized, make_ollama, make_sentence_transformers],
    ids=lambda make: make.__name__.removeprefix("make_"),
)
async def embedder(request, server):
    made = request.param(server)
    yield made
    await made.close()


async def test_rows_are_float32_of_unit_length_in_the_space_s_dimension(embedder):
    space = await embedder.space()
    vectors = await embedder.embed(TEXTS)
    assert isinstance(space, Space)
    assert vectors.shape == (len(TEXTS), space.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_the_space_s_name_is_stable(embedder):
    assert await embedder.space() == await embedder.space()


async def test_rows_keep_the_order_of_the_texts_however_many(embedder):
    texts = [f"{TEXTS[i % len(TEXTS)]} {'and so on ' * (i * 7 % 23)}{i}" for i in range(300)]
    together = await embedder.embed(texts)
    for i in (0, 1, 137, 298, 299):
        np.testing.assert_allclose(together[i], (await embedder.embed([texts[i]]))[0], atol=1e-5)


async def test_no_texts_give_no_rows(embedder):
    assert (await embedder.embed([])).shape == (0, (await embedder.space()).dimension)


async def test_a_question_is_one_vector(embedder):
    vector = await embedder.embed_query("Who is vegetarian?")
    assert vector.shape == ((await embedder.space()).dimension,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "\u200b",
        "😀" * 500,
        "\ud800 alone",
        "a\x00b",
        "x" * 1_000_000,
        "word " * 200_000,
        "漢字" * 20_000,
    ],
    ids=["empty", "space", "newline", "invisible", "emoji", "surrogate", "nul", "one-long-word", "megabyte", "han"],
)
async def test_odd_texts_are_embedded_like_any_other(embedder, text):
    vectors = await embedder.embed([text, "an ordinary one"])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("texts", ["one string", [1, 2], [None], [b"bytes"]])
async def test_what_is_not_a_list_of_strings_is_refused(embedder, texts):
    with pytest.raises(InvalidInputError, match="texts"):
        await embedder.embed(texts)


async def test_many_callers_at_once_get_each_their_own(embedder):
    expected = await embedder.embed(TEXTS)
    order = [i % len(TEXTS) for i in range(50)]
    got = await asyncio.gather(*(embedder.embed([TEXTS[i]]) for i in order))
    for i, vectors in zip(order, got, strict=True):
        np.testing.assert_allclose(vectors[0], expected[i], atol=1e-5)


async def test_closing_twice_is_harmless(embedder):
    await embedder.embed(["something"])
    await embedder.close()
    await embedder.close()
