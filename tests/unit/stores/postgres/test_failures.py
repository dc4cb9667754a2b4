"""Errors of the driver become ours."""

import asyncpg
import pytest
from asyncpg.exceptions._base import InternalClientError

from engram_core.errors import ConflictError, StoreError, StoreUnavailableError
from engram_core.stores.postgres.failures import translated


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ConnectionRefusedError("no"), StoreUnavailableError),
        (asyncpg.AdminShutdownError("terminating connection"), StoreUnavailableError),
        (asyncpg.ConnectionDoesNotExistError("closed in the middle of operation"), StoreUnavailableError),
        (asyncpg.TooManyConnectionsError("sorry"), StoreUnavailableError),
        (asyncpg.DeadlockDetectedError("deadlock"), StoreUnavailableError),
        (InternalClientError("cannot switch to state 15; another operation is in progress"), StoreUnavailableError),
        (asyncpg.InterfaceError("connection is closed"), StoreUnavailableError),
        (asyncpg.UniqueViolationError("twice"), ConflictError),
        (asyncpg.DataError("too large"), StoreError),
        (asyncpg.UndefinedTableError("no such table"), StoreError),
    ],
)
def test_each_error_of_the_driver_is_one_of_ours(error, ours):
    with pytest.raises(ours) as raised, translated():
        raise error
    assert raised.value.__cause__ is error


def test_other_errors_pass():
    with pytest.raises(KeyError), translated():
        raise KeyError("mine")
