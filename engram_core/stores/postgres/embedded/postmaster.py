"""Is the server of a cluster running? Asked of its pid file, and of the system, since a pid file may lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from engram_core.stores.postgres.embedded.patience import Patience
from engram_core.stores.postgres.embedded.settings import SOCKET

_PID_FILE = "postmaster.pid"
_PID_LINE, _STATUS_LINE = 0, 7  # utils/pidfile.h of PostgreSQL


def find_postmaster(cluster: Path) -> int | None:
    """Return the pid of the server that runs on this cluster; None when none does."""
    lines = _pid_file(cluster)
    pid = int(lines[_PID_LINE]) if lines else None
    return pid if pid and _serves(pid, cluster) else None


def says_ready(cluster: Path) -> bool:
    """Tell whether the pid file says that connections are welcome; it says so still when the server was killed."""
    lines = _pid_file(cluster)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def remove_stale_files(cluster: Path) -> None:
    """Remove the pid files, its own and its socket's, of a server that died.

    Their number may belong to another process by now (in a container it often does), which would bar a new server.
    The caller has made sure that none runs; PostgreSQL checks once more, by the shared memory of the old one.
    """
    for name in (_PID_FILE, f"{SOCKET}.lock"):
        (cluster / name).unlink(missing_ok=True)


def stop_postmaster(cluster: Path, patience: Patience) -> None:
    """Shut the server down, dropping its connections, and wait until it is gone."""
    told: int | None = None
    while pid := find_postmaster(cluster):
        if pid != told:
            told = pid
            os.kill(told, signal.SIGINT)
        patience.pause("stopping the database")


def _pid_file(cluster: Path) -> list[str]:
    try:
        lines = (cluster / _PID_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return lines if lines and lines[_PID_LINE].strip().isdigit() else []


def _serves(pid: int, cluster: Path) -> bool:
    """Tell whether this process lives and is a server started in this folder; a zombie is not."""
    if sys.platform != "linux":
        return _serves_by_name(pid, cluster)
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), os.stat(cluster))
    except (FileNotFoundError, PermissionError):  # gone, or somebody else's process under a number that was ours
        return False


def _serves_by_name(pid: int, cluster: Path) -> bool:
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
    return "postgres" in shown and str(cluster) in shown
