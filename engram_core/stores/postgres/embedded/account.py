"""Whom the server runs as. PostgreSQL refuses to run as root, so root lends it an account of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engram_core.errors import ConfigError

NAME = "engram"
_WAY_OUT = "run as another user, or set database_url to a PostgreSQL of yours"


@dataclass(frozen=True)
class Account:
    """A user and group, other than ours, that the server runs as."""

    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def check(self) -> None:
        """See that programs can be run as this account.

        Raises:
            ConfigError: This root may not change to it (a container without the capability, a user namespace).
        """
        try:
            subprocess.run(["/bin/sh", "-c", ":"], cwd="/", stdin=subprocess.DEVNULL, check=True, **self.popen)
        except (OSError, subprocess.CalledProcessError) as exc:
            raise ConfigError(f"root may not run programs as another account here ({exc}); {_WAY_OUT}") from exc

    def own(self, path: Path | int) -> None:
        """Give a file or folder to the account.

        Raises:
            ConfigError: This root may not (a container without the capability).
        """
        try:
            os.chown(path, self.uid, self.gid)
        except OSError as exc:
            raise ConfigError(f"root may not give files to another account here ({exc}); {_WAY_OUT}") from exc


def server_account(data_dir: Path, cluster: Path) -> Account | None:
    """Return whom to run the server as; None means as ourselves.

    Root runs the server as who owns the cluster, else the folder, else as the account `engram`, made when missing.

    Raises:
        ConfigError: The cluster belongs to somebody else, or no account can be made.
    """
    me = os.geteuid()
    if cluster.exists():
        owner = cluster.stat()
        if me != 0 and owner.st_uid != me:
            raise ConfigError(f"{cluster} belongs to uid {owner.st_uid}, this process is uid {me}")
        if owner.st_uid == 0:
            raise ConfigError(f"PostgreSQL does not run as root; run: chown -R {NAME} {cluster}")
        return None if me != 0 else Account(owner.st_uid, owner.st_gid)
    if me != 0:
        return None
    home = data_dir.stat()
    return Account(home.st_uid, home.st_gid) if home.st_uid != 0 else _own_account()


def _own_account() -> Account:
    return _find() or _make()


def _find() -> Account | None:
    import pwd

    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _make() -> Account:
    said = "there is no useradd or adduser"
    for command in _commands():
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        found = _find()
        if found:
            return found
        said = (result.stderr or result.stdout).strip() or said
    raise ConfigError(f"PostgreSQL does not run as root, and the account {NAME!r} cannot be made ({said}); {_WAY_OUT}")


def _commands() -> list[list[str]]:
    if sys.platform == "darwin":
        return []
    path = os.pathsep.join(("/usr/sbin", "/usr/bin", "/sbin", "/bin"))
    nologin = shutil.which("nologin", path=path) or "/bin/false"
    useradd = shutil.which("useradd", path=path)
    if useradd:
        places = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin]
        return [[useradd, "--system", "--user-group", *places, NAME], [useradd, "--system", *places, NAME]]
    adduser = shutil.which("adduser", path=path)  # busybox
    return [[adduser, "-S", "-D", "-H", "-h", "/nonexistent", "-s", nologin, NAME]] if adduser else []
