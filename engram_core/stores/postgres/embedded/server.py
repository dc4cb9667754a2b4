"""The embedded server as its users see it."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engram_core.errors import ConfigError
from engram_core.stores.postgres.embedded import locks, settings
from engram_core.stores.postgres.embedded.holding import Holding, Holdings
from engram_core.stores.postgres.embedded.patience import Patience

_AT_EXIT = 60.0  # seconds that the end of the process waits for the server to stop; its keeper goes on without

_holdings = Holdings()


@dataclass(frozen=True)
class Address:
    """Where the server is reached; the fields are named as drivers name them.

    Attributes:
        host: The folder of the socket.
        port: Part of the socket's name.
        password: Never shown by `repr`.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str


class EmbeddedServer:
    """A PostgreSQL on a data folder, shared by all processes of one user that open the folder.

    The methods block (the first start takes seconds) and may be called from any thread. A forked child holds nothing
    of what its parent holds and acquires for itself.

    Args:
        data_dir: Where the data is; made, closed to others, when missing.
        version: The major version that makes a new cluster. One that is there is run by the version that made it.
        start_timeout: Seconds to wait for a start, recovery after a crash included.
        notify: Called with a sentence when a wait takes longer than three seconds.

    Raises:
        ConfigError: This system cannot run one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        version: int = 18,
        start_timeout: float = 600,
        notify: Callable[[str], None] | None = None,
    ) -> None:
        if not locks.SUPPORTED:
            raise ConfigError("there is no embedded PostgreSQL on Windows; set database_url to one of yours")
        self._path = Path(os.path.realpath(data_dir))
        self._version = version
        self._timeout = start_timeout
        self._notify = notify
        self._holding: Holding | None = None

    def acquire(self) -> Address:
        """Become a user of the server, started if it does not run; harmless when this object is one already.

        Raises:
            ConfigError: It can never start like this; the message says what to change.
            StoreUnavailableError: It did not start; the message has the end of its log.
        """
        holding = _holdings.of(self._path)
        with holding.guard:
            if self._holding is holding:
                host = holding.start(self._version, self._patience())
            else:
                host = holding.enter(self._version, self._patience())
                self._holding = holding
            return Address(str(host), settings.PORT, settings.USER, holding.password(), settings.DATABASE)

    def ensure_running(self) -> Address:
        """Start the server again if it died; what was committed is there.

        Raises:
            ConfigError: As `acquire`.
            StoreUnavailableError: As `acquire`.
        """
        return self.acquire()

    def release(self) -> None:
        """Stop being a user. The last one returns when the server has stopped. Releasing twice is harmless.

        Raises:
            StoreUnavailableError: It did not stop in time; it is stopping still.
        """
        holding, self._holding = self._holding, None
        if holding is None or not _holdings.has(holding):
            return
        with holding.guard:
            if holding.count:
                holding.leave(self._patience())

    def _patience(self) -> Patience:
        return Patience(self._timeout, self._notify)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_holdings.forget)
atexit.register(_holdings.leave_all, lambda: Patience(_AT_EXIT))
