"""Which statements are the same, and what a merge leaves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engram_core.domain.change import Op
from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.upkeep.duplicates import merges

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def liked(value, *, days=1, attribute="likes", **fields):
    claim = Claim("user", attribute, value)
    base = {"kind": "preference", "claim": claim, "sources": (new_id(),), "scope": Scope(user_id="ada"), **fields}
    scope, kind, at = base.pop("scope"), base.pop("kind"), NOW - timedelta(days)
    return Memory(new_id(), scope, kind, f"User likes {value}.", at, at, **base)


def kept_and_gone(*statements):
    changes = merges(statements, NOW)
    return [c.after.text for c in changes if c.op is Op.NOOP], [c.before.text for c in changes if c.op is Op.DELETE]


@pytest.mark.parametrize(
    ("one", "other"),
    [("hiking", "Hiking"), ("hiking", "hikes"), ("the sea", "sea"), ("Fado music", "fado, music"), ("café", "Café")],
)
def test_nearly_the_same_words_are_the_same(one, other):
    first, second = liked(one, days=9), liked(other)
    gone, taken = merges([first, second], NOW)
    assert (gone.op, gone.before.id, gone.before.retired_at) == (Op.DELETE, second.id, NOW)
    assert (taken.op, taken.after.id, taken.cause) == (Op.NOOP, first.id, gone.id)
    assert taken.after.sources == first.sources + second.sources
    assert taken.evidence == second.sources


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("red wine", "white wine"),
        ("dogs", "hot dogs"),
        ("wine", "red wine"),
        ("working late", "not working late"),
        ("ran 10 km", "ran 12 km"),
        ("seat 12A", "seat 12B"),
        ("café", "cafe"),
        ("C", "C++ and C"),
        ("C", "C++"),
        (".NET", "net"),
        ("$100", "€100"),
        ("-5 degrees", "5 degrees"),
        ("5,3", "3,5"),
        ("vitamin A", "vitamin"),
        ("Ann more than Bob", "Bob more than Ann"),
        ("कला", "कली"),
        ("on 2024-05-01", "on 2024-05-02"),
    ],
)
def test_other_words_are_not(one, other):
    assert merges([liked(one), liked(other)], NOW) == []


@pytest.mark.parametrize(
    "other",
    [
        liked("tea", attribute="dislikes"),
        liked("tea", scope=Scope(user_id="bob")),
        liked("tea", scope=Scope(user_id="ada", agent_id="cook")),
        liked("tea", claim=Claim("mike", "likes", "tea")),
        liked("tea", claim=Claim("user", "likes", "tea", holds=False)),
        liked("tea", valid_to=NOW + timedelta(1)),
        liked("tea", kind="summary"),
        liked("tea", kind="turn"),
    ],
)
def test_other_subjects_attributes_scopes_and_states_are_not_the_same(other):
    assert merges([liked("tea"), other], NOW) == []


def test_the_word_of_the_user_is_kept_then_the_oldest():
    tool = liked("tea", days=9, origin="tool")
    old, new = liked("tea", days=5), liked("tea")
    changes = merges([tool, new, old], NOW)
    assert {c.before.id for c in changes if c.op is Op.DELETE} == {tool.id, new.id}
    assert changes[-1].after.sources == old.sources + new.sources + tool.sources


def test_what_a_filter_finds_stays_found():
    plain, tagged, other = liked("tea", days=9), liked("tea", metadata={"a": 1}), liked("tea", metadata={"a": 2})
    changes = merges([plain, tagged, other], NOW)
    assert [c.before.id for c in changes if c.op is Op.DELETE] == [plain.id]


def test_what_ends_does_not_take_the_place_of_what_lasts():
    lasting, ending = liked("tea"), liked("tea", days=9, expires_at=NOW + timedelta(1))
    assert [c.before.id for c in merges([ending, lasting], NOW) if c.op is Op.DELETE] == [ending.id]
    assert merges([ending, replace(ending, id=new_id(), expires_at=NOW + timedelta(2))], NOW) == []


def test_statements_without_a_claim_are_compared_by_their_words():
    one, other = replace(liked("tea", days=9), claim=None), replace(liked("tea"), claim=None)
    assert [c.op for c in merges([one, other], NOW)] == [Op.DELETE, Op.NOOP]


def test_a_copy_with_no_other_source_just_goes():
    one = liked("tea", days=9)
    assert [c.op for c in merges([one, replace(liked("tea"), sources=one.sources)], NOW)] == [Op.DELETE]
    assert merges([one], NOW) == []
