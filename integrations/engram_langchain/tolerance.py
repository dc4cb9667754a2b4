"""An agent goes on when its memory fails, unless it was told not to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from engram_core import EngramError, ProviderError, StoreUnavailableError

logger = logging.getLogger("engram_langchain")

#: What is nobody's mistake: the database or a model provider is away.
OUTAGES: tuple[type[EngramError], ...] = (StoreUnavailableError, ProviderError)


@contextmanager
def tolerated(what: str, *, strict: bool, errors: tuple[type[EngramError], ...] = OUTAGES) -> Iterator[None]:
    """Log these errors instead of raising them; with `strict` raise them.

    Args:
        what: What does not happen then, for the log.
        strict: Tolerate nothing.
        errors: What is tolerated.
    """
    try:
        yield
    except errors as exc:
        if strict:
            raise
        logger.warning("%s: %s: %s", what, type(exc).__name__, exc)
