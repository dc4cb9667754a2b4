"""Driver errors become ours here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from asyncpg.exceptions._base import InterfaceError, InternalClientError, PostgresError

from engram_core.errors import ConflictError, StoreError, StoreUnavailableError

#: The server cannot be reached, goes away, or asks to come back later.
UNAVAILABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    InternalClientError,  # a connection that was cut off while a statement was being sent
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise errors of the driver as `StoreUnavailableError`, `ConflictError` or `StoreError`."""
    try:
        yield
    except UNAVAILABLE as exc:
        raise StoreUnavailableError(f"Postgres cannot be reached now: {_words(exc)}") from exc
    except asyncpg.UniqueViolationError as exc:
        raise ConflictError(f"already there: {_words(exc)}") from exc
    except PostgresError as exc:
        raise StoreError(f"Postgres refused a statement: {_words(exc)}") from exc
    except InterfaceError as exc:
        if isinstance(exc, ValueError):  # asyncpg.DataError: a value that the protocol cannot carry
            raise StoreError(f"a value cannot be sent to Postgres: {exc}") from exc
        raise StoreUnavailableError(f"the connection to Postgres is gone: {exc}") from exc


def _words(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
