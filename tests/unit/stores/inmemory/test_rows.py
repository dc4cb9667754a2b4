"""Rows: what is looked up is what a scan of all would find, after any order of writes, and nothing is left behind."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from engram_core.domain.claim import Claim
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.inmemory.rows import Rows

ANALYZER = Analyzer()
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
IDS = ["a", "b", "c", "d", "e"]
SCOPES = [Scope(user_id="ada"), Scope(user_id="ada", session_id="s1"), Scope("other", agent_id="bot")]
SUBJECTS = ["user", "anna"]

sources = st.lists(st.sampled_from(IDS), max_size=3).map(tuple)
memories = st.builds(
    Memory,
    id=st.sampled_from(IDS),
    scope=st.sampled_from(SCOPES),
    kind=st.sampled_from(["turn", "fact"]),
    text=st.just("tea"),
    valid_from=st.just(NOON),
    recorded_at=st.just(NOON),
    sources=sources,
    supersedes=st.none() | st.sampled_from(IDS),
    claim=st.none() | st.builds(Claim, st.sampled_from(SUBJECTS), st.just("home"), st.just("Rome")),
)
steps = st.lists(memories | st.tuples(st.sampled_from(IDS), st.none() | sources), max_size=20)


def written(given_steps):
    """Rows after these steps: a memory is inserted; an id with sources is replaced, one without is removed."""
    rows = Rows(ANALYZER)
    for step in given_steps:
        if isinstance(step, Memory):
            if step.id not in rows:
                rows.insert(step, None)
        elif step[0] in rows:
            id, sources = step
            if sources is None:
                rows.remove([id])
            else:
                rows.replace(replace(rows[id].memory, sources=sources))
    return rows


@settings(deadline=None)
@given(given_steps=steps, asked=st.sets(st.sampled_from(IDS)))
def test_what_is_looked_up_is_what_a_scan_finds(given_steps, asked):
    rows = written(given_steps)
    assert rows.learned_from(asked) == [
        row for row in rows if row.memory.kind != "turn" and asked.intersection(row.memory.sources)
    ]
    assert rows.superseding(asked) == [row for row in rows if row.memory.supersedes in asked]
    for scope in SCOPES:
        claims = [row for row in rows if row.memory.scope == scope and row.memory.claim is not None]
        assert rows.about(scope, SUBJECTS) == claims
        assert rows.about(scope, ["anna"]) == [row for row in claims if row.memory.claim.subject == "anna"]
        assert list(rows.within(scope)) == [row for row in rows if scope.contains(row.memory.scope)]


@settings(deadline=None)
@given(given_steps=steps)
def test_a_memory_that_is_removed_leaves_nothing_behind(given_steps):
    rows = written(given_steps)
    rows.remove([row.memory.id for row in rows])
    assert len(rows) == 0
    assert [rows.owners(scope) for scope in SCOPES] == [[], [], []]
    assert all(len(lookup) == 0 for lookup in (rows._by_source, rows._by_superseded, rows._by_subject))
