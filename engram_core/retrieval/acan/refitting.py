"""Fitting a ranker's weights on from where they stand, in torch (extra `train`).

A maximum a posteriori estimate: the listwise loss of `training`, and a normal prior around the present weights. The
scores are calibrated in the same way. What the null slot reads of a question is not fitted again: labels are of a few
candidates, and do not show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from engram_core.retrieval.acan.model import Weights
from engram_core.retrieval.acan.training import FOLDS, KEPT, PENALTY, batch_of, fused_of, listwise, minimise
from engram_core.retrieval.acan.tuning import Held, Judged, Values, right_pairs

#: How many questions the present weights count as: fewer than the shipped ones were fitted to, which are of others.
PRIOR_QUESTIONS = 1500
#: Precision of the normal prior around the present calibration, in logits: among hundreds of labels hardly felt.
PRIOR_PRECISION = 10
#: Labels of each kind below which scores are not calibrated.
LEAST_OF_A_KIND = 50
#: However little the scores tell by these labels, they keep so much of their present slope.
_LEAST_SLOPE = 0.1


def refit(present: Weights, judged: Sequence[Judged], held: Held, *, calibrate: bool) -> Weights:
    """Fit weights on.

    Args:
        present: What they are held to; mean and scale stay.
        judged: Some of them mixed.
        held: What `held_out` measured on them.
        calibrate: Whether scores become probabilities of what the labels say.
    """
    fused = refit_fusion(present, [asked for asked in judged if asked.is_mixed])
    refitted = recalibrate(fused, judged) if calibrate else fused
    best = np.sort(held.best[:, int(calibrate)])
    keeps = float(best[int((1 - KEPT) * len(best))])  # whatever else changed, what was found stays found
    return refitted.model_copy(update={"threshold": min(refitted.threshold, keeps)})


def held_out(present: Weights, judged: Sequence[Judged]) -> Held:
    """Measure refits on folds of questions, none of which was seen by the refit that it is measured on."""
    before, after, gain, best = [], [], [], []
    for seen, unseen in _folds(judged):
        fused = refit_fusion(present, [asked for asked in seen if asked.is_mixed])
        calibrated = recalibrate(fused, seen)
        for asked in unseen:
            if asked.is_mixed:
                before.append(_right(present, asked))
                after.append(_right(fused, asked))
            if asked.group.labels.any():
                best.append([_best(fused, asked), _best(calibrated, asked)])
            gain.append(_loss(fused, asked) - _loss(calibrated, asked))
    can_tell = can_calibrate(judged)
    return Held(np.array(before), np.array(after), np.array(gain if can_tell else []), np.array(best))


def refit_fusion(present: Weights, mixed: Sequence[Judged]) -> Weights:
    """Fit the weights of the signals on by the listwise loss; a signal that tells nothing apart keeps its weight.

    The loss knows of order alone. So the null slot moves by as much as the scores of these candidates do on average.
    """
    batch = batch_of([asked.group for asked in mixed], present.signals)
    values = (batch.values - torch.tensor(present.mean)) / torch.tensor(present.scale) * batch.mask[..., None]
    prior = torch.tensor(present.weight)
    weight = prior.clone().requires_grad_()
    hold = PENALTY * PRIOR_QUESTIONS / len(mixed)

    def loss() -> torch.Tensor:
        return listwise(values @ weight, batch) + hold * ((weight - prior) ** 2).mean()

    minimise([weight], loss)
    moved = float((values @ (weight - prior)).detach()[batch.mask].mean())
    return present.model_copy(update={"weight": tuple(weight.detach().tolist()), "bias": present.bias + moved})


def can_calibrate(judged: Sequence[Judged]) -> bool:
    """Tell whether there are labels enough, of both kinds, to fit scores to."""
    useful = sum(float(asked.group.labels.sum()) for asked in judged)
    labels = sum(len(asked.group.labels) for asked in judged)
    return min(useful, labels - useful) >= LEAST_OF_A_KIND


def recalibrate(weights: Weights, judged: Sequence[Judged]) -> Weights:
    """Fit bias and sharpness by the logistic loss over all labels, held to the present ones.

    The threshold moves along, so that a search returns nothing where it did before: a search that returned nothing has
    no hits, so labels cannot say when it should.
    """
    margin = torch.tensor(np.concatenate([_margin(weights, asked) for asked in judged]))
    labels = torch.tensor(np.concatenate([asked.group.labels for asked in judged]), dtype=torch.float64)
    centre, spread = margin.mean(), margin.std().clamp(min=1e-3)
    standard = (margin - centre) / spread
    prior = weights.sharpness * torch.stack([spread, centre])  # the present slope and height in these terms
    line = prior.clone().requires_grad_()

    def loss() -> torch.Tensor:
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(line[0] * standard + line[1], labels)
        return entropy + PRIOR_PRECISION / len(labels) * ((line - prior) ** 2).sum() / 2

    minimise([line], loss)
    slope = max(float(line[0].detach()), _LEAST_SLOPE * float(prior[0]))
    sharpness = slope / float(spread)
    shift = float(centre) - float(line[1].detach()) / sharpness
    moved = {"bias": weights.bias + shift, "sharpness": sharpness}
    calibrated = weights.model_copy(update=moved)
    return calibrated.model_copy(update={"threshold": _threshold(weights, calibrated)})


def _threshold(before: Weights, after: Weights) -> float:
    """Return the probability after a calibration of what had the threshold's before."""
    if not 0 < before.threshold < 1:
        return before.threshold
    logit = math.log(before.threshold / (1 - before.threshold))
    return 1 / (1 + math.exp(-after.sharpness * (logit / before.sharpness + before.bias - after.bias)))


def _margin(weights: Weights, asked: Judged) -> Values:
    return fused_of(weights, asked.group) - weights.bias - asked.level


def _right(weights: Weights, asked: Judged) -> float:
    return right_pairs(fused_of(weights, asked.group), asked.group.labels)


def _best(weights: Weights, asked: Judged) -> float:
    logit = weights.sharpness * float(_margin(weights, asked).max())
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


def _loss(weights: Weights, asked: Judged) -> float:
    """Return the logarithmic loss of the scores of a question, averaged over its labels."""
    signs = np.where(asked.group.labels > 0, 1.0, -1.0)
    return float(np.logaddexp(0, -signs * weights.sharpness * _margin(weights, asked)).mean())


def _folds(judged: Sequence[Judged]) -> Iterator[tuple[list[Judged], list[Judged]]]:
    """Yield (seen, unseen), each question unseen once, the mixed ones spread evenly."""
    ordered = sorted(judged, key=lambda asked: not asked.is_mixed)
    for fold in range(FOLDS):
        yield [a for i, a in enumerate(ordered) if i % FOLDS != fold], ordered[fold::FOLDS]
