"""Commands of installed packages: looked for only when they are needed, and never in the way of our own."""

import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from engram_core.cli.app import build
from engram_core.errors import MissingExtraError


class Entry:
    """An entry point as an installed package declares it, which counts how often it is loaded."""

    dist = None

    def __init__(self, name, load):
        self.name, self.value, self.loads = name, f"package:{name}", 0
        self._load = load

    def load(self):
        self.loads += 1
        return self._load()


@pytest.fixture
def made(monkeypatch):
    """Makes a command line with these entry points."""

    def make(*entries):
        monkeypatch.setattr("engram_core.cli.app.entry_points", lambda group: list(entries))
        return build()

    return make


def refuse(error):
    def load():
        raise error

    return load


def greet(name: str = "you", loud: bool = False) -> None:
    """Greet somebody."""
    print(f"hello {name}{'!' if loud else ''}")


def unusable(given):
    """Take what nobody knows."""


unusable.__annotations__["given"] = "nowhere"


def test_a_command_is_listed_with_its_help_and_called_with_its_options(made):
    app = made(Entry("greet", lambda: greet))
    page = CliRunner().invoke(app, ["--help"]).stdout
    assert "greet        Greet somebody." in page
    assert page.index("doctor ") < page.index("greet ") < page.index("Exit codes")
    assert CliRunner().invoke(app, ["greet", "--name", "ada", "--loud"]).stdout == "hello ada!\n"
    assert "--name" in CliRunner().invoke(app, ["greet", "--help"]).stdout
    assert CliRunner().invoke(app, ["greet", "--shout"]).exit_code == 2


def test_a_package_may_bring_several_commands(made):
    several = typer.Typer(help="Two commands.")
    several.command("one")(lambda: print("one"))
    several.command("two")(lambda: print("two"))
    app = made(Entry("several", lambda: several))
    assert CliRunner().invoke(app, ["several", "two"]).stdout == "two\n"
    assert "Two commands." in CliRunner().invoke(app, ["--help"]).stdout


def test_only_the_command_that_is_called_is_loaded(made, light):
    greeting, other = Entry("greet", lambda: greet), Entry("other", lambda: greet)
    app = made(greeting, other)
    assert CliRunner().invoke(app, ["--version"]).exit_code == 0
    assert CliRunner().invoke(app, ["show", "--help"]).exit_code == 0
    assert greeting.loads == other.loads == 0
    assert CliRunner().invoke(app, ["greet"]).exit_code == 0
    assert (greeting.loads, other.loads) == (1, 0)


def test_a_package_does_not_take_the_place_of_a_command_of_ours(made):
    app = made(Entry("search", lambda: greet))
    assert "Find what matters" in CliRunner().invoke(app, ["search", "--help"]).stdout


@pytest.mark.parametrize("words", [["serve"], ["serve", "--port", "80", "x"]])
def test_a_missing_extra_is_one_line_and_an_exit_code(made, words):
    app = made(Entry("serve", refuse(MissingExtraError("fastapi", "server"))))
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr == "error: fastapi is not installed; run: pip install 'engram-recall[server]'\n"


@pytest.mark.parametrize(
    ("load", "says"),
    [
        (refuse(ImportError("no module named fastapi")), "no module named fastapi"),
        (refuse(SyntaxError("bad")), "bad"),
        (lambda: 3, "neither a function nor a typer.Typer"),
        (lambda: unusable, "`broken` of package:broken cannot be loaded: "),
    ],
)
def test_one_that_cannot_be_loaded_breaks_nothing_else(made, load, says):
    app = made(Entry("broken", load), Entry("greet", lambda: greet))
    result = CliRunner().invoke(app, ["broken", "--any", "thing"])
    assert result.exit_code != 0
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    page = CliRunner().invoke(app, ["--help"])
    assert page.exit_code == 0
    assert "broken" in page.stdout
    assert CliRunner().invoke(app, ["greet"]).stdout == "hello you\n"


def test_a_name_that_nobody_brings(made):
    result = CliRunner().invoke(made(), ["fly"])
    assert result.exit_code == 2
    assert "fly" in result.stderr


def test_ours_is_registered_and_its_help_needs_no_extra(tmp_path):
    """`engram mcp` as it is installed, where the SDK is not."""
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError('No module named mcp')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "ENGRAM_DATABASE_URL": "memory://"}

    def run(*words):
        command = [sys.executable, "-m", "engram_core.cli", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True)

    assert "mcp          Serve memories" in run("--help").stdout
    assert "--read-only" in run("mcp", "--help").stdout
    for transport in ("stdio", "http"):
        result = run("mcp", "--user", "ada", "--transport", transport, "--port", "0")
        assert result.returncode == 6
        assert result.stdout == ""
        assert result.stderr == "error: mcp is not installed; run: pip install 'engram-recall[mcp]'\n"


def test_listing_them_loads_nothing_heavy():
    code = (
        "import sys; from engram_core.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('mcp', 'pydantic', 'asyncpg', 'uvicorn') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
