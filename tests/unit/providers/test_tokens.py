"""Tokens: exact where a vocabulary is at hand; the estimate is never below the exact count."""

import ast
import base64
import gzip
import inspect
import json
import random
import string
import sys
from importlib.resources import files

import bpe_openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram_core.errors import ConfigError
from engram_core.providers.estimate import clip_tokens, estimate_tokens
from engram_core.providers.tokens import EstimateCounter, TiktokenCounter, open_counter, vocabulary_path

ENCODINGS = ["cl100k_base", "o200k_base"]
DIALOGUE = files("engram_core.providers.models.recipe").joinpath("calibration.txt").read_text("utf-8").splitlines()[:40]
RANDOM = random.Random(7)


def letters(low, high):
    return "".join(RANDOM.choices(string.ascii_lowercase, k=RANDOM.randint(low, high)))


SAMPLES = {
    "dialogue": DIALOGUE,
    "code": [inspect.getsource(module) for module in (json, ast, random, gzip)],
    "german": [
        "Die Donaudampfschifffahrtsgesellschaft hat ihre Geschwindigkeitsbegrenzung gestern überraschend aufgehoben.",
        "Ich möchte übermorgen mit meiner Großmutter über die Straßenbahnverbindung nach Überlingen sprechen.",
        "Müsste man das nicht trotzdem rechtzeitig beim Einwohnermeldeamt anmelden?",
    ],
    "chinese": ["我们下周三在上海的办公室开会,请带上合同和发票。", "他昨天买了一辆红色的自行车,花了一千两百元。"],
    "japanese": [
        "来週の土曜日に京都へ行きます。紅葉が楽しみですね。",
        "パソコンのキーボードが壊れたので、修理に出しました。",
    ],
    "korean": ["저는 매운 음식을 좋아하지만 해산물은 못 먹어요.", "내일 오후 세 시에 강남역에서 만납시다."],
    "cyrillic": ["Завтра мы едем к бабушке в деревню, вернёмся в воскресенье вечером."],
    "arabic": ["سافرنا إلى عمّان في الصيف وزرنا البتراء مع الأصدقاء."],
    "thai": ["ฉันเลี้ยงแมวสองตัวและชอบทำอาหารไทย"],
    "hindi": ["मुझे सुबह की चाय के बिना काम शुरू करना पसंद नहीं है।"],
    "emoji": ["😀😂🥳❤️👍🏽👩‍👩‍👧‍👦🇩🇪", "🎉🎂 happy birthday!!! 🥳❤️", "🫠" * 40],
    "random bytes": [RANDOM.randbytes(300).decode("latin-1") for _ in range(30)],
    "random UTF-8": [RANDOM.randbytes(300).decode("utf-8", "replace") for _ in range(30)],
    "random ASCII": ["".join(RANDOM.choices(string.printable, k=300)) for _ in range(30)],
    "base64": [base64.b64encode(RANDOM.randbytes(200)).decode() for _ in range(30)],
    "URLs": [
        f"https://{letters(5, 9)}.com/{letters(3, 9)}/{RANDOM.randrange(9**9)}?q={letters(2, 8)}&r=%20#{letters(4, 6)}"
        for _ in range(30)
    ],
    "whitespace": [" " * 200, "\n" * 100, "\t\t\n   \r\n" * 20, "a\n\n\nb   c"],
    "runs": ["=" * 300, "-" * 77, "." * 1000, "ha" * 200, "!?" * 50, "a" * 500],
    "nothing": ["", "a", "I", "?"],
}


@pytest.fixture(scope="module", params=ENCODINGS)
def exact(request):
    encoding = bpe_openai.get_encoding(request.param)
    return lambda text: len(encoding.encode_ordinary(text))


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_estimate_is_never_below_the_exact_count(exact, kind):
    for text in SAMPLES[kind]:
        assert estimate_tokens(text) >= exact(text), text


def test_the_estimate_is_close_on_english_dialogue(exact):
    text = "\n".join(DIALOGUE)
    assert estimate_tokens(text) <= 1.4 * exact(text)


@given(st.text(max_size=200))
def test_the_estimate_takes_any_text_and_keeps_to_its_bytes(text):
    assert (text == "") == (estimate_tokens(text) == 0)
    assert estimate_tokens(text) <= len(text.encode("utf-8"))


@given(st.text(max_size=300), st.integers(1, 50))
def test_clipping_keeps_a_beginning_within_the_limit(text, limit):
    clipped = clip_tokens(text, limit)
    assert text.startswith(clipped)
    assert estimate_tokens(clipped) <= limit
    if estimate_tokens(text) <= limit and len(text) <= 16 * limit:
        assert clipped == text


@pytest.fixture(params=ENCODINGS)
def cached(request, tmp_path):
    """A folder as tiktoken leaves it after a download, and the encoding that is in it."""
    packed = files("bpe_openai").joinpath("data", f"{request.param}.tiktoken.gz").read_bytes()
    vocabulary_path(request.param, tmp_path).write_bytes(gzip.decompress(packed))
    return tmp_path, request.param


def test_a_vocabulary_at_hand_counts_exactly(cached):
    folder, name = cached
    counter = open_counter(name, folder)
    encoding = bpe_openai.get_encoding(name)
    assert isinstance(counter, TiktokenCounter)
    assert counter.name == name
    for text in [text for texts in SAMPLES.values() for text in texts] + ["<|endoftext|> is text here"]:
        assert counter.count(text) == len(encoding.encode_ordinary(text)), text


def test_a_megabyte_is_counted(cached):
    counter = open_counter(cached[1], cached[0])
    assert counter.count("word " * 200_000) >= 200_000


def test_without_a_vocabulary_it_estimates_and_says_so(tmp_path):
    counter = open_counter("o200k_base", tmp_path)
    assert isinstance(counter, EstimateCounter)
    assert counter.name == "estimate"
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_vocabulary_is_not_used(cached):
    folder, name = cached
    path = vocabulary_path(name, folder)
    path.write_bytes(path.read_bytes()[:-1])
    assert isinstance(open_counter(name, folder), EstimateCounter)
    assert path.exists()


def test_without_tiktoken_it_estimates(cached, monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert isinstance(open_counter(cached[1], cached[0]), EstimateCounter)


def test_files_are_where_tiktoken_puts_them(tmp_path):
    # The names that tiktoken 0.x has been giving them since its first release.
    assert vocabulary_path("cl100k_base", tmp_path).name == "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    assert vocabulary_path("o200k_base", tmp_path).name == "fb374d419588a4632f3f557e76b4b70aebbca790"


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ConfigError, match="cl100k_base, o200k_base"):
        open_counter("gpt-9", None)
