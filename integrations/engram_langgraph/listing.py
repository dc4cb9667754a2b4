"""Lists checkpoints page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig

from engram_core import Database, InvalidInputError
from engram_langgraph import checkpoints
from engram_langgraph.checkpoint_codec import address, dump_filter, name
from engram_langgraph.checkpoints import Row, Thread, Wanted

#: Checkpoints that are read at once.
PAGE = 50


class Listing:
    """Where a listing is."""

    def __init__(self, tenant: str, wanted: Wanted, limit: int | None) -> None:
        self._tenant, self._wanted, self._left = tenant, wanted, limit
        self._after: Row | None = None
        self.is_over = limit == 0

    @property
    def _size(self) -> int:
        return PAGE if self._left is None else min(PAGE, self._left)

    async def read(self, database: Database) -> Sequence[Row]:
        """Read the next page."""
        return await checkpoints.page(database, self._tenant, self._wanted, self._after, self._size)

    def took(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Note a page, and return it."""
        self.is_over = len(rows) < self._size
        if rows:
            self._after = rows[-1]
        if self._left is not None:
            self._left -= len(rows)
            self.is_over = self.is_over or self._left == 0
        return rows


def wanted(
    tenant: str, config: RunnableConfig | None, filter: dict[str, Any] | None, before: RunnableConfig | None
) -> Wanted:
    """Read which checkpoints a listing is to have.

    Raises:
        InvalidInputError: `config` names no thread, or JSON cannot say `filter`.
    """
    thread_id, ns, id = (None, None, None) if config is None else address(config, ns=None)
    until = None if before is None else (before.get("configurable") or {}).get("checkpoint_id")
    return Wanted(
        thread=None if thread_id is None else Thread(tenant, thread_id),
        ns=ns,
        id=id,
        before=None if until is None else name("before", until),
        metadata=dump_filter(filter) if filter else None,
    )


def check_limit(limit: int | None) -> int | None:
    """Refuse a number of checkpoints that is below zero."""
    if limit is not None and limit < 0:
        raise InvalidInputError("limit", limit, "0 or more, or None for all")
    return limit
