"""Where the server is reached. A socket's path has a limit that a data folder's path may exceed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import stat
import sys
import tempfile
from pathlib import Path

from engram_core.errors import ConfigError
from engram_core.stores.postgres.embedded.settings import SOCKET

LONGEST = 103 if sys.platform == "darwin" else 107  # bytes of sockaddr_un.sun_path, without the final NUL


def reachable(cluster: Path) -> Path:
    """Return a folder through which the cluster's socket is reached by a path that is short enough.

    Raises:
        ConfigError: There is no such folder that is ours alone.
    """
    if _fits(cluster):
        return cluster
    name = f"engram-{os.geteuid()}-{hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]}"
    for base in (Path(tempfile.gettempdir()), Path("/tmp")):
        if _fits(base / name / "s"):
            return _link(base / name, cluster)
    raise ConfigError(f"the path of data_dir is too long for a socket, and so is {tempfile.gettempdir()}")


def accepts(host: Path) -> bool:
    """Tell whether somebody listens at the socket in this folder.

    Raises:
        ConfigError: The socket is closed to us.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(os.fspath(host / SOCKET))
        except PermissionError as exc:
            raise ConfigError(f"{host / SOCKET} is closed to this user: {exc}") from exc
        except OSError:
            return False
    return True


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) <= LONGEST


def _link(private: Path, cluster: Path) -> Path:
    """Make a link to the cluster in a folder that nobody else can have prepared or can change."""
    with contextlib.suppress(FileExistsError):
        private.mkdir(mode=0o700)
    found = private.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigError(f"{private} should be a folder of uid {os.geteuid()} that is closed to others; remove it")
    link = private / "s"
    if not link.is_symlink() or os.readlink(link) != str(cluster):
        fresh = private / f"s-{secrets.token_hex(8)}"
        fresh.symlink_to(cluster)
        fresh.replace(link)
    return link
