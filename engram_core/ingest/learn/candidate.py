"""What an extractor proposes, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from engram_core.domain.claim import Claim
from engram_core.domain.memory import Kind, Memory, Origin

#: Below this certainty, a candidate is added and replaces nothing.
SURE = 0.6
#: From here on a candidate leaves no doubt.
CERTAIN = 0.9

#: `state`: it is so. `end`: it was so and is no longer. `deny`: it was never so, what is known is wrong. `forget`: the
#: user asks to forget it. `command`: the words aim at the memory's own workings; never carried out.
Intent = Literal["state", "end", "deny", "forget", "command"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a turn says and that may be worth a statement.

    Attributes:
        text: The statement as a sentence about its subject, in the speaker's language; for `command`, the reason why it
            is not carried out.
        claim: Taken apart. The value of `end`, `deny` and `forget` may be empty: whatever is known under that key; an
            empty attribute with a value (`forget`) names what is to be forgotten by words.
        intent: What the turn does with it.
        sources: Ids of the turns that say it.
        valid_from: Since when it holds, in world time: the turn's own time unless the words say otherwise.
        kind: What the statement is to be.
        origin: Whose words they are.
        happened: Whether that time is when something happened ("moved in 2019"), after which more may have.
        certainty: 0 to 1.
        importance: 0 to 1.
        instead_of: For a correction ("it is Max, not Rex"), the value that was wrong; empty means whatever was there.
            None: not a correction. Empty without an attribute ("sorry, 35"): what was said last and can be that.
        replaces: For a change that names what it ends ("from nursing to midwifery", "my new boss"), words for that. A
            claim without an attribute then has that of the statement which they name.
        stands_for: Of which attributes a right word alone can be the value.
        metadata: Kept with the statement; where structured memories are set up, their fields.
    """

    text: str
    claim: Claim
    sources: tuple[str, ...]
    valid_from: datetime
    intent: Intent = "state"
    kind: Kind = "fact"
    origin: Origin = "user"
    happened: bool = False
    certainty: float = 1.0
    importance: float = 0.5
    instead_of: str | None = None
    replaces: str = ""
    stands_for: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Extractor(Protocol):
    """Proposes what a batch of turns says."""

    #: Who decides, for the history: `rules`, or the model's name.
    name: str

    async def extract(self, turns: list[Memory]) -> list[Candidate]:
        """Propose candidates, in the order in which the turns say them.

        Args:
            turns: Of one owner, in the order of arrival; what was recalled into a prompt is taken out already.

        Raises:
            ProviderError: A model failed, or answered nonsense twice.
        """
        ...
