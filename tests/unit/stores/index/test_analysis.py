"""Text analysis: which questions meet which texts."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.errors import InvalidInputError
from engram_core.stores.index.analysis import MAX_QUERY_TERMS, SHORTEST, Analyzer

ENGLISH = Analyzer()


def shared(text, question, analyzer=ENGLISH):
    """How many terms of the question the text has."""
    return len(np.intersect1d(analyzer.terms(text)[0], analyzer.query_terms(question)))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("running shoes", "run shoe"),
        ("Ada's cat", "ada"),
        ("Ada’s cat", "ada's"),
        ("I don’t know", "don't"),
        ("I don't know", "dont"),
        ("Café crème", "cafe"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("order AB-1234-X", "1234"),
        ("order AB-1234-X", "ab1234x"),
        ("write to ada@x.org.", "ADA@X.ORG"),
        ("see https://example.com/a?b=1", "example.com"),
        ("pi is 3.14", "3.14"),
        ("C++ or C#", "c++"),
        ("e-mail", "email"),
        ("snake_case", "snake"),
        ("東京都に住む", "東京"),
        ("猫", "猫"),
        ("สวัสดีครับ", "สวัสดี"),
        ("한국어를 배워요", "한국어"),
        ("नमस्ते दुनिया", "नमस्ते"),
        ("кошки", "кошка"),
        ("καλημέρα", "καλημερα"),
        ("iPhoneは高い", "iphone"),
        ("I love 🍕!", "🍕"),
        ("thumbs 👍🏽", "👍"),
        ("👩‍👩‍👧 family", "👩‍👩‍👧"),
    ],
)
def test_meets(text, question):
    assert shared(text, question) >= 1


@pytest.mark.parametrize(
    ("text", "question"),
    [("tea", "coffee"), ("ねこ", "こね"), ("🇩🇪", "🇩🇰"), ("3.14", "31"), ("नमस्ते", "नमन"), ("AB-1234-X", "AB12")],
)
def test_does_not_meet(text, question):
    assert shared(text, question) == 0


def test_the_whole_of_a_compound_tells_it_from_its_parts():
    assert shared("AB-1234-X", "AB-1234-X") > shared("X 1234 AB", "AB-1234-X")


def test_terms_are_distinct_ascending_and_counted():
    terms, freqs, length = ENGLISH.terms("tea and Tea and teas with milk")
    assert np.all(np.diff(terms) > 0)
    assert (terms.dtype, freqs.dtype) == (np.int64, np.int32)
    assert sorted(freqs.tolist()) == [1, 1, 2, 3]
    assert freqs.sum() == 7
    assert length == SHORTEST
    assert ENGLISH.terms("tea " * 99)[2] == 99


@given(st.text())
def test_no_text_fails_and_a_text_answers_itself(text):
    terms, freqs, length = ENGLISH.terms(text)
    assert len(terms) == len(freqs)
    assert max(freqs.sum(), SHORTEST) == length
    assert np.isin(ENGLISH.query_terms(text), terms).all()


@pytest.mark.parametrize("text", ["", "\x00", "\ud800\udfff", "'\"&|!():*", "___", "\ufe0f", "-" * 1000])
def test_what_has_no_words_has_no_terms(text):
    assert len(ENGLISH.terms(text)[0]) == 0
    assert len(ENGLISH.query_terms(text)) == 0


def test_long_questions_are_bounded():
    words = " ".join(f"word{n}" for n in range(10_000))
    assert len(ENGLISH.query_terms(words)) == MAX_QUERY_TERMS
    assert len(ENGLISH.query_terms("x" * 10_000_000)) == 1


def test_every_configured_language_is_tried():
    both = Analyzer(("english", "german"))
    assert shared("die Häuser", "Haus", both) == 1
    assert shared("running", "run", both) == 1
    assert Analyzer(("german",)).version != ENGLISH.version


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match="finnish") as refused:
        Analyzer(("klingon",))
    assert refused.value.argument == "languages"


def test_stop_words_are_left_out_of_questions_unless_nothing_else_is_left():
    analyzer = Analyzer(stop_words=True)
    assert shared("the tea", "the milk", analyzer) == 0
    assert shared("to be or not", "to be", analyzer) == 2
    assert analyzer.version == ENGLISH.version


def test_terms_never_change():
    assert ENGLISH.version == "2:english"
    assert ENGLISH.query_terms("teas").tolist() == [-5015453343862700912]


def test_threads_may_share_an_analyzer():
    words = [
        f"{root}{ending}" for root in ("walk", "talk", "jump", "climb") for ending in ("s", "ed", "ing", "er")
    ] * 50
    alone = [ENGLISH.terms(word)[0].tolist() for word in words]
    fresh = Analyzer()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda word: fresh.terms(word)[0].tolist(), words)) == alone
