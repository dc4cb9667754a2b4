"""Whole listings, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from engram_core.domain.results import Page
from engram_core.domain.selection import Selection
from engram_core.ports import MemoryStore

#: Memories of a page, and of a batch of what is done with them.
PAGE = 1000


async def pages(store: MemoryStore, selection: Selection, size: int = PAGE) -> AsyncIterator[Page]:
    """Yield all pages of a listing, each read when the one before is done with; a single empty one if nothing is there.

    Args:
        store: Open.
        selection: What is listed.
        size: Memories of a page.
    """
    cursor: str | None = None
    while True:
        page = await store.listing(selection, limit=size, after=cursor)
        yield page
        if (cursor := page.cursor) is None:
            return
