"""`engram mcp --transport http`: a real port, several clients, and who is let in."""

import asyncio
import http.client
import json
import signal
import socket
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from engram_core import ConfigError, InvalidInputError
from engram_core.cli.app import app
from engram_mcp import build_server, http_app
from engram_mcp.listening import check_reach, is_loopback
from engram_mcp.settings import load_settings

TOKEN = "correct-horse-battery-staple"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HTTP = ("--transport", "http", "--port", "0")


async def posted(url, **headers):
    """Send a ping with headers of one's own, and return status and body."""

    def post():
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        accepted = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request("POST", "/mcp", json.dumps(PING), accepted | headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

    return await asyncio.to_thread(post)


async def test_two_clients_at_once(connect, started, modes):
    async with started("--user", "fay", *HTTP) as server:
        url = await server.url()
        assert urlsplit(url).hostname == "127.0.0.1"
        async with connect(url, modes[0]) as one, connect(url, modes[-1]) as other:
            await asyncio.gather(
                *(one.ok("remember", text=f"Note {number} of one") for number in range(3)),
                *(other.ok("remember", text=f"Note {number} of other") for number in range(3)),
            )
            for talk in (one, other):
                listed = (await talk.ok("list_recent", kinds=["turn"])).data["memories"]
                assert len({memory["text"] for memory in listed}) == 6
            # Ended while both are there.
            server.process.send_signal(signal.SIGTERM)
            assert await server.ended() == 0
        assert "Traceback" not in server.log


async def test_two_servers_of_two_users_never_mix_and_a_kill_loses_nothing(connect, started, modes):
    async with started("--user", "hal", *HTTP) as hal:
        async with started("--user", "gus", *HTTP) as gus:
            async with connect(await gus.url(), modes[-1]) as hers:
                (id,) = (await hers.ok("remember", text="My locker code is KX-48213.")).data["ids"]
            gus.process.kill()
            await gus.ended()
        async with connect(await hal.url(), modes[-1]) as his:
            assert (await his.ok("recall", query="KX-48213")).data["memories"] == []
            assert "no memory" in await his.refused("forget", id=id)
            assert "no such argument" in await his.refused("recall", query="KX-48213", user_id="gus")
    async with started("--user", "gus", *HTTP) as gus, connect(await gus.url(), modes[0]) as hers:
        assert [memory["id"] for memory in (await hers.ok("recall", query="KX-48213")).data["memories"]] == [id]


async def test_who_is_let_in(connect, started, modes):
    """A token is asked for, and requests that name another host, or come from another's page, are refused."""
    hosts = ("--host", "0.0.0.0", "--allowed-hosts", "memory.example, 127.0.0.1")
    async with started("--user", "fay", *HTTP, *hosts, ENGRAM_MCP_TOKEN=TOKEN) as server:
        url = (await server.url()).replace("0.0.0.0", "127.0.0.1")
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer "}):
            status, body = await posted(url, **wrong)
            assert status == 401
            assert "token" in body
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await posted(url, **right))[0] == 200
        assert (await posted(url, Authorization=f"bearer {TOKEN}"))[0] == 200
        assert (await posted(url, **right, Host="memory.example"))[0] == 200
        assert (await posted(url, **right, Host="localhost"))[0] == 421
        assert (await posted(url, **right, Host="memory.example.evil.example"))[0] == 421
        assert (await posted(url, **right, Origin="https://memory.example"))[0] == 200
        assert (await posted(url, **right, Origin="https://evil.example"))[0] == 403
        for mode in modes:
            async with connect(url, mode, token=TOKEN) as talk:
                assert await talk.tools()
        assert TOKEN not in server.log


async def test_the_application_serves_this_machine_alone_by_default(engine):
    closed = http_app(build_server(engine, user_id="ada"))
    async with closed.router.lifespan_context(closed):
        for host, status in {"127.0.0.1:8765": 200, "localhost": 200, "[::1]:1": 200, "evil.example": 421}.items():
            assert await asked(closed, host) == status
    open_app = http_app(build_server(engine, user_id="ada"), allowed_hosts=[])
    async with open_app.router.lifespan_context(open_app):
        assert await asked(open_app, "memory.example") == 200


async def test_names_are_the_same_in_any_case(engine):
    app = http_app(build_server(engine, user_id="ada"), allowed_hosts=["Memory.Example", "::1"])
    async with app.router.lifespan_context(app):
        for host in ("memory.example", "MEMORY.EXAMPLE:8765", "Memory.Example", "[::1]:1"):
            assert await asked(app, host) == 200
        assert await asked(app, "memory.example", origin="HTTPS://Memory.Example") == 200
        assert await asked(app, "memory.example", origin="https://evil.example") == 403
        assert await asked(app, "evil.example") == 421


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", ""),
        ("token", " "),
        ("token", "ses ame"),
        ("token", "s\u00e9same"),
        ("token", 5),
        ("allowed_hosts", "memory.example"),
        ("allowed_hosts", [""]),
        ("allowed_hosts", ["memory.example, other.example"]),
        ("allowed_hosts", ["https://memory.example"]),
        ("allowed_hosts", [None]),
        ("allowed_hosts", 5),
    ],
)
async def test_an_application_is_not_made_of_bad_arguments(engine, name, value):
    with pytest.raises(InvalidInputError, match=f"^{name}: ") as caught:
        http_app(build_server(engine, user_id="ada"), **{name: value})
    assert "ame" not in str(caught.value) or name != "token"


async def test_the_address_it_announces_answers(started):
    """And names that are added to a loopback address add to its own."""
    async with started("--user", "fay", *HTTP, "--host", "127.0.0.2", "--allowed-hosts", "memory.example") as server:
        url = await server.url()
        assert urlsplit(url).hostname == "127.0.0.2"
        assert (await posted(url))[0] == 200
        for host, status in {"memory.example": 200, "localhost": 200, "127.0.0.1:1": 200, "evil.example": 421}.items():
            assert (await posted(url, Host=host))[0] == status


async def asked(app, host, **more):
    """Send a ping straight to an application, and return the status."""
    headers = {"host": host, "content-type": "application/json", "accept": "application/json, text/event-stream"}
    headers |= more
    scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "http_version": "1.1"}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent = []

    async def receive():
        return {"type": "http.request", "body": json.dumps(PING).encode()}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"]


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["mcp", "--user", "ada", "--transport", "http", "--port", port])
    assert result.exit_code == 6
    assert f"cannot listen on 127.0.0.1, port {port}" in result.stderr


def test_a_network_is_not_served_without_a_token():
    for host in ("0.0.0.0", "::", "192.168.1.2", "memory.example"):
        assert not is_loopback(host)
        with pytest.raises(ConfigError, match="ENGRAM_MCP_TOKEN"):
            check_reach(host, None)
        check_reach(host, TOKEN)
    for host in ("127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"):
        assert is_loopback(host)
        check_reach(host, None)


def test_a_bad_token_is_refused_and_not_repeated():
    for token in ("short", "with a space in the middle", "ümlaut-is-not-ascii", "line\nbreak-line-break"):
        with pytest.raises(ConfigError, match="ENGRAM_MCP_TOKEN") as caught:
            load_settings(token=token)
        assert token not in str(caught.value)
    assert TOKEN not in repr(load_settings(token=TOKEN))
