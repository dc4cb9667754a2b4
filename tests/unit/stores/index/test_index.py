"""The index in memory: any order of writes gives what the final state gives, and scores are those of the formulas."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.stores.index import Analyzer, Batch, IndexView, ShardIndex
from engram_core.stores.index.analysis import SHORTEST
from engram_core.stores.index.view import K1, B

ANALYZER = Analyzer()
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
WORDS = ["tea", "coffee", "milk", "water", "juice", "cake"]
ALL = Selection(Scope(user_id="ada"), NOON, past=True)


@dataclass
class Entry:
    memory: Memory
    seq: int
    text: str
    vector: np.ndarray | None

    @property
    def tokens(self) -> np.ndarray:
        """Two tokens that follow from the vector."""
        return np.round(np.outer([127, -64], self.vector)).astype(np.int8)


def an_entry(seq, text="tea", *, session="s1", minutes=0, kind="turn", vector=None):
    at = NOON + timedelta(minutes=minutes)
    memory = Memory(new_id(), Scope(user_id="ada", session_id=session), kind, text, at, at)
    return Entry(memory, seq, text, vector)


def batch(entries):
    return Batch.of(
        [entry.memory for entry in entries],
        [entry.seq for entry in entries],
        {entry.memory.id: entry.vector for entry in entries if entry.vector is not None},
        [ANALYZER.terms(entry.text) for entry in entries],
        4,
        {entry.memory.id: entry.tokens for entry in entries if entry.vector is not None},
    )


def built(entries):
    index = ShardIndex(4)
    index.put(batch(entries))
    return index


async def scored(view, rows, query, text):
    return await view.evidence(rows, await view.neighbours(rows), query, text)


async def answers(index, query, text, selection=ALL):
    """All that a view says, by id."""

    async def hydrate(ids):
        return ids

    view = IndexView([(index, index.mask(selection))], ANALYZER, hydrate)
    found = {}
    for name, leg in (("dense", await view.dense(query, 100)), ("lexical", await view.lexical(text, 100))):
        ids = await view.hydrate(leg.rows)
        evidence = await scored(view, leg.rows, query, text)
        block = await view.tokens(leg.rows)
        tokens = [block.of(i).sum() for i in range(len(leg.rows))]
        parts = (leg.scores, evidence.dense, evidence.lexical, evidence.near_dense, evidence.near_lexical, tokens)
        found[name] = ids, [np.round(part, 5) for part in parts]
    return found


def assert_same(one, other):
    for name in one:
        assert one[name][0] == other[name][0]
        for a, b in zip(one[name][1], other[name][1], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)


def a_vector(random):
    vector = random.standard_normal(4).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def late_seq(random, last, entries):
    """An order of arrival that is free, somewhere before the last."""
    taken = {entry.seq for entry in entries}
    return next(seq for seq in range(int(random.integers(1, last)), last) if seq not in taken)


steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "late", "renew", "reword", "remove"]), st.integers(0, 1 << 30)),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(steps)
async def test_any_order_of_writes_gives_what_the_final_state_gives(steps):
    index, entries, last = ShardIndex(4), [], 0
    for step, seed in steps:
        random = np.random.default_rng(seed)
        if step in ("add", "late") or not entries:
            new = []
            for _ in range(int(random.integers(1, 5))):
                last += 1000
                seq = last if step == "add" else late_seq(random, last, entries + new)
                text = " ".join(random.choice(WORDS, size=int(random.integers(1, 6))))
                vector = a_vector(random) if random.random() < 0.7 else None
                kind = "turn" if random.random() < 0.8 else "fact"
                session, minutes = f"s{random.integers(3)}", int(random.integers(5))
                new.append(an_entry(seq, text, session=session, minutes=minutes, kind=kind, vector=vector))
            entries += new
            index.put(batch(new))
            continue
        entry = entries[seed % len(entries)]
        if step == "remove":
            entries.remove(entry)
            index.remove([entry.memory.id, new_id()])
        elif step == "renew":
            entry.vector = a_vector(random)
            entry.memory = replace(entry.memory, retired_at=NOON if random.random() < 0.3 else None)
            index.put(batch([entry]))
        else:
            entry.text = " ".join(random.choice(WORDS, size=3))
            index.put(batch([entry]))
    fresh = built(sorted(entries, key=lambda entry: entry.seq))
    query = a_vector(np.random.default_rng(0))
    assert len(index) == len(entries)
    current = replace(ALL, past=False)
    for selection in (ALL, current, replace(ALL, scope=Scope(user_id="ada", session_id="s1"))):
        assert_same(
            await answers(index, query, "tea milk", selection), await answers(fresh, query, "tea milk", selection)
        )


async def test_scores_are_those_of_the_formula():
    texts = ["tea", "tea milk", "milk milk cake water", "juice", "milk " + "water " * 60]
    index = built([an_entry(n, text) for n, text in enumerate(texts)])
    view = IndexView([(index, index.mask(ALL))], ANALYZER, None)
    leg = await view.lexical("tea milk", 10)
    lengths = [max(len(text.split()), SHORTEST) for text in texts]
    average = sum(lengths) / len(texts)

    def bm25(text):
        words, score = text.split(), 0.0
        for word in ("tea", "milk"):
            holders = sum(word in other.split() for other in texts)
            idf = np.log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
            often = words.count(word)
            score += idf * often * (K1 + 1) / (often + K1 * (1 - B + B * max(len(words), SHORTEST) / average))
        return score

    expected = {row: bm25(text) for row, text in enumerate(texts) if bm25(text) > 0}
    assert dict(zip(leg.rows.tolist(), leg.scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-5)


async def test_a_view_over_parts_scores_as_over_the_whole():
    random = np.random.default_rng(3)
    entries = [an_entry(n, " ".join(random.choice(WORDS, 4)), vector=a_vector(random), minutes=n) for n in range(20)]
    whole, query = built(entries), a_vector(random)
    halves = [built(entries[:10]), built(entries[10:])]
    one = IndexView([(whole, whole.mask(ALL))], ANALYZER, None)
    two = IndexView([(half, half.mask(ALL)) for half in halves], ANALYZER, None)
    rows = np.arange(20)
    a, b = await scored(one, rows, query, "tea cake"), await scored(two, rows, query, "tea cake")
    np.testing.assert_allclose(a.dense, b.dense, atol=1e-6)
    np.testing.assert_allclose(a.lexical, b.lexical, atol=1e-6)
    assert (await one.dense(query, 7)).rows.tolist() == (await two.dense(query, 7)).rows.tolist()
    times = [(entries[7].memory.valid_from, entries[13].memory.valid_from)]
    inside, apart = await one.within(times, query, 10), await two.within(times, query, 10)
    assert sorted(inside.rows.tolist()) == [7, 8, 9, 10, 11, 12]
    assert inside.rows.tolist() == apart.rows.tolist()
    ids = [entries[n].memory.id for n in (12, 3)]
    assert (await one.rows_of(ids)).tolist() == (await two.rows_of(ids)).tolist() == [12, 3]
    # A conversation is whole within an owner: nothing is near across parts.
    assert np.isnan(b.near_dense[9, 1])
    assert not np.isnan(a.near_dense[9, 1])


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 9, 10, 11])
async def test_the_best_are_exact_and_ties_go_by_row(limit):
    scores = [0.5, 1.0, 0.5, 0.5, -1.0, 1.0, 0.5, 0.0, 0.5, 0.5]
    vectors = [np.array([s, np.sqrt(1 - s * s), 0, 0], np.float32) for s in scores]
    index = built([an_entry(n, vector=vector) for n, vector in enumerate(vectors)])
    view = IndexView([(index, index.mask(ALL))], ANALYZER, None)
    leg = await view.dense(np.array([1, 0, 0, 0], np.float32), limit)
    expected = sorted(range(10), key=lambda row: (-scores[row], row))[:limit]
    assert leg.rows.tolist() == expected


async def test_a_view_holds_still_while_its_index_is_written_to():
    random = np.random.default_rng(5)
    entries = [an_entry(n, "tea", vector=a_vector(random), minutes=n) for n in range(5)]
    index, query = built(entries), a_vector(random)

    def open_view():
        return IndexView([(index, index.mask(ALL))], ANALYZER, None)

    before, rows = open_view(), np.arange(5)
    expected = await scored(open_view(), rows, query, "tea")
    more = [an_entry(100 + n, "tea milk", vector=a_vector(random)) for n in range(50)]
    index.put(batch(more))
    assert (await before.rows_of([more[0].memory.id, entries[3].memory.id])).tolist() == [-1, 3]
    index.remove([entries[0].memory.id])
    assert (await before.rows_of([entries[0].memory.id, more[0].memory.id])).tolist() == [0, -1]
    assert len((await before.within([(None, None)], query, 100)).rows) == 5
    found = await scored(before, rows, query, "tea")
    for name in ("dense", "lexical", "near_dense", "near_lexical"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-6)


def test_bytes_grow_with_what_is_held():
    small, large = built([an_entry(1)]), built([an_entry(n, "some more words") for n in range(1000)])
    assert 0 < small.nbytes < large.nbytes
    assert large.nbytes > 1000 * 4 * 4
    assert "x" not in small
