"""OpenAI and Ollama: the real clients against a scripted server."""

import importlib
import sys

import numpy as np
import pytest

from engram_core.errors import (
    ConfigError,
    InvalidOutputError,
    MissingExtraError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
)
from engram_core.providers import ollama, openai
from engram_core.providers.ollama import OllamaEmbedder
from engram_core.providers.openai import OpenAIEmbedder
from engram_core.testing import Fault, ScriptedServer


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def server():
    with ScriptedServer(dimension=8) as running:
        yield running


made = []


def make_openai(server, model="any", **options):
    made.append(OpenAIEmbedder(model, base_url=server.openai_url, **{"api_key": "test", "max_retries": 0, **options}))
    return made[-1]


def make_ollama(server, model="any", **options):
    made.append(OllamaEmbedder(model, host=server.url, **options))
    return made[-1]


@pytest.fixture(autouse=True)
async def closed():
    yield
    while made:
        await made.pop().close()


@pytest.fixture(params=[make_openai, make_ollama], ids=["openai", "ollama"])
def make(request):
    return request.param


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.rate_limit(), RateLimitedError),
        (Fault.server_error(), ProviderUnavailableError),
        (Fault(status=503), ProviderUnavailableError),
        (Fault(status=400), ProviderError),
        (Fault.cut_body(), ProviderUnavailableError),
        (Fault.invalid_json(), InvalidOutputError),
        (Fault(raw=b"{}"), InvalidOutputError),
        (Fault(raw=b"[]"), InvalidOutputError),
        (Fault.not_a_number(), InvalidOutputError),
        (Fault.wrong_dimension(0), InvalidOutputError),
    ],
)
async def test_what_goes_wrong_has_one_name_whatever_the_provider(server, make, fault, error):
    embedder = make(server)
    server.fail(fault)
    with pytest.raises(ProviderError) as caught:
        await embedder.embed(["hello"])
    assert type(caught.value) is error
    assert caught.value.__cause__ is not None or error is InvalidOutputError
    assert (await embedder.embed(["hello"])).shape == (1, 8)


async def test_an_answer_that_does_not_come_is_a_provider_away(server, make):
    embedder = make(server, timeout=0.2)
    server.fail(Fault.timeout())
    with pytest.raises(ProviderUnavailableError):
        await embedder.embed(["hello"])


async def test_a_server_that_is_not_there_is_a_provider_away(make):
    with ScriptedServer() as stopped:
        embedder = make(stopped)
    with pytest.raises(ProviderUnavailableError):
        await embedder.space()


async def test_another_dimension_than_before_is_refused(server, make):
    embedder = make(server)
    assert (await embedder.space()).dimension == 8
    server.fail(Fault.wrong_dimension(3))
    with pytest.raises(InvalidOutputError, match="shape"):
        await embedder.embed(["hello"])


async def test_fewer_vectors_than_texts_are_refused(server, make):
    server.fail(Fault(change=lambda body: {key: v[:1] if isinstance(v, list) else v for key, v in body.items()}))
    with pytest.raises(InvalidOutputError, match="shape"):
        await make(server).embed(["one", "two"])


async def test_an_unknown_model_is_refused_for_good(server, make):
    with pytest.raises(ProviderError, match="not found") as caught:
        await make(server, "missing-model").embed(["hello"])
    assert not caught.value.retryable


async def test_the_dimension_costs_one_call_and_no_texts_cost_none(server, make):
    embedder = make(server)
    await embedder.space()
    await embedder.space()
    assert (await embedder.embed([])).shape == (0, 8)
    assert len(server.requests) == 1


async def test_large_calls_are_split(server, make, monkeypatch):
    monkeypatch.setattr(openai, "MAX_TEXTS", 10)
    monkeypatch.setattr(ollama, "MAX_TEXTS", 10)
    texts = [f"text number {i}" for i in range(25)]
    vectors = await make(server).embed(texts)
    assert [len(request.body["input"]) for request in server.requests] == [10, 10, 5]
    np.testing.assert_allclose(vectors[17], (await make(server).embed([texts[17]]))[0], atol=1e-6)


async def test_openai_tries_again_as_often_as_it_may(server):
    server.fail(Fault.rate_limit(retry_after=0.01), times=2)
    assert (await make_openai(server, max_retries=2).embed(["hello"])).shape == (1, 8)
    assert len(server.requests) == 3
    server.fail(Fault.rate_limit(retry_after=0.01), times=3)
    with pytest.raises(RateLimitedError):
        await make_openai(server, max_retries=1).embed(["hello"])
    assert len(server.requests) == 5


async def test_openai_without_quota_is_not_worth_waiting_for(server):
    body = b'{"error": {"message": "no credit", "code": "insufficient_quota"}}'
    server.fail(Fault(status=429, raw=body))
    with pytest.raises(ProviderError, match="no credit") as caught:
        await make_openai(server).embed(["hello"])
    assert not caught.value.retryable


async def test_openai_asks_for_a_dimension_only_when_told(server):
    sized = make_openai(server, dimension=4)
    assert (await sized.space()).dimension == 4
    assert (await sized.embed(["hello"])).shape == (1, 4)
    await make_openai(server).embed(["hello"])
    assert [request.body.get("dimensions") for request in server.requests] == [4, None]


async def test_openai_cuts_a_text_to_what_the_model_reads(server):
    await make_openai(server).embed(["日本語 " * 100_000, "x" * 1_000_000])
    assert all(0 < len(text) <= 8191 * 4 for request in server.requests for text in request.body["input"])


async def test_a_wrong_key_is_refused_for_good(server):
    embedder = make_openai(server, api_key="wrong", max_retries=2)
    with pytest.raises(ProviderError, match="API key") as caught:
        await embedder.embed(["hello"])
    assert not caught.value.retryable
    assert len(server.requests) == 1


async def test_openai_itself_needs_a_key():
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        OpenAIEmbedder("text-embedding-3-small")


@pytest.mark.parametrize("package", ["openai", "ollama"])
async def test_a_missing_client_names_its_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"engram_core.providers.{package}")
    with pytest.raises(MissingExtraError, match=rf"engram-recall\[{package}\]"):
        importlib.import_module(f"engram_core.providers.{package}")


async def test_sentence_transformers_missing_names_its_extra(monkeypatch):
    from engram_core.providers.sentence_transformers import SentenceTransformersEmbedder

    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"engram-recall\[sentence-transformers\]"):
        await SentenceTransformersEmbedder("any").embed(["hello"])
