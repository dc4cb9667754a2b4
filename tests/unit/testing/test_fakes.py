"""The fakes that are shipped."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from engram_core.errors import InvalidInputError, InvalidOutputError, ProviderError
from engram_core.testing import FakeChatModel, FakeEmbedder, Fault, ScriptedServer


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def server():
    with ScriptedServer(dimension=4) as running:
        yield running


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


async def test_texts_that_share_words_are_nearer_than_others():
    cat, same, dog = await FakeEmbedder(256).embed(["The cat sleeps.", "a cat sleeps", "stock markets fell"])
    assert cat @ same > 0.5 > abs(cat @ dog)


async def test_another_process_gives_the_same_vectors():
    code = (
        "import asyncio; from engram_core.testing import FakeEmbedder;"
        "print(asyncio.run(FakeEmbedder(3).embed(['hello there', '!'])).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    np.testing.assert_array_equal(
        np.float32(json.loads(done.stdout)), await FakeEmbedder(3).embed(["hello there", "!"])
    )


async def test_calls_are_noted():
    embedder = FakeEmbedder()
    await embedder.embed(["a", "b"])
    await embedder.embed_query("c")
    assert embedder.calls == [2, 1]


@pytest.mark.parametrize("dimension", [0, -1, 1.5, "8"])
def test_a_dimension_that_is_none_is_refused(dimension):
    with pytest.raises(InvalidInputError, match="dimension"):
        FakeEmbedder(dimension)


def test_both_protocols_answer_the_same_vectors(server):
    openai = post(f"{server.openai_url}/embeddings", {"model": "m", "input": ["hi"]})
    ollama = post(f"{server.url}/api/embed", {"model": "m", "input": "hi"})
    assert openai["data"][0]["embedding"] == ollama["embeddings"][0]
    assert [request.path for request in server.requests] == ["/v1/embeddings", "/api/embed"]
    assert server.requests[1].body == {"model": "m", "input": "hi"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/embeddings", {"model": "m"}, 400),
        ("/v1/embeddings", {"model": "m", "input": [""]}, 400),
        ("/v1/embeddings", {"model": "missing", "input": "x"}, 404),
        ("/nowhere", {}, 404),
    ],
)
def test_what_the_real_service_refuses_is_refused(server, path, body, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server.url + path, body)
    assert caught.value.code == status


def test_faults_are_used_up_in_order(server):
    server.fail(Fault.rate_limit(3))
    server.fail(Fault.server_error())
    statuses = []
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(f"{server.url}/api/embed", {"model": "m", "input": "x"})
        statuses.append((caught.value.code, caught.value.headers.get("Retry-After")))
    assert statuses == [(429, "3"), (500, None)]
    assert post(f"{server.url}/api/embed", {"model": "m", "input": "x"})["embeddings"]


def test_more_endpoints_can_be_added(server):
    server.endpoints["/v1/echo"] = lambda body: {"got": body}
    assert post(f"{server.openai_url}/echo", {"a": 1}) == {"got": {"a": 1}}


async def test_the_fake_model_answers_as_told_and_keeps_what_it_was_asked():
    model = FakeChatModel("one", {"two": 2}, ProviderError("three"))
    replies = [await model.answer([("user", "a question")], {"title": "Any"}) for _ in range(2)]
    assert [reply.text for reply in replies] == ["one", '{"two": 2}']
    with pytest.raises(ProviderError, match="three"):
        await model.answer([], {})
    with pytest.raises(InvalidOutputError, match="more often"):
        await model.answer([], {})
    assert model.asked[0] == [("user", "a question")]
    assert model.schemas[0] == {"title": "Any"}
