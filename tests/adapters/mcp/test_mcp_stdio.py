"""`engram mcp` over standard input and output: a process of its own, on a database of its own."""

import asyncio
import json
import os
import shlex
import signal
import tempfile

import pytest
from typer.testing import CliRunner

from engram_core.cli.app import app
from engram_mcp import exchange
from engram_mcp.sdk import make_server
from engram_mcp.stdio import serve_stdio

#: Prints wherever it can, from the moment on that standard output is no longer what it was at the start.
NOISE = """
import os, sys, threading, time

def noise():
    began = os.fstat(1)
    while True:
        time.sleep(0.01)
        now = os.fstat(1)
        if (now.st_dev, now.st_ino) != (began.st_dev, began.st_ino):
            print("printed noise", flush=True)
            os.write(1, b"written noise\\n")
            os.system("echo noise of a child")

threading.Thread(target=noise, daemon=True).start()
"""


async def test_a_client_of_the_sdk_remembers_across_servers(connect, command, environment, modes):
    server = [*command, "--user", "ada", environment]
    with tempfile.TemporaryFile("w+") as log:
        async with connect(server, modes[0], log=log) as talk:
            assert len(await talk.tools()) == 8
            await talk.ok("remember", text="I live in Lisbon.")
        async with connect(server, modes[-1], log=log) as talk:
            found = await talk.ok("recall", query="Where do I live?")
            assert "User lives in Lisbon." in found.text
            assert "User lives in Lisbon." in str(await talk.prompt("recall", question="Where do I live?"))
        log.seek(0)
        assert "Traceback" not in log.read()


async def test_two_servers_of_two_tenants_never_mix(started):
    async with started("--user", "cleo") as here, started("-u", "cleo", "--tenant", "acme") as there:
        await here.begin()
        await there.begin()
        kept = await here.call(1, "remember", text="My locker code is KX-48213.")
        (id,) = kept["structuredContent"]["ids"]
        assert (await there.call(1, "recall", query="KX-48213"))["structuredContent"]["memories"] == []
        for tool in ("forget", "history"):
            refused = await there.call(2, tool, id=id)
            assert refused["isError"]
            assert "no memory" in refused["content"][0]["text"]
        refused = await there.call(3, "recall", query="KX-48213", tenant="default")
        assert "takes no such argument" in refused["content"][0]["text"]
        (found,) = (await here.call(2, "recall", query="KX-48213"))["structuredContent"]["memories"]
        assert found["id"] == id


async def test_nothing_else_is_written_where_the_client_reads(started, tmp_path):
    """A first start, with a new database, warnings on, and a thread and children that print all the time."""
    (tmp_path / "sitecustomize.py").write_text(NOISE)
    more = {"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "always", "ENGRAM_DATA_DIR": str(tmp_path / "data")}
    async with started("--user", "ada", **more) as server:
        await server.begin()
        await server.call(1, "remember", text="I live in Lisbon.")
        found = await server.call(2, "recall", query="Where do I live?")
        assert "Lisbon" in found["content"][0]["text"]
        database = tmp_path / "data" / "postgres" / "postmaster.pid"
        assert database.exists()
        server.process.stdin.close()
        assert await server.ended() == 0
        for noise in ("printed noise", "written noise", "noise of a child"):
            assert noise in server.log
        assert not database.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_it_outlives_nonsense_and_ends_on_a_signal_though_its_client_stays(started, number):
    async with started("--user", "ada") as server:
        await server.begin()
        server.process.stdin.write(b"what?\n\xff\xfe\n{}\n[1]\n")
        server.send(id=1, method="ping")
        while (await server.answer()).get("id") != 1:
            pass
        server.process.send_signal(number)
        assert await server.ended() == 0
        assert await server.process.stdout.read() == b""
        assert "Traceback" not in server.log


async def test_what_was_asked_before_the_end_is_answered(started):
    """All is written at once and the client's end closed, as a shell script does."""
    async with started("--user", "dan") as server:
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        server.send(id=0, method="initialize", params=client)
        server.send(method="notifications/initialized")
        for number in (1, 2):
            arguments = {"name": "remember", "arguments": {"text": f"Locker {number} is mine."}}
            server.send(id=number, method="tools/call", params=arguments)
        server.process.stdin.close()
        answers = {answer["id"]: answer for answer in [await server.answer() for _ in range(3)]}
        assert await server.process.stdout.read() == b""
        assert await server.ended() == 0
        assert "Traceback" not in server.log
        for number in (1, 2):
            assert "Remembered" in answers[number]["result"]["content"][0]["text"]
    async with started("--user", "dan") as server:
        await server.begin()
        listed = (await server.call(1, "list_recent", kinds=["turn"]))["structuredContent"]["memories"]
        assert {memory["text"] for memory in listed} == {"Locker 1 is mine.", "Locker 2 is mine."}


@pytest.mark.parametrize("cancelled", [False, True], ids=["given up", "cancelled"])
async def test_what_does_not_end_is_given_up(monkeypatch, caplog, cancelled):
    """A request outlasts the grace period; one that the client itself cancelled is not waited for."""
    monkeypatch.setattr(exchange, "_GRACE", 600 if cancelled else 0.2)
    entered, ended = asyncio.Event(), []

    async def never(_given):
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    server = make_server("slow", "1", "", {"tools/call": never})
    (here_in, there_in), (there_out, here_out) = os.pipe(), os.pipe()
    with open(here_in, "rb") as stdin, open(here_out, "wb") as stdout, open(there_out, "rb") as answers:
        serving = asyncio.create_task(serve_stdio(server, stdin, stdout))
        with open(there_in, "wb") as wire:
            client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            for message in (
                {"id": 0, "method": "initialize", "params": client},
                {"method": "notifications/initialized"},
                {"id": 1, "method": "tools/call", "params": {"name": "wait", "arguments": {}}},
            ):
                wire.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            wire.flush()
            await asyncio.wait_for(entered.wait(), 60)
            if cancelled:
                notice = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
                wire.write(json.dumps(notice).encode() + b"\n")
        await asyncio.wait_for(serving, 60)
        stdout.close()
        told = [answer for answer in map(json.loads, answers) if answer["id"] == 1]
    assert ended
    if not cancelled:
        assert [answer["error"]["code"] for answer in told] == [-32000]
    assert ("given up" in caplog.text) is not cancelled


async def test_a_line_that_is_no_message_is_answered_and_logged(started):
    async with started("--user", "ada") as server:
        await server.begin()
        lines = {
            b"what?": (None, -32700),
            b"\xff\xfe": (None, -32700),
            b"[" * 100_000: (None, -32700),
            b"{}": (None, -32600),
            b"null": (None, -32600),
            b'[{"jsonrpc": "2.0", "id": 3, "method": "ping"}]': (None, -32600),
            b'{"id": 7, "method": "ping"}': (7, -32600),
            b'{"id": "\\ud800", "method": "ping"}': ("\ud800", -32600),
        }
        for line, expected in lines.items():
            server.process.stdin.write(b"\n" + line + b"\n")
            answer = await server.answer()
            assert (answer["id"], answer["error"]["code"]) == expected
        server.process.stdin.close()
        assert await server.process.stdout.read() == b""
        assert await server.ended() == 0
        assert server.log.count("is no message of the protocol") == len(lines)


@pytest.mark.parametrize(("closed", "says"), [("<&-", "standard input"), (">&-", "standard output")])
async def test_a_closed_stream_is_told(command, environment, closed, says):
    line = f"{shlex.join(command)} --user ada {closed}"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_shell(line, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    printed, told = await process.communicate()
    assert process.returncode == 2
    assert printed == b""
    assert told.decode().startswith(f"error: {says}")
    assert len(told.splitlines()) == 1


async def test_a_signal_before_it_serves_ends_it_too(started, tmp_path):
    async with started("--user", "ada", ENGRAM_DATA_DIR=str(tmp_path / "new")) as server:
        while not (tmp_path / "new").exists():
            await asyncio.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() in (0, -signal.SIGTERM)
        assert await server.process.stdout.read() == b""
        assert "Traceback" not in server.log


async def test_a_killed_server_loses_nothing_acknowledged(started):
    async with started("--user", "eve") as server:
        await server.begin()
        for number in range(5):
            await server.call(number + 1, "remember", text=f"Note {number}")
        server.process.kill()
        await server.ended()
    async with started(ENGRAM_MCP_USER="eve", ENGRAM_MCP_READ_ONLY="1") as server:
        assert "not changed" in (await server.begin())["instructions"]
        assert (await server.call(2, "forget"))["code"] == -32602
        listed = (await server.call(1, "list_recent", kinds=["turn"]))["structuredContent"]["memories"]
        assert [memory["text"] for memory in listed] == [f"Note {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("words", "more", "code", "says"),
    [
        ([], {}, 2, "whose memories?"),
        (["--user", " "], {}, 2, "--user cannot be ' '"),
        (["--user", "ada"], {"ENGRAM_MCP_PORT": "high"}, 6, "ENGRAM_MCP_PORT: Input should be a valid integer"),
        (["--user", "ada"], {"ENGRAM_MCP_TOKEN": "sesame"}, 6, "ENGRAM_MCP_TOKEN: "),
        (["--user", "ada"], {"ENGRAM_MCP_TRANSPORT": "sse"}, 6, "ENGRAM_MCP_TRANSPORT: Input should be 'stdio' or"),
        (["--user", "ada"], {"ENGRAM_CACHE_MB": "much"}, 6, "ENGRAM_CACHE_MB"),
        (["--user", "ada", "--transport", "http", "--host", "0.0.0.0"], {}, 6, "ENGRAM_MCP_TOKEN"),
    ],
)
def test_what_cannot_serve_says_so(words, more, code, says):
    result = CliRunner().invoke(app, ["mcp", *words], env=more)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert says in result.stderr
    assert "sesame" not in result.stderr


async def test_a_store_that_cannot_be_reached_ends_it(started):
    async with started("--user", "ada", ENGRAM_DATABASE_URL="postgresql://a:sesame@127.0.0.1:1/none") as server:
        assert await server.ended() == 4
        assert await server.process.stdout.read() == b""
        assert "cannot be reached" in server.log
        assert "sesame" not in server.log
        assert "Traceback" not in server.log


def test_the_help_page_fits_eighty_columns():
    page = CliRunner().invoke(app, ["mcp", "--help"], env={"COLUMNS": "80"}).stdout
    assert max(map(len, page.splitlines())) <= 80
    for word in (
        "--user",
        "--read-only",
        "stdio|http",
        "no login of its own",
        "ENGRAM_MCP_TOKEN",
        "only the turns of that",
    ):
        assert word in page
