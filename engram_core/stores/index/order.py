"""The order of turns within their conversations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.stores.index.postings import Slots

_FEW = 32  # up to so many new turns are inserted one by one


@dataclass(frozen=True, slots=True)
class TurnOrder:
    """Slots of turns by (conversation, time, arrival).

    Attributes:
        slots: (n,) in that order.
        conversations: (n,) code of the full scope of each, ascending.
        times: (n,) when each occurred, ascending within a conversation.
    """

    slots: Slots
    conversations: NDArray[np.int32]
    times: NDArray[np.int64]

    @classmethod
    def of(cls, slots: Slots, conversations: NDArray[np.int32], times: NDArray[np.int64]) -> TurnOrder:
        """Sort turns that are given in the order of arrival."""
        order = np.lexsort((times, conversations))
        return cls(slots[order], conversations[order], times[order])

    def plus(self, slots: Slots, conversations: NDArray[np.int32], times: NDArray[np.int64]) -> TurnOrder:
        """Return the order with later arrivals, given in the order of arrival."""
        if not len(slots):
            return self
        if len(slots) > _FEW:
            return _merged(self, TurnOrder.of(slots, conversations, times))
        new = TurnOrder.of(slots, conversations, times)
        places = [self._place(int(c), int(t)) for c, t in zip(new.conversations, new.times, strict=True)]
        return TurnOrder(
            np.insert(self.slots, places, new.slots),
            np.insert(self.conversations, places, new.conversations),
            np.insert(self.times, places, new.times),
        )

    def neighbours(self, visible: NDArray[np.bool_]) -> Slots:
        """Return for each slot the turns before and after it, (len(visible), 2); -1 where there is none.

        Args:
            visible: By slot, which turns exist for the reader.
        """
        seen = visible[self.slots]
        slots, conversations = self.slots[seen], self.conversations[seen]
        together = conversations[1:] == conversations[:-1]
        before, after = slots[:-1][together], slots[1:][together]
        found = np.full((len(visible), 2), -1, np.int64)
        found[after, 0] = before
        found[before, 1] = after
        return found

    def _place(self, conversation: int, time: int) -> int:
        begin, end = np.searchsorted(self.conversations, [conversation, conversation + 1])
        return int(begin + np.searchsorted(self.times[begin:end], time, side="right"))


def _merged(old: TurnOrder, new: TurnOrder) -> TurnOrder:
    # Old ones first: the sort is stable, so that arrival decides between equal times.
    return TurnOrder.of(
        np.concatenate([old.slots, new.slots]),
        np.concatenate([old.conversations, new.conversations]),
        np.concatenate([old.times, new.times]),
    )


NO_TURNS = TurnOrder(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))
