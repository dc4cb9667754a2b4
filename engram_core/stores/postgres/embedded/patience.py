"""Waiting with an end, and with a word to whoever waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from engram_core.errors import StoreUnavailableError

QUIET = 3.0  # seconds before the first word
EVERY = 5.0  # seconds between words
LONGEST_NAP = 0.1


class Patience:
    """A deadline that says now and then what is being waited for.

    Args:
        timeout: Seconds until it ends.
        notify: Called with a sentence after `QUIET` seconds, then every `EVERY`.
    """

    def __init__(self, timeout: float, notify: Callable[[str], None] | None = None) -> None:
        self._began = time.monotonic()
        self._timeout = timeout
        self._notify = notify
        self._next_word = QUIET
        self._nap = 0.005

    def pause(self, doing: str, detail: Callable[[], str] = str) -> None:
        """Sleep a little.

        Raises:
            StoreUnavailableError: The time is up; the message ends with what `detail` returns.
        """
        waited = time.monotonic() - self._began
        if waited >= self._timeout:
            raise StoreUnavailableError(f"gave up after {waited:.0f} s: {doing}{detail()}")
        if self._notify and waited >= self._next_word:
            self._next_word = waited + EVERY
            self._notify(f"{doing}, {waited:.0f} s")
        time.sleep(self._nap)
        self._nap = min(self._nap * 1.5, LONGEST_NAP)
