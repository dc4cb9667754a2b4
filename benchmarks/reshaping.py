"""Makes dialogues of two named people out of chats with an assistant, with questions asked about them.

Constants of a ranking are to hold for people who talk to each other and are asked about by name, and may not be chosen
on the data sets that measure it. So data that may be learned from is given that form first, in three ways:

- *replied*: each session is a part of one chat; the other person says the first sentence of the assistant's answers.
  A turn's neighbours are about the same thing, as in real talk.
- *interleaved*: each session is a part of two chats; the two users speak in turn. A turn's neighbours are about
  something else: what may happen when two people talk past each other, and the worst that neighbours can do.
- *split*: as replied, with each user's turn sent in several short messages, of which the one with the most words of the
  answer is the evidence. What a message is about stands in its neighbours.

Both people are users in some sessions. "I" in a question becomes the name. Only questions whose whole evidence was said
by users are kept, and none that merely ask the assistant for something.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

from benchmarks.datasets import Conversation, Question, Turn

#: Turns by one user in one session, and turns of one user's side in a dialogue at most.
SESSION = 11
SIDE = 170
WORDS = 100  # longer turns are mostly code
LEAST = 8  # words that an answer, or a part of a turn, has at least where it can

T = TypeVar("T")

_NAMES = ("Anna", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Henry", "Irene", "Jack", "Karen", "Louis")
_REQUESTS = {"instruction_following", "preference_following", "summarization"}
_SENTENCE = re.compile(r"(?<=[.!?:])\s")
_OWN_NAME = re.compile(r"\bI'm ([A-Z][a-z]+),")
_CLAUSE = re.compile(r"(?<=[,.!?;:])\s+|\s+(?=(?:but|and|which|because|so)\b)")
_WORD = re.compile(r"\w+")
_THIRD_PERSON = [
    (re.compile(rf"\b(?:{pattern})\b"), to)
    for pattern, to in (
        ("[Hh]ave I", "has {0}"),
        ("[Dd]o I", "does {0}"),
        ("[Aa]m I", "is {0}"),
        ("I have", "{0} has"),
        ("I am", "{0} is"),
        ("I[’']m", "{0} is"),
        ("I[’']ve", "{0} has"),
        ("I[’']d", "{0} would"),
        ("I[’']ll", "{0} will"),
        ("[Mm]y|mine|[Oo]ur", "{0}'s"),
        ("I|me|myself|[Ww]e|us", "{0}"),
    )
]


def dialogues(chats: Sequence[Conversation], shape: str, distance: int) -> Iterator[Conversation]:
    """Pair each chat with the one `distance` further and yield a dialogue for each pair; no chat is used twice.

    Args:
        chats: Conversations of one user each with an assistant.
        shape: "replied", "interleaved" or "split".
        distance: Other distances give other pairs.
    """
    free = dict(enumerate(chats))
    for number in count():
        pair = next(((i, i + distance) for i in free if i + distance in free), None)
        if pair is None:
            return
        names = (_NAMES[2 * number % len(_NAMES)], _NAMES[(2 * number + 1) % len(_NAMES)])
        sides = [_side(free.pop(i), letter) for i, letter in zip(pair, "ab", strict=True)]
        dialogue = _dialogue(f"{shape}:{pair[0]}+{pair[1]}", sides, names, shape)
        yield _split(dialogue) if shape == "split" else dialogue


def in_third_person(question: str, name: str) -> str:
    """Ask about a person by name what that person asked in the first person."""
    for pattern, to in _THIRD_PERSON:
        question = pattern.sub(to.format(name), question)
    return question[:1].upper() + question[1:]


def _side(chat: Conversation, letter: str) -> Conversation:
    """Cut a chat to size, with turn ids of its own, and drop the questions that cannot be asked of what is left."""
    users = [turn for turn in chat.turns if turn.role == "user"][:SIDE]
    last = users[-1].position + 1
    kept = {turn.id for turn in users}
    turns = tuple(replace(turn, id=letter + turn.id, text=_short(turn)) for turn in chat.turns[: last + 1])
    present = {turn.id for turn in turns}
    questions = tuple(
        replace(
            q,
            id=f"{chat.id} {q.id}",
            evidence=frozenset(letter + id for id in q.evidence),
            before=q.before and letter + q.before,
        )
        for q in chat.questions
        if q.evidence and q.evidence <= kept and q.category not in _REQUESTS and "?" in q.text
        if q.before is None or letter + q.before in present
    )
    return replace(chat, turns=turns, questions=questions)


def _short(turn: Turn) -> str:
    if turn.role == "user":
        return " ".join(turn.text.split()[:WORDS])
    words: list[str] = []
    for sentence in _SENTENCE.split(turn.text):
        words += sentence.split()
        if len(words) >= LEAST:  # "Certainly!" alone is no answer
            break
    return " ".join(words[:WORDS])


def _dialogue(id: str, sides: Sequence[Conversation], names: tuple[str, str], shape: str) -> Conversation:
    spoken = [_spoken(side, names[i], names[1 - i]) for i, side in enumerate(sides)]
    sessions = _interleaved(*spoken) if shape == "interleaved" else _by_turns(*spoken)
    turns = [replace(turn, session=str(s)) for s, session in enumerate(sessions) for turn in session]
    numbered = tuple(replace(turn, position=i) for i, turn in enumerate(turns))
    questions = tuple(
        replace(question, text=in_third_person(question.text, name), before=_first_shown(question, numbered))
        for side, name in zip(sides, names, strict=True)
        for question in side.questions
    )
    return Conversation(sides[0].dataset, id, numbered, questions)


def _spoken(side: Conversation, name: str, other: str) -> list[list[Turn]]:
    """Return the parts of a chat, each with `SESSION` turns of its user, spoken by people with these names."""
    own = _OWN_NAME.search(side.turns[0].text) or _OWN_NAME.search(" ".join(t.text for t in side.turns[:20:2]))
    parts: dict[int, list[Turn]] = defaultdict(list)
    said = -1
    for turn in side.turns:
        said += turn.role == "user"
        text = re.sub(rf"\b{own[1]}\b", name, turn.text) if own else turn.text
        parts[max(said, 0) // SESSION].append(replace(turn, text=text, speaker=name if turn.role == "user" else other))
    return list(parts.values())


def _interleaved(one: list[list[Turn]], two: list[list[Turn]]) -> list[list[Turn]]:
    sessions = []
    for i in range(max(len(one), len(two))):
        users = [[turn for turn in part[i] if turn.role == "user"] if i < len(part) else [] for part in (one, two)]
        sessions.append(_by_turns(*users))
    return sessions


def _by_turns(one: Sequence[T], two: Sequence[T]) -> list[T]:
    shorter = min(len(one), len(two))
    mixed = [item for pair in zip(one, two, strict=False) for item in pair]
    return [*mixed, *one[shorter:], *two[shorter:]]


def _first_shown(question: Question, turns: Sequence[Turn]) -> str | None:
    """Return `before` as a turn that is in the dialogue: the assistant's are not in an interleaved one."""
    return question.before if any(turn.id == question.before for turn in turns) else None


def _split(dialogue: Conversation) -> Conversation:
    parts = {turn.id: _parts(turn) for turn in dialogue.turns}
    turns = [part for turn in dialogue.turns for part in parts[turn.id]]
    questions = [
        replace(question, evidence=evidence, before=question.before and parts[question.before][0].id)
        for question in dialogue.questions
        if (evidence := _answering(question, parts))
    ]
    return replace(
        dialogue,
        turns=tuple(replace(turn, position=i) for i, turn in enumerate(turns)),
        questions=tuple(questions),
    )


def _parts(turn: Turn) -> list[Turn]:
    if turn.role != "user":
        return [turn]
    parts: list[list[str]] = [[]]
    for clause in _CLAUSE.split(turn.text):
        if len(parts[-1]) >= LEAST:
            parts.append([])
        parts[-1] += clause.split()
    return [replace(turn, id=f"{turn.id}.{i}", text=" ".join(words)) for i, words in enumerate(parts)]


def _answering(question: Question, parts: dict[str, list[Turn]]) -> frozenset[str]:
    """Return of each evidence turn the parts with the most words of the answer that are not in the question."""
    wanted = _words(question.answer) - _words(question.text)
    found: set[str] = set()
    for id in question.evidence:
        held = {part.id: len(wanted & _words(part.text)) for part in parts[id]}
        found |= {part for part, words in held.items() if words == max(held.values()) > 0}
    return frozenset(found)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
