"""The embedded server on real folders: made, shared, killed and found again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from engram_core.errors import ConfigError, StoreUnavailableError
from engram_core.stores.postgres.embedded import Address, EmbeddedServer
from engram_core.stores.postgres.embedded.account import server_account
from engram_core.stores.postgres.embedded.binaries import Binaries, find_binaries, for_account
from engram_core.stores.postgres.embedded.postmaster import find_postmaster

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded server on Windows")

NOBODY = 65534
LIMIT = 60.0
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become another user")

USER = """
import sys
from pathlib import Path
from engram_core.stores.postgres.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), start_timeout=60)
print(server.acquire().host, flush=True)
sys.stdin.readline()
server.release()
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a home: closed to all others, root's server account included."""
    path = tmp_path_factory.mktemp("home")
    path.chmod(0o700)
    return path


@pytest.fixture(scope="module")
def template(home: Path) -> Path:
    """A data folder that was used and closed properly."""
    data_dir = home / "share" / "engram"
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    server.acquire()
    server.release()
    return data_dir


@pytest.fixture
def data_dir(template: Path, tmp_path: Path) -> Path:
    """A copy of it: a second cluster need not be made for each test."""
    return _copy(template, tmp_path / "data")


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    yield server
    server.release()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can look into."""
    path = Path(tempfile.mkdtemp(prefix="e-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def _copy(source: Path, target: Path) -> Path:
    owner = (source / "postgres").stat()
    shutil.copytree(source, target)
    for name in ["postgres", *(str(p.relative_to(target)) for p in (target / "postgres").rglob("*"))]:
        os.chown(target / name, owner.st_uid, owner.st_gid)
    return target


def _start_user(data_dir: Path) -> subprocess.Popen[str]:
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert user.stdout is not None
    assert user.stdout.readline()
    return user


def _end(user: subprocess.Popen[str]) -> None:
    user.communicate("\n", timeout=LIMIT)
    assert user.returncode == 0


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _pid(data_dir: Path) -> int | None:
    return find_postmaster(data_dir / "postgres")


async def _connect(address: Address, **other: object) -> asyncpg.Connection:
    wanted = {name: getattr(address, name) for name in ("host", "port", "user", "password", "database")}
    return await asyncpg.connect(**{**wanted, **other})


async def _ask(address: Address, sql: str) -> object:
    connection = await _connect(address)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


# -- who gets in


async def test_it_serves_vectors_to_who_has_the_password(server: EmbeddedServer) -> None:
    address = server.acquire()
    await _ask(address, "CREATE EXTENSION vector")
    assert await _ask(address, "SELECT '[3,4]'::vector <-> '[0,0]'") == 5.0
    assert await _ask(address, "SHOW server_encoding") == "UTF8"
    assert {await _ask(address, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "data_checksums")} == {"on"}


@pytest.mark.parametrize("password", ["", "engram", "wrong"])
async def test_it_refuses_who_has_not(
    server: EmbeddedServer, password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    address = server.acquire()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _connect(address, password=password, passfile=str(tmp_path / "none"))


async def test_no_network_port_is_open(server: EmbeddedServer) -> None:
    assert await _ask(server.acquire(), "SHOW listen_addresses") == ""


def test_the_password_is_not_shown(server: EmbeddedServer) -> None:
    address = server.acquire()
    assert len(address.password) > 30
    assert address.password not in repr(address)


def test_the_folder_is_closed_and_those_above_stay_as_they_were(home: Path, template: Path) -> None:
    assert _mode(home) == 0o700
    assert _mode(template) == 0o700
    assert _mode(template / "postgres") == 0o700
    assert {_mode(path) for path in template.iterdir() if path.is_file()} == {0o600}


def test_a_folder_that_was_there_keeps_its_permissions(data_dir: Path, server: EmbeddedServer) -> None:
    data_dir.chmod(0o755)
    server.acquire()
    assert _mode(data_dir) == 0o755
    assert _mode(data_dir / "postgres") == 0o700


@as_root
def test_another_user_reaches_neither_socket_nor_data(template: Path, public: Path) -> None:
    data_dir = _copy(template, public / "data")
    data_dir.chmod(0o755)  # not even where the user left the folder open
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    host = server.acquire().host
    try:
        assert _reaches(host) == []
        assert _reaches(host, uid=NOBODY) == ["password", "PG_VERSION", "socket"]
    finally:
        server.release()


def _reaches(host: str, uid: int = 0) -> list[str]:
    """Return what a process of this user is refused."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, " ".join(_refused(Path(host))).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        return said.read().split()


def _refused(cluster: Path) -> Iterator[str]:
    for path in (cluster.parent / "password", cluster / "PG_VERSION"):
        try:
            path.read_bytes()
        except PermissionError:
            yield path.name
    try:
        socket.socket(socket.AF_UNIX).connect(str(cluster / ".s.PGSQL.5432"))
    except PermissionError:
        yield "socket"


@as_root
def test_root_lends_the_server_an_account(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    pid = _pid(data_dir)
    owner = (data_dir / "postgres").stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{pid}").stat().st_uid == owner


def _python_of_others() -> tuple[str, dict[str, str]]:
    """Return a Python that an unprivileged user can run, and its environment, or skip."""
    paths = [str(Path(__file__).parents[2]), sysconfig.get_path("purelib")]
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(version, path="/usr/local/bin:/usr/bin")):
        if not python:
            continue
        try:
            command = [python, "-c", "import engram_core.stores.postgres.embedded"]
            subprocess.run(command, env=environment, cwd="/", user=NOBODY, group=NOBODY, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python, environment
    pytest.skip("no other user can run Python with these packages here")


@as_root
def test_an_ordinary_user_runs_it_in_a_closed_home(public: Path) -> None:
    python, environment = _python_of_others()
    home = public / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    command = [python, "-c", USER, str(home / "share" / "engram")]
    result = subprocess.run(
        command, env=environment, cwd="/", input="\n", capture_output=True, text=True, user=NOBODY, group=NOBODY
    )
    assert result.returncode == 0, result.stderr
    assert _mode(home) == 0o700
    assert {path.stat().st_uid for path in (home / "share" / "engram").rglob("*")} == {NOBODY}
    assert _pid(home / "share" / "engram") is None


@as_root
def test_root_in_a_users_folder_leaves_it_to_the_user(data_dir: Path) -> None:
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    (data_dir / "postgres.log").unlink()
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    server.acquire()
    server.release()
    assert {path.stat().st_uid for path in (data_dir, *data_dir.rglob("*"))} == {NOBODY}


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(template: Path, tmp_path: Path, public: Path) -> None:
    wheel = find_binaries(18).folder.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in (wheel.name, f"{wheel.name}.libs"):
        if wheel.with_name(name).exists():
            (closed / name).symlink_to(wheel.with_name(name))
    binaries = Binaries(18, closed / wheel.name / "pginstall18")
    account = server_account(template, template / "postgres")
    assert account is not None
    copy = for_account(binaries, account, public / "copies")
    command = [copy.initdb, "--version"]
    assert "18" in subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", **account.popen).stdout
    made = copy.postgres.stat().st_ino
    assert for_account(binaries, account, public / "copies").postgres.stat().st_ino == made
    assert copy.postgres.stat().st_uid == 0
    assert _mode(closed) == 0o700


@as_root
def test_root_that_may_not_lend_accounts_is_told_the_way_out(tmp_path: Path) -> None:
    apart = ["unshare", "--user", "--map-root-user"]
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there are no user namespaces here")
    result = subprocess.run(
        [*apart, sys.executable, "-c", USER, str(tmp_path / "data")], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "ConfigError" in result.stderr
    assert "set database_url" in result.stderr


# -- who shares it


def test_two_processes_share_one_server_and_the_last_one_stops_it(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    pid = _pid(data_dir)
    other = _start_user(data_dir)
    assert _pid(data_dir) == pid
    server.release()
    assert _pid(data_dir) == pid
    _end(other)
    assert _pid(data_dir) is None


def test_processes_that_come_and_go_together_lose_nobody(data_dir: Path) -> None:
    users = [
        subprocess.Popen([sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)
        for _ in range(4)
    ]  # fmt: skip
    for user in users:
        _end(user)
    assert _pid(data_dir) is None


def test_two_engines_in_one_process_count_as_two(data_dir: Path, server: EmbeddedServer, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(data_dir)
    other = EmbeddedServer(link, start_timeout=LIMIT)
    assert server.acquire() == other.acquire() == other.acquire()
    server.release()
    server.release()
    assert _pid(data_dir) is not None
    other.release()
    assert _pid(data_dir) is None


def test_a_forked_child_neither_holds_nor_stops_it(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    pid = _pid(data_dir)
    child = os.fork()
    if child == 0:
        server.release()  # of the parent: nothing to the child
        mine = EmbeddedServer(data_dir, start_timeout=LIMIT)
        mine.acquire()
        mine.release()
        os._exit(0 if _pid(data_dir) == pid else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    sleeper = os.fork()
    if sleeper == 0:
        time.sleep(LIMIT)
        os._exit(0)
    server.release()
    stopped = _pid(data_dir) is None
    os.kill(sleeper, signal.SIGKILL)
    os.waitpid(sleeper, 0)
    assert stopped


async def test_it_can_be_opened_again(data_dir: Path, server: EmbeddedServer) -> None:
    await _ask(server.acquire(), "CREATE TABLE kept AS SELECT 7 AS n")
    server.release()
    assert _pid(data_dir) is None
    assert await _ask(server.acquire(), "SELECT n FROM kept") == 7


# -- who dies


def test_a_killed_user_leaves_a_server_that_stops_by_itself(data_dir: Path, server: EmbeddedServer) -> None:
    user = _start_user(data_dir)
    assert _pid(data_dir) is not None
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()
    _until(lambda: _pid(data_dir) is None)
    server.acquire()
    assert _pid(data_dir) is not None


async def test_a_user_who_comes_while_it_stops_waits_and_is_served(data_dir: Path, server: EmbeddedServer) -> None:
    user = _start_user(data_dir)
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()
    assert await _ask(server.acquire(), "SELECT 1") == 1


async def test_a_killed_server_recovers_what_was_committed(data_dir: Path, server: EmbeddedServer) -> None:
    await _ask(server.acquire(), "CREATE TABLE kept AS SELECT 7 AS n")
    pid = _pid(data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _until(lambda: _pid(data_dir) is None)
    address = server.ensure_running()
    assert await _ask(address, "SELECT n FROM kept") == 7
    assert _pid(data_dir) not in (pid, None)


async def test_a_server_killed_while_it_recovers_is_started_again(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    before = _pid(data_dir)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    _until(lambda: _pid(data_dir) is None)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.ensure_running)
        _until(lambda: _pid(data_dir))
        recovering = _pid(data_dir)
        assert recovering is not None
        os.kill(recovering, signal.SIGKILL)
        address = starting.result()
    if _pid(data_dir) is None:  # it was ready before it was killed
        address = server.ensure_running()
    assert await _ask(address, "SELECT 1") == 1


def test_all_killed_at_once_is_no_hindrance(data_dir: Path, server: EmbeddedServer) -> None:
    user = _start_user(data_dir)
    keeper = _keeper_of(data_dir)
    for pid in (_pid(data_dir), keeper, user.pid):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    user.communicate()
    server.acquire()
    assert _pid(data_dir) is not None


def _keeper_of(data_dir: Path) -> int:
    pid = _pid(data_dir)
    assert pid is not None
    shown = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout)


def test_a_server_that_lost_its_keeper_is_stopped_by_its_last_user(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    os.kill(_keeper_of(data_dir), signal.SIGKILL)
    assert _pid(data_dir) is not None
    server.release()
    assert _pid(data_dir) is None


def test_a_server_that_lost_its_keeper_gets_another(data_dir: Path, server: EmbeddedServer) -> None:
    server.acquire()
    pid = _pid(data_dir)
    os.kill(_keeper_of(data_dir), signal.SIGKILL)
    user = _start_user(data_dir)
    assert _pid(data_dir) == pid
    server.release()
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()
    _until(lambda: _pid(data_dir) is None)


def test_ctrl_c_in_the_terminal_is_not_for_the_server(data_dir: Path) -> None:
    user = _start_user(data_dir)
    pid = _pid(data_dir)
    other = _start_user(data_dir)
    os.killpg(user.pid, signal.SIGINT)
    user.communicate()
    assert _pid(data_dir) == pid
    _end(other)
    assert _pid(data_dir) is None


async def test_a_pid_file_that_names_another_process_is_no_hindrance(data_dir: Path, server: EmbeddedServer) -> None:
    owner = (data_dir / "postgres").stat()
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n1700000000\n5432\n.\n\n  1 1\nready   \n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    assert await _ask(server.acquire(), "SELECT 1") == 1


async def test_a_first_start_that_was_killed_halfway_is_no_hindrance(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    command = [sys.executable, "-c", USER, str(data_dir)]
    user = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    _until(lambda: any(data_dir.glob("postgres.new-*/PG_VERSION")))
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()
    assert not (data_dir / "postgres").exists()
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    assert await _ask(server.acquire(), "SELECT 1") == 1
    server.release()
    assert not any(data_dir.glob("postgres.new-*"))


# -- versions and places


@pytest.fixture(scope="module")
def older(home: Path) -> Path:
    data_dir = home / "older"
    server = EmbeddedServer(data_dir, version=16, start_timeout=LIMIT)
    server.acquire()
    server.release()
    return data_dir


async def test_a_cluster_is_run_by_the_version_that_made_it(older: Path, data_dir: Path) -> None:
    for path, asked, runs in ((older, 18, 16), (data_dir, 16, 18)):
        server = EmbeddedServer(path, version=asked, start_timeout=LIMIT)
        assert await _ask(server.acquire(), "SELECT current_setting('server_version_num')::int / 10000") == runs
        server.release()


async def test_a_path_too_long_for_a_socket_works(
    template: Path, tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(public))
    data_dir = _copy(template, tmp_path / ("long-" * 20) / "path, with a comma and ünïcode")
    server = EmbeddedServer(data_dir, start_timeout=LIMIT)
    address = server.acquire()
    assert await _ask(address, "SELECT 1") == 1
    assert Path(address.host).is_relative_to(public)
    assert _mode(Path(address.host).parent) == 0o700
    server.release()
    assert _pid(data_dir) is None


# -- what cannot start


def test_a_server_that_does_not_start_says_why(data_dir: Path, server: EmbeddedServer) -> None:
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("\nno_such_setting = 1\n")
    with pytest.raises(StoreUnavailableError, match="no_such_setting"):
        server.acquire()
    assert server.release() is None


def test_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "mine.txt").write_text("keep me")
    with pytest.raises(ConfigError, match="not a PostgreSQL cluster"):
        EmbeddedServer(tmp_path).acquire()
    assert (tmp_path / "postgres" / "mine.txt").read_text() == "keep me"


def test_a_lost_password_is_said(data_dir: Path, server: EmbeddedServer) -> None:
    (data_dir / "password").unlink()
    with pytest.raises(ConfigError, match="password is missing"):
        server.acquire()


@as_root
def test_a_cluster_of_root_is_refused_with_the_way_out(data_dir: Path, server: EmbeddedServer) -> None:
    os.chown(data_dir / "postgres", 0, 0)
    with pytest.raises(ConfigError, match="chown -R"):
        server.acquire()


def test_a_version_that_is_not_carried_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="16 and 18"):
        EmbeddedServer(tmp_path / "data", version=17).acquire()


def test_a_data_dir_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        EmbeddedServer(tmp_path / "file" / "data").acquire()


@as_root
def test_a_lock_that_somebody_else_laid_out_is_refused(data_dir: Path, server: EmbeddedServer) -> None:
    (data_dir / "users.lock").unlink()
    (data_dir / "users.lock").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match=r"users\.lock"):
        server.acquire()
