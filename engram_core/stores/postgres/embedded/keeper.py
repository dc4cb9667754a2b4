"""Keeps one PostgreSQL server running until its last user is gone. A script of the standard library alone.

It is a process of its own, so that the server outlives no user and needs none: the users each hold a shared lock, the
kernel drops it however they end, and then the keeper gets it alone and shuts the server down.

Its one argument is JSON: `users` and `keeper` (paths of lock files), and either `command`, `cwd`, `uid`, `gid` of a
server to start or the `pid` of one that lost its keeper. Output, the server's too, goes to the log, which it keeps
short.
"""

from __future__ import annotations

import _thread
import fcntl
import json
import os
import signal
import sys
import time
from typing import Any

LOG_LIMIT = 8 * 2**20  # bytes
LOG_KEPT = 2**20
FAST_SHUTDOWN = 120.0  # seconds before giving up on a tidy one
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Keep the server until it is gone; returns its exit code, or 128 and the number of the signal that ended it."""
    plan = json.loads(sys.argv[1])
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    lock = os.open(plan["keeper"], os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # there is one already
    users = os.open(plan["users"], os.O_RDWR)
    adopted = "pid" in plan
    pid = plan["pid"] if adopted else start(plan)
    _thread.start_new_thread(stop_after_last_user, (users, pid))
    _thread.start_new_thread(bound_log, ())
    if adopted:
        while alive(pid):
            time.sleep(0.2)
        return 0
    _, status = os.waitpid(pid, 0)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def start(plan: dict[str, Any]) -> int:
    """Start the server as a child in a session of its own; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.umask(0o077)
        os.chdir(plan["cwd"])  # before the change of account: the folders above may be closed to it
        if plan["uid"] is not None:
            os.setgroups([])
            os.setgid(plan["gid"])
            os.setuid(plan["uid"])
        os.execve(plan["command"][0], plan["command"], {"PATH": os.defpath, "LC_ALL": "C"})
    except OSError as exc:
        print(f"FATAL:  {plan['command'][0]} cannot be run: {exc}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def stop_after_last_user(users: int, pid: int) -> None:
    """Wait until nobody uses the server, then shut it down; new users wait until this process ends."""
    fcntl.flock(users, fcntl.LOCK_EX)
    for number, seconds in ((signal.SIGINT, FAST_SHUTDOWN), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 0.0)):
        if alive(pid):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def alive(pid: int) -> bool:
    """Tell whether there is such a process; a child counts until it is waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def bound_log() -> None:
    """Keep the log, which is our standard error, from growing."""
    while True:
        cut(2)
        time.sleep(60)


def cut(log: int) -> None:
    """Cut a long log down to its end; all who write to it append."""
    size = os.fstat(log).st_size
    if size > LOG_LIMIT:
        end = os.pread(log, LOG_KEPT, size - LOG_KEPT)
        os.ftruncate(log, 0)
        os.write(log, end)


if __name__ == "__main__":
    sys.exit(main())
