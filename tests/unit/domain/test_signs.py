"""Signs of texts: packed and read again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.domain.signs import signs_of, unpacked


def read(text: str) -> dict[str, float]:
    signs = unpacked(np.array([signs_of(text)], np.int32))
    return {name: float(getattr(signs, name)[0]) for name in signs.__slots__}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("Do you like tea?", {"asks": 1, "question": 1, "words": 4}),
        ("Tea? I do.", {"question": 1, "own": 1, "words": 3}),
        ("We met Ada and Grace last Friday at 7", {"digits": 1, "times": 2, "own": 1, "names": 3, "words": 9}),
        ("week week week week week", {"times": 3, "words": 5}),
    ],
)
def test_what_is_read_of_a_text(text, expected):
    nothing = dict.fromkeys(("asks", "question", "digits", "times", "own", "names", "words"), 0)
    assert read(text) == {"present": 1, **nothing, **expected}


def test_a_text_without_signs_says_nothing():
    assert not any(getattr(unpacked(np.zeros(1, np.int32)), name)[0] for name in ("present", "words", "own"))


@given(st.text(max_size=300))
def test_any_text_fits(text):
    assert 0 < signs_of(text) < 1 << 26
    assert read(text)["words"] == min(len(text.split()), 4095)
