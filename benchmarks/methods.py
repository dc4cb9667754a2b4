"""What is measured: a method remembers a conversation and answers questions about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import Conversation, Question, Turn
from benchmarks.metrics import MOST, Found
from engram_core import (
    AsyncEngram,
    InvalidInputError,
    Memory,
    Message,
    NotFoundError,
    Ranked,
    Ranker,
    Reading,
    build_ranker,
)

#: The plain linear fusion that `linear` is: `train-ranker --linear` writes it.
LINEAR = Path(__file__).with_name("linear.json")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method found, best first, and the seconds it took by step; `total` is the whole."""

    found: tuple[Found, ...]
    timings: dict[str, float]


class Switch(Ranker):
    """Ranks as the ranker chosen last: several are measured over the same store.

    Args:
        given: Names of rankers, `linear`, or files of weights, which go by the file's name without its ending.

    Raises:
        InvalidInputError: Two go by one name.
        ConfigError: There is none of a name, or a file cannot be read.
    """

    name = "switch"

    def __init__(self, given: Sequence[str]) -> None:
        self._rankers: dict[str, Ranker] = {}
        for one in given:
            name = Path(one).stem if Path(one).is_file() else one
            if name in self._rankers:
                raise InvalidInputError("rankers", one, f"one ranker of the name {name!r}")
            self._rankers[name] = build_ranker(str(LINEAR) if one == "linear" else one)
        self._chosen = next(iter(self._rankers.values()))

    @property
    def names(self) -> list[str]:
        """What the rankers go by."""
        return list(self._rankers)

    def choose(self, name: str) -> None:
        """Rank by this one from now on."""
        self._chosen = self._rankers[name]

    def rank(self, reading: Reading) -> Ranked:
        """Score the candidates of one question."""
        return self._chosen.rank(reading)


class EngramMethod:
    """The engine as its users have it: `add_many`, then `search`."""

    def __init__(self, engine: AsyncEngram) -> None:
        self._engine = engine
        self._user = ""
        self._positions: dict[str, int] = {}
        self._turn_of: dict[str, str] = {}

    async def remember(self, conversation: Conversation, progress: Callable[[int], None]) -> int:
        """Add the turns under a user of their own, named by their content so that another run finds them again."""
        self._user = user_of(conversation)
        self._positions = {turn.id: turn.position for turn in conversation.turns}
        self._turn_of = {}
        await self._engine.add_many(messages(conversation), user_id=self._user, progress=progress)
        return sum(not turn.text.strip() for turn in conversation.turns)

    async def answer(self, question: Question) -> Answer:
        """Search; a question that may only use earlier turns filters by their position."""
        filters = None if question.before is None else {"position": {"$lt": self._positions[question.before]}}
        recall = await self._engine.search(question.text, user_id=self._user, filters=filters, limit=MOST)
        if recall.degraded:
            raise RuntimeError(f"the search for {question.id} was incomplete: {dict(recall.degraded)}")
        return Answer(tuple([await self._found(hit.memory, hit.score) for hit in recall]), dict(recall.timings))

    async def _found(self, memory: Memory, score: float) -> Found:
        ids = (memory.id,) if memory.kind == "turn" else memory.sources
        if memory.kind == "turn":
            self._turn_of[memory.id] = memory.metadata["id"]
        return Found(frozenset([await self._turn(id) for id in ids]) - {""}, memory.spoken, score)

    async def _turn(self, id: str) -> str:
        """Return the data set's id of a stored turn; "" when it is gone."""
        if id not in self._turn_of:
            try:
                self._turn_of[id] = (await self._engine.get(id)).metadata["id"]
            except NotFoundError:
                return ""
        return self._turn_of[id]


def user_of(conversation: Conversation) -> str:
    """Name the user of a conversation: the same turns give the same name."""
    digest = hashlib.blake2b(digest_size=6)
    for turn in conversation.turns:
        digest.update(repr(turn).encode("utf-8", "surrogatepass"))
    return f"benchmark:{conversation.dataset}:{conversation.id}:{digest.hexdigest()}"


def messages(conversation: Conversation) -> Iterator[Message]:
    """Yield the turns that have any text as messages."""
    return (_message(turn) for turn in conversation.turns if turn.text.strip())


def _message(turn: Turn) -> Message:
    return Message(
        content=turn.text,
        role="assistant" if turn.role == "assistant" else "user",
        name=turn.speaker,
        occurred_at=turn.time,
        session_id=turn.session,
        metadata={"id": turn.id, "position": turn.position},
    )
