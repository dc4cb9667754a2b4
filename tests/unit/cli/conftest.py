"""The command line on a real store of its own."""

import json

import pytest
from typer.testing import CliRunner

from engram_core.cli.app import app
from engram_core.stores.postgres.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A data folder whose server runs until the end."""
    path = tmp_path_factory.mktemp("cli")
    server = EmbeddedServer(path)
    server.acquire()
    yield path
    server.release()


class Cli:
    """Runs commands as one user."""

    def __init__(self, env, user):
        self.env, self.user = env, user

    def run(self, *words, input=None, env=None):
        return CliRunner().invoke(app, [str(word) for word in words], input=input, env={**self.env, **(env or {})})

    def ok(self, *words, input=None):
        """Run with this user's scope and `--json`, and return the documents."""
        result = self.run(*words, "--user", self.user, "--json", input=input)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def text(self, *words, input=None):
        """Run with this user's scope and return what a person reads."""
        result = self.run(*words, "--user", self.user, input=input)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def cli(folder, request):
    return Cli({"ENGRAM_DATA_DIR": str(folder), "COLUMNS": "100"}, request.node.name)


@pytest.fixture
def light():
    """A command line without a database, for what fails before one is needed."""
    return Cli({"ENGRAM_DATABASE_URL": "memory://", "COLUMNS": "100"}, "ada")
