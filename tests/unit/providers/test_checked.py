"""An embedder of the caller's own may answer anything; nothing of it may harm the store."""

import numpy as np
import pytest

from engram_core import AsyncEngram, InvalidOutputError, ProviderError, ProviderUnavailableError
from engram_core.providers.checked import CheckedEmbedder
from engram_core.testing import FakeEmbedder


class Odd(FakeEmbedder):
    """Answers what `spoil` makes of the right answer."""

    spoil = staticmethod(lambda rows: rows)

    async def embed(self, texts):
        return self.spoil(await super().embed(texts))


def raise_it(error):
    def spoil(rows):
        raise error

    return spoil


BAD = {
    "another dimension": lambda rows: np.ones((len(rows), 7), np.float32),
    "too few": lambda rows: rows[:-1],
    "too many": lambda rows: np.vstack([rows, rows[:1]]),
    "not a number": lambda rows: rows * np.nan,
    "infinite": lambda rows: rows + np.inf,
    "zero": lambda rows: rows * 0,
    "nothing": lambda rows: [None] * len(rows),
    "words": lambda rows: ["x"] * len(rows),
    "ragged": lambda rows: [[1.0], [1.0, 2.0]],
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
async def test_vectors_that_cannot_be_used_are_refused(spoil):
    embedder = Odd()
    embedder.spoil = spoil
    with pytest.raises(InvalidOutputError):
        await CheckedEmbedder(embedder).embed(["one", "two"])


@pytest.mark.parametrize("spoil", [lambda rows: rows.tolist(), lambda rows: rows.astype(np.float64) * 1e6])
async def test_numbers_of_another_type_and_length_become_unit_rows(spoil):
    embedder = Odd()
    right = await CheckedEmbedder(embedder).embed(["one", "two"])
    embedder.spoil = spoil
    made = await CheckedEmbedder(embedder).embed(["one", "two"])
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, right, atol=1e-6)
    np.testing.assert_allclose(await CheckedEmbedder(embedder).embed_query("one"), right[0], atol=1e-6)


async def test_errors_of_any_kind_are_a_providers():
    embedder = Odd()
    embedder.spoil = raise_it(KeyError("x"))
    with pytest.raises(ProviderError, match="KeyError"):
        await CheckedEmbedder(embedder).embed_query("one")
    embedder.spoil = raise_it(ProviderUnavailableError("down"))
    with pytest.raises(ProviderUnavailableError):
        await CheckedEmbedder(embedder).embed(["one"])


async def test_a_space_that_is_none_is_refused():
    embedder = Odd()
    embedder.space = FakeEmbedder.close.__get__(embedder)
    with pytest.raises(InvalidOutputError):
        await CheckedEmbedder(embedder).space()


@pytest.mark.parametrize("spoil", [BAD["another dimension"], raise_it(RuntimeError("boom"))])
async def test_a_broken_embedder_costs_no_turn_and_no_search(spoil):
    embedder = Odd()
    async with AsyncEngram(database_url="memory://", embedder=embedder) as memory:
        embedder.spoil = spoil
        added = await memory.add("the blue bicycle", user_id="ada")
        assert added.pending == 1
        found = await memory.search("blue bicycle", user_id="ada")
        assert [hit.memory.text for hit in found] == ["the blue bicycle"]
        assert set(found.degraded) == {"dense"}
