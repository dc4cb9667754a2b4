"""Reading dialogues: what is refused, and that the refusal names file, line and field but no words."""

import json

import pytest

from benchmarks.operations.data import HELD_OUT, SPLITS, is_held_out, paths_of, read
from engram_core import InvalidInputError

ADDED = {"op": "ADD", "subject": "user", "says": ["Lisbon"]}
UPDATED = {"op": "UPDATE", "subject": "user", "says": ["Porto"], "instead_of": ["Lisbon"], "since": "2024-09-13"}


def dialogue(**changes):
    call = {"at": "2024-03-04T09:00:00Z", "messages": [{"role": "user", "content": "I live in Lisbon."}]}
    return {"id": "move-01", "category": "add", "calls": [{**call, "expect": [ADDED]}], **changes}


def with_call(**changes):
    whole = dialogue()
    return {**whole, "calls": [{**whole["calls"][0], **changes}]}


def write(folder, *lines):
    path = folder / "own.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(InvalidInputError) as caught:
        read(path)
    return str(caught.value)


def test_reads_every_field(tmp_path):
    said = {"role": "tool", "content": "12 °C", "name": "weather"}
    others = [{"op": "DELETE", "subject": "anna", "was": ["Rome"]}, {"op": "NOOP", "refused": True}]
    path = write(tmp_path, {**with_call(messages=[said], expect=[UPDATED], allow=others), "language": "pt"})
    [found] = read(path)
    assert (found.id, found.category, found.language) == ("move-01", "add", "pt")
    [call] = found.calls
    assert (call.messages[0].role, call.messages[0].name, call.at.year) == ("tool", "weather", 2024)
    [update] = call.expect
    assert (update.says, update.closed, update.since) == (("Porto",), ("Lisbon",), "2024-09-13")
    delete, noop = call.allow
    assert (delete.subject, delete.closed, noop.refused, noop.closed) == ("anna", ("Rome",), True, ())


def test_a_limit_takes_dialogues_from_all_over_the_file(tmp_path):
    path = write(tmp_path, *(dialogue(id=f"d{i}") for i in range(6)))
    assert [found.id for found in read(path, limit=2)] == ["d0", "d3"]
    assert len(read(path, limit=9)) == 6
    assert read(path, limit=0) == []


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ("nonsense", "the line"),
        ("", "the line"),
        (dialogue(id=" "), "id"),
        (dialogue(id=7), "id"),
        (dialogue(category="other"), "category"),
        (dialogue(calls=[]), "calls"),
        (dialogue(extra=1), "extra"),
        (with_call(at="yesterday"), "calls.0.at"),
        (with_call(at="2024-03-04T09:00:00"), "calls.0.at"),
        (with_call(messages=[]), "calls.0.messages"),
        (with_call(messages=[{"role": "system", "content": "x"}]), "calls.0.messages.0.role"),
        (with_call(messages=[{"role": "user", "content": " "}]), "calls.0.messages.0.content"),
        (with_call(expected=[]), "calls.0.expected"),
        (with_call(expect=[{**ADDED, "op": "add"}]), "calls.0.expect.0.op"),
        (with_call(expect=[{**ADDED, "subject": "User"}]), "calls.0.expect.0.subject"),
        (with_call(expect=[ADDED, {**ADDED, "says": "Lisbon"}]), "calls.0.expect.1.says"),
        (with_call(expect=[{**ADDED, "says": ["Lisbon|"]}]), "calls.0.expect.0.says.0"),
        (with_call(allow=[{**UPDATED, "since": "2024-13"}]), "calls.0.allow.0.since"),
        (with_call(allow=[{**UPDATED, "since": "last week"}]), "calls.0.allow.0.since"),
    ],
)
def test_a_bad_line_is_named_with_its_field_and_not_quoted(tmp_path, broken, field):
    message = refusal(write(tmp_path, dialogue(id="fine"), broken))
    assert f"own.jsonl, line 2, {field}" in message
    assert "yesterday" not in message
    assert "nonsense" not in message


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"op": "ADD", "subject": "user"}, "ADD needs says"),
        ({"op": "ADD", "says": ["x"]}, "ADD needs subject"),
        ({**ADDED, "instead_of": ["x"]}, "ADD has no instead_of"),
        ({"op": "UPDATE", "subject": "user", "says": ["x"]}, "UPDATE needs instead_of"),
        ({"op": "UPDATE", "subject": "user", "instead_of": ["x"]}, "UPDATE needs says"),
        ({**UPDATED, "was": ["x"]}, "UPDATE has no was"),
        ({"op": "DELETE", "subject": "user"}, "DELETE needs was"),
        ({"op": "DELETE", "subject": "user", "was": ["x"], "says": ["y"]}, "DELETE has no says"),
        ({"op": "NOOP", "subject": "user"}, "NOOP needs says"),
        ({"op": "NOOP", "says": ["x"], "subject": "user", "refused": True}, "NOOP has no says, subject"),
    ],
)
def test_each_operation_has_fields_of_its_own(tmp_path, change, problem):
    message = refusal(write(tmp_path, with_call(expect=[change])))
    assert "line 1, calls.0.expect.0" in message
    assert problem in message


def test_the_end_of_something_needs_no_words_of_its_own(tmp_path):
    ended = {"op": "UPDATE", "subject": "user", "instead_of": ["Acme"], "ended": True}
    [found] = read(write(tmp_path, with_call(expect=[ended])))
    assert found.calls[0].expect[0].ended


def test_a_repeated_id_is_refused(tmp_path):
    assert "own.jsonl, line 2, id" in refusal(write(tmp_path, dialogue(), dialogue()))


def test_a_missing_file_is_named():
    with pytest.raises(InvalidInputError, match=r"split: got .*nowhere"):
        read(paths_of(["nowhere"])[0])


def test_splits_go_by_name_and_the_held_out_one_is_known_by_any_path(tmp_path):
    own = write(tmp_path, dialogue())
    assert paths_of(["dev", "test", str(own)]) == [SPLITS["dev"], SPLITS["test"], own]
    assert is_held_out(HELD_OUT.parent / ".." / "operations" / "test.jsonl")
    assert not is_held_out(SPLITS["dev"])
    assert not is_held_out(own)


def test_the_shipped_files_are_in_the_format_and_share_no_id():
    ids = {split: {found.id for found in read(path)} for split, path in SPLITS.items()}
    assert all(ids.values())
    assert ids["dev"] & ids["test"] == set()
