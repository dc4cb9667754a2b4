"""How commands fail: one exit code a kind of error, one line on stderr, no traceback."""

import subprocess
import sys

import pytest

from engram_core import errors
from engram_core.cli import failures
from engram_core.cli.app import app, build

CODES = {
    errors.EngramError("x"): 1,
    errors.StoreError("x"): 1,
    errors.InvalidInputError("text", 3, "a string"): 2,
    errors.NotFoundError("x"): 3,
    errors.StoreUnavailableError("x"): 4,
    errors.ConflictError("x"): 5,
    errors.ConfigError("x"): 6,
    errors.MissingExtraError("openai", "openai"): 6,
    errors.SchemaMismatchError("x"): 6,
    errors.ProviderError("x"): 7,
    errors.ProviderUnavailableError("x"): 7,
    errors.RateLimitedError("x"): 7,
    errors.InvalidOutputError("x"): 7,
}


@pytest.mark.parametrize(("error", "code"), CODES.items(), ids=lambda value: type(value).__name__)
def test_every_error_has_its_exit_code(error, code, capsys):
    assert failures.report(error) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")


def test_every_class_of_error_is_in_the_table():
    classes = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.EngramError)
    }
    assert classes == {type(error) for error in CODES}


def test_the_help_page_tells_the_exit_codes(light):
    page = light.run("--help").stdout
    for row in failures.OUTCOMES:
        assert f"{row.code}  {row.meaning}" in page


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["search", "x"], 2, "whose memories?"),
        (["list"], 2, "--user"),
        (["add", "x"], 2, "--user"),
        (["add", " ", "-u", "ada"], 2, "visible"),
        (["add", "x", "-u", "ada", "--role", "robot"], 2, "--role cannot be 'robot'; it takes user, assistant"),
        (["add", "x", "-u", "ada", "--at", "soon"], 2, "--at cannot be 'soon'; it takes a time in ISO 8601"),
        (
            ["add", "x", "-u", "ada", "--expires", "2020-01-01"],
            2,
            "--expires cannot be '2020-01-01'; it takes a time to",
        ),
        (["add", "x", "-u", "ada", "--meta", "topic"], 2, "KEY=JSON"),
        (["add", "x", "-u", "ada", "--meta", "n=NaN"], 2, "--meta n cannot be nan; it takes a finite number"),
        (["add"], 2, "TEXT"),
        (["search", "x", "-u", "ada", "--filter", "{"], 2, "--filter"),
        (
            ["search", "x", "-u", "ada", "--filter", '{"a": {"$near": 1}}'],
            2,
            "--filter a cannot be '$near'; it takes $eq",
        ),
        (["search", "x", "-u", "ada", "--kind", "dream"], 2, "dream"),
        (["search", "x", "-u", "ada", "--limit", "0"], 2, "--limit cannot be 0; it takes a whole number"),
        (["show", "nobody"], 2, "UUID"),
        (["undo", "x"], 2, "the id of a change"),
        (["replay", "x"], 2, "the id of a dead letter"),
        (["update", "nobody"], 2, "give the new TEXT, --meta"),
        (["delete"], 2, "--all"),
        (["delete", "--all", "--yes"], 2, "--user"),
        (["delete", "--all", "-u", "ada"], 2, "--yes"),
        (["erase", "--yes"], 2, "--user"),
        (["erase", "-u", "ada"], 2, "--yes"),
        (["export"], 2, "--all"),
        (["export", "--all", "-u", "ada"], 2, "--all"),
        (["import", "/nowhere/at/all"], 2, "error: there is no file /nowhere/at/all\n"),
        (["import", "/"], 2, "error: / cannot be read: Is a directory\n"),
        (["fly"], 2, "fly"),
        (["show", "0198c0de-0000-7000-8000-000000000000"], 3, "no memory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_are_told_on_stderr(light, words, code, says):
    result = light.run(*words)
    assert result.exit_code == code
    assert result.stdout == ""
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert "accepted:" not in result.stderr
    assert "None" not in result.stderr


def test_a_store_that_cannot_be_reached(light):
    result = light.run("list", "-u", "ada", env={"ENGRAM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    assert result.exit_code == 4
    assert "engram doctor" in result.stderr


def test_a_setting_that_cannot_work(light):
    result = light.run("list", "-u", "ada", env={"ENGRAM_EMBEDDER": "magic"})
    assert result.exit_code == 6
    assert result.stderr.startswith("error: ENGRAM_EMBEDDER cannot be 'magic'; it takes minilm-memory, minilm, ")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from engram_core.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'pydantic', 'asyncpg', 'onnxruntime', 'rich.table') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


class Entry:
    """An entry point as an installed package declares it."""

    dist = None

    def __init__(self, name, load):
        self.name, self.value, self.load = name, f"package:{name}", load


def test_commands_of_packages_join_and_a_broken_one_breaks_nothing(monkeypatch, light):
    import typer
    from typer.testing import CliRunner

    several = typer.Typer()
    several.command("one")(lambda: print("one of several"))
    several.command("two")(lambda: print("two of several"))

    def missing():
        raise ImportError("no module named fastapi")

    entries = [Entry("single", lambda: lambda: print("a single one")), Entry("several", lambda: several)]
    entries += [Entry("broken", missing), Entry("odd", lambda: 3)]
    monkeypatch.setattr("engram_core.cli.app.entry_points", lambda group: entries)
    ours = build()
    assert CliRunner().invoke(ours, ["single"]).stdout == "a single one\n"
    assert CliRunner().invoke(ours, ["several", "two"]).stdout == "two of several\n"
    broken = CliRunner().invoke(ours, ["broken"])
    assert broken.exit_code == 6
    assert "no module named fastapi" in broken.stderr
    assert CliRunner().invoke(ours, ["odd"]).exit_code == 6
    assert "broken" in CliRunner().invoke(ours, ["--help"]).stdout
    assert CliRunner().invoke(app, ["single"]).exit_code == 2
