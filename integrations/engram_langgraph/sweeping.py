"""Removing what has expired, again and again, beside everything else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from engram_core import EngramError

logger = logging.getLogger(__name__)
#: Minutes between two sweeps where nothing else is said.
DEFAULT_INTERVAL = 5.0


class Sweeper:
    """A daemon thread that sweeps every so often, until it is told to stop.

    Args:
        sweep: Removes what has expired and returns how many items; it blocks.
    """

    def __init__(self, sweep: Callable[[], int]) -> None:
        self._sweep = sweep
        self._stop = threading.Event()
        self._done: Future[None] | None = None
        self._lock = threading.Lock()

    def start(self, minutes: float) -> Future[None]:
        """Begin, unless it runs already; the first sweep comes after one interval.

        Returns:
            Done when the thread has ended; cancelling it changes nothing.
        """
        with self._lock:
            if self._done is None or self._done.done():
                self._stop = threading.Event()
                self._done = Future()
                self._done.set_running_or_notify_cancel()
                arguments = (min(minutes * 60, threading.TIMEOUT_MAX), self._stop, self._done)
                threading.Thread(target=self._run, args=arguments, name="engram-ttl-sweeper", daemon=True).start()
            return self._done

    def stop(self, timeout: float | None = None) -> bool:
        """Stop, and wait for a sweep under way.

        Args:
            timeout: Seconds to wait; None for as long as it takes.

        Returns:
            Whether it has ended.
        """
        done = self._done
        self._stop.set()
        if done is None:
            return True
        try:
            done.result(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
        except TimeoutError:
            return False
        return True

    def _run(self, seconds: float, stop: threading.Event, done: Future[None]) -> None:
        try:
            while not stop.wait(seconds):
                self._sweep_once()
        finally:
            done.set_result(None)

    def _sweep_once(self) -> None:
        try:
            count = self._sweep()
        except EngramError as exc:
            logger.warning("expired items are not removed now, the next sweep tries again: %s", exc)
        else:
            logger.debug("removed %d expired items", count)
