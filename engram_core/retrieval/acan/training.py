"""Fitting the ranker to labelled questions, in torch (extra `train`).

Two steps. The fusion is fitted by a listwise loss: of each piece of evidence against all that is none, the negative
logarithm of its softmax (ListNet with one relevant item at a time, Cao et al. 2007), with an L2 penalty. The null slot
is then fitted by the logistic loss over all candidates, those of questions without an answer included, so that a score
is a probability; and the threshold of abstention is what keeps a given share of the evidence found, measured on folds
of conversations that the fit has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engram_core.errors import InvalidInputError
from engram_core.retrieval.acan.groups import Group
from engram_core.retrieval.acan.model import LEVELS, Level, Weights, level, matrix_of

#: How strongly weights are held to zero.
PENALTY = 0.1
#: Share of what is found at 10 that abstention must leave.
KEPT = 0.95
FOLDS = 5
_FIRST = 10
_NEVER = -1e4


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Groups as tensors, padded: values (g, n, k), labels (g, n), mask (g, n), weights (g,)."""

    values: torch.Tensor
    labels: torch.Tensor
    mask: torch.Tensor
    weights: torch.Tensor


def fit(groups: Sequence[Group], names: Sequence[str], *, abstain: bool = True) -> Weights:
    """Fit a ranker.

    Args:
        groups: Of at least two clusters, some with evidence.
        names: The signals to use.
        abstain: Set a threshold; needs groups without evidence.

    Raises:
        InvalidInputError: There is nothing to learn from.
    """
    if not names:
        raise InvalidInputError("names", names, "at least one signal")
    groups = [group for group in groups if len(group.labels)]  # a search that found nothing has no signals either
    answered = [group for group in groups if group.labels.any()]
    if not answered:
        raise InvalidInputError("groups", f"{len(groups)} questions", "some with evidence among their candidates")
    fused = _fit_fusion(answered, names)
    calibrated = _fit_null(fused, groups)
    return with_threshold(calibrated, groups, names) if abstain else calibrated


def with_threshold(weights: Weights, groups: Sequence[Group], names: Sequence[str]) -> Weights:
    """Set the threshold by folds: each question is scored by a ranker that has not seen its cluster."""
    best: list[tuple[float, float]] = []
    for seen, unseen in folds(groups):
        answered = [group for group in seen if group.labels.any()]
        if not answered:
            continue
        fitted = _fit_null(_fit_fusion(answered, names), seen)
        best += [_best(fitted, group) for group in unseen if group.labels.any()]
    return weights.model_copy(update={"threshold": _threshold(best)})


def folds(groups: Sequence[Group]) -> Iterator[tuple[list[Group], list[Group]]]:
    """Yield (seen, unseen) by cluster, each cluster unseen once."""
    clusters = sorted({group.cluster for group in groups})
    for fold in range(min(FOLDS, len(clusters))):
        out = set(clusters[fold::FOLDS])
        yield [g for g in groups if g.cluster not in out], [g for g in groups if g.cluster in out]


def scores_of(weights: Weights, group: Group) -> NDArray[np.float64]:
    """Score the candidates of a group: probabilities (n,)."""
    raw = fused_of(weights, group) - weights.bias - level(group.signals, weights.null)
    scores: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(weights.sharpness * raw, -30, 30)))
    return scores


def recalls_by_fold(groups: Sequence[Group], names: Sequence[str]) -> list[tuple[str, float]]:
    """Return (cluster, recall@10 among the candidates) of each answered group, by fits that have not seen it."""
    found = []
    for seen, unseen in folds(groups):
        answered = [group for group in seen if group.labels.any()]
        if not answered:
            continue
        fitted = _fit_fusion(answered, names)
        found += [(group.cluster, _recall(fused_of(fitted, group), group)) for group in unseen if group.labels.any()]
    return found


def _recall(scores: NDArray[np.float64], group: Group) -> float:
    first = np.argsort(-scores, kind="stable")[:_FIRST]
    return float(group.labels[first].sum() / group.labels.sum())


def fused_of(weights: Weights, group: Group) -> NDArray[np.float64]:
    """Return the learned fusion of a group's signals, (n,), without the null slot."""
    values = (matrix_of(group.signals, weights.signals) - np.array(weights.mean)) / np.array(weights.scale)
    fused: NDArray[np.float64] = values @ np.array(weights.weight)
    return fused


def _fit_fusion(groups: Sequence[Group], names: Sequence[str]) -> Weights:
    batch = batch_of(groups, names)
    known = batch.values[batch.mask]
    mean, scale = known.mean(0), known.std(0).clamp(min=1e-3)
    values = (batch.values - mean) / scale * batch.mask[..., None]
    weight = torch.zeros(len(names), requires_grad=True)

    def loss() -> torch.Tensor:
        return listwise(values @ weight, batch) + PENALTY * (weight**2).mean()

    minimise([weight], loss)
    return Weights(
        signals=tuple(names),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        weight=tuple(weight.detach().tolist()),
        null={},
        bias=0.0,
        sharpness=1.0,
        threshold=0.0,
    )


def listwise(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Average the negative log likelihood of each piece of evidence against all candidates (g, n) that are none."""
    scores = scores.masked_fill(~batch.mask, _NEVER)
    others = torch.logsumexp(scores.masked_fill(batch.labels > 0, _NEVER), 1, keepdim=True)
    missed = torch.logaddexp(scores, others) - scores
    each = (missed * batch.labels).sum(1) / batch.labels.sum(1)
    return (each * batch.weights).sum() / batch.weights.sum()


def _fit_null(weights: Weights, groups: Sequence[Group]) -> Weights:
    levels: list[Level] = [name for name in LEVELS if all(name in group.signals for group in groups)]
    fused = torch.tensor(np.concatenate([fused_of(weights, group) for group in groups]))
    labels = torch.tensor(np.concatenate([group.labels for group in groups]), dtype=torch.float64)
    sizes = [len(group.labels) for group in groups]
    read = np.array([[float(group.signals[name].max()) for name in levels] for group in groups])  # (g, levels)
    levelled = torch.tensor(np.repeat(read, sizes, axis=0))
    null = torch.zeros(len(levels), dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    log_sharpness = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        margin = torch.exp(log_sharpness) * (fused - bias - levelled @ null)
        return torch.nn.functional.binary_cross_entropy_with_logits(margin, labels)

    minimise([null, bias, log_sharpness], loss)
    return weights.model_copy(
        update={
            "null": dict(zip(levels, null.detach().tolist(), strict=True)),
            "bias": float(bias.detach()),
            "sharpness": float(torch.exp(log_sharpness.detach())),
        }
    )


def _best(weights: Weights, group: Group) -> tuple[float, float]:
    """Return the best score of a group, and the share of its evidence among the first ten."""
    scores = scores_of(weights, group)
    return float(scores.max()), _recall(scores, group)


def _threshold(best: Sequence[tuple[float, float]]) -> float:
    """Return the largest threshold that keeps `KEPT` of what was found."""
    ordered = sorted(best)
    lost, allowed = 0.0, (1 - KEPT) * sum(found for _, found in ordered)
    for score, found in ordered:
        lost += found
        if lost > allowed:
            return score
    return 0.0


def batch_of(groups: Sequence[Group], names: Sequence[str]) -> Batch:
    """Put groups into tensors of one shape; `names` are the signals, k of them."""
    longest = max(len(group.labels) for group in groups)
    values = np.zeros((len(groups), longest, len(names)), np.float32)
    labels = np.zeros((len(groups), longest), np.float32)
    mask = np.zeros((len(groups), longest), np.bool_)
    for i, group in enumerate(groups):
        size = len(group.labels)
        values[i, :size] = matrix_of(group.signals, names)
        labels[i, :size] = group.labels
        mask[i, :size] = True
    weights = torch.tensor([group.weight for group in groups])
    return Batch(torch.tensor(values), torch.tensor(labels), torch.tensor(mask), weights)


def minimise(parameters: list[torch.Tensor], loss: Callable[[], torch.Tensor]) -> None:
    """Minimise by L-BFGS, without randomness."""
    optimiser = torch.optim.LBFGS(parameters, max_iter=150, tolerance_grad=1e-7, line_search_fn="strong_wolfe")

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(step)  # type: ignore[no-untyped-call]
