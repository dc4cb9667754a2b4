"""Candidates become changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engram_core.domain.change import Op
from engram_core.domain.claim import Claim
from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.reconcile import Reconciler, Verdict, is_doubtful, statement_scope

DAY = timedelta(days=1)
START = datetime(2024, 5, 1, 9, tzinfo=UTC)
NOW = datetime(2025, 1, 1, tzinfo=UTC)
SCOPE = Scope(user_id="ada")


def turn(text="something", day=0, **fields):
    when = START + day * DAY
    return Memory(new_id(), SCOPE, "turn", text, when, when, role="user", **fields)


def said(source, attribute, value, text=None, **fields):
    claim = Claim(fields.pop("subject", "user"), attribute, value)
    words = text or f"User {attribute} {value}."
    return Candidate(words, claim, (source.id,), source.valid_from, **fields)


def decide(*steps, known=(), verdict=None):
    """Decide (turn, candidate) pairs one after the other; return the reconciler."""
    turns = {t.id: t for t, _ in steps}
    reconciler = Reconciler(known, turns, SCOPE, NOW, "rules")
    for _, candidate in steps:
        reconciler.decide(candidate, verdict)
    return reconciler


def ops(reconciler):
    return [change.op.value for change in reconciler.changes]


def step(attribute, value, day=0, text="something", **fields):
    source = turn(text, day)
    return source, said(source, attribute, value, **fields)


def test_what_is_new_is_added_with_its_turn_and_its_time():
    source, candidate = step("home", "Lisbon")
    (change,) = decide((source, candidate)).changes
    assert change.op is Op.ADD
    assert change.evidence == change.after.sources == (source.id,)
    assert change.after.valid_from == source.valid_from
    assert change.after.scope == SCOPE
    assert change.actor == "rules"


def test_a_new_value_of_a_single_valued_attribute_supersedes_at_the_instant_of_the_change():
    first, second = decide(step("home", "Lisbon"), step("home", "Porto", day=3)).changes
    assert second.op is Op.UPDATE
    assert second.before.id == first.after.id == second.after.supersedes
    assert second.before.valid_to == second.after.valid_from == START + 3 * DAY
    assert sum(memory.held_at(START + 3 * DAY) for memory in (second.before, second.after)) == 1


def test_values_of_other_attributes_accumulate():
    assert ops(decide(step("likes", "tea"), step("likes", "coffee"), step("visited", "Rome"))) == ["ADD"] * 3


def test_attributes_that_nobody_knows_accumulate_too():
    assert ops(decide(step("shoe_size", "44"), step("shoe_size", "45"))) == ["ADD", "ADD"]


@pytest.mark.parametrize("other", [{"subject": "anna"}, {"attribute": "employer"}])
def test_a_contradiction_needs_the_same_subject_and_the_same_attribute(other):
    attribute = other.pop("attribute", "home")
    assert ops(decide(step("home", "Lisbon"), step(attribute, "Porto", day=1, **other))) == ["ADD", "ADD"]


def test_the_same_statement_again_is_an_observation():
    a, b = step("home", "Lisbon"), step("home", "lisbon!", day=1)
    _, change = decide(a, b).changes
    assert change.op is Op.NOOP
    assert change.after.id == change.before.id
    assert change.after.observations == 2
    assert change.after.sources == (a[0].id, b[0].id)


def test_the_same_turn_twice_changes_nothing():
    source, candidate = step("home", "Lisbon")
    assert ops(decide((source, candidate), (source, candidate))) == ["ADD"]


def test_a_part_more_is_a_refinement_a_part_less_the_same():
    assert ops(decide(step("home", "Porto"), step("home", "Porto, Portugal", day=1))) == ["ADD", "UPDATE"]
    assert ops(decide(step("home", "Porto, Portugal"), step("home", "Porto", day=1))) == ["ADD", "NOOP"]


def test_a_place_whose_name_begins_alike_is_another_place():
    assert ops(decide(step("home", "Porto"), step("home", "Porto Alegre", day=1))) == ["ADD", "UPDATE"]


def test_what_was_said_earlier_and_comes_later_is_stored_as_past():
    _, change = decide(step("home", "Porto", day=9), step("home", "Lisbon", day=1)).changes
    assert change.op is Op.ADD
    assert (change.after.valid_from, change.after.valid_to) == (START + DAY, START + 9 * DAY)


def test_the_last_word_holds_where_nobody_told_since_when_the_other_did():
    first, lisbon = step("home", "Lisbon")
    later, porto = step("home", "Porto", 1)
    reconciler = decide((first, lisbon), (later, replace(porto, valid_from=START - 5 * DAY, happened=True)))
    change = reconciler.changes[-1]
    assert change.op is Op.UPDATE
    assert change.before.valid_from == change.before.valid_to == START, "it never held"
    assert (change.after.valid_from, change.after.valid_to) == (START - 5 * DAY, None)


@pytest.mark.parametrize(
    ("known", "happened"),
    [
        pytest.param(START - 30 * DAY, False, id="since when is known"),
        pytest.param(START, True, id="long ago"),
    ],
)
def test_what_happened_before_what_is_known_is_history(known, happened):
    first, lisbon = step("home", "Lisbon")
    later, porto = step("home", "Porto", 1)
    told = replace(porto, valid_from=START - 900 * DAY, happened=happened)
    reconciler = decide((first, replace(lisbon, valid_from=known)), (later, told))
    assert ops(reconciler) == ["ADD", "ADD"]
    assert reconciler.changes[-1].after.valid_to == known


def test_what_is_over_since_before_it_was_said_is_over():
    first, acme = step("employer", "Acme")
    later, over = step("employer", "Acme", 1, intent="end", happened=True)
    reconciler = decide((first, acme), (later, replace(over, valid_from=START - 7 * DAY)))
    assert reconciler.changes[-1].op is Op.UPDATE
    assert reconciler.changes[-1].after.valid_from == START - 7 * DAY
    assert not reconciler.changes[-1].after.claim.holds


@pytest.mark.parametrize(
    ("pets", "ended"), [(["dog Rex"], 1), (["dog Rex", "dog Max"], 0), (["dog Rex", "cat Tom"], 1)]
)
def test_an_animal_without_a_name_is_the_only_one_of_its_kind(pets, ended):
    over = step("pet", "dog", 1, intent="end")
    reconciler = decide(*(step("pet", pet) for pet in pets), over)
    assert ops(reconciler).count("UPDATE") == ended


def test_no_longer_ends_a_statement_and_says_so():
    first, change = decide(
        step("employer", "Acme"), step("employer", "Acme", day=2, intent="end", text="User no longer works at Acme.")
    ).changes
    assert change.op is Op.UPDATE
    assert change.before.id == first.after.id
    assert change.before.valid_to == START + 2 * DAY
    assert change.after.claim == Claim("user", "employer", "Acme", holds=False)


def test_what_ended_may_begin_again_or_be_followed_by_something_else():
    again = decide(step("likes", "sushi"), step("likes", "sushi", 1, intent="end"), step("likes", "sushi", 2))
    assert ops(again) == ["ADD", "UPDATE", "UPDATE"]
    other = decide(step("employer", "Acme"), step("employer", "", 1, intent="end"), step("employer", "Globex", 2))
    assert ops(other) == ["ADD", "UPDATE", "UPDATE"]
    assert other.changes[-1].after.claim.holds


def test_ending_something_else_ends_nothing():
    made = decide(step("employer", "Globex"), step("employer", "Acme", 1, intent="end"))
    assert ops(made) == ["ADD"]


def test_a_correction_deletes_what_was_wrong_and_adds_what_is_right():
    first = step("pet", "dog Rex")
    second = step("pet", "dog Max", 1, instead_of="Rex")
    added, deleted, withheld, right = decide(first, second).changes
    assert [c.op.value for c in (added, deleted, withheld, right)] == ["ADD", "DELETE", "DELETE", "ADD"]
    assert deleted.before.id == added.after.id == right.after.supersedes
    assert withheld.before.id == first[0].id
    assert withheld.cause == deleted.id


def test_a_correction_of_something_else_leaves_what_is_known():
    made = decide(step("pet", "cat Miso"), step("pet", "dog Max", 1, instead_of="Rex"))
    assert ops(made) == ["ADD", "ADD"]


def test_a_correction_finds_by_itself_what_it_is_about():
    made = decide(step("pet", "dog Rex", text="User has a dog Rex."), step("", "Max", 1, instead_of="Rex"))
    assert ops(made) == ["ADD", "DELETE", "DELETE", "ADD"]
    assert made.changes[-1].after.claim == Claim("user", "pet", "dog Max")
    assert made.changes[-1].after.text == made.changes[0].after.text.replace("Rex", "Max")
    assert ops(decide(step("", "Max", 1, instead_of="Rex"))) == []


def test_what_was_never_so_is_deleted_with_its_turn():
    made = decide(step("visited", "Paris"), step("visited", "Paris", 1, intent="deny"))
    assert ops(made) == ["ADD", "DELETE", "DELETE"]


def test_forgetting_retires_what_it_names_every_turn_that_says_it_and_the_request():
    a, b = step("address", "12 Elm Street"), step("address", "12 Elm Street", 1)
    request = step("address", "", 2, intent="forget")
    made = decide(a, b, request, step("home", "Porto", 3))
    assert ops(made) == ["ADD", "NOOP", "DELETE", "DELETE", "DELETE", "DELETE", "ADD"]
    gone = {change.before.id for change in made.changes if change.op is Op.DELETE}
    assert {a[0].id, b[0].id, request[0].id} < gone


def test_forgetting_by_words_takes_only_what_says_all_of_them():
    made = decide(step("pet", "cat Miso"), step("pet", "dog Rex"), step("", "cat Miso", 1, intent="forget"))
    deleted = [c.before for c in made.changes if c.op is Op.DELETE and c.before.kind != "turn"]
    assert [memory.claim.value for memory in deleted] == ["cat Miso"]


def test_a_command_is_refused_with_its_reason():
    source, candidate = step("", "", text="forget everything", intent="command")
    (change,) = decide((source, replace(candidate, text="memory is not emptied by what is said"))).changes
    assert change.op is Op.NOOP
    assert change.before.id == source.id
    assert change.reason == "memory is not emptied by what is said"


@pytest.mark.parametrize("intent", ["state", "end", "deny"])
def test_nobody_else_changes_what_the_user_said(intent):
    made = decide(
        step("home", "Lisbon"),
        step("home", "Lisbon" if intent != "state" else "Porto", 1, intent=intent, origin="assistant"),
    )
    assert ops(made) == ["ADD", "NOOP"]
    assert "assistant" in made.changes[-1].reason


def test_the_user_changes_what_an_assistant_said():
    made = decide(step("home", "Lisbon", origin="assistant"), step("home", "Porto", 1))
    assert ops(made) == ["ADD", "UPDATE"]


def test_to_dislike_what_was_liked_replaces_it():
    made = decide(step("likes", "sushi"), step("likes", "tea"), step("dislikes", "sushi", 1))
    assert ops(made) == ["ADD", "ADD", "UPDATE"]
    assert made.changes[-1].before.claim.value == "sushi"


def test_unsure_means_added_beside():
    assert ops(decide(step("home", "Lisbon"), step("home", "Porto", 1, certainty=0.5))) == ["ADD", "ADD"]


def test_a_statement_pasted_back_is_no_observation():
    known = decide(step("home", "Lisbon", text="User lives in Lisbon.")).changes[0].after
    known = replace(known, text="User lives in Lisbon.")
    pasted = turn("You know this: User lives in Lisbon. Now answer.", 1)
    made = decide((pasted, said(pasted, "home", "Lisbon")), known=[known])
    assert ops(made) == ["NOOP"]
    assert made.changes[0].after is None


def test_a_verdict_may_touch_only_the_same_subject_and_attribute():
    known = decide(step("shoe_size", "44"), step("home", "Porto")).changes
    size, home = (change.after for change in known)
    source, candidate = step("shoe_size", "45", 1)
    assert is_doubtful(candidate, [size, home])
    right = decide((source, candidate), known=[size, home], verdict=Verdict(Op.UPDATE, size, "it grew"))
    assert [(c.op.value, c.before.id) for c in right.changes] == [("UPDATE", size.id)]
    wrong = decide((source, candidate), known=[size, home], verdict=Verdict(Op.UPDATE, home, "?"))
    assert ops(wrong) == ["ADD"]
    made_up = decide((source, candidate), known=[home], verdict=Verdict(Op.DELETE, size, "?"))
    assert ops(made_up) == ["ADD"]


def test_only_what_rules_cannot_place_is_doubtful():
    size = decide(step("shoe_size", "44")).changes[0].after
    home = decide(step("home", "Porto")).changes[0].after
    assert not is_doubtful(step("home", "Lisbon")[1], [home, size])
    assert not is_doubtful(step("shoe_size", "44")[1], [home, size])
    assert not is_doubtful(step("hat_size", "60")[1], [home, size])


def test_statements_are_kept_beyond_the_session():
    assert statement_scope(Scope(user_id="a", agent_id="b", session_id="c")) == Scope(user_id="a", agent_id="b")
    assert statement_scope(Scope(session_id="c")) == Scope(session_id="c")


def test_an_occupation_in_another_form_of_its_words_is_the_same():
    steps = step("occupation", "data engineer"), step("occupation", "data engineering", 1)
    assert ops(decide(*steps)) == ["ADD", "NOOP"]
    assert ops(decide(steps[0], step("occupation", "data analyst", 1))) == ["ADD", "UPDATE"]
