"""LangGraph's own tests of its stores, from their source distributions, with `EngramStore` in their place."""

import fcntl
import importlib.metadata
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import platformdirs
import pytest

HERE = Path(__file__).parent
INTEGRATIONS = HERE.parents[1] / "integrations"
CACHE = platformdirs.user_cache_path("engram-tests", appauthor=False)
#: Distribution, its test modules, and parameters that differ in what a store is connected by: they are one to ours.
SUITES = {
    "memory": ("langgraph-checkpoint", ["test_store.py"], ""),
    "sqlite": ("langgraph-checkpoint-sqlite", ["test_store.py", "test_async_store.py", "test_ttl.py"], "not file"),
    "postgres": (
        "langgraph-checkpoint-postgres",
        ["test_store.py", "test_async_store.py"],
        "not pipe and not pool and not halfvec",
    ),
}


def sources(distribution: str) -> Path:
    """The unpacked source distribution of the version that is installed here, kept for the next run."""
    name = f"{distribution.replace('-', '_')}-{importlib.metadata.version(distribution)}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / name / "tests").is_dir():
            download(f"{distribution}=={importlib.metadata.version(distribution)}")
            with tarfile.open(CACHE / f"{name}.tar.gz") as archive:
                archive.extractall(CACHE, filter="data")
    return CACHE / name


def download(requirement: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", requirement]
    try:
        subprocess.run([*command, "--dest", CACHE], check=True, capture_output=True, text=True, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as exc:
        reason = (exc.stderr or str(exc)).strip().splitlines()[-1]
        pytest.skip(f"the source distribution {requirement} cannot be had: {reason}")


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_the_stores_own_tests_pass(suite, data_dir):
    pytest.importorskip("pytest_asyncio", reason="the tests are written for pytest-asyncio")
    distribution, modules, selected = SUITES[suite]
    folder = sources(distribution)
    options = ["-c", os.devnull, "--rootdir=.", "-p", "no:cacheprovider", "-p", "langgraph_store_swap", "-q", "-rs"]
    options += ["-o", "asyncio_mode=auto", "-W", "ignore", "--timeout=240", "-k", selected]
    path = os.pathsep.join([str(HERE), str(INTEGRATIONS), "."])
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/{module}" for module in modules)],
        cwd=folder,
        env=os.environ | {"STORE_SWAP_DATA": str(data_dir), "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    print(result.stdout)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
