"""The parts of the embedded server that need no server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engram_core.errors import ConfigError, StoreUnavailableError
from engram_core.stores.postgres.embedded import locks, patience, sockets
from engram_core.stores.postgres.embedded.cluster import cluster_version
from engram_core.stores.postgres.embedded.folder import TAIL, Folder
from engram_core.stores.postgres.embedded.patience import Patience
from engram_core.stores.postgres.embedded.postmaster import find_postmaster, says_ready
from engram_core.stores.postgres.embedded.settings import SOCKET, server_arguments

if sys.platform != "win32":
    from engram_core.stores.postgres.embedded import keeper

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded server on Windows")


# -- waiting


def test_a_short_wait_says_nothing() -> None:
    said: list[str] = []
    Patience(10, said.append).pause("starting")
    assert said == []


def test_a_long_wait_says_what_for_and_then_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(patience.time, "sleep", lambda _: None)
    said: list[str] = []
    waiting = Patience(600, said.append)
    for seconds in (1, 2.9, 3, 4, 7.9, 8):
        clock[0] = 100.0 + seconds
        waiting.pause("recovering after a crash")
    assert said == ["recovering after a crash, 3 s", "recovering after a crash, 8 s"]


def test_the_end_of_patience_says_what_for_and_why() -> None:
    with pytest.raises(StoreUnavailableError, match="gave up after 0 s: starting: the log") as caught:
        Patience(0).pause("starting", lambda: ": the log")
    assert caught.value.retryable


# -- locks


def test_a_lock_is_shared_or_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second, third = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(3))
    assert locks.try_shared(first)
    assert locks.try_shared(second)
    assert not locks.try_exclusive(third)
    locks.unlock(first)
    assert not locks.is_free(third)
    os.close(second)
    assert locks.is_free(third)
    assert locks.try_exclusive(first)
    assert not locks.try_shared(third)
    os.close(first)
    assert locks.try_shared(third)
    os.close(third)


# -- files


def test_a_password_is_made_once_and_closed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.read_password() is None
    made = folder.make_password()
    assert made == folder.make_password() == folder.read_password()
    assert folder.password.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["password"]


def test_a_link_is_not_opened(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = Folder(tmp_path)
    folder.password.with_suffix(".new").symlink_to(victim)
    with pytest.raises(ConfigError, match="cannot be opened"):
        folder.make_password()
    assert victim.read_text() == "precious"


def test_the_end_of_the_log_since_a_mark(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.log_size() == 0
    assert folder.log_since(0) == ""
    folder.log.write_text("old\n")
    mark = folder.log_size()
    with folder.log.open("a") as log:
        log.write("new\n")
    assert folder.log_since(mark) == "new"
    folder.log.write_text("x" * 3 * TAIL)
    assert folder.log_since(0) == "x" * TAIL
    assert folder.log_since(10**9) == "x" * TAIL  # it was cut meanwhile


def test_the_keeper_cuts_a_long_log_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LOG_LIMIT", 100)
    monkeypatch.setattr(keeper, "LOG_KEPT", 10)
    log = os.open(tmp_path / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    os.write(log, b"x" * 100)
    keeper.cut(log)
    assert os.fstat(log).st_size == 100
    os.write(log, b"0123456789")
    keeper.cut(log)
    os.write(log, b"!")
    os.close(log)
    assert (tmp_path / "log").read_bytes() == b"0123456789!"


def test_the_keeper_is_a_script_of_the_standard_library_alone() -> None:
    program = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='keeper')"
    subprocess.run([sys.executable, "-I", "-S", "-c", program, keeper.__file__], check=True)


# -- clusters


def test_what_is_there(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    assert cluster_version(cluster) is None
    cluster.mkdir()
    with pytest.raises(ConfigError, match="not a PostgreSQL cluster"):
        cluster_version(cluster)
    (cluster / "PG_VERSION").write_text("16\n")
    assert cluster_version(cluster) == 16


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "-1", "999999999\n/x\n1\n5432\n.\n\n1 1\nready   \n"])
def test_a_pid_file_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert find_postmaster(tmp_path) is None


def test_readiness_is_the_last_line(tmp_path: Path) -> None:
    assert not says_ready(tmp_path)
    for status, ready in (("starting", False), ("ready   ", True), ("stopping", False)):
        (tmp_path / "postmaster.pid").write_text(f"1\n/x\n1\n5432\n.\n\n1 1\n{status}\n")
        assert says_ready(tmp_path) is ready


def test_only_a_server_that_knows_it_is_given_io_method() -> None:
    assert "io_method=sync" in server_arguments(18)
    assert not any("io_method" in argument for argument in server_arguments(16))


# -- sockets


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files whose own path is short."""
    with tempfile.TemporaryDirectory(prefix="e-", dir="/tmp") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)


def _long(tmp_path: Path) -> Path:
    cluster = tmp_path / ("long-" * 30) / "postgres"
    cluster.mkdir(parents=True)
    return cluster


def test_a_short_path_is_used_as_it_is() -> None:
    assert sockets.reachable(Path("/var/lib/e/postgres")) == Path("/var/lib/e/postgres")


def test_a_long_path_is_reached_by_a_short_one(tmp_path: Path, short: Path) -> None:
    cluster = _long(tmp_path)
    host = sockets.reachable(cluster)
    assert host == sockets.reachable(cluster)
    assert host.resolve() == cluster.resolve()
    assert not sockets.accepts(host)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(host / SOCKET))
        listening.listen()
        assert sockets.accepts(host)


def test_a_prepared_link_is_set_right(tmp_path: Path, short: Path) -> None:
    cluster = _long(tmp_path)
    host = sockets.reachable(cluster)
    host.unlink()
    host.symlink_to(tmp_path)
    assert sockets.reachable(cluster).resolve() == cluster.resolve()


def test_a_prepared_folder_is_refused(tmp_path: Path, short: Path) -> None:
    cluster = _long(tmp_path)
    private = sockets.reachable(cluster).parent
    assert private.parent == short
    private.chmod(0o777)
    with pytest.raises(ConfigError, match="closed to others"):
        sockets.reachable(cluster)
    private.chmod(0o700)
    private.rename(short / "mine")
    private.symlink_to(short / "mine")
    with pytest.raises(ConfigError, match="closed to others"):
        sockets.reachable(cluster)
