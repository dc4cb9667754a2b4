"""Rankers without training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engram_core.ports import Evidence, Reading
from engram_core.retrieval.fuse import fuse
from engram_core.retrieval.rankers import UNTRAINED

NAN = float("nan")


def reading(dense, lexical):
    n = len(dense)
    own = [np.array(column, np.float32) for column in (dense, lexical)]
    near = np.full((n, 4), NAN, np.float32), np.zeros((n, 4), np.float32)
    return Reading(Evidence(*own, *near, np.full(n, 40, np.float32)), {}, False)


def order(name, dense, lexical):
    return np.argsort(-UNTRAINED[name].rank(reading(dense, lexical)).scores, kind="stable").tolist()


def test_each_leg_alone_has_the_order_of_its_scores():
    dense, lexical = [0.2, 0.9, -0.5], [1, 0, 4]
    assert order("dense", dense, lexical) == [1, 0, 2]
    assert order("lexical", dense, lexical) == [2, 0, 1]


def test_a_memory_without_a_vector_is_the_last_to_the_dense_leg():
    assert order("dense", [NAN, -0.9, 0.1], [9, 0, 0]) == [2, 1, 0]


def test_reciprocal_rank_adds_one_share_a_leg():
    ranked = UNTRAINED["rrf"].rank(reading([0.9, 0.5, 0.1], [0, 2, 1]))
    shares = [1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62]
    assert ranked.parts["rrf"] == pytest.approx(shares, rel=1e-5)
    assert ranked.scores == pytest.approx((np.array(shares) - min(shares)) / np.ptp(shares), abs=1e-4)


def test_the_sum_is_the_untrained_fusion():
    asked = reading([0.9, 0.5, 0.1], [0, 2, 1])
    ranked, fused = UNTRAINED["sum"].rank(asked), fuse(asked.evidence)
    assert ranked.scores == pytest.approx(fused.scores)
    assert set(ranked.parts) == set(fused.parts)


@pytest.mark.parametrize("name", UNTRAINED)
@pytest.mark.parametrize(("dense", "lexical"), [([0.4], [0]), ([NAN], [3]), ([NAN] * 3, [0] * 3), ([1, 1], [2, 2])])
def test_candidates_that_nothing_tells_apart_keep_their_order(name, dense, lexical):
    ranked = UNTRAINED[name].rank(reading(dense, lexical))
    assert np.isfinite(ranked.scores).all()
    if name != "rrf":
        assert len(set(ranked.scores.tolist())) == 1
    assert order(name, dense, lexical) == list(range(len(dense)))


@pytest.mark.parametrize("name", UNTRAINED)
@given(columns=arrays(np.float32, (2, 5), elements=st.floats(0, 1, width=32)))
def test_scores_lie_between_zero_and_one_and_they_never_abstain(name, columns):
    ranked = UNTRAINED[name].rank(reading(*columns))
    assert ranked.is_relevant
    assert ranked.scores.dtype == np.float32
    assert ((ranked.scores >= 0) & (ranked.scores <= 1)).all()


def test_each_is_found_by_its_name():
    assert {name: ranker.name for name, ranker in UNTRAINED.items()} == {
        n: n for n in ("sum", "dense", "lexical", "rrf")
    }
