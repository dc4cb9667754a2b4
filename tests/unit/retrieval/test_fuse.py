"""Fusion without training."""

import numpy as np

from engram_core.ports import Evidence, Leg
from engram_core.retrieval.fuse import fuse
from engram_core.retrieval.legs import merge
from engram_core.retrieval.search import readable

NAN = float("nan")


def evidence(dense, lexical, near_dense=None, near_lexical=None, lengths=None):
    n = len(dense)
    return Evidence(
        np.array(dense, np.float32),
        np.array(lexical, np.float32),
        np.array(near_dense if near_dense is not None else [[NAN] * 4] * n, np.float32),
        np.array(near_lexical if near_lexical is not None else [[0] * 4] * n, np.float32),
        np.array(lengths if lengths is not None else [40] * n, np.float32),
    )


def test_the_best_in_both_legs_comes_first():
    scores = fuse(evidence([0.9, 0.5, 0.1], [3, 0, 1])).scores
    assert scores[0] == max(scores)
    assert scores[0] > scores[2]


def test_scores_lie_between_zero_and_one():
    scores = fuse(evidence([0.9, -0.5, 0.1], [30, 0, 1])).scores
    assert ((scores > 0) & (scores < 1)).all()


def lifted(near, lengths=None):
    return fuse(evidence([0.5, 0.5, 0.1], [0, 0, 0], [[NAN] * 4, near, [NAN] * 4], lengths=lengths)).scores


def test_a_good_neighbour_lifts_a_turn_and_one_beyond_it_lifts_it_less():
    alone = lifted([NAN] * 4)
    assert alone[0] == alone[1]
    assert lifted([0.9, NAN, NAN, NAN])[1] > lifted([NAN, NAN, NAN, 0.9])[1] > alone[1]


def test_a_long_turn_borrows_less():
    near = [0.9, NAN, NAN, NAN]
    assert lifted(near, [40, 40, 40])[1] > lifted(near, [40, 400, 40])[1] > lifted([NAN] * 4)[1]


def test_a_missing_vector_counts_as_an_average_one():
    parts = fuse(evidence([0.9, NAN, 0.1], [1, 1, 1])).parts
    assert parts["dense_z"][1] == 0


def test_without_vectors_the_words_decide():
    scores = fuse(evidence([NAN] * 3, [1, 3, 2])).scores
    assert list(np.argsort(-scores)) == [1, 2, 0]


def test_scores_that_are_all_alike_say_nothing():
    assert set(fuse(evidence([0.5, 0.5], [2, 2])).scores) == {0.5}


def test_one_candidate_is_no_error():
    assert len(fuse(evidence([0.4], [0])).scores) == 1


def leg(*rows):
    return Leg(np.array(rows, np.int64), np.linspace(1, 0, len(rows), dtype=np.float32))


def test_merging_prefers_what_both_legs_found():
    assert list(merge([leg(1, 2, 3), leg(4, 2)], 3)) == [2, 1, 4]


def test_merging_keeps_at_most_the_limit_and_orders_ties_by_row():
    assert list(merge([leg(9), leg(3), leg(5)], 2)) == [3, 5]
    assert list(merge([], 2)) == []


def test_any_text_becomes_readable():
    assert readable("a\x00b\ud800c") == "a b?c"
