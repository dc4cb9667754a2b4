"""The built-in model: close to the original, checked at load, off the event loop."""

import asyncio
import json
import shutil
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import load as load_model
from onnx.numpy_helper import to_array
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from engram_core.errors import ConfigError, InvalidInputError
from engram_core.ports import MOST_TOKEN_BYTES
from engram_core.providers import onnx
from engram_core.providers.models import MAX_TOKENS, SHORT
from engram_core.providers.models.build import build, find_weights
from engram_core.providers.models.recipe.bert import embed, read_bert
from engram_core.providers.onnx import BATCH_TOKENS, FOLDER, PUBLISHED, OnnxEmbedder, plan_batches

# None of them is in the calibration text.
SENTENCES = [
    "Caroline: I went to a support group yesterday and it was so powerful.",
    "Melanie: Wow, that's cool! What happened that was so awesome? Did you hear any inspiring stories?",
    "When did the twins start school?",
    "user: Wie komme ich am schnellsten vom Flughafen in die Innenstadt, und was kostet das Taxi?",
    "No.",
    "Yes.",
    "ok",
    "Why?",
    "42",
    "What can Ada eat?",
    "user: thanks",
    "Pedido número 88-1234-ZX, entregado el martes 3 de octubre.",
    "他昨天买了一辆红色的自行车。",
    "明日は雨が降るそうです。",
    "Она работает врачом в Казани.",
    "🐶🐱 so cute!! 😍",
    "SELECT id FROM users WHERE email LIKE '%@example.com' LIMIT 5;",
    "https://example.com/a/b?c=d&e=f#g",
    "assistant: " + "The museum opens at ten, the café on its roof an hour later; tickets are cheaper online. " * 6,
    "Once upon a time a fox met a crow who would not sing. " * 40,
]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def reference():
    weights = find_weights()
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    bert = read_bert(load_file(weights / "model.safetensors"))
    return np.stack([embed(bert, tokenizer.encode(sentence).ids) for sentence in SENTENCES])


async def test_vectors_are_those_of_the_published_weights(reference):
    cosines = ((await OnnxEmbedder(threads=1, folder=PUBLISHED).embed(SENTENCES)) * reference).sum(axis=1)
    assert cosines.min() >= 0.998, dict(zip(SENTENCES, cosines, strict=True))


def test_the_reference_agrees_with_sentence_transformers(reference):
    library = pytest.importorskip("sentence_transformers")
    published = library.SentenceTransformer(str(find_weights()), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose((published * reference).sum(axis=1), 1, atol=1e-5)


async def test_a_vector_does_not_depend_on_its_batch():
    embedder = OnnxEmbedder(threads=1)
    together = await embedder.embed(SENTENCES * 3)
    alone = np.concatenate([await embedder.embed([sentence]) for sentence in SENTENCES])
    # Half precision, in which stores keep vectors, has steps of about 1e-4 here.
    np.testing.assert_allclose(together, np.tile(alone, (3, 1)), atol=2e-6)


async def test_nothing_runs_on_the_event_loop(monkeypatch):
    threads = set()
    for step in ("tokenise", "run"):
        original = getattr(onnx._Model, step)
        monkeypatch.setattr(
            onnx._Model, step, lambda self, given, of=original: threads.add(threading.get_ident()) or of(self, given)
        )
    await OnnxEmbedder().embed(SENTENCES)
    assert threads
    assert threading.get_ident() not in threads


async def test_a_question_does_not_wait_for_a_long_import():
    embedder = OnnxEmbedder(threads=1)
    await embedder.embed(["load the model"])
    long = asyncio.create_task(embedder.embed(SENTENCES * 20))
    await asyncio.sleep(0)
    await embedder.embed_query("Who went to a support group?")
    assert not long.done()
    await long


async def test_an_import_that_is_cancelled_leaves_the_embedder_usable():
    embedder = OnnxEmbedder(threads=2)
    task = asyncio.create_task(embedder.embed(SENTENCES * 20))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await embedder.embed(["still here"])).shape == (1, 384)


def test_one_embedder_serves_several_event_loops():
    embedder = OnnxEmbedder(threads=1)
    first, second = (asyncio.run(embedder.embed(["the same"])) for _ in range(2))
    np.testing.assert_array_equal(first, second)


async def test_tokens_have_vectors_of_about_one_length_that_do_not_depend_on_the_batch():
    embedder = OnnxEmbedder(threads=2)
    together, alone = await embedder.encode(SENTENCES), await embedder.encode(SENTENCES[:1])
    np.testing.assert_array_equal(together.vectors, await embedder.embed(SENTENCES))
    assert len(together.tokens) == len(SENTENCES)
    assert {tokens.shape[1] for tokens in together.tokens} == {64}
    assert all(tokens.nbytes <= MOST_TOKEN_BYTES for tokens in together.tokens)
    assert len(together.tokens[-1]) == MOST_TOKEN_BYTES // 64, "of a long text the most allowed"
    lengths = np.concatenate([np.linalg.norm(tokens.astype(float), axis=1) for tokens in together.tokens])
    np.testing.assert_allclose(lengths, 127, atol=4)
    assert np.abs(together.tokens[0].astype(int) - alone.tokens[0]).max() <= 1


async def test_the_tokens_of_a_question_carry_weights():
    embedder = OnnxEmbedder(threads=1)
    question, empty = await embedder.encode_query("Where does Ada live?"), await embedder.encode_query("")
    np.testing.assert_array_equal(question.vector, await embedder.embed_query("Where does Ada live?"))
    assert question.tokens.shape == (5, 64)
    np.testing.assert_allclose(np.linalg.norm(question.tokens, axis=1), 1, atol=1e-5)
    assert question.weights.min() > 0
    assert question.weights.sum() == pytest.approx(1)
    assert empty.tokens.shape == (0, 64)


async def test_the_published_model_has_no_tokens():
    embedder = OnnxEmbedder(threads=1, folder=PUBLISHED)
    assert (await embedder.encode(["hello"])).tokens == ()
    assert not len((await embedder.encode_query("hello")).tokens)
    assert (await embedder.space()).model.startswith("minilm-int8-")
    assert (await OnnxEmbedder().space()).model.startswith("minilm-memory-int8-")


async def test_it_loads_again_after_closing():
    embedder = OnnxEmbedder(threads=1)
    before = await embedder.embed(["hello"])
    await embedder.close()
    np.testing.assert_array_equal(await embedder.embed(["hello"]), before)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
async def test_a_file_that_was_changed_is_refused(tmp_path, name):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigError, match=f"{name}.*sha256"):
        await OnnxEmbedder(folder=folder).embed(["hello"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
async def test_a_file_that_is_missing_is_named(tmp_path, name):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(ConfigError, match="install the package again"):
        await OnnxEmbedder(folder=folder).embed(["hello"])


def test_a_negative_number_of_threads_is_refused():
    with pytest.raises(InvalidInputError, match="threads"):
        OnnxEmbedder(threads=-1)


@given(st.lists(st.integers(1, MAX_TOKENS), max_size=200))
def test_batches_hold_every_text_once_and_keep_to_the_bound(lengths):
    batches = plan_batches(lengths)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= BATCH_TOKENS
        assert len({lengths[i] <= SHORT for i in batch}) == 1


@pytest.mark.slow
def test_the_same_weights_give_the_model_that_the_package_carries(tmp_path):
    digests = build(find_weights(), tmp_path)
    carried = json.loads((PUBLISHED / "manifest.json").read_text())["sha256"]
    assert digests["tokenizer.json"] == carried["tokenizer.json"]
    made, shipped = load_model(tmp_path / "model.onnx"), load_model(PUBLISHED / "model.onnx")
    pairs = list(zip(made.graph.initializer, shipped.graph.initializer, strict=True))
    for ours, theirs in pairs:
        assert (ours.name, ours.data_type, list(ours.dims)) == (theirs.name, theirs.data_type, list(theirs.dims))
        a, b = (to_array(tensor).astype(np.float64) for tensor in (ours, theirs))
        if to_array(ours).dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)
        else:
            # Processors sum floats in different orders: a weight that falls between two steps may take either.
            assert np.abs(a - b).max() <= 1
            assert np.mean(a != b) < 1e-3
    for model in (made, shipped):
        model.graph.ClearField("initializer")
    assert made == shipped
