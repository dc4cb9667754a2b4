"""Fitting the ranker, to made-up groups."""

import builtins
from dataclasses import replace

import numpy as np
import pytest
import torch

from engram_core import InvalidInputError, MissingExtraError
from engram_core.retrieval.acan import AcanRanker, Group, fit_ranker, recalls_by_fold
from engram_core.retrieval.acan.training import FOLDS, KEPT, Batch, folds, listwise, scores_of, with_threshold
from engram_core.retrieval.acan.training import _threshold as threshold_of

NAMES = ("noise", "tells", "late_raw")
SIZE = 12


def group(rng, cluster, answered=True, size=SIZE, strength=3.0):
    """One question: `tells` is high at its evidence, `late_raw` where anything answers, `noise` says nothing."""
    labels = np.zeros(size, np.float32)
    if answered:
        labels[rng.integers(size)] = 1
    noise, tells = rng.normal(size=(2, size))
    raw = np.where(labels > 0, 0.8, 0.3) + 0.05 * rng.normal(size=size)
    signals = {"noise": noise, "tells": tells + strength * labels, "late_raw": raw}
    return Group(cluster, {name: values.astype(np.float32) for name, values in signals.items()}, labels)


def made(count=60, clusters=6, seed=5, **fields):
    """Questions of several conversations; of each third one nothing is found."""
    rng = np.random.default_rng(seed)
    return [group(rng, f"c{i % clusters}", answered=i % 3 > 0, **fields) for i in range(count)]


GROUPS = made()


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """So little is sooner done by one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def fitted(_one_thread):
    """A ranker fitted to `GROUPS`."""
    return fit_ranker(GROUPS, NAMES)


def recall(weights, groups, first=1):
    found = [g.labels[np.argsort(-scores_of(weights, g))[:first]].sum() for g in groups if g.labels.any()]
    return float(np.mean(found))


def test_the_fit_finds_the_signal_that_labels_follow(fitted):
    noise, tells = fitted.weight[:2]
    assert tells > 5 * abs(noise)
    alone = fit_ranker(GROUPS, ["noise", "tells"], abstain=False)
    assert recall(alone, made(seed=6)) > 0.9
    assert recall(fit_ranker(GROUPS, ["noise"], abstain=False), made(seed=6)) < 0.3


def test_a_signal_that_speaks_against_evidence_gets_a_negative_weight():
    turned = [replace(g, signals={**g.signals, "tells": -g.signals["tells"]}) for g in GROUPS]
    assert fit_ranker(turned, ["noise", "tells"], abstain=False).weight[1] < 0


def test_scores_are_about_as_often_right_as_they_say():
    unseen = made(120, seed=7, strength=1.5)
    weights = fit_ranker(made(120, strength=1.5), ["noise", "tells"], abstain=False)
    scores = np.concatenate([scores_of(weights, g) for g in unseen])
    labels = np.concatenate([g.labels for g in unseen])
    assert scores.mean() == pytest.approx(labels.mean(), abs=0.02)
    for low, high in ((0, 0.1), (0.1, 0.4), (0.4, 1)):
        inside = (scores >= low) & (scores < high)
        assert scores[inside].mean() == pytest.approx(labels[inside].mean(), abs=0.15)


def test_the_same_groups_give_the_same_ranker(fitted):
    assert fit_ranker(made(), NAMES) == fitted


def test_what_is_fitted_ranks_in_numpy_as_it_was_measured(fitted):
    asked = GROUPS[1]
    ranked = AcanRanker(fitted, fitted)._full.rank(asked.signals)
    assert ranked.scores == pytest.approx(scores_of(fitted, asked), abs=1e-4)


def test_the_weights_are_of_the_signals_asked_for(fitted):
    assert fitted.signals == NAMES
    assert fitted.mean == pytest.approx(
        np.concatenate([np.stack([g.signals[name] for name in NAMES], 1) for g in GROUPS if g.labels.any()])
        .mean(0)
        .tolist(),
        abs=1e-4,
    )
    assert set(fitted.null) == {"late_raw"}
    assert fitted.sharpness > 0


def test_the_null_slot_reads_only_levels_that_every_question_has():
    both = [replace(g, signals={**g.signals, "dense_raw": g.signals["late_raw"]}) for g in GROUPS]
    assert set(fit_ranker(both, NAMES, abstain=False).null) == {"late_raw", "dense_raw"}
    assert set(fit_ranker([*both[1:], GROUPS[0]], NAMES).null) == {"late_raw"}


def test_a_level_that_one_conversation_lacks_is_no_error():
    without = [replace(g, signals={"noise": g.signals["noise"], "tells": g.signals["tells"]}) for g in GROUPS]
    mixed = [b if b.cluster == "c0" else a for a, b in zip(GROUPS, without, strict=True)]
    assert fit_ranker(mixed, ["noise", "tells"]).null == {}


def test_a_question_without_candidates_teaches_nothing(fitted):
    nothing = Group("c1", {}, np.empty(0, np.float32))
    assert fit_ranker([nothing, *GROUPS], NAMES) == fitted


def test_a_question_counts_by_its_weight():
    against = [replace(g, signals={**g.signals, "tells": -g.signals["tells"]}) for g in GROUPS[:30]]
    light = [replace(g, weight=0.01) for g in GROUPS[:30]]
    assert fit_ranker([*against, *light], ["tells"], abstain=False).weight[0] < 0
    assert (
        fit_ranker([*GROUPS[:30], *(replace(g, weight=0.01) for g in against)], ["tells"], abstain=False).weight[0] > 0
    )


@pytest.mark.parametrize("clusters", [2, 5, 7, 23])
def test_folds_never_share_a_cluster_and_hold_out_each_once(clusters):
    groups = made(3 * clusters, clusters)
    held = []
    for seen, unseen in folds(groups):
        assert seen
        assert unseen
        assert not {g.cluster for g in seen} & {g.cluster for g in unseen}
        assert len(seen) + len(unseen) == len(groups)
        held += unseen
    assert sorted(map(id, held)) == sorted(map(id, groups))
    assert len(list(folds(groups))) == min(FOLDS, clusters)


def test_folds_do_not_depend_on_the_order_of_the_groups():
    forth, back = ([{g.cluster for g in out} for _, out in folds(gs)] for gs in (GROUPS, GROUPS[::-1]))
    assert forth == back


def test_the_threshold_keeps_the_share_of_what_is_found():
    # 100 questions found in full, best scores 0.01 … 1.00: three may go.
    best = [(n / 100, 1.0) for n in range(1, 101)]
    assert threshold_of(best[::-1]) == pytest.approx(0.01 + 100 * (1 - KEPT) / 100)
    assert threshold_of([(0.1, 0.0), (0.2, 0.0), (0.5, 1.0), (0.9, 1.0)]) == 0.5
    assert threshold_of([(0.3, 1.0)]) == 0.3
    assert threshold_of([(0.3, 0.0)]) == threshold_of([]) == 0.0


def test_the_threshold_is_measured_on_conversations_that_were_not_seen():
    groups = made(150, strength=1.0)
    weights = fit_ranker(groups, ["noise", "tells", "late_raw"])
    unseen = made(300, seed=9, strength=1.0)
    answered = np.array([scores_of(weights, g).max() for g in unseen if g.labels.any()])
    nothing = np.array([scores_of(weights, g).max() for g in unseen if not g.labels.any()])
    assert (answered >= weights.threshold).mean() > KEPT - 0.04
    assert (nothing < weights.threshold).mean() > 0.5
    assert with_threshold(weights, groups, NAMES) == weights


def test_without_abstention_the_threshold_is_zero(fitted):
    plain = fit_ranker(GROUPS, NAMES, abstain=False)
    assert plain.threshold == 0 < fitted.threshold
    assert plain == fitted.model_copy(update={"threshold": 0.0})


def test_recalls_by_fold_are_of_each_answered_question():
    found = recalls_by_fold(GROUPS, NAMES)
    answered = [g for g in GROUPS if g.labels.any()]
    assert sorted(cluster for cluster, _ in found) == sorted(g.cluster for g in answered)
    many = made(30, size=60)
    told, guessed = (np.mean([r for _, r in recalls_by_fold(many, [name])]) for name in ("tells", "noise"))
    assert told > 0.95 > 0.5 > guessed


def test_there_is_no_recall_to_tell_of_one_conversation():
    assert recalls_by_fold(made(6, clusters=1), NAMES) == []


def test_the_loss_is_of_each_evidence_against_what_is_none():
    scores = torch.tensor([[1.0, 0.5, -0.5, 99.0]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    mask = torch.tensor([[True, True, True, False]])
    found = listwise(scores, Batch(torch.zeros(1, 4, 1), labels, mask, torch.tensor([1.0])))
    each = [-np.log(np.exp(s) / (np.exp(s) + np.exp(-0.5))) for s in (1.0, 0.5)]
    assert float(found) == pytest.approx(np.mean(each), rel=1e-6)


@pytest.mark.parametrize("groups", [[], made(1), [Group("a", {}, np.empty(0, np.float32))]])
def test_nothing_answered_is_nothing_to_learn_from(groups):
    assert not any(g.labels.any() for g in groups)
    with pytest.raises(InvalidInputError, match="some with evidence"):
        fit_ranker(groups, NAMES)


def test_no_signals_are_refused():
    with pytest.raises(InvalidInputError, match="at least one signal"):
        fit_ranker(GROUPS, [])


def test_without_torch_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "engram_core.retrieval.acan" and "training" in (args[2] or ()):
            raise ImportError("No module named 'torch'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"engram-recall\[train\]"):
        fit_ranker(GROUPS, NAMES)
    with pytest.raises(MissingExtraError, match="torch"):
        recalls_by_fold(GROUPS, NAMES)
