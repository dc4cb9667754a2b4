"""Packing hits under a token budget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core import Hit, Memory, Scope, TokenCounter
from engram_core.domain.ids import new_id
from engram_core.retrieval.packing.beside import Beside, needed
from engram_core.retrieval.packing.lines import BESIDE, write_line
from engram_core.retrieval.packing.pack import SHARE, pack

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


def turn(text, minute=0, **fields):
    moment = START + timedelta(minutes=minute)
    memory = Memory(new_id(), Scope(user_id="ada"), "turn", text, moment, moment, role="user", speaker="Ada")
    return replace(memory, **fields)


QUESTION = turn("What do you eat?", 0, speaker="Rui")
ANSWER = turn("Only plants", 1)


def test_an_answer_brings_its_question_and_is_written_after_it():
    text = pack([Hit(ANSWER, 0.9)], 100, Words(), neighbours={ANSWER.id: Beside(before=QUESTION)})
    assert text == "[2024-03-01 10:00] Rui: What do you eat?\n[2024-03-01 10:01] Ada: Only plants"
    assert [hit.memory for hit in text.hits] == [ANSWER]
    assert [entry.memory for entry in text.entries] == [QUESTION, ANSWER]
    assert [entry.score for entry in text.entries] == [pytest.approx(SHARE * 0.9), 0.9]


def test_a_question_brings_its_answer():
    text = pack([Hit(QUESTION, 0.9)], 100, Words(), neighbours={QUESTION.id: Beside(after=ANSWER)})
    assert text.endswith("Ada: Only plants")


@pytest.mark.parametrize(
    ("said", "before", "after", "sides"),
    [
        ("I have eaten nothing but plants for many years", "Do you eat fish?", "Me too", ["before"]),
        ("I have eaten nothing but plants for many years", "I am hungry.", "Me too", []),
        ("Yes, and I have eaten nothing but plants for many years", "I am hungry.", "Me too", ["before"]),
        ("The second one looked far better on the wall, I thought", "Tell me which.", "Fine", ["before"]),
        ("Nothing but plants", "Tell me what you eat.", "Me too", ["before"]),
        ("I have eaten nothing but plants for years, have you? 🙂", "I am hungry.", "Me too", ["after"]),
        ('Rui said "have you eaten nothing but plants for years?"', "I am hungry.", "Me too", ["after"]),
        ("What would you like to eat at the wedding in June?", "I am hungry.", "Figs", ["after"]),
    ],
)
def test_what_a_turn_needs_beside_it(said, before, after, sides):
    found = needed(Hit(turn(said), 0.5), Beside(turn(before), turn(after)))
    assert [side for side, _ in found] == sides


def test_a_turn_is_written_once_however_it_is_wanted():
    both = [Hit(ANSWER, 0.9), Hit(QUESTION, 0.4)]
    beside = {ANSWER.id: Beside(before=QUESTION), QUESTION.id: Beside(after=ANSWER)}
    text = pack(both, 100, Words(), neighbours=beside)
    assert text.count("What do you eat?") == text.count("Only plants") == 1
    assert [(entry.memory, entry.score) for entry in text.entries] == [(QUESTION, 0.4), (ANSWER, 0.9)]
    assert text.hits == text.entries


def test_of_a_long_turn_beside_a_hit_the_nearest_sentences_are_written():
    question = turn("So much happened. " + "We walked all day long. " * 20 + "What did you eat?", 0, speaker="Rui")
    reply = turn("Figs. " + "They were sweet and cheap. " * 40, 2, role="assistant", speaker=None)
    before = pack([Hit(ANSWER, 0.9)], 300, Words(), neighbours={ANSWER.id: Beside(before=question)})
    assert before.startswith("[2024-03-01 10:00] Rui: … We walked")
    assert "What did you eat?\n" in before
    after = pack([Hit(QUESTION, 0.9)], 300, Words(), neighbours={QUESTION.id: Beside(after=reply)})
    assert "assistant: Figs. They were" in after
    assert after.endswith("cheap. …")
    assert max(len(entry.memory.text) for entry in (*before.entries, *after.entries)) <= BESIDE + 2


def test_a_turn_without_a_short_sentence_is_left_out_beside_a_hit():
    endless = turn("plants " * 200, 1)
    text = pack([Hit(QUESTION, 0.9)], 300, Words(), neighbours={QUESTION.id: Beside(after=endless)})
    assert [entry.memory for entry in text.entries] == [QUESTION]


def test_a_part_makes_room_for_the_whole_where_that_was_found_too():
    reply = turn("Figs. " + "They were sweet and cheap. " * 20, 1)
    hits = [Hit(QUESTION, 0.99), Hit(reply, 0.1)]
    beside = {QUESTION.id: Beside(after=reply)}
    small, large = (pack(hits, budget, Words(), neighbours=beside) for budget in (80, 300))
    assert [hit.memory for hit in small.hits] == [QUESTION]
    assert small.endswith("…")
    assert [entry.memory for entry in large.entries] == [QUESTION, reply]
    assert large.hits == large.entries


def test_what_is_no_longer_so_comes_only_as_a_hit_that_says_so():
    ended = Hit(turn("No, " + "only plants and figs. " * 20, 1), 0.01, ended_at=START + timedelta(days=9))
    beside = {QUESTION.id: Beside(after=ended.memory)}
    small, large = (pack([Hit(QUESTION, 0.9), ended], n, Words(), neighbours=beside) for n in (40, 300))
    assert small == "[2024-03-01 10:00] Rui: What do you eat?"
    assert large.endswith("(until 2024-03-10)")


def test_turns_that_follow_one_another_are_held_together():
    other = turn("I bake bread", 1, scope=Scope(user_id="ada", session_id="b"))
    late = turn("Only plants", 2)
    text = pack([Hit(late, 0.9), Hit(other, 0.8)], 100, Words(), neighbours={late.id: Beside(before=QUESTION)})
    assert [entry.memory for entry in text.entries] == [QUESTION, late, other]


def test_what_is_likely_and_short_comes_before_what_is_hardly_likelier_and_long():
    long, short = hit("plants " * 60, score=0.55), hit("only plants", score=0.5)
    text = pack([long, short], 64, Words())
    assert [h.memory.text for h in text.hits] == ["only plants"]
    sure = pack([replace(long, score=0.98), replace(short, score=0.1)], 64, Words())
    assert [h.memory.text for h in sure.hits] == [long.memory.text]


def test_what_failed_in_the_search_is_told():
    assert pack([], 10, Words(), degraded={"dense": "away"}).degraded == {"dense": "away"}
    assert pack([hit("a")], 10, Words()).degraded == {}


class Counting(Words):
    """Keeps how much text it was given."""

    characters = 0

    def count(self, text):
        self.characters += len(text)
        return super().count(text)


def test_the_text_is_not_counted_again_for_each_hit():
    hits = [hit(f"hit number {number} " + "word " * 20, number, score=0.9 - number / 200) for number in range(100)]
    counter = Counting()
    text = pack(hits, 1500, counter)
    assert len(text.hits) > 40
    assert counter.characters < 5 * len(text)


turns = st.lists(st.tuples(st.text("ab .?\n", min_size=1, max_size=400), st.integers(0, 99)), max_size=12)


@given(turns, st.integers(1, 60), st.data())
def test_with_neighbours_the_budget_holds_and_nothing_is_written_twice(said, budget, data):
    memories = [turn(words, minute) for minute, (words, _) in enumerate(said)]
    pairs = list(zip([None, *memories], memories, [*memories[1:], None], strict=False))
    hits = [Hit(m, score / 100) for m, (_, score) in zip(memories, said, strict=True) if data.draw(st.booleans())]
    text = pack(hits, budget, Words(), neighbours={m.id: Beside(before, after) for before, m, after in pairs})
    ids = [entry.memory.id for entry in text.entries]
    assert text.tokens == Words().count(text) <= budget
    assert len(ids) == len(set(ids))
    assert {h.memory.id for h in text.hits} <= {h.memory.id for h in hits}
    assert bool(text.hits) == bool(text)
    assert text == pack(hits, budget, Words(), neighbours={m.id: Beside(b, a) for b, m, a in pairs})
