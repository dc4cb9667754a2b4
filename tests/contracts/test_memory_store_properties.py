"""MemoryStore: what holds for any memories, scopes and filters. Each example works in a tenant of its own."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engram_core.domain.checks import check_metadata
from engram_core.domain.filters import matches, parse_filter
from engram_core.domain.ids import new_id
from engram_core.domain.memory import KINDS, ORIGINS, Memory
from engram_core.domain.message import ROLES
from engram_core.domain.scope import Scope
from engram_core.domain.selection import Selection
from engram_core.ports import Turn

# Examples are small already; on a database, shrinking one takes minutes.
few = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
strings = st.text(characters, max_size=20)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | strings
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3), max_leaves=6
)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))

# Few keys and few values, so that filters often meet what is there.
keys = st.sampled_from(["a", "b", "c"])
common = st.sampled_from([None, True, False, 0, 1, 1.0, -1, 2.5, "", "a", "b", "B", "é", "1", [], [1], {}, {"a": 1}])
small = common | st.dictionaries(keys, common, max_size=2) | st.lists(common, max_size=2)
metadata = st.dictionaries(keys, small | st.dictionaries(keys, small, max_size=2), max_size=3)

paths = st.lists(keys, min_size=1, max_size=3).map(".".join)
comparable = st.sampled_from([0, 1, 1.0, 2.5, -1, "", "a", "B", "é", "1"])
operands = {
    **dict.fromkeys(("$eq", "$ne"), small),
    **dict.fromkeys(("$in", "$nin"), st.lists(small, max_size=3)),
    **dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), comparable),
    "$exists": st.booleans(),
}
operator = st.sampled_from(sorted(operands)).flatmap(lambda name: st.fixed_dictionaries({name: operands[name]}))
operators = operator | st.tuples(operator, operator).map(lambda pair: pair[0] | pair[1])
conditions = common | operators | st.fixed_dictionaries({"$not": operators})
filters = st.recursive(
    st.dictionaries(paths, conditions, max_size=2),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"$not": inner}),
    ),
    max_leaves=5,
)

parts = (
    st.sampled_from([None, "ada", "bob"]),
    st.sampled_from([None, "bot", "aid"]),
    st.sampled_from([None, "s1", "s2"]),
)
triples = st.tuples(*parts)


@st.composite
def memories(draw):
    """Any memory that the domain allows, of tenant "t"."""
    kind = draw(st.sampled_from(KINDS))
    names = st.none() | st.text(characters, min_size=1, max_size=30).filter(str.strip)
    return Memory(
        id=new_id(),
        scope=Scope("t", draw(names), draw(names), draw(names)),
        kind=kind,
        text=draw(st.text(characters, min_size=1).filter(str.strip)),
        role=draw(st.sampled_from(ROLES)) if kind == "turn" else None,
        speaker=draw(names),
        origin=draw(st.sampled_from(ORIGINS)),
        valid_from=draw(times),
        recorded_at=draw(times),
        valid_to=draw(st.none() | times),
        retired_at=draw(st.none() | times),
        expires_at=draw(st.none() | times),
        sources=tuple(draw(st.lists(st.uuids().map(str), max_size=2))),
        supersedes=draw(st.none() | st.uuids().map(str)),
        importance=draw(st.floats(0, 1)),
        metadata=check_metadata("metadata", draw(st.dictionaries(strings, values, max_size=4))),
    )


def exactly(memory):
    """Metadata as text, since 1 == 1.0 == True; the order of keys and the sign of zero mean nothing."""
    return json.dumps(dict(memory.metadata), sort_keys=True).replace("-0.0", "0.0")


@few
@given(given_memories=st.lists(memories(), min_size=1, max_size=5), keyed=st.booleans())
async def test_a_memory_comes_back_equal(store, suite, given_memories, keyed):
    tenant = uuid.uuid4().hex
    stored = [replace(memory, id=new_id(), scope=replace(memory.scope, tenant=tenant)) for memory in given_memories]
    recorded = await store.restore([(memory, uuid.uuid4().bytes * 2 if keyed else None) for memory in stored], [])
    assert list(recorded.turns) == stored
    found = await store.get(tenant, [memory.id for memory in stored])
    assert found == stored
    assert [exactly(memory) for memory in found] == [exactly(memory) for memory in stored]
    listed = await suite.listed(store, Selection(Scope(tenant), suite.now, past=True))
    assert sorted(listed, key=lambda memory: memory.id) == sorted(stored, key=lambda memory: memory.id)


@few
@given(data=st.lists(metadata, min_size=1, max_size=8), asked=st.lists(filters, min_size=1, max_size=4))
async def test_a_filter_selects_what_it_means(store, suite, data, asked):
    scope = Scope(uuid.uuid4().hex, user_id="ada")
    stored = [suite.memory("tea", scope, metadata=item) for item in data]
    await suite.record(store, *stored)
    for wanted in asked:
        condition = parse_filter(wanted)
        selection = suite.selection(scope, condition=condition)
        expected = [memory for memory in stored if matches(condition, memory.metadata)]
        assert await suite.listed(store, selection) == expected, wanted
        assert await store.count(selection) == len(expected)
        ids = {memory.id for memory in expected}
        assert set(await suite.dense(store, selection)) == ids
        assert set(await suite.lexical(store, selection, "tea")) == ids


@few
@given(
    owners=st.lists(triples, min_size=1, max_size=12), asked=st.lists(triples, min_size=1, max_size=4), erased=triples
)
async def test_a_scope_reaches_exactly_what_it_contains(store, suite, owners, asked, erased):
    tenant = uuid.uuid4().hex
    stored = [suite.memory("tea", Scope(tenant, *parts)) for parts in owners]
    await suite.record(store, *stored)
    await check_reach(store, suite, stored, [Scope(tenant, *parts) for parts in asked])
    shape = Scope(tenant, *erased)
    receipt = await store.erase(shape)
    kept = [memory for memory in stored if not shape.contains(memory.scope)]
    assert receipt.memories == len(stored) - len(kept)
    await check_reach(store, suite, kept, [Scope(tenant), *(Scope(tenant, *parts) for parts in asked)])


async def check_reach(store, suite, stored, scopes):
    for scope in scopes:
        expected = {memory.id for memory in stored if scope.contains(memory.scope)}
        selection = suite.selection(scope)
        assert {memory.id for memory in await suite.listed(store, selection)} == expected
        assert await store.count(selection) == len(expected)
        assert set(await suite.dense(store, selection)) == expected
        assert set(await suite.lexical(store, selection, "tea")) == expected


moments = st.integers(0, 6)


@few
@given(
    intervals=st.lists(st.tuples(moments, *[st.none() | moments] * 3, st.sampled_from(KINDS)), min_size=1, max_size=8),
    asked=st.lists(st.tuples(moments, st.none() | moments, st.none() | st.sets(st.sampled_from(KINDS), min_size=1))),
)
async def test_time_and_kind_select_what_the_domain_says(store, suite, intervals, asked):
    scope = Scope(uuid.uuid4().hex, user_id="ada")

    def at(moment):
        return None if moment is None else datetime(2024, 1, 1, moment, tzinfo=UTC)

    stored = [
        suite.memory(
            "tea", scope, kind=kind, valid_from=at(begin), valid_to=at(end), retired_at=at(out), expires_at=at(over)
        )
        for begin, end, out, over, kind in intervals
    ]
    recorded = await store.record([Turn(memory, None) for memory in stored])
    await store.embedded({memory.id: suite.vector() for memory in stored}, recorded.unembedded, recorded.job)
    for now, as_of, kinds in asked:
        selection = Selection(scope, at(now), kinds=kinds and frozenset(kinds), as_of=at(as_of))
        expected = {memory.id for memory in stored if selection.admits(memory)}
        assert {memory.id for memory in await suite.listed(store, selection)} == expected
        assert set(await suite.dense(store, selection)) == expected
        assert set(await suite.lexical(store, selection, "tea")) == expected
