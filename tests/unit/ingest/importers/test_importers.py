"""Exports of others: the branch that counts, true times, nothing invented."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engram_core import InvalidInputError
from engram_core.ingest.importers import read_chatgpt, read_claude, read_conversations

EXPORTS = Path(__file__).with_name("exports")


def load(name):
    return json.loads((EXPORTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def chatgpt():
    return load("chatgpt")


@pytest.fixture
def claude():
    return load("claude")


def said(conversation):
    return [(message.role, message.content) for message in conversation.messages]


def test_chatgpt_follows_the_current_branch_and_leaves_out_noise(chatgpt):
    bread, baker = read_chatgpt(chatgpt)
    assert said(bread) == [
        ("user", "My rye starter is called Bruno and he will not rise."),
        ("assistant", "How warm is your kitchen?"),
        ("user", "Seventeen degrees. This is what he looks like."),
        ("assistant", "Too cold: put Bruno next to the boiler."),
    ]
    assert bread.skipped == 3  # the system message, the call of a tool and its result
    assert said(baker) == [("user", "Remind me that the baker closes at six.")]


def test_chatgpt_keeps_times_sessions_and_titles(chatgpt):
    bread, baker = read_chatgpt(chatgpt)
    assert bread.id == "67d1c0de-0001-4000-8000-000000000001"
    assert {message.session_id for message in bread.messages} == {bread.id}
    assert bread.messages[0].occurred_at == datetime(2025, 3, 12, 17, 20, 0, 500000, tzinfo=UTC)
    assert bread.messages[3].occurred_at == bread.messages[2].occurred_at, "one without a time takes the one before"
    assert bread.messages[0].metadata == {"source": "chatgpt", "title": "Sourdough that will not rise"}
    assert baker.title == ""


def test_chatgpt_without_a_current_node_reads_the_newest_branch(chatgpt):
    del chatgpt[0]["current_node"]
    assert said(next(read_chatgpt(chatgpt)))[1] == ("assistant", "How warm is your kitchen?")


def test_a_newer_chatgpt_export_begins_with_the_same_messages(chatgpt):
    newer = copy.deepcopy(chatgpt)
    newer[0]["title"] = "Bruno lives"
    newer[0]["update_time"] += 1000
    nodes = newer[0]["mapping"]
    nodes["u3"] = copy.deepcopy(nodes["u2"]) | {"id": "u3", "parent": "a2"}
    nodes["u3"]["message"] |= {"create_time": 1741900000.0, "content": {"content_type": "text", "parts": ["He rose!"]}}
    newer[0]["current_node"] = "u3"
    old, new = (next(read_chatgpt(data)).messages for data in (chatgpt, newer))
    key = lambda message: (message.role, message.content, message.occurred_at, message.session_id)  # noqa: E731
    assert [key(message) for message in new[:-1]] == [key(message) for message in old]
    assert new[-1].content == "He rose!"


def test_claude_takes_text_and_leaves_out_thoughts_tools_and_empty_ones(claude):
    (train,) = read_claude(claude)
    assert said(train) == [
        ("user", "I take the night train to Vienna on the 9th, berth 31."),
        ("assistant", "Let me look.\n\nIt arrives at 7:48."),
        ("user", "My seat is by the window, I get sick otherwise."),
    ]
    assert train.skipped == 1
    assert train.messages[0].occurred_at == datetime(2025, 4, 3, 19, 0, 1, 250000, tzinfo=UTC)
    assert train.messages[0].session_id == "3f0a7c1e-1111-4111-8111-111111111111"
    assert train.messages[0].metadata == {"source": "claude", "title": "Night train to Vienna"}


def test_what_it_is_is_seen_from_its_shape(chatgpt, claude):
    assert [item.id for item in read_conversations(chatgpt)] == [item["conversation_id"] for item in chatgpt]
    assert [item.id for item in read_conversations(claude[0])] == [claude[0]["uuid"]]
    assert list(read_conversations([])) == []


def test_what_no_store_can_keep_becomes_a_replacement_character(claude):
    claude[0]["chat_messages"][3]["text"] = "a\x00b\ud83dc"
    assert next(read_claude(claude)).messages[-1].content == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("data", ["text", 3, None, [3], [{}], [{"messages": []}], {"a": 1}])
def test_other_shapes_are_refused(data):
    with pytest.raises(InvalidInputError):
        list(read_conversations(data))


def broken_chatgpt(change):
    data = load("chatgpt")
    change(data[0])
    return data


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda item: item.update(mapping=[]), "mapping"),
        (lambda item: item.update(conversation_id=None, id=None), "conversation_id"),
        (lambda item: item.update(current_node="nowhere"), "nowhere"),
        (lambda item: item["mapping"]["root"].update(parent="a2"), "a2"),
        (lambda item: item["mapping"]["u1"]["message"].update(create_time="yesterday"), "create_time"),
        (lambda item: item["mapping"]["u1"]["message"].update(create_time=1e300), "create_time"),
        (lambda item: item["mapping"]["u1"]["message"].update(author=None), "author"),
        (lambda item: item["mapping"]["u1"]["message"]["content"].update(parts="x"), "parts"),
        (lambda item: item["mapping"]["u1"]["message"]["content"].update(parts=[3]), "parts[0]"),
    ],
)
def test_a_broken_chatgpt_export_is_refused_with_its_place(change, where):
    with pytest.raises(InvalidInputError) as caught:
        list(read_chatgpt(broken_chatgpt(change)))
    assert where in caught.value.argument


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"chat_messages": None}, "chat_messages"),
        ({"uuid": ""}, "uuid"),
        ({"chat_messages": [{"sender": "robot", "text": "x"}]}, "sender"),
        ({"chat_messages": [{"sender": "human", "text": "x", "created_at": "soon"}]}, "created_at"),
        ({"chat_messages": [{"sender": "human", "content": ["x"]}]}, "content[0]"),
    ],
)
def test_a_broken_claude_export_is_refused_with_its_place(claude, change, where):
    with pytest.raises(InvalidInputError) as caught:
        list(read_claude([claude[0] | change]))
    assert where in caught.value.argument
