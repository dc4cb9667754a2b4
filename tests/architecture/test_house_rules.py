"""Rules of the house that a reader of the tree can rely on."""

import ast
import logging
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import engram_core

PACKAGE = Path(engram_core.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
READERS = {"environ", "environb", "getenv", "getenvb"}
SCREEN = 60


def name(path):
    return path.relative_to(PACKAGE).as_posix()


@pytest.fixture
def loggers():
    """Linting sets logging up for itself, and so silences the loggers that other tests listen to."""
    known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    yield
    for logger in known:
        logger.disabled = False


@pytest.mark.usefixtures("loggers")
def test_the_import_contracts_hold(monkeypatch):
    monkeypatch.chdir(PACKAGE.parent)
    assert lint_imports(no_cache=True) == 0


def environment_reads(tree):
    """Lines that read the environment through `os`, however it is spelled."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in READERS:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os" and READERS & {alias.name for alias in node.names}:
            yield node.lineno


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['A']", "import os as o\no.getenv('A')", "from os import environ"]
)
def test_the_scan_sees_every_spelling(source):
    assert list(environment_reads(ast.parse(source)))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_environment_is_read_in_one_place(path):
    if name(path) == "config.py":
        return
    assert list(environment_reads(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_function_needs_a_second_screen(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    assert {node.name: n for node in functions if (n := node.end_lineno - node.lineno + 1) > SCREEN} == {}
