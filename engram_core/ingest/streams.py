"""Input of any length, drawn item by item."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import TypeVar

from engram_core.errors import InvalidInputError

T = TypeVar("T")


async def each(argument: str, items: Iterable[T] | AsyncIterable[T], what: str) -> AsyncIterator[T]:
    """Yield the items of an iterable or async iterable.

    Args:
        argument: Its name, for errors.
        items: The iterable. A single text or mapping is refused: its characters or keys would pass for items.
        what: What the items are, for errors.

    Raises:
        InvalidInputError: It cannot be iterated over.
    """
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
        raise InvalidInputError(argument, items, f"an iterable or async iterable of {what}")
    for item in items:
        yield item
