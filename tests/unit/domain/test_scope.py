"""Scopes: containment and owners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.domain.scope import PARTS, Scope
from engram_core.errors import InvalidInputError

part = st.sampled_from([None, "a", "b"])
scopes = st.builds(Scope, st.sampled_from(["t", "u"]), part, part, part)


@given(scopes, scopes)
def test_a_scope_contains_what_agrees_with_all_its_parts(outer, inner):
    expected = outer.tenant == inner.tenant and all(
        getattr(outer, name) is None or getattr(outer, name) == getattr(inner, name) for name in PARTS
    )
    assert outer.contains(inner) == expected


@given(scopes, scopes, scopes)
def test_containment_is_an_order(a, b, c):
    assert a.contains(a)
    if a.contains(b) and b.contains(c):
        assert a.contains(c)
    if a.contains(b) and b.contains(a):
        assert a == b


@given(scopes)
def test_an_owner_contains_its_scopes_and_decides_the_shard(scope):
    assert scope.owner.contains(scope)
    assert scope.owner.owner == scope.owner
    assert scope.shard_key == scope.owner.shard_key
    assert -(1 << 63) <= scope.shard_key < 1 << 63


@given(scopes, scopes)
def test_shards_differ_where_owners_do(a, b):
    assert (a.shard_key == b.shard_key) == (a.owner == b.owner)


def test_the_owner_is_the_user_then_the_agent_then_the_session():
    assert Scope("t", "u", "a", "s").owner == Scope("t", user_id="u")
    assert Scope("t", None, "a", "s").owner == Scope("t", agent_id="a")
    assert Scope("t", None, None, "s").owner == Scope("t", session_id="s")


def test_the_shard_key_never_changes():
    assert Scope("default", user_id="ada").shard_key == -7558243887316780036


def test_a_scope_without_parts_names_nobody():
    with pytest.raises(InvalidInputError, match="at least one of"):
        Scope().required()
    assert Scope(agent_id="a").required() == Scope(agent_id="a")


@pytest.mark.parametrize("value", ["", "  ", 7, {"id": 1}, ["u"], "x" * 513, "a\x00b", "\ud800", b"u"])
@pytest.mark.parametrize("name", ["tenant", *PARTS])
def test_what_cannot_name_anybody_is_refused(name, value):
    with pytest.raises(InvalidInputError) as refused:
        Scope(**{name: value})
    assert refused.value.argument == name


def test_a_tenant_is_needed():
    with pytest.raises(InvalidInputError):
        Scope(tenant=None)


def test_a_session_narrows():
    assert Scope("t", "u").narrowed(session_id="s") == Scope("t", "u", None, "s")
    assert Scope("t", "u", None, "s").narrowed(session_id=None).session_id == "s"
