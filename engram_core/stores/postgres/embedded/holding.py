"""What one process holds of one data folder, however many engines it has open there."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engram_core.errors import ConfigError, StoreUnavailableError
from engram_core.stores.postgres.embedded import locks, settings
from engram_core.stores.postgres.embedded.account import Account, server_account
from engram_core.stores.postgres.embedded.binaries import Binaries, find_binaries, for_account
from engram_core.stores.postgres.embedded.cluster import cluster_version, create_cluster, data_argument
from engram_core.stores.postgres.embedded.folder import Folder
from engram_core.stores.postgres.embedded.patience import Patience
from engram_core.stores.postgres.embedded.postmaster import (
    find_postmaster,
    remove_stale_files,
    says_ready,
    stop_postmaster,
)
from engram_core.stores.postgres.embedded.sockets import accepts, reachable

KEEPER = Path(__file__).with_name("keeper.py")
KILLED = 128  # the keeper ends with this and the number of the signal that ended the server
#: A server that was killed leaves backends behind for a moment; the next one refuses to start until they are gone.
_PASSING = "pre-existing shared memory block"
#: How often a server that was killed while it started is started again.
_STARTS = 3
_RECOVERY = ("not properly shut down", "database system was interrupted", "redo ")


@dataclass(frozen=True)
class _Locks:
    """Descriptors of the lock files, open while the folder is held."""

    users: int
    door: int
    keeper: int

    def close(self) -> None:
        for fd in (self.users, self.door, self.keeper):
            os.close(fd)


class Holding:
    """This process's share in the server of a folder. `guard` is to be held around every method.

    Args:
        path: The data folder, resolved.
    """

    def __init__(self, path: Path) -> None:
        self.guard = threading.Lock()
        self.count = 0
        self._folder = Folder(path)
        self._locks: _Locks | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_mark = 0

    def enter(self, version: int, patience: Patience) -> Path:
        """Count one user more and see that the server runs; returns the socket's folder."""
        if self.count == 0:
            self._lock(patience)
        try:
            host = self.start(version, patience)
        except BaseException:
            if self.count == 0:
                self._close()  # the keeper, if there is one yet, does the rest
            raise
        self.count += 1
        return host

    def leave(self, patience: Patience) -> None:
        """Count one user less; the last one of the last process returns when the server is stopped."""
        self.count -= 1
        if self.count == 0:
            self._unlock(patience)

    def start(self, version: int, patience: Patience) -> Path:
        """Make the cluster if there is none and start the server if it does not run; returns the socket's folder."""
        fds = self._held
        folder = self._folder
        self._take_door(fds.door, patience)
        try:
            self._log_mark = folder.log_size()
            made_by = cluster_version(folder.cluster)
            if made_by is None:
                made_by = version
                account, binaries = self._programs(version)
                create_cluster(folder, binaries, account, patience)
            host = reachable(folder.cluster)
            self._run(made_by, host, fds.keeper, patience)
        finally:
            locks.unlock(fds.door)
        return host

    def password(self) -> str:
        """Return the superuser's password."""
        password = self._folder.read_password()
        if password is None:
            raise ConfigError(f"{self._folder.password} is missing; the database cannot be opened without it")
        return password

    def forget(self) -> None:
        """Let go of what a fork copied from the parent, whose locks stay as they are."""
        if self._locks:
            self._locks.close()
            self._locks = None
        if self._keeper:
            self._keeper.returncode = 0  # the parent's child, not ours to wait for
        self.count = 0

    @property
    def _held(self) -> _Locks:
        if self._locks is None:
            raise StoreUnavailableError("the embedded database is not held by this process")
        return self._locks

    def _lock(self, patience: Patience) -> None:
        folder = self._folder
        folder.create()
        self._locks = fds = _Locks(*map(folder.open_private, (folder.users, folder.door, folder.keeper)))
        try:
            self._take_door(fds.door, patience)
            while not locks.try_shared(fds.users):
                patience.pause("waiting until the database has stopped")
            locks.unlock(fds.door)
        except BaseException:
            self._close()
            raise

    def _unlock(self, patience: Patience) -> None:
        fds = self._held
        try:
            # Given back first: if waiting fails below, the keeper still sees that we are gone.
            locks.unlock(fds.users)
            self._take_door(fds.door, patience)
            while not self._is_settled(fds, patience):
                patience.pause("waiting until the database has stopped")
        finally:
            self._close()

    def _is_settled(self, fds: _Locks, patience: Patience) -> bool:
        """Tell whether the server is stopped, or left to other users."""
        if not locks.try_exclusive(fds.users):
            # Shared by other users, or taken by the keeper, which is stopping the server.
            others = locks.try_shared(fds.users)
            if others:
                locks.unlock(fds.users)
            return others
        try:
            if self._keeper_lives(fds.keeper):
                return False  # it waits for the lock that we have
            stop_postmaster(self._folder.cluster, patience)
            return True
        finally:
            locks.unlock(fds.users)

    def _close(self) -> None:
        fds = self._held
        locks.unlock(fds.users)  # not by closing alone: a forked child may have copies
        locks.unlock(fds.door)
        fds.close()
        self._locks = None
        if self._keeper:
            self._keeper.poll()

    def _take_door(self, door: int, patience: Patience) -> None:
        while not locks.try_exclusive(door):
            patience.pause("waiting for another process that starts or stops the database")

    def _programs(self, version: int) -> tuple[Account | None, Binaries]:
        account = server_account(self._folder.path, self._folder.cluster)
        return account, for_account(find_binaries(version), account)

    def _plan(self, version: int) -> dict[str, Any]:
        """Say to the keeper how to run the server."""
        account, binaries = self._programs(version)
        data = data_argument(self._folder.cluster, account)
        return {
            "command": [str(binaries.postgres), "-D", data, *settings.server_arguments(version)],
            "cwd": str(self._folder.cluster),
            "uid": account.uid if account else None,
            "gid": account.gid if account else None,
        }

    def _run(self, version: int, host: Path, keeper: int, patience: Patience) -> None:
        """Wait until the server answers, starting it and its keeper where they are missing."""
        cluster = self._folder.cluster
        starts = 0
        while True:
            kept = self._keeper_lives(keeper)
            if kept and says_ready(cluster) and accepts(host):
                return
            if not kept and (server := find_postmaster(cluster)):
                self._spawn_keeper({"pid": server})
            # Without a keeper and a process that we see, one that answers serves from another container.
            elif not kept and not accepts(host):
                if starts:
                    self._judge_failure(starts)
                remove_stale_files(cluster)
                self._spawn_keeper(self._plan(version))
                starts += 1
            patience.pause(self._doing(), self._log_tail)

    def _keeper_lives(self, keeper: int) -> bool:
        ours = self._keeper is not None and self._keeper.poll() is None
        return ours or not locks.is_free(keeper)

    def _spawn_keeper(self, plan: dict[str, Any]) -> None:
        folder = self._folder
        argument = json.dumps({"users": str(folder.users), "keeper": str(folder.keeper), **plan})
        log = folder.open_private(folder.log, os.O_RDWR | os.O_APPEND)
        self._log_mark = os.fstat(log).st_size
        try:
            # A session of its own: Ctrl-C in the terminal is not for the database.
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), argument],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            raise ConfigError(f"Python cannot be started to keep the database ({sys.executable}): {exc}") from exc
        finally:
            os.close(log)

    def _judge_failure(self, starts: int) -> None:
        """Raise unless the next start may do better."""
        words = self._folder.log_since(self._log_mark)
        ended = self._keeper.returncode if self._keeper else 0
        killed = ended < 0 or ended > KILLED  # the keeper, or the server
        if _PASSING not in words and not (killed and starts < _STARTS):
            raise StoreUnavailableError(f"the database did not start:\n{words or 'it said nothing'}")

    def _doing(self) -> str:
        words = self._folder.log_since(self._log_mark)
        return "recovering after a crash" if any(sign in words for sign in _RECOVERY) else "starting the database"

    def _log_tail(self) -> str:
        return f"\n{self._folder.log_since(self._log_mark)}"


class Holdings:
    """The holdings of this process, by resolved path. A forked child starts with none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_path: dict[Path, Holding] = {}

    def of(self, path: Path) -> Holding:
        """Return the holding of a folder."""
        with self._lock:
            return self._by_path.setdefault(path, Holding(path))

    def has(self, holding: Holding) -> bool:
        """Tell whether this holding is one of this process, and not one that a fork copied."""
        return any(holding is known for known in list(self._by_path.values()))

    def forget(self) -> None:
        """Start anew, in a forked child."""
        for holding in self._by_path.values():
            holding.forget()
        self.__init__()  # type: ignore[misc]

    def leave_all(self, patience: Callable[[], Patience]) -> None:
        """Let go of everything, at the end of the process."""
        for holding in self._by_path.values():
            with holding.guard:
                if holding.count:
                    holding.count = 1
                    with contextlib.suppress(StoreUnavailableError):  # the keeper goes on
                        holding.leave(patience())
