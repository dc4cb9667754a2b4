"""A client for either SDK over every transport, real servers, and the store that they share."""

import asyncio
import json
import os
import re
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import pytest
from mcp import types
from mcp.client import stdio
from mcp.shared import exceptions

from engram_core import AsyncEngram
from engram_core.stores.postgres.embedded import EmbeddedServer
from engram_core.testing import FakeEmbedder

IS_V1 = hasattr(types, "ServerResult") and not hasattr(exceptions, "MCPError")
#: How a client begins: by the handshake of before 2026, and, where the SDK knows it, without one.
MODES = ["legacy"] if IS_V1 else ["legacy", "auto"]


class Talk:
    """The SDK's client, its results as they went over the wire."""

    error = exceptions.McpError if IS_V1 else exceptions.MCPError

    def __init__(self, client):
        self._client = client

    async def tools(self):
        return {tool["name"]: tool for tool in wire(await self._client.list_tools())["tools"]}

    async def call(self, tool, /, **arguments):
        result = wire(await self._client.call_tool(tool, arguments))
        (content,) = result["content"]
        failed = result.get("isError", False)
        return SimpleNamespace(text=content["text"], data=result.get("structuredContent"), failed=failed)

    async def ok(self, tool, /, **arguments):
        result = await self.call(tool, **arguments)
        assert not result.failed, result.text
        return result

    async def refused(self, tool, /, **arguments):
        """Call a tool that is to refuse, and return what it says."""
        result = await self.call(tool, **arguments)
        assert result.failed, result.text
        assert "Traceback" not in result.text
        return result.text

    async def resources(self):
        return wire(await self._client.list_resources())["resources"]

    async def templates(self):
        return wire(await self._client.list_resource_templates())["resourceTemplates"]

    async def read(self, uri):
        (contents,) = wire(await self._client.read_resource(uri))["contents"]
        assert contents["mimeType"] == "application/json"
        return json.loads(contents["text"])

    async def prompts(self):
        return wire(await self._client.list_prompts())["prompts"]

    async def prompt(self, name, **arguments):
        return wire(await self._client.get_prompt(name, arguments))["messages"]


def wire(result):
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@asynccontextmanager
async def connected(where, mode="legacy", *, token=None, log=None):
    """Connect to a server object, to a URL, or to the command of a server that is started for it."""
    async with AsyncExitStack() as stack:
        if isinstance(where, list):
            parameters = stdio.StdioServerParameters(command=where[0], args=where[1:-1], env=where[-1])
            where = stdio.stdio_client(parameters, errlog=log or sys.stderr)
        elif isinstance(where, str):
            where = await _over_http(stack, where, token)
        yield Talk(await stack.enter_async_context(_client(where, mode)))


async def _over_http(stack, url, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if IS_V1:
        from mcp.client.streamable_http import streamablehttp_client

        return streamablehttp_client(url, headers=headers)
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers))
    return streamable_http_client(url, http_client=client)


@asynccontextmanager
async def _client(where, mode):
    if not IS_V1:
        from mcp import Client

        async with Client(where, mode=mode) as client:
            yield client
        return
    from mcp import ClientSession
    from mcp.shared.memory import create_connected_server_and_client_session

    if not hasattr(where, "__aenter__"):
        async with create_connected_server_and_client_session(where) as session:
            yield session
        return
    async with where as (receiving, sending, *_), ClientSession(receiving, sending) as session:
        await session.initialize()
        yield session


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def modes():
    """All of them, for tests whose servers are too slow to start for each."""
    return MODES


@pytest.fixture
def connect():
    return connected


@pytest.fixture
async def engine():
    """An engine in memory, without a model."""
    async with AsyncEngram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A data folder whose database runs until the end."""
    path = tmp_path_factory.mktemp("mcp")
    server = EmbeddedServer(path)
    server.acquire()
    yield path
    server.release()


@pytest.fixture
def environment(folder):
    """What a server process is given."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "ENGRAM_DATA_DIR": str(folder)
    }


@pytest.fixture
def command():
    """The words that start a server, as `engram mcp` does."""
    return [sys.executable, "-m", "engram_core.cli", "mcp"]


class Process:
    """A server process with its streams."""

    def __init__(self, process, log):
        self.process, self._log = process, log

    @property
    def log(self):
        self._log.seek(0)
        return self._log.read().decode()

    def send(self, **message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def answer(self):
        """Read one line, which is a message of the protocol."""
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), 60))

    async def begin(self):
        """Do the handshake."""
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        self.send(id=0, method="initialize", params=client)
        answer = await self.answer()
        self.send(method="notifications/initialized")
        return answer["result"]

    async def call(self, id, tool, /, **arguments):
        self.send(id=id, method="tools/call", params={"name": tool, "arguments": arguments})
        answer = await self.answer()
        assert answer["id"] == id
        return answer.get("result") or answer["error"]

    async def url(self):
        """Wait until it serves, and return where."""
        for _ in range(600):
            if found := re.search(r"http://\S+", self.log):
                return found[0]
            assert self.process.returncode is None, self.log
            await asyncio.sleep(0.1)
        raise AssertionError(self.log)

    async def ended(self):
        """Wait for its end, and return its exit code."""
        return await asyncio.wait_for(self.process.wait(), 60)


@pytest.fixture
def started(command, environment):
    """Starts `engram mcp` with more words and more environment, and ends what is left of it."""

    @asynccontextmanager
    async def start(*words, **more):
        with tempfile.TemporaryFile() as log:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *command, *words, env=environment | more, stdin=pipe, stdout=pipe, stderr=log
            )
            try:
                yield Process(process, log)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    return start
