"""A leg of search that looks elsewhere than in the store's own indexes: an entity graph, for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from engram_core.domain.selection import Selection


class Proposer(ABC):
    """Proposes memories by id. It is asked beside the legs that the store answers.

    What it proposes becomes candidates of the search, among those that the selection admits: ids of other owners, of
    erased memories and of none at all are passed over. Its scores become a signal under its name, 0 for what it did
    not propose, which a ranker may weigh.
    """

    #: What its signal is called, and the leg in `Recall.degraded` and `Recall.timings`; no other leg's or signal's.
    name: str

    @abstractmethod
    async def propose(self, question: str, selection: Selection, limit: int) -> Mapping[str, float]:
        """Return ids of memories, each with how strongly it is proposed: above 0, and 1 at most.

        Args:
            question: Its text, never blank.
            selection: What the search may see: whose memories, of which kinds, as of when.
            limit: How many are of use at most. Of more, the strongest are taken.

        Raises:
            EngramError: It cannot answer. The search says so and goes on without it, whatever is raised here.
        """
