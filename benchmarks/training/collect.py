"""Questions with labelled candidates, as the engine sees them: each is searched; its hits carry their signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import numpy as np

from benchmarks.datasets import Conversation, Question
from benchmarks.methods import messages, user_of
from engram_core import AsyncEngram, Group, Recall

CANDIDATES = 200
#: One question in so many is asked of another conversation too, where nothing answers it.
ELSEWHERE = 3


async def groups_of(
    engine: AsyncEngram, conversations: Sequence[Conversation], weight: float = 1.0
) -> AsyncIterator[tuple[Question, Group]]:
    """Remember conversations and yield every question with its candidates.

    Args:
        engine: It must not abstain, as the untrained rankers do not.
        conversations: At least two, for questions asked of the wrong one.
        weight: What each question counts.
    """
    for conversation in conversations:
        await engine.add_many(messages(conversation), user_id=user_of(conversation))
    for number, conversation in enumerate(conversations):
        other = conversations[(number + 1) % len(conversations)]
        for place, question in enumerate(conversation.questions):
            yield question, await _asked(engine, conversation, question, weight)
            if place % ELSEWHERE == 0 and other is not conversation and question.evidence:
                nothing = Question(f"{question.id}:elsewhere", question.text, "", "elsewhere", frozenset(), None)
                yield nothing, await _asked(engine, other, nothing, weight)


async def _asked(engine: AsyncEngram, conversation: Conversation, question: Question, weight: float) -> Group:
    positions = {turn.id: turn.position for turn in conversation.turns}
    filters = None if question.before is None else {"position": {"$lt": positions[question.before]}}
    recall = await engine.search(question.text, user_id=user_of(conversation), filters=filters, limit=CANDIDATES)
    labels = np.array([hit.memory.metadata["id"] in question.evidence for hit in recall], np.float32)
    return Group(conversation.id, _columns(recall), labels, weight)


def _columns(recall: Recall) -> dict[str, np.ndarray]:
    columns: dict[str, list[float]] = defaultdict(list)
    for hit in recall:
        for name, value in hit.signals.items():
            columns[name].append(value)
    return {name: np.array(values, np.float32) for name, values in columns.items() if not name.endswith("_part")}
