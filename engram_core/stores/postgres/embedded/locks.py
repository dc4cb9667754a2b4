"""Kernel locks (`flock`): they vanish with the process that held them, however it died."""

from __future__ import annotations

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

SUPPORTED = fcntl is not None


def try_shared(fd: int) -> bool:
    """Take a lock that others may share; False when somebody has it alone."""
    return _try(fd, fcntl.LOCK_SH)


def try_exclusive(fd: int) -> bool:
    """Take a lock alone; False when anybody has it."""
    return _try(fd, fcntl.LOCK_EX)


def unlock(fd: int) -> None:
    """Give the lock back, for every copy of this descriptor."""
    fcntl.flock(fd, fcntl.LOCK_UN)


def is_free(fd: int) -> bool:
    """Tell whether nobody else holds the lock; not to be asked through a descriptor that holds it."""
    if not try_exclusive(fd):
        return False
    unlock(fd)
    return True


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
