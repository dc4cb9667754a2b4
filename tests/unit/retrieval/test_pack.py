"""Packing hits under a token budget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engram_core import Hit, Memory, Scope, TokenCounter
from engram_core.domain.ids import new_id
from engram_core.retrieval.pack import pack, write_line

START = datetime(2024, 3, 1, 10, tzinfo=UTC)


class Words(TokenCounter):
    """One token a word, one a line break."""

    name = "words"

    def count(self, text: str) -> int:
        return len(text.split()) + text.count("\n")


def hit(text, day=0, score=0.5, **fields):
    moment = START + timedelta(days=day)
    memory = Memory(new_id(), Scope(user_id="ada"), "turn", text, moment, moment, role="user", speaker="Ada")
    return Hit(replace(memory, **fields), score)


def test_lines_are_in_the_order_of_time_whatever_their_rank():
    text = pack([hit("second", 2), hit("first", 1)], 100, Words())
    assert text == "[2024-03-02 10:00] Ada: first\n[2024-03-03 10:00] Ada: second"
    assert [h.memory.text for h in text.hits] == ["first", "second"]
    assert text.tokens == Words().count(text)


def test_a_long_hit_is_passed_over_for_a_shorter_one():
    text = pack([hit("short"), hit("long " * 50), hit("brief")], 12, Words())
    assert "short" in text
    assert "brief" in text
    assert "long" not in text


def test_when_nothing_fits_the_best_is_cut():
    text = pack([hit("one two three four five six"), hit("other " * 20)], 6, Words())
    assert text.startswith("[2024-03-01 10:00] Ada: one two")
    assert text.endswith("…")
    assert text.tokens <= 6


def test_no_hits_give_an_empty_text():
    assert pack([], 10, Words()) == ""


def test_a_change_is_never_silent():
    before = hit("Ada lives in Paris").memory
    after = hit("Ada lives in Porto", 9, kind="fact", role=None, speaker=None, supersedes=before.id).memory
    line = write_line(Hit(after, 0.5, replaced=before))
    assert line == "[2024-03-10] Ada lives in Porto (since 2024-03-10; before: Ada lives in Paris)"


def test_a_text_of_several_lines_stays_one_entry():
    assert write_line(hit("a\nb")) == "[2024-03-01 10:00] Ada: a\n  b"


@given(
    st.lists(st.tuples(st.text("ab \n", min_size=1, max_size=60), st.integers(0, 9)), max_size=12),
    st.integers(1, 40),
)
def test_the_budget_is_never_exceeded(texts, budget):
    text = pack([hit(words, day) for words, day in texts], budget, Words())
    assert Words().count(text) <= budget
    assert text.tokens == Words().count(text)


def test_a_turn_that_is_no_longer_so_says_until_when_and_what_is_now():
    old, new = hit("I live in Lisbon").memory, hit("Ada lives in Porto", 9).memory
    line = write_line(Hit(old, 0.5, superseded_by=new, ended_at=new.valid_from))
    assert line.endswith(f"I live in Lisbon (until {new.valid_from:%Y-%m-%d}; now: Ada lives in Porto)")
