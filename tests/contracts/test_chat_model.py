"""ChatModel: the same behaviour whichever client speaks, with every fault a server may show."""

import pytest

from engram_core.errors import (
    ConfigError,
    InvalidOutputError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
)
from engram_core.providers.ollama_chat import OllamaChat
from engram_core.providers.openai_chat import OpenAIChat
from engram_core.testing import Fault, ScriptedServer

SCHEMA = {
    "title": "Colour",
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "shades": {"type": "array", "maxItems": 3}},
}
ASKED = [("system", "Answer in JSON."), ("user", "Which colour?")]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def server():
    with ScriptedServer(answer=lambda messages, schema: '{"name": "green"}') as running:
        yield running


@pytest.fixture(params=["openai", "ollama"])
async def model(request, server):
    if request.param == "openai":
        made = OpenAIChat("m", api_key="k", base_url=server.openai_url, timeout=1.0, max_retries=0)
    else:
        made = OllamaChat("m", host=server.url, timeout=1.0)
    yield made
    await made.close()
    await made.close()


async def test_an_answer_comes_with_its_tokens(model, server):
    reply = await model.answer(ASKED, SCHEMA)
    assert reply.text == '{"name": "green"}'
    assert reply.input_tokens > 0
    assert reply.output_tokens > 0
    assert model.name in ("openai:m", "ollama:m")
    assert [m["content"] for m in server.requests[0].body["messages"]] == ["Answer in JSON.", "Which colour?"]


async def test_the_schema_goes_with_the_question(model, server):
    await model.answer(ASKED, SCHEMA)
    body = server.requests[0].body
    sent = body.get("format") or body["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["name"]["type"] == "string"
    assert sent["properties"]["shades"]["maxItems"] == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.rate_limit(), RateLimitedError),
        (Fault.server_error(), ProviderUnavailableError),
        (Fault.timeout(3), ProviderUnavailableError),
        (Fault.cut_body(), ProviderUnavailableError),
        (Fault.invalid_json(), InvalidOutputError),
        (Fault(raw=b"[" * 20_000), InvalidOutputError),
        (Fault.says(""), InvalidOutputError),
        (Fault.says('{"name": "gr', "length"), InvalidOutputError),
        (Fault(status=404), ProviderError),
    ],
)
async def test_each_fault_is_one_error_of_ours_and_the_next_call_answers(model, server, fault, error):
    server.fail(fault)
    with pytest.raises(error) as caught:
        await model.answer(ASKED, SCHEMA)
    assert caught.value.retryable == issubclass(error, (RateLimitedError, ProviderUnavailableError))
    assert (await model.answer(ASKED, SCHEMA)).text == '{"name": "green"}'


async def test_nobody_there_is_unavailable():
    for made in (
        OpenAIChat("m", base_url="http://127.0.0.1:9/v1", timeout=1, max_retries=0),
        OllamaChat("m", host="http://127.0.0.1:9", timeout=1),
    ):
        with pytest.raises(ProviderUnavailableError):
            await made.answer(ASKED, SCHEMA)
        await made.close()


async def test_a_server_that_knows_no_schema_is_asked_in_simpler_ways(server):
    model = OpenAIChat("m", base_url=server.openai_url, max_retries=0)
    real = server.endpoints["/v1/chat/completions"]

    def old(body):
        if (body.get("response_format") or {}).get("type") == "json_schema":
            raise KeyError("response_format json_schema")
        return real(body)

    server.endpoints["/v1/chat/completions"] = old
    for _ in range(2):
        assert (await model.answer(ASKED, SCHEMA)).text == '{"name": "green"}'
    kinds = [(request.body.get("response_format") or {}).get("type") for request in server.requests]
    assert kinds == ["json_schema", "json_schema", "json_object", "json_object"]
    await model.close()


async def test_a_server_that_takes_no_bounds_is_asked_without(server):
    model = OpenAIChat("m", base_url=server.openai_url, max_retries=0)
    real = server.endpoints["/v1/chat/completions"]

    def strict(body):
        if "maxItems" in str(body["response_format"]):
            raise KeyError("schema: maxItems is not permitted")
        return real(body)

    server.endpoints["/v1/chat/completions"] = strict
    assert (await model.answer(ASKED, SCHEMA)).text == '{"name": "green"}'
    assert len(server.requests) == 2
    await model.close()


def test_openai_needs_a_key_or_a_server():
    with pytest.raises(ConfigError):
        OpenAIChat("m")
