"""The files of a data folder, and how they are opened."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from engram_core.errors import ConfigError

TAIL = 2000  # characters of the log that an error shows


@dataclass(frozen=True)
class Folder:
    """Names in a data folder. All are ours alone, the cluster is the server account's."""

    path: Path

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls the data directory."""
        return self.path / "postgres"

    @property
    def password(self) -> Path:
        """The superuser's password."""
        return self.path / "password"

    @property
    def log(self) -> Path:
        """What the server and its keeper say."""
        return self.path / "postgres.log"

    @property
    def users(self) -> Path:
        """Locked, shared, by each process that uses the server; alone, by who stops it."""
        return self.path / "users.lock"

    @property
    def door(self) -> Path:
        """Locked while a process comes or goes."""
        return self.path / "door.lock"

    @property
    def keeper(self) -> Path:
        """Locked by the keeper as long as it lives."""
        return self.path / "keeper.lock"

    def create(self) -> None:
        """Make the folder, closed to others; one that is there keeps its permissions, as do all parents.

        Raises:
            ConfigError: It cannot be made or written to.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"data_dir {self.path} cannot be made: {exc}") from exc
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(f"data_dir {self.path} is not open to this user; choose another or change its owner")

    def open_private(self, path: Path, flags: int = os.O_RDWR) -> int:
        """Open a file of ours, made if missing, readable by its owner alone.

        Raises:
            ConfigError: It is a link, belongs to somebody else, or cannot be opened.
        """
        try:
            home = self.path.stat()
            fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise ConfigError(f"{path} cannot be opened: {exc}") from exc
        owner = os.fstat(fd).st_uid
        if owner not in (os.geteuid(), home.st_uid):
            os.close(fd)
            raise ConfigError(f"{path} belongs to uid {owner}; who owns it could read the memories")
        if os.geteuid() == 0 and owner != home.st_uid:
            os.fchown(fd, home.st_uid, home.st_gid)  # root at work in a user's folder leaves nothing that bars the user
        return fd

    def read_password(self) -> str | None:
        """Return the password, or None when none was made yet."""
        try:
            return self.password.read_text(encoding="ascii") or None
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise ConfigError(f"{self.password} cannot be read: {exc}") from exc

    def make_password(self) -> str:
        """Return the password, making a random one that is on disk before it is used."""
        known = self.read_password()
        if known:
            return known
        password = secrets.token_urlsafe(32)
        fresh = self.password.with_suffix(".new")
        fd = self.open_private(fresh, os.O_WRONLY | os.O_TRUNC)
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(password)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.password)
        return password

    def log_size(self) -> int:
        """Return the length of the log in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, mark: int) -> str:
        """Return the end of what was logged since it had `mark` bytes."""
        try:
            with self.log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                # A log that was cut meanwhile is shorter than the mark.
                file.seek(max(mark if mark <= size else 0, size - TAIL))
                return file.read().decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""
