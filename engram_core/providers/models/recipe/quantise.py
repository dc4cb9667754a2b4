"""Eight-bit activations and weights that stay close to the original.

Three known steps, in this order:

1. Smoothing (SmoothQuant, arXiv 2211.10438): a channel that runs large is divided down in the activation and
   multiplied up in the weight, so that one scale serves all channels.
2. Rounding with error feedback (GPTQ, arXiv 2210.17323): each weight's rounding error is spread over the weights not
   yet rounded, as the correlation of the inputs allows.
3. One activation scale a token, so that a text's vector does not depend on what else is in its batch, as it does
   under the usual one scale a tensor. Where values lie round zero is fixed, from calibration.

Processors with AVX2 but without VNNI add two products in 16 bits and saturate there. Weights of at most ±64 could never
saturate, but round more coarsely: `LIMIT` is the compromise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engram_core.providers.models.recipe.bert import MATMULS, Affine, Array, Bert, embed

DAMPING = 0.02
# How much of an outlier moves from the activation to the weight (0 to 1), and the largest rounded weight, both as
# they came out nearest to the original.
SMOOTHING = {"qkv": 0.5, "attention_output": 0.5, "intermediate": 0.5, "output": 0.6}
LIMIT = {"qkv": 90, "attention_output": 90, "intermediate": 90, "output": 127}


@dataclass(frozen=True, slots=True)
class QuantisedAffine:
    """A matrix product on integers.

    Attributes:
        smoothing: (inputs,) float32; the activation is multiplied by it before it is rounded.
        weight: (inputs, outputs) int8.
        weight_scale: (outputs,) float32.
        bias: (outputs,) float32.
        zero: The rounded activation's zero, 1 to 254: low where values are mostly positive.
    """

    smoothing: NDArray[np.float32]
    weight: NDArray[np.int8]
    weight_scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    zero: int


@dataclass(slots=True)
class Inputs:
    """What calibration saw at the input of one matrix product."""

    batches: list[Array] = field(default_factory=list)

    def all(self) -> Array:
        """All values, (tokens, inputs)."""
        return np.concatenate(self.batches)


def calibrate(bert: Bert, texts: Iterable[Sequence[int]]) -> dict[tuple[int, str], Inputs]:
    """Run texts, given as word-piece ids, through the reference and keep what each matrix product was given."""
    seen = {(layer, name): Inputs() for layer in range(len(bert.layers)) for name in MATMULS}
    for ids in texts:
        embed(bert, ids, lambda layer, name, values: seen[layer, name].batches.append(values))
    return seen


def quantise(name: str, affine: Affine, inputs: Array) -> QuantisedAffine:
    """Quantise one matrix product, named as in `MATMULS`, for inputs like these, (tokens, inputs)."""
    smoothing = _smoothing(affine.weight, inputs, SMOOTHING[name])
    inputs = inputs * smoothing
    smoothed = affine.weight / smoothing[:, None].astype(np.float64)
    weight, weight_scale = _round_with_feedback(smoothed, inputs, LIMIT[name])
    return QuantisedAffine(
        smoothing=smoothing,
        weight=weight,
        weight_scale=weight_scale,
        bias=affine.bias.astype(np.float32),
        zero=_zero(inputs),
    )


def quantise_rows(table: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round a table to int8 with one scale a row: (rows, width) and (rows, 1)."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / 127
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


def _smoothing(weight: Array, inputs: Array, share: float) -> NDArray[np.float32]:
    activation = np.maximum(np.abs(inputs).max(axis=0), 1e-5)
    largest = np.maximum(np.abs(weight).max(axis=1), 1e-5)
    factor = largest ** (1 - share) / activation**share
    smoothing: NDArray[np.float32] = (factor / np.exp(np.log(factor).mean())).astype(np.float32)
    return smoothing


def _zero(inputs: Array) -> int:
    # The place of zero that makes the steps smallest over all tokens.
    low, high = np.maximum(-inputs.min(axis=1), 0), np.maximum(inputs.max(axis=1), 0)
    zeros = range(1, 255)
    return min(zeros, key=lambda zero: float((np.maximum(low / zero, high / (255 - zero)) ** 2).mean()))


def _round_with_feedback(weight: Array, inputs: Array, limit: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scale = (np.abs(weight).max(axis=0) / limit).astype(np.float32)
    hessian = inputs.T @ inputs
    hessian += np.eye(len(hessian)) * DAMPING * np.diag(hessian).mean()
    order = np.argsort(-np.diag(hessian), kind="stable")
    feedback = np.linalg.cholesky(np.linalg.inv(hessian[np.ix_(order, order)])).T
    rest = weight[order].astype(np.float64)
    rounded = np.empty(weight.shape, np.int8)
    for i, row in enumerate(order):
        rounded[row] = np.clip(np.rint(rest[i] / scale), -limit, limit)
        error = (rest[i] - rounded[row] * scale) / feedback[i, i]
        rest[i + 1 :] -= np.outer(feedback[i, i + 1 :], error)
    return rounded, scale
