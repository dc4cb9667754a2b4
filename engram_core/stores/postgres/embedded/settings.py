"""How the embedded server runs."""

from __future__ import annotations

import os

PORT = 5432  # part of the socket's name; no network port is opened
SOCKET = f".s.PGSQL.{PORT}"
USER = "engram"
DATABASE = "engram"

#: A password of 256 random bits needs no slow hash, and a connection opens faster without one.
PASSWORD_ROUNDS = "scram_iterations=1"

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": ".",  # the cluster itself, which is closed to others
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    # To the file that the keeper bounds; errors of statements go to who made them, and may hold what users said.
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

#: Below this, /dev/shm (64 MB in a Docker container) is too small to build an index in parallel.
_ENOUGH_SHARED_MEMORY = 512 * 2**20


def server_arguments(version: int) -> list[str]:
    """Return the command-line arguments of `postgres` of this major version."""
    settings = dict(_SETTINGS, dynamic_shared_memory_type=_shared_memory())
    if version >= 18:
        settings["io_method"] = "sync"  # three processes fewer; as fast for small queries
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _shared_memory() -> str:
    try:
        space = os.statvfs("/dev/shm")
    except OSError:
        return "posix"  # not Linux
    return "posix" if space.f_frsize * space.f_blocks >= _ENOUGH_SHARED_MEMORY else "mmap"
