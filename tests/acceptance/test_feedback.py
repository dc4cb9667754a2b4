"""What users say of hits, through both faces and over both stores."""

import pytest

from engram_core import Engram, InvalidInputError, NotFoundError
from engram_core.testing import FakeEmbedder

TURNS = ["Ada drinks tea in the morning", "The kiln is ordered", "Ada drinks water at noon"]


@pytest.fixture
def blocking(store):
    """The blocking twin on the same kind of store."""
    with Engram(**store, embedder=FakeEmbedder()) as engine:
        yield engine


def test_the_twin_labels_replaces_and_erases(blocking, user):
    for turn in TURNS:
        blocking.add(turn, user_id=user, session_id="s", infer=False)
    first, second, *_ = blocking.search("What does Ada drink?", user_id=user)
    assert blocking.feedback(first, useful=True) is None
    blocking.feedback(first, useful=True)
    blocking.feedback(second, False)
    blocking.feedback(second, useful=True)
    with pytest.raises(InvalidInputError, match="useful"):
        blocking.feedback(first, useful="yes")
    with pytest.raises(NotFoundError):
        blocking.for_tenant("acme").feedback(first, useful=True)
    receipt = blocking.erase(user_id=user, session_id="s")
    assert (receipt.memories, receipt.labels) == (3, 2)
    with pytest.raises(NotFoundError):
        blocking.feedback(first, useful=True)
    assert blocking.erase(user_id=user).labels == 0


async def test_a_hit_of_an_answer_in_a_loop_can_be_judged_later(memory, user):
    for turn in TURNS:
        await memory.add(turn, user_id=user, infer=False)
    turned = await memory.process_turn("What does Ada drink?", user_id=user, infer=False)
    for hit in turned.context.hits:
        await memory.feedback(hit, useful="drinks" in hit.memory.text)
    fact = (await memory.update(turned.context.hits[0].memory.id, "Ada drinks coffee")).after
    found = next(hit for hit in await memory.search("What does Ada drink?", user_id=user) if hit.memory.id == fact.id)
    await memory.feedback(found, useful=True)
    assert (await memory.erase(user_id=user)).labels == len(turned.context.hits) + 1
