"""LangGraph's own tests of its runtime, from its source distribution, with our saver where they expect SQLite's.

The test runs what takes little time. Run as a script, this runs all of them, with our saver and then with SQLite's, and
prints how many passed: `python tests/adapters/test_langgraph_runtime.py`.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
LANGGRAPH = version("langgraph")
CACHE = Path(tempfile.gettempdir()) / f"engram-langgraph-{LANGGRAPH}-{os.getuid()}"
#: What LangGraph's tests import and ours do not.
NEEDED = {"pytest_mock": "pytest-mock", "redis": "redis", "Crypto": "pycryptodome"}
SLOTS = ("_checkpointer_sqlite", "_checkpointer_sqlite_aes", "_checkpointer_sqlite_aio")
QUICK = (
    "test_checkpoint_migration.py",
    "test_delta_channel_parallel_order.py",
    "test_delta_channel_to_plain.py",
    "test_delta_channel_update_state.py",
    "test_interrupt_state.py",
    "test_interruption.py",
    "test_strict_resume.py",
    "test_subgraph_persistence.py",
)


class CannotBeHad(Exception):
    """The tests, or what they need, cannot be downloaded here."""


def obtain(cache):
    """Return the folder of LangGraph's tests and one with what they need; downloaded once."""
    sources, packages = cache / "sources", cache / "packages"
    if not sources.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            pip("download", "--no-deps", "--no-binary=:all:", f"langgraph=={LANGGRAPH}", "-d", folder)
            with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
                archive.extractall(Path(folder) / "all", filter="data")
            (unpacked,) = (Path(folder) / "all").iterdir()
            shutil.copytree(unpacked / "tests", Path(folder) / "sources" / "tests")
            sources.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(Path(folder) / "sources", sources)
    missing = [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing and not packages.is_dir():
        pip("install", "--no-deps", "--target", packages, *missing)
    return sources, packages


def pip(*words):
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise CannotBeHad(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")


def run(folder, sources, packages, modules, *, ours, only=()):
    """Run modules of LangGraph's tests; return what became of each test."""
    tree = folder / ("ours" if ours else "theirs")
    shutil.copytree(sources, tree, dirs_exist_ok=True)
    if ours:
        shutil.copy(HERE / "langgraph_slot.py", tree)
        with (tree / "tests" / "conftest_checkpointer.py").open("a") as file:
            file.write(f"\nfrom langgraph_slot import {', '.join(SLOTS)}\n")
    (tree / "pytest.ini").write_text("[pytest]\n")
    report = folder / "report.xml"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(packages), str(tree)]),
        "LANGGRAPH_SLOT_FOLDER": str(folder / "data"),
        "NO_DOCKER": "true",
    }
    chosen = [f"tests/{test}" for test in only] or ["-k", "sqlite", *(f"tests/{module}" for module in modules)]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", f"--junitxml={report}", "--timeout=120", *chosen]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {identify(case): outcome(case) for case in ElementTree.parse(report).iter("testcase")}


def identify(case):
    return f"{case.get('classname').rpartition('.')[2]}.py::{case.get('name')}"


def outcome(case):
    kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
    return kinds.pop() if kinds else "passed"


def failed(outcomes):
    return sorted(test for test, what in outcomes.items() if what in ("failure", "error"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_test_fails_that_passes_with_a_first_party_saver(tmp_path_factory):
    try:
        sources, packages = obtain(CACHE)
    except (CannotBeHad, OSError, subprocess.TimeoutExpired) as exc:
        pytest.skip(f"LangGraph's tests cannot be had: {exc}")
    folder = Path(tempfile.mkdtemp(prefix="engram-langgraph-"))
    try:
        with_ours = run(folder, sources, packages, QUICK, ours=True)
        assert sum(what == "passed" for what in with_ours.values()) > 150
        if broken := failed(with_ours):
            with_theirs = run(folder, sources, packages, QUICK, ours=False, only=broken)
            assert set(broken) <= set(failed(with_theirs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    sources, packages = obtain(CACHE)
    modules = [
        path.name
        for path in sorted((sources / "tests").glob("test_*.py"))
        if re.search(r"\b(a?sync_checkpointer)\b", path.read_text("utf-8"))
    ]
    folder = Path(tempfile.mkdtemp(prefix="engram-langgraph-"))
    outcomes = {}
    for name, ours in {"EngramSaver": True, "SqliteSaver": False}.items():
        outcomes[name] = run(folder, sources, packages, modules, ours=ours)
        counts = {kind: list(outcomes[name].values()).count(kind) for kind in sorted(set(outcomes[name].values()))}
        print(f"langgraph {LANGGRAPH}, {len(modules)} modules, {name}: {counts}", flush=True)
    worse = set(failed(outcomes["EngramSaver"])) - set(failed(outcomes["SqliteSaver"]))
    print("failing with EngramSaver alone:", sorted(worse) or "none")
    shutil.rmtree(folder, ignore_errors=True)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
