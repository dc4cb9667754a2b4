"""Refitting the ranker to labels: what moves, what stays, and when it is kept."""

import builtins
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch

from engram_core import MissingExtraError
from engram_core.ports import Evidence, Label, LabelledQuestion, Reading
from engram_core.retrieval.acan import AcanRanker, Weights, load_weights
from engram_core.retrieval.acan.model import matrix_of, save_weights
from engram_core.retrieval.acan.refitting import can_calibrate, recalibrate, refit_fusion
from engram_core.retrieval.acan.training import batch_of, fused_of, listwise
from engram_core.retrieval.acan.tuning import LEAST_QUESTIONS, interval, judged_of, right_pairs, tune
from engram_core.retrieval.signals import told

NOW = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = ("tells", "noise", "other", "late_raw")
SHAPE = {"mean": (0.0, 0.0, 0.0, 0.3), "scale": (1.0, 1.0, 1.0, 0.1)}
FULL = Weights(
    signals=NAMES,
    **SHAPE,
    weight=(0.2, 0.5, 0.1, 0.3),
    null={"late_raw": 2.0},
    bias=1.5,
    sharpness=0.8,
    threshold=0.1,
)
BARE = Weights(
    signals=NAMES[:3],
    mean=(0.0,) * 3,
    scale=(1.0,) * 3,
    weight=(0.1, 0.4, 0.2),
    null={},
    bias=1.0,
    sharpness=0.5,
    threshold=0.0,
)
PRESENT = AcanRanker(FULL, BARE)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """So little is sooner done by one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def searched(rng, tokens=True, size=12):
    """The signals of the candidates of one search."""
    signals = {name: rng.normal(size=size) for name in ("tells", "noise", "other", "unused")}
    if tokens:
        signals["late_raw"] = 0.3 + 0.1 * rng.normal(size=size)
    return {name: values.astype(np.float32) for name, values in signals.items()}


def question(number, rng, follows="tells", tokens=True, labelled=6, strength=3.0, ranker=PRESENT, useful=None):
    """Labels of the best hits of a search; what is useful follows one signal, with noise."""
    signals = searched(rng, tokens)
    nothing = np.zeros(12, np.float32)
    evidence = Evidence(nothing, nothing, np.zeros((12, 4), np.float32), np.zeros((12, 4), np.float32), nothing)
    ranked = ranker.rank(Reading(evidence, signals, tokens))
    best = np.argsort(-ranked.scores, kind="stable")[:labelled]
    worth = strength * signals[follows][best] + rng.normal(size=labelled)
    verdicts = worth > np.median(worth) if useful is None else np.full(labelled, useful)
    at = NOW + timedelta(minutes=number)
    hits = zip(told(signals, ranked.parts, best), verdicts, strict=True)
    labels = [Label(f"{number:016x}", f"m{i}", bool(use), said, at) for i, (said, use) in enumerate(hits)]
    return LabelledQuestion.of(labels)


def questions(count=60, seed=3, **fields):
    rng = np.random.default_rng(seed)
    return [question(number, rng, **fields) for number in range(count)]


def weight(weights, name):
    return dict(zip(weights.signals, weights.weight, strict=True))[name]


@pytest.fixture(scope="module")
def tuned(_one_thread):
    """What labels that follow `tells` make of the present ranker, which listens to `noise`."""
    return tune(PRESENT, questions())


def test_labels_move_the_weight_of_what_they_follow_and_win(tuned):
    tuning, ranker = tuned
    assert tuning.kept
    assert (tuning.questions, tuning.labels, tuning.compared) == (60, 360, 60)
    assert weight(ranker.full, "tells") > weight(FULL, "tells") + 0.3
    assert weight(ranker.full, "noise") < weight(FULL, "noise")
    assert tuning.after > tuning.before + 0.1
    low, high = tuning.interval
    assert 0 < low < tuning.after - tuning.before < high
    assert f"{tuning.after:.1%}" in tuning.reason


def test_only_the_set_in_use_is_refitted_on_the_same_scale(tuned):
    _, ranker = tuned
    assert ranker.bare == BARE
    assert (ranker.full.signals, ranker.full.mean, ranker.full.scale) == (NAMES, FULL.mean, FULL.scale)
    assert ranker.full.null == FULL.null


def test_labels_without_token_vectors_refit_the_bare_set():
    tuning, ranker = tune(PRESENT, questions(tokens=False))
    assert tuning.kept
    assert ranker.full == FULL
    assert weight(ranker.bare, "tells") > weight(BARE, "tells") + 0.3
    assert ranker.bare.threshold == 0


def test_what_was_labelled_last_tells_which_set_is_in_use():
    rng = np.random.default_rng(1)
    before = [question(number, rng, tokens=False) for number in range(150)]
    since = [question(1000 + number, rng) for number in range(100)]
    tuning, ranker = tune(PRESENT, [*before, *since])
    assert tuning.questions == 100
    assert (ranker.full != FULL, ranker.bare) == (True, BARE)


def test_labels_that_the_set_cannot_read_are_passed_over():
    mixed = questions()
    labels = [replace(label, signals={"tells": 1.0}) for label in mixed[0].labels[:2]]
    mixed[0] = LabelledQuestion.of([*labels, *mixed[0].labels[2:]])
    nothing = Label(f"{999:016x}", "m", True, {}, NOW)
    tuning, _ = tune(PRESENT, [*mixed, LabelledQuestion.of([nothing])])
    assert (tuning.questions, tuning.labels) == (60, 358)


def test_the_same_labels_give_the_same_ranker_in_whatever_order(tuned):
    tuning, ranker = tune(PRESENT, questions()[::-1])
    assert tuning == tuned[0]
    assert ranker.full == tuned[1].full


def test_labels_that_follow_nothing_change_nothing():
    tuning, ranker = tune(PRESENT, questions(follows="unused"))
    assert not tuning.kept
    assert ranker is PRESENT
    assert tuning.interval[0] <= 0
    assert "does not rank better beyond chance" in tuning.reason


def test_labels_that_the_present_ranker_follows_already_change_nothing():
    knowing = AcanRanker(FULL.model_copy(update={"weight": (3.0, 0.0, 0.0, 0.0)}), BARE)
    tuning, ranker = tune(knowing, questions(ranker=knowing))
    assert not tuning.kept
    assert ranker is knowing
    assert tuning.before > 0.8


@pytest.mark.parametrize("count", [0, 1, LEAST_QUESTIONS - 1])
def test_too_few_questions_are_told_from_what_is_needed(count):
    tuning, ranker = tune(PRESENT, questions(count))
    assert (tuning.kept, tuning.before, tuning.after, tuning.interval) == (False, None, None, None)
    assert (tuning.questions, tuning.compared) == (count, count)
    assert ranker is PRESENT
    assert f"{LEAST_QUESTIONS} are needed" in tuning.reason


@pytest.mark.parametrize("useful", [True, False])
def test_labels_of_one_side_compare_nothing(useful):
    tuning, ranker = tune(PRESENT, questions(useful=useful))
    assert (tuning.questions, tuning.compared, tuning.kept) == (60, 0, False)
    assert "no question has both" in tuning.reason
    assert ranker is PRESENT


def test_the_least_number_of_questions_is_enough():
    assert tune(PRESENT, questions(LEAST_QUESTIONS))[0].before is not None


def test_few_labels_move_the_weights_little_and_many_move_them_far():
    def moved(count):
        judged = [judged_of(asked, FULL, "full") for asked in questions(count)]
        return weight(refit_fusion(FULL, judged), "tells") - weight(FULL, "tells")

    assert 0 < moved(5) < moved(30) < moved(200)
    assert moved(200) > 4 * moved(5)


def test_a_signal_that_tells_nothing_apart_keeps_its_weight():
    flat = [
        LabelledQuestion.of(replace(label, signals={**label.signals, "other": 0.7}) for label in asked.labels)
        for asked in questions()
    ]
    refitted = refit_fusion(FULL, [judged_of(asked, FULL, "full") for asked in flat])
    assert weight(refitted, "other") == pytest.approx(weight(FULL, "other"), abs=1e-5)


def test_the_gradient_of_the_loss_reaches_every_weight():
    judged = [judged_of(asked, FULL, "full") for asked in questions(10)]
    batch = batch_of([asked.group for asked in judged], NAMES)
    weights = torch.tensor(FULL.weight, dtype=torch.float64, requires_grad=True)
    batch = replace(batch, values=batch.values.double(), labels=batch.labels.double(), weights=batch.weights.double())

    def loss(weights):
        return listwise(batch.values @ weights, batch)

    (gradient,) = torch.autograd.grad(loss(weights), weights)
    assert (gradient.abs() > 1e-4).all()
    assert torch.autograd.gradcheck(loss, (weights,))
    assert loss(weights.detach() - 0.1 * gradient) < loss(weights)
    assert gradient[0] < 0, "more of what labels follow is better"


def raw(label):
    return label.signals["late_raw"]


def without_the_best(seed=8):
    """Labels of a question without that of the candidate that the null slot read."""
    labels = sorted(question(1, np.random.default_rng(seed)).labels, key=raw)
    return LabelledQuestion.of(labels[:-1]), raw(labels[-1])


def test_a_label_tells_what_the_null_slot_read_of_candidates_that_nobody_judged():
    asked, best = without_the_best()
    assert best == pytest.approx(searched(np.random.default_rng(8))["late_raw"].max(), abs=1e-4)
    assert max(map(raw, asked.labels)) < best - 0.01
    assert judged_of(asked, FULL, "full").level == pytest.approx(2.0 * best, abs=1e-4)


def test_where_other_weights_made_the_hit_the_labelled_candidates_have_to_do():
    asked, _ = without_the_best()
    other = FULL.model_copy(update={"weight": (1.0, 1.0, 1.0, 1.0)})
    expected = 2.0 * max(map(raw, asked.labels))
    assert judged_of(asked, other, "full").level == pytest.approx(expected, abs=1e-4)
    bare = [replace(label, signals={k: v for k, v in label.signals.items() if k in NAMES}) for label in asked.labels]
    assert judged_of(LabelledQuestion.of(bare), FULL, "full").level == pytest.approx(expected, abs=1e-4)


def probabilities(weights, judged):
    """Scores of the labelled candidates with the level that was read, by the definition of the model."""
    margins, labels = [], []
    for asked in judged:
        standard = (matrix_of(asked.group.signals, weights.signals) - np.array(weights.mean)) / np.array(weights.scale)
        margins.append(standard @ np.array(weights.weight) - weights.bias - asked.level)
        labels.append(asked.group.labels)
    return 1 / (1 + np.exp(-weights.sharpness * np.concatenate(margins))), np.concatenate(labels)


def test_calibrated_scores_are_about_as_often_right_as_they_say(tuned):
    tuning, ranker = tuned
    assert tuning.calibrated
    judged = [judged_of(asked, FULL, "full") for asked in questions(200, seed=9)]
    before, _ = probabilities(FULL, judged)
    scores, labels = probabilities(ranker.full, judged)
    assert abs(before.mean() - labels.mean()) > 0.2
    assert scores.mean() == pytest.approx(labels.mean(), abs=0.1)  # still held a little to what it was
    for high in (False, True):
        inside = (scores >= 0.5) == high
        assert scores[inside].mean() == pytest.approx(labels[inside].mean(), abs=0.15)


def mean_fused(weights, judged):
    margins = [fused_of(weights, asked.group) - weights.bias for asked in judged]
    return np.concatenate(margins).mean()


def test_a_refit_of_the_order_alone_leaves_how_sure_it_is_on_average():
    judged = [judged_of(asked, FULL, "full") for asked in questions()]
    refitted = refit_fusion(FULL, judged)
    assert refitted.bias != FULL.bias
    assert mean_fused(refitted, judged) == pytest.approx(mean_fused(FULL, judged), abs=1e-4)


@pytest.mark.parametrize("threshold", [0.1, 0.9])
def test_what_was_found_is_not_withheld_after_a_refit(threshold):
    present = AcanRanker(FULL.model_copy(update={"threshold": threshold}), BARE)
    tuning, ranker = tune(present, questions())
    assert tuning.kept
    unseen = [judged_of(asked, FULL, "full") for asked in questions(100, seed=11)]
    best = np.array([probabilities(ranker.full, [asked])[0].max() for asked in unseen])
    assert (best >= ranker.full.threshold).mean() > 0.9
    assert 0 < ranker.full.threshold < 1


def test_few_labels_of_a_kind_do_not_calibrate():
    judged = [judged_of(asked, FULL, "full") for asked in questions(60)]
    one_sided = [judged_of(asked, FULL, "full") for asked in questions(60, useful=True)]
    assert can_calibrate(judged)
    assert not can_calibrate(one_sided)
    assert not can_calibrate(judged[:10])


@pytest.mark.parametrize("useful", [True, False])
def test_calibration_moves_scores_and_not_what_is_withheld(useful):
    judged = [judged_of(asked, FULL, "full") for asked in questions(60, useful=useful)]
    moved = recalibrate(FULL, judged)
    before, labels = probabilities(FULL, judged)
    after, _ = probabilities(moved, judged)
    assert abs(after.mean() - labels.mean()) < abs(before.mean() - labels.mean())
    assert moved.threshold != FULL.threshold
    assert ((after >= moved.threshold) == (before >= FULL.threshold)).all()


def test_pairs_in_the_right_order():
    labels = np.array([1, 0, 0, 1], np.float32)
    assert right_pairs(np.array([3.0, 2.0, 1.0, 4.0]), labels) == 1
    assert right_pairs(np.array([1.0, 2.0, 3.0, 0.0]), labels) == 0
    assert right_pairs(np.array([2.0, 2.0, 1.0, 1.0]), labels) == pytest.approx((0.5 + 1 + 0 + 0.5) / 4)


def test_the_interval_is_that_of_a_mean():
    values = np.random.default_rng(2).normal(1.0, 2.0, size=400)
    low, high = interval(values)
    assert (low, high) == pytest.approx((values.mean() - 0.196, values.mean() + 0.196), abs=0.03)
    assert interval(np.zeros(40)) == (0, 0)
    assert interval(values) == (low, high)


def test_what_is_saved_is_what_is_loaded(tuned, tmp_path):
    path = tmp_path / "own.json"
    save_weights(tuned[1], path)
    loaded = load_weights(path)
    assert (loaded.full, loaded.bare) == (tuned[1].full, BARE)
    save_weights(PRESENT, path)
    assert load_weights(path).full == FULL
    assert os.listdir(tmp_path) == ["own.json"]


def test_a_file_that_cannot_be_finished_is_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "own.json"
    save_weights(PRESENT, path)
    before = path.read_text()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        save_weights(AcanRanker(BARE, BARE), path)
    assert path.read_text() == before
    assert json.loads(before)["full"]["bias"] == 1.5
    assert os.listdir(tmp_path) == ["own.json"]


def test_without_torch_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "engram_core.retrieval.acan" and "refitting" in (args[2] or ()):
            raise ImportError("No module named 'torch'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"engram-recall\[train\]"):
        tune(PRESENT, questions())
