"""Late interaction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.ports import EncodedQuery, TokenBlock
from engram_core.retrieval.late import BESIDE, late_interaction, nearest

ALONE = [-1, -1, -1, -1]


def unit(values):
    return (values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


def question(tokens, weights=None):
    rows = np.array(tokens, np.float32).reshape(-1, 2)
    shares = np.full(len(rows), 1 / max(len(rows), 1)) if weights is None else np.array(weights)
    return EncodedQuery(np.zeros(2, np.float32), rows, shares.astype(np.float32))


def block(*texts, width=2):
    """Pack token vectors of unit length, one list a text."""
    rows = [np.array(text, np.float32).reshape(-1, width) for text in texts]
    values = np.round(np.concatenate([*rows, np.empty((0, width))]) * 127).astype(np.int8)
    return TokenBlock(values, np.cumsum([0, *(len(row) for row in rows)]))


def drawn(rng, sizes, tokens, width=8):
    query = EncodedQuery(np.zeros(width, np.float32), unit(rng.standard_normal((tokens, width))), rng.random(tokens))
    return query, block(*(unit(rng.standard_normal((size, width))) for size in sizes), width=width)


def by_loops(query, tokens, own, near):
    """The same by the definition, one pair of tokens at a time."""

    def matches(row):
        texts = tokens.of(row).astype(np.float64) / 127
        return [max((float(token @ text) for text in texts), default=0.0) for token in query.tokens]

    def score(found):
        return sum(weight * match for weight, match in zip(query.weights, found, strict=True))

    alone, window = [], []
    for row, sides in zip(own, near, strict=True):
        beside = [matches(side) for side in sides[:2] if side >= 0]
        alone.append(score(matches(row)))
        window.append(score([max(mine, *(BESIDE * b[i] for b in beside), -9) for i, mine in enumerate(matches(row))]))
    others = [[score(matches(side)) if side >= 0 else np.nan for side in sides] for sides in near]
    return alone, others, window


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_it_is_what_the_definition_says(sizes, tokens, seed):
    rng = np.random.default_rng(seed)
    query, texts = drawn(rng, sizes, tokens)
    own = rng.integers(0, len(sizes), 6)
    near = rng.integers(-1, len(sizes), (6, 4))
    late = late_interaction(query, texts, own, near)
    alone, others, window = by_loops(query, texts, own, near)
    assert late.own == pytest.approx(alone, abs=1e-4)
    assert late.near == pytest.approx(np.array(others).reshape(6, 4), abs=1e-4, nan_ok=True)
    assert late.window == pytest.approx(window, abs=1e-4)


def test_texts_of_more_tokens_than_one_piece_are_read_to_the_end():
    rng = np.random.default_rng(7)
    query, texts = drawn(rng, [900, 0, 1500, 1], 30, width=32)
    assert len(texts.values) * query.tokens.size > 10 * 200_000, "several pieces, and an odd one at the end"
    found = nearest(query.tokens, texts)
    whole = texts.values.astype(np.float64) @ query.tokens.T / 127
    expected = [whole[:900].max(0), np.zeros(30), whole[900:2400].max(0), whole[2400]]
    assert found == pytest.approx(np.array(expected), abs=1e-5)


def test_a_text_without_tokens_scores_nothing_wherever_it_stands():
    query = question([[1, 0]])
    texts = block([], [[1, 0]], [], [], [[0, 1], [-1, 0]], [])
    assert nearest(query.tokens, texts)[:, 0] == pytest.approx([0, 1, 0, 0, 0, 0])
    opposite = block([[-1, 0]], [])
    assert nearest(query.tokens, opposite)[:, 0] == pytest.approx([-1, 0])


def test_without_any_tokens_there_is_no_match():
    own, near = np.array([0, 1]), np.array([ALONE, ALONE])
    for query, texts in ((question([[1, 0]]), block([], [])), (question([]), block([[1, 0]], []))):
        late = late_interaction(query, texts, own, near)
        assert late.own.tolist() == late.window.tolist() == [0, 0]


def test_the_weights_say_what_each_token_of_the_question_counts():
    texts = block([[1, 0]], [[0, 1]])
    late = late_interaction(question([[1, 0], [0, 1]], [0.9, 0.1]), texts, np.array([0, 1]), np.array([ALONE, ALONE]))
    assert late.own == pytest.approx([0.9, 0.1])


def test_the_turn_beside_counts_at_a_discount_and_one_beyond_not_at_all():
    texts = block([[0, 1]], [[1, 0]])
    sides = [ALONE, [1, -1, -1, -1], [-1, 1, -1, -1], [-1, -1, 1, 1]]
    late = late_interaction(question([[1, 0]]), texts, np.zeros(4, int), np.array(sides))
    assert late.window == pytest.approx([0, BESIDE, BESIDE, 0])
    assert late.near[1, 0] == late.near[3, 2] == pytest.approx(1)


def test_each_token_finds_its_own_nearest_in_the_window():
    query = question([[1, 0], [0, 1]])
    late = late_interaction(query, block([[1, 0]], [[0, 1]]), np.array([0]), np.array([[-1, 1, -1, -1]]))
    assert late.window == pytest.approx([(1 + BESIDE) / 2])


def test_a_neighbour_that_is_missing_changes_nothing():
    late = late_interaction(question([[1, 0]]), block([[-1, 0]], [[1, 0]]), np.array([0]), np.array([ALONE]))
    assert np.isnan(late.near).all()
    assert late.window == pytest.approx(late.own)
    assert late.own == pytest.approx([-1])
