"""Making a cluster: whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from engram_core.errors import ConfigError, StoreUnavailableError
from engram_core.stores.postgres.embedded.account import Account
from engram_core.stores.postgres.embedded.binaries import ENVIRONMENT, Binaries
from engram_core.stores.postgres.embedded.folder import TAIL, Folder
from engram_core.stores.postgres.embedded.patience import Patience
from engram_core.stores.postgres.embedded.settings import DATABASE, PASSWORD_ROUNDS, USER

UNFINISHED = "postgres.new-"


def cluster_version(cluster: Path) -> int | None:
    """Return the major version that made the cluster; None when there is none.

    Raises:
        ConfigError: There is something, but no cluster.
    """
    if not cluster.exists():
        return None
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii"))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{cluster} is not a PostgreSQL cluster, or not a whole one: {exc}") from exc


def data_argument(cluster: Path, account: Account | None) -> str:
    """Return the cluster's name for a program that is started inside it.

    The folders above may be closed to the account. A process is always let into the folder it was started in, and on
    Linux that folder has a name that does not lead through those above.
    """
    return "/proc/self/cwd" if account and sys.platform == "linux" else str(cluster)


def create_cluster(folder: Folder, binaries: Binaries, account: Account | None, patience: Patience) -> None:
    """Make the cluster, its superuser and its database in a folder beside, then rename it.

    What was left by a process that was killed at this is removed. The caller holds the door.

    Raises:
        StoreUnavailableError: A program failed; the message has its words.
    """
    _remove_unfinished(folder)
    password = folder.make_password()
    fresh = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder.path))
    try:
        if account:
            account.own(fresh)
        _initialise(fresh, binaries, account, password, patience)
        fresh.rename(folder.cluster)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _sync(folder.path)
    _remove_unfinished(folder)  # once more: what was killed may have had a child that went on writing


def _remove_unfinished(folder: Folder) -> None:
    for rest in folder.path.glob(f"{UNFINISHED}*"):
        shutil.rmtree(rest, ignore_errors=True)


def _initialise(fresh: Path, binaries: Binaries, account: Account | None, password: str, patience: Patience) -> None:
    data = data_argument(fresh, account)
    initdb = [str(binaries.initdb), "-D", data]
    choices = ["--username", USER, "--auth=scram-sha-256", "--pwfile=/dev/stdin", "--data-checksums"]
    choices += ["--encoding=UTF8", "--locale=C", "-c", PASSWORD_ROUNDS]
    run = _Run(fresh, account, patience)
    # Flushed to disk once, at the end, instead of in every step.
    run([*initdb, *choices, "--no-sync"], password)
    run([str(binaries.postgres), "--single", "-F", "-D", data, "postgres"], f"CREATE DATABASE {DATABASE};\n")
    run([*initdb, "--sync-only"], "")


class _Run:
    """Runs programs in a folder, as an account."""

    def __init__(self, cwd: Path, account: Account | None, patience: Patience) -> None:
        self._cwd = cwd
        self._account = account
        self._patience = patience

    def __call__(self, command: Sequence[str], text: str) -> None:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(text.encode())
            given.seek(0)
            if self._account:
                self._account.own(given.fileno())  # it opens its input by name
            code = self._wait(command, given, said)
            said.seek(0)
            words = said.read().decode("utf-8", "replace")
        # The single-user server says ERROR and ends well.
        if code != 0 or "ERROR:" in words:
            raise StoreUnavailableError(f"making the database failed: {words.strip()[-TAIL:] or f'exit code {code}'}")

    def _wait(self, command: Sequence[str], given: IO[bytes], said: IO[bytes]) -> int:
        identity = self._account.popen if self._account else {}
        try:
            process = subprocess.Popen(
                command, cwd=self._cwd, stdin=given, stdout=said, stderr=said, env=ENVIRONMENT, umask=0o077, **identity
            )
        except OSError as exc:
            raise ConfigError(f"{command[0]} cannot be run: {exc}") from exc
        try:
            while (code := process.poll()) is None:
                self._patience.pause("making the database")
        except BaseException:
            process.kill()
            process.wait()
            raise
        return code


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
