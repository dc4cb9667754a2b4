"""The story that `engram demo` tells: three conversations, some questions, a move and a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.results import Context, Recall

if TYPE_CHECKING:
    from engram_core.sync import Engram

USER = "nadia"
NADIA, ASSISTANT = "Nadia", None

#: Conversations: id, when it began, and who said what.
SESSIONS = (
    (
        "a-place-at-last",
        "2025-02-11T18:20:00Z",
        (
            (NADIA, "We found a place for the studio: an old bakery in Rua da Graça, with the oven still in the wall."),
            (ASSISTANT, "A room that is used to heat. When do you move in?"),
            (NADIA, "On the first of March. The kiln is paid for as well, order KX-48213, it comes from Porto."),
        ),
    ),
    (
        "seven-candles",
        "2025-03-20T20:05:00Z",
        (
            (
                NADIA,
                "Teo turns seven on Saturday, eleven children are coming and I have promised to bake the cake myself.",
            ),
            (ASSISTANT, "Does anybody at the table have an allergy?"),
            (NADIA, "Hazelnuts make Teo really ill, and his friend Ilse does not eat eggs."),
        ),
    ),
    (
        "stall-27",
        "2025-05-09T08:45:00Z",
        (
            (NADIA, "They gave me stall 27 at the craft fair in Évora, on the 14th and 15th of June."),
            (ASSISTANT, "Congratulations! How will all the bowls get there?"),
            (NADIA, "My brother Rui drives the van, but nothing before ten: he is no use in the morning."),
            (NADIA, "Before I forget it again: the alarm code of the studio is 4471."),
        ),
    ),
)
#: What Nadia says of herself later, a call each: when, and her words.
LATER = (
    ("2025-06-20T19:00:00Z", "I live in Lisbon. I'm vegetarian. My phone number is 912 345 678."),
    ("2025-07-02T08:15:00Z", "I work at Casa do Barro as a teacher, and I love hiking."),
    ("2025-08-30T21:40:00Z", "I moved to Porto last week!"),
    ("2025-09-03T12:05:00Z", "As I told you, I'm vegetarian."),
    ("2025-09-10T10:30:00Z", "I'm thinking of moving to Madrid. If I lived there, I'd learn Spanish."),
    ("2025-09-12T17:20:00Z", "Please forget my phone number."),
)
HOME = "Where does Nadia live?"
QUESTIONS = ("What can the children not eat?", "When is the craft fair?", "KX-48213")
PLACE = "Where is Nadia's studio?"
OLD_PLACE = "old bakery"
NEW_PLACE = "Nadia's studio is in Largo do Carmo 9 now; the bakery was too damp for the clay."
REASON = "she moved"
IN_APRIL = "2025-04-01"
SECRET = "What is the code of the alarm?"
CODE = "4471"
BUDGET = 160


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that happened.

    Attributes:
        turns: What went in.
        learned: What each of the later turns changed: what was said, and the changes.
        home: Where she lives, as it is found now.
        answers: What the questions found.
        change: The update of the studio's place.
        now: The place as it is found now.
        in_april: The place as it was in April 2025.
        history: What the memory of the place has been through.
        code: What the question after the alarm code found before it was deleted, and after.
        context: Text for a prompt, within the budget.
    """

    turns: tuple[Memory, ...]
    learned: tuple[tuple[Memory, tuple[Change, ...]], ...]
    home: Recall
    answers: tuple[Recall, ...]
    change: Change
    now: Recall
    in_april: Recall
    history: list[Change]
    code: tuple[Recall, Recall]
    context: Context


def tell(memory: Engram) -> Told:
    """Live the story on an empty store."""
    turns = _remember(memory)
    answers = tuple(memory.search(question, user_id=USER, limit=2) for question in QUESTIONS)
    change = memory.update(_saying(turns, OLD_PLACE).id, NEW_PLACE, reason=REASON)
    before = memory.search(SECRET, user_id=USER, limit=1)
    memory.delete(_saying(turns, CODE).id, reason="not for everybody")
    learned = tuple(_learn(memory, when, words) for when, words in LATER)
    return Told(
        turns=turns,
        learned=learned,
        home=memory.search(HOME, user_id=USER, limit=2),
        answers=answers,
        change=change,
        now=memory.search(PLACE, user_id=USER, limit=1),
        in_april=memory.search(PLACE, user_id=USER, as_of=IN_APRIL, limit=1),
        history=memory.history(change.memory.id),
        code=(before, memory.search(SECRET, user_id=USER, limit=1)),
        context=memory.context("When can Rui drive to the fair?", user_id=USER, token_budget=BUDGET),
    )


def _remember(memory: Engram) -> tuple[Memory, ...]:
    turns: list[Memory] = []
    for session, began, said in SESSIONS:
        messages = [
            {"content": text, "name": name, "role": "user" if name else "assistant", "occurred_at": began}
            for name, text in said
        ]
        turns += memory.add(messages, user_id=USER, session_id=session).turns
    return tuple(turns)


def _learn(memory: Engram, when: str, words: str) -> tuple[Memory, tuple[Change, ...]]:
    message = {"content": words, "name": NADIA, "occurred_at": when}
    result = memory.add(message, user_id=USER, session_id="later")
    return result.turns[0], result.changes


def _saying(turns: tuple[Memory, ...], words: str) -> Memory:
    return next(turn for turn in turns if words in turn.text)
