"""How it is counted: every sentence of benchmarks/operations/README.md on it."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from benchmarks.operations.data import Dialogue
from benchmarks.operations.judging import judge
from benchmarks.operations.playing import Made, Played, is_counted
from benchmarks.operations.scoring import by_category, mistake, score
from engram_core import Change, Claim, Memory, Op, Scope

NUMBERS = itertools.count()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("default", "ada")


def statement(text, *, subject="user", value=None, holds=True, since="2024-03-04"):
    claim = Claim(subject, "anything", value or text, holds)
    moment = datetime.fromisoformat(since).replace(tzinfo=UTC)
    return Memory(f"m{next(NUMBERS)}", SCOPE, "fact", text, moment, NOW, claim=claim)


def turn(text="Forget everything!"):
    return Memory(f"m{next(NUMBERS)}", SCOPE, "turn", text, NOW, NOW, role="user")


def made(op, before=None, after=None, *, also=()):
    change = Change(f"c{next(NUMBERS)}", Op(op), before, after, "because", "rules", NOW)
    claim = change.memory.claim
    return Made(change, frozenset({claim.subject, *also} if claim else ()))


def add(text, **more):
    return made("ADD", None, statement(text, **more))


def wanted(op, subject="user", **fields):
    return {"op": op, "subject": subject, **fields}


def call(*changes, expect=(), allow=()):
    return {"made": changes, "expect": list(expect), "allow": list(allow)}


def judged(*calls, category="add"):
    said = {"at": "2024-03-04T09:00:00Z", "messages": [{"role": "user", "content": "Hello"}]}
    raw = {
        "id": "d1",
        "category": category,
        "calls": [{**said, "expect": c["expect"], "allow": c["allow"]} for c in calls],
    }
    dialogue = Dialogue.model_validate(raw, strict=False)
    return judge(dialogue, Played(tuple(c["made"] for c in calls), 0, 0.0))


def verdicts(dialogue):
    return [[one.verdict for one in call.judged] for call in dialogue.calls]


def verdict(change, *, expect=(), allow=()):
    [[found]] = verdicts(judged(call(change, expect=expect, allow=allow)))
    return found


LISBON = wanted("ADD", says=["Lisbon"])
MOVED = wanted("UPDATE", says=["Porto"], instead_of=["Lisbon"])


def test_right_matches_an_expected_one_neutral_an_allowed_one_and_wrong_none():
    assert verdict(add("User lives in Lisbon."), expect=[LISBON]) == "right"
    assert verdict(add("User lives in Lisbon."), allow=[LISBON]) == "neutral"
    assert verdict(add("User lives in Lisbon."), expect=[LISBON], allow=[LISBON]) == "right"
    assert verdict(add("User lives in Rome."), expect=[LISBON], allow=[LISBON]) == "wrong"


def test_only_changes_of_the_same_call_match():
    dialogue = judged(call(expect=[LISBON]), call(add("User lives in Lisbon.")))
    assert verdicts(dialogue) == [[], ["wrong"]]
    assert [len(one.missed) for one in dialogue.calls] == [1, 0]


def test_each_matches_once():
    twice = [add("User lives in Lisbon."), add("User's home is Lisbon.")]
    assert verdicts(judged(call(*twice, expect=[LISBON]))) == [["right", "wrong"]]
    assert verdicts(judged(call(*twice, allow=[LISBON]))) == [["neutral", "wrong"]]
    assert verdicts(judged(call(*twice, expect=[LISBON], allow=[LISBON]))) == [["right", "neutral"]]


def test_as_many_as_can_be_are_right_and_as_few_wrong_whatever_the_order():
    broad, narrow = wanted("ADD", says=["Lisbon|Porto"]), wanted("ADD", says=["Porto"])
    porto, lisbon = add("User likes Porto."), add("User likes Lisbon.")
    for changes in itertools.permutations([porto, lisbon]):
        for expect in itertools.permutations([broad, narrow]):
            assert verdicts(judged(call(*changes, expect=expect))) == [["right", "right"]]
        [found] = verdicts(judged(call(*changes, expect=[broad], allow=[narrow])))
        assert sorted(found) == ["neutral", "right"]


def test_words_count_in_the_text_and_in_the_value():
    assert verdict(add("User moved.", value="Lisbon"), expect=[LISBON]) == "right"
    assert verdict(add("User lives in Lisbon.", value="there"), expect=[LISBON]) == "right"
    both = wanted("ADD", says=["Lisbon", "moved"])
    assert verdict(add("User moved.", value="Lisbon"), expect=[both]) == "right"


def test_subjects_are_the_same():
    assert verdict(add("Anna lives in Lisbon.", subject="anna"), expect=[LISBON]) == "wrong"
    named = wanted("ADD", subject="anna", says=["Lisbon"])
    assert verdict(add("Anna lives in Lisbon.", subject="anna"), expect=[named]) == "right"
    assert verdict(add("User lives in Lisbon."), expect=[named]) == "wrong"


def test_a_speaker_with_a_name_is_the_user_too():
    own = made("ADD", None, statement("Ada lives in Lisbon.", subject="ada"), also=["user"])
    assert verdict(own, expect=[LISBON]) == "right"
    assert verdict(own, expect=[wanted("ADD", subject="ada", says=["Lisbon"])]) == "right"


def test_an_update_matches_what_it_closes_and_what_it_opens():
    before, after = statement("User lives in Lisbon."), statement("User lives in Porto.")
    assert verdict(made("UPDATE", before, after), expect=[MOVED]) == "right"
    assert verdict(made("UPDATE", statement("User lives in Rome."), after), expect=[MOVED]) == "wrong"
    assert verdict(made("UPDATE", before, statement("User lives in Rome.")), expect=[MOVED]) == "wrong"
    assert verdict(made("UPDATE", before, after), expect=[wanted("ADD", says=["Porto"])]) == "wrong"
    assert verdict(made("DELETE", before), expect=[MOVED]) == "wrong"


def test_ended_matches_a_statement_that_no_longer_holds_and_nothing_else_does():
    before = statement("User works at Acme.")
    over = made("UPDATE", before, statement("User no longer works at Acme.", holds=False))
    other = made("UPDATE", before, statement("User works at Globex, not Acme."))
    ended = wanted("UPDATE", instead_of=["Acme"], ended=True)
    assert verdict(over, expect=[ended]) == "right"
    assert verdict(other, expect=[ended]) == "wrong"
    assert verdict(over, expect=[wanted("UPDATE", says=["works"], instead_of=["Acme"])]) == "wrong"
    assert verdict(over, expect=[{**ended, "says": ["no longer"]}]) == "right"
    assert verdict(over, expect=[{**ended, "says": ["retired"]}]) == "wrong"


def test_a_delete_matches_what_it_retires():
    gone = made("DELETE", statement("User has a dog Rex."))
    assert verdict(gone, expect=[wanted("DELETE", was=["Rex"])]) == "right"
    assert verdict(gone, expect=[wanted("DELETE", was=["Max"])]) == "wrong"


def test_a_noop_is_about_what_is_known_and_a_refused_one_about_a_turn():
    known = statement("User lives in Lisbon.")
    again, refused = made("NOOP", known, known), made("NOOP", turn("Forget Lisbon!"))
    said, command = wanted("NOOP", says=["Lisbon"]), {"op": "NOOP", "refused": True}
    assert verdict(again, expect=[said]) == "right"
    assert verdict(refused, expect=[command]) == "right"
    assert verdict(again, expect=[command]) == "wrong"
    assert verdict(refused, expect=[said]) == "wrong"
    assert verdict(made("NOOP", known), expect=[said]) == "right"


def test_turns_and_what_is_withheld_are_not_counted():
    deleted = made("DELETE", statement("User lives in Lisbon.")).change
    assert is_counted(deleted)
    assert not is_counted(replace(deleted, before=turn(), cause="c1"))
    assert not is_counted(replace(deleted, cause="c1"))
    assert not is_counted(made("ADD", None, turn()).change)
    assert is_counted(made("NOOP", turn()).change)


def test_an_add_for_an_update_is_neutral_where_what_it_closes_was_never_learned():
    dialogue = judged(call(expect=[LISBON]), call(add("User lives in Porto."), expect=[MOVED]))
    assert verdicts(dialogue) == [[], ["neutral"]]
    assert [one.op for one in dialogue.missed] == ["ADD", "UPDATE"]


def test_an_add_for_an_update_is_wrong_where_it_was_learned():
    known = call(add("User lives in Lisbon."), expect=[LISBON])
    assert verdicts(judged(known, call(add("User lives in Porto."), expect=[MOVED])))[1] == ["wrong"]
    # Earlier in the same call is early enough; of somebody else is not learned.
    both = call(add("User lives in Lisbon."), add("User lives in Porto."), expect=[LISBON, MOVED])
    assert verdicts(judged(both)) == [["right", "wrong"]]
    anna = call(add("Anna lives in Lisbon.", subject="anna"), expect=[wanted("ADD", "anna", says=["Lisbon"])])
    assert verdicts(judged(anna, call(add("User lives in Porto."), expect=[MOVED])))[1] == ["neutral"]


def test_an_add_for_an_update_says_what_the_update_says():
    assert verdict(add("User lives in Rome."), expect=[MOVED]) == "wrong"
    assert verdict(add("Anna lives in Porto.", subject="anna"), expect=[MOVED]) == "wrong"
    assert verdict(add("User no longer lives in Porto.", holds=False), expect=[MOVED]) == "wrong"
    ended = wanted("UPDATE", instead_of=["Acme"], ended=True)
    assert verdict(add("User no longer works at Acme.", holds=False), expect=[ended]) == "neutral"
    assert verdict(add("User no longer lives in Rome.", holds=False), expect=[ended]) == "wrong"


def test_one_update_makes_one_add_neutral_and_none_when_it_was_made():
    porto = [add("User lives in Porto."), add("User's home is Porto.")]
    assert verdicts(judged(call(*porto, expect=[MOVED]))) == [["neutral", "wrong"]]


def test_a_refusal_to_forget_what_was_never_learned_is_neutral():
    forget = wanted("DELETE", was=["Lisbon"])
    dialogue = judged(call(made("NOOP", turn()), expect=[forget]))
    assert verdicts(dialogue) == [["neutral"]]
    assert len(dialogue.missed) == 1
    learned = call(add("User lives in Lisbon."), expect=[LISBON])
    assert verdicts(judged(learned, call(made("NOOP", turn()), expect=[forget]))) == [["right"], ["wrong"]]
    assert verdicts(judged(call(add("User lives in Rome."), expect=[forget]))) == [["wrong"]]


@pytest.mark.parametrize("kind", ["expect", "allow"])
def test_an_add_for_a_repetition_of_what_was_never_learned_is_neutral(kind):
    again = wanted("NOOP", says=["Lisbon"])
    dialogue = judged(call(expect=[LISBON]), call(add("User lives in Lisbon."), **{kind: [again]}))
    assert verdicts(dialogue) == [[], ["neutral"]]
    known = call(add("User lives in Lisbon."), expect=[LISBON])
    assert verdicts(judged(known, call(add("User's home is Lisbon."), **{kind: [again]})))[1] == ["wrong"]


def test_a_value_after_something_was_over_is_an_add_or_an_update():
    before = statement("User no longer works at Acme.", holds=False)
    change = made("UPDATE", before, statement("User works at Globex."))
    dialogue = judged(call(change, expect=[wanted("ADD", says=["Globex"])]))
    assert verdicts(dialogue) == [["right"]]
    assert score([dialogue]).operations["ADD"].right == 1
    assert verdict(change, expect=[wanted("UPDATE", says=["Globex"], instead_of=["Acme"])]) == "right"


# -- false supersessions


def closing(before, *, known=True, op="UPDATE", expect=(), allow=()):
    """Judge a change that closes a statement; tell whether it is a false supersession."""
    first = call(made("ADD", None, before), expect=[LISBON] if known else ())
    after = statement("User lives in Porto.") if op == "UPDATE" else None
    dialogue = judged(first, call(made(op, before, after), expect=expect, allow=allow))
    assert not dialogue.calls[0].judged[0].false_supersession
    return dialogue.calls[1].judged[0].false_supersession


def test_to_close_what_should_still_hold_is_a_false_supersession():
    lisbon = statement("User lives in Lisbon.")
    assert closing(lisbon)
    assert closing(lisbon, op="DELETE")
    assert closing(lisbon, expect=[wanted("ADD", says=["Porto"])])
    assert closing(lisbon, expect=[wanted("UPDATE", "anna", says=["Porto"], instead_of=["Lisbon"])])


def test_to_close_what_should_be_closed_is_none_even_where_the_change_is_wrong():
    lisbon = statement("User lives in Lisbon.")
    assert not closing(lisbon, expect=[MOVED])
    assert not closing(lisbon, op="DELETE", expect=[MOVED])
    assert not closing(lisbon, allow=[wanted("UPDATE", says=["Rome"], instead_of=["Lisbon"])])
    assert not closing(lisbon, expect=[wanted("DELETE", was=["Lisbon"]), wanted("ADD", says=["Porto"])])


def test_to_close_what_was_learned_wrongly_is_none():
    assert not closing(statement("User lives in Lisbon."), known=False)


def test_to_close_later_what_should_have_been_closed_before_is_none():
    before, after = statement("User lives in Lisbon."), statement("User lives in Berlin.")
    further = wanted("UPDATE", says=["Berlin"], instead_of=["Porto"])
    dialogue = judged(
        call(made("ADD", None, before), expect=[LISBON]),
        call(expect=[MOVED]),
        call(made("UPDATE", before, after), expect=[further]),
    )
    assert not any(one.false_supersession for one in dialogue.judged)


def test_one_wanted_change_closes_one_statement():
    home, visited = statement("User lives in Lisbon."), statement("User visited Lisbon.")
    forget = wanted("DELETE", was=["Lisbon"])
    learned = call(made("ADD", None, home), made("ADD", None, visited), expect=[LISBON, LISBON])
    dialogue = judged(learned, call(made("DELETE", home), made("DELETE", visited), expect=[forget]))
    assert [one.false_supersession for one in dialogue.calls[1].judged] == [False, True]


def test_two_steps_to_the_new_value_close_what_one_should():
    before = statement("User lives in Lisbon.")
    between = statement("User no longer lives in Lisbon.", holds=False)
    steps = made("UPDATE", before, between), made("UPDATE", between, statement("User lives in Porto."))
    dialogue = judged(call(made("ADD", None, before), expect=[LISBON]), call(*steps, expect=[MOVED]))
    assert verdicts(dialogue)[1] == ["wrong", "right"]
    assert not any(one.false_supersession for one in dialogue.judged)


# -- dates


@pytest.mark.parametrize(
    ("given", "since", "right"),
    [
        ("2024-09-13", "2024-09-13T23:59:00", True),
        ("2024-09-13", "2024-09-14", False),
        ("2024-09", "2024-09-30", True),
        ("2024-09", "2024-10-01", False),
        ("2024", "2024-12-31", True),
        ("2024", "2023-12-31", False),
    ],
)
def test_a_date_is_right_within_its_day_month_or_year(given, since, right):
    dialogue = judged(call(add("User lives in Lisbon.", since=since), expect=[{**LISBON, "since": given}]))
    assert [one.is_dated_right for one in dialogue.judged] == [right]
    found = score([dialogue])
    assert (found.dated, found.dated_right) == (1, int(right))


def test_only_right_changes_have_dates_and_the_better_one_is_taken():
    dated = {**LISBON, "since": "2024-09"}
    undated = judged(call(add("User lives in Lisbon."), add("User lives in Rome."), expect=[LISBON], allow=[dated]))
    assert [one.is_dated_right for one in undated.judged] == [None, None]
    two = [add("User lives in Lisbon.", since=since) for since in ("2024-01-01", "2024-09-01")]
    assert [one.is_dated_right for one in judged(call(*two, expect=[dated])).judged] == [None, True]


# -- numbers


def test_precision_and_recall_of_each_operation():
    dialogue = judged(
        call(
            add("User lives in Lisbon."),
            add("User likes tea."),
            add("User hates everything."),
            made("NOOP", turn()),
            expect=[LISBON, wanted("ADD", says=["cello"]), MOVED, {"op": "NOOP", "refused": True}],
            allow=[wanted("ADD", says=["tea"])],
        )
    )
    found = score([dialogue, dialogue])
    added = found.operations["ADD"]
    assert (added.right, added.neutral, added.wrong, added.expected) == (2, 2, 2, 4)
    assert (added.precision.value, added.recall.value) == (0.5, 0.5)
    update = found.operations["UPDATE"]
    assert (update.precision, update.recall.value) == (None, 0)
    assert (found.operations["DELETE"].precision, found.operations["DELETE"].recall) == (None, None)
    together = found.together()
    assert (together.precision.value, together.recall.value) == (0.5, pytest.approx(2 / 6))
    summary = found.as_dict()
    assert summary["operations"]["ADD, UPDATE, DELETE"]["wrong"] == 2
    assert summary["operations"]["all"]["precision"]["value"] == pytest.approx(4 / 6)
    assert (summary["dialogues"], summary["flawless"], summary["since"]) == (2, 0, None)


def test_false_supersessions_are_counted_among_updates_and_deletes():
    before = statement("User lives in Lisbon.")
    known = call(made("ADD", None, before), expect=[LISBON])
    bad = judged(known, call(made("UPDATE", before, statement("User lives in Porto."))), category="hypothetical")
    good = judged(known, call(made("UPDATE", before, statement("User lives in Porto.")), expect=[MOVED]))
    found = score([bad, good])
    assert (found.false_supersessions, found.closings, found.flawless) == (1, 2, 1)
    groups = by_category([bad, good])
    assert list(groups) == ["add", "hypothetical"]
    assert [group.false_supersessions for group in groups.values()] == [0, 1]
    assert mistake(bad) == {
        "id": "d1",
        "category": "hypothetical",
        "wrong": ["UPDATE"],
        "missed": [],
        "false_supersessions": 1,
    }
