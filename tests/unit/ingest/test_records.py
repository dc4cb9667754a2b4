"""Records of an export that came from elsewhere: read whole, or refused with their place."""

import json

import pytest

from engram_core.errors import InvalidInputError
from engram_core.ingest.records import read_record

ID = "00000000-0000-7000-8000-000000000001"
MEMORY = {
    "type": "memory", "id": ID, "user_id": "ada", "kind": "fact", "text": "likes tea",
    "valid_from": "2024-01-01T00:00:00Z", "recorded_at": "2024-01-01T00:00:00Z",
}  # fmt: skip
CHANGE = {
    "type": "change", "id": ID, "op": "ADD", "after": ID, "reason": "said", "actor": "user",
    "at": "2024-01-01T00:00:00Z",
}  # fmt: skip


def test_a_record_is_the_same_as_a_line_and_as_a_mapping():
    for record in (MEMORY, CHANGE):
        assert read_record(json.dumps(record), 1) == read_record(record, 1)


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (MEMORY | {"valid_from": "0001-01-01T00:00:00+14:00"}, "memory.valid_from"),
        (MEMORY | {"valid_to": "9999-12-31T23:59:59-14:00"}, "memory.valid_to"),
        (MEMORY | {"expires_at": "9999-12-31T23:59:59.999999Z"}, "memory.expires_at"),
        (CHANGE | {"at": "0001-01-01T00:00:00Z"}, "change.at"),
        (CHANGE | {"reason": "\x00"}, "change.reason"),
        (CHANGE | {"actor": "\ud800"}, "change.actor"),
    ],
)
def test_what_no_store_can_keep_is_refused_with_its_place(record, place):
    with pytest.raises(InvalidInputError) as refused:
        read_record(record, 7)
    assert refused.value.argument == f"records[7].{place}"


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, b"\xff\xfe", "1" * 5000, "{", None])
def test_what_is_no_record_is_refused(line):
    with pytest.raises(InvalidInputError, match=r"records\[7\]"):
        read_record(line, 7)


def test_metadata_without_an_end_is_refused():
    cyclic = {}
    cyclic["self"] = cyclic
    with pytest.raises(InvalidInputError, match=r"^metadata"):
        read_record(MEMORY | {"metadata": cyclic}, 7).memory("default")
