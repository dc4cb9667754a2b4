"""The faces of the engine, each with the same few words, the stores they run on, and engines on each store."""

import json
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from engram_core import AsyncEngram, Engram
from engram_core.cli.app import app
from engram_core.stores.postgres.embedded import EmbeddedServer
from engram_core.testing import FakeEmbedder


class SyncFace:
    """`Engram`."""

    def __init__(self, memory, user):
        self.memory, self.scope = memory, {"user_id": user}

    def add(self, text, *, at, session):
        return self.memory.add(text, occurred_at=at, session_id=session, **self.scope).turns[0].id

    def search(self, query, as_of=None):
        return [hit.memory.text for hit in self.memory.search(query, as_of=as_of, **self.scope)]

    def update(self, id, text, reason):
        return self.memory.update(id, text, reason=reason, **self.scope).after.id

    def delete(self, id):
        return self.memory.delete(id, **self.scope).op

    def history(self, id):
        return [(change.op, change.memory.text, change.reason) for change in self.memory.history(id, **self.scope)]

    def export(self):
        return list(self.memory.export(**self.scope))

    def erase(self):
        receipt = self.memory.erase(**self.scope)
        return {"memories": receipt.memories, "vectors": receipt.vectors, "changes": receipt.changes}

    def import_(self, records):
        result = self.memory.import_(records)
        return {"memories": result.memories, "changes": result.changes, "duplicates": result.duplicates}


class Blocking:
    """`AsyncEngram`, each verb awaited on one event loop."""

    def __init__(self, portal, memory):
        self.portal, self.memory = portal, memory

    def __getattr__(self, verb):
        method = getattr(self.memory, verb)

        def call(*args, **kwargs):
            async def run():
                result = method(*args, **kwargs)
                return [record async for record in result] if hasattr(result, "__aiter__") else await result

            return self.portal.call(run)

        return call


class CliFace:
    """`engram`, with `--json`."""

    def __init__(self, folder, user):
        self.env, self.user, self.folder = {"ENGRAM_DATA_DIR": str(folder)}, user, folder

    def run(self, *words, scoped=True, code=0):
        scope = ["--user", self.user] if scoped else []
        result = CliRunner().invoke(app, [*words, *scope, "--json"], env=self.env)
        assert result.exit_code == code, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def add(self, text, *, at, session):
        (result,) = self.run("add", text, "--at", at, "--session", session)
        return result["turns"][0]["id"]

    def search(self, query, as_of=None):
        (recall,) = self.run("search", query, *(["--as-of", as_of] if as_of else []))
        return [hit["memory"]["text"] for hit in recall["hits"]]

    def update(self, id, text, reason):
        (change,) = self.run("update", id, text, "--reason", reason)
        return change["after"]["id"]

    def delete(self, id):
        (change,) = self.run("delete", id, "--yes")
        return change["op"]

    def history(self, id):
        changes = self.run("history", id)
        return [(change["op"], (change["after"] or change["before"])["text"], change["reason"]) for change in changes]

    def export(self):
        return self.run("export")

    def erase(self):
        (receipt,) = self.run("erase", "--yes")
        return {name: receipt[name] for name in ("memories", "vectors", "changes")}

    def import_(self, records):
        path = self.folder.parent / f"{self.folder.name}-{self.user}.jsonl"
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        (result,) = self.run("import", str(path), scoped=False)
        return result


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Two data folders whose servers run until the end."""
    here, elsewhere = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("elsewhere")
    servers = [EmbeddedServer(here), EmbeddedServer(elsewhere)]
    for server in servers:
        server.acquire()
    yield here, elsewhere
    for server in servers:
        server.release()


def _options(store, folder):
    return {"data_dir": folder} if store == "postgres" else {"database_url": "memory://", "embedder": FakeEmbedder()}


@pytest.fixture(params=["sync-memory", "async-memory", "sync-postgres", "async-postgres", "cli-postgres"])
def faces(request):
    """The same face on two stores."""
    face, store = request.param.split("-")
    folders = request.getfixturevalue("folders") if store == "postgres" else (None, None)
    with ExitStack() as stack:
        if face == "cli":
            yield [CliFace(folder, request.param) for folder in folders]
            return
        made = []
        portal = stack.enter_context(start_blocking_portal())
        for folder in folders:
            if face == "sync":
                memory = Engram(**_options(store, folder))
            else:
                memory = Blocking(portal, portal.call(lambda folder=folder: AsyncEngram(**_options(store, folder))))
            stack.callback(memory.close)
            made.append(SyncFace(memory, request.param))
        yield made


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module", params=["memory", "postgres"])
def store(request):
    """What names a store: in memory, or a Postgres of this module's own."""
    if request.param == "memory":
        yield {"database_url": "memory://"}
        return
    path = Path(tempfile.mkdtemp(prefix="engram-acceptance-"))
    yield {"data_dir": path}
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def memory(store):
    """An engine without a model."""
    async with AsyncEngram(**store, embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
async def talking(store, model):
    """An engine with the model that a test brings as its fixture `model`."""
    async with AsyncEngram(**store, embedder=FakeEmbedder(), llm=model) as engine:
        yield engine


@pytest.fixture
def user(request):
    """A user of this test's own."""
    return request.node.name
