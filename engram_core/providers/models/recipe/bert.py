"""The published model in plain numpy, in double precision: the reference, and the source of calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram_core.providers.models import MAX_TOKENS

LAYERS = 6
HEADS = 12
HIDDEN = 384
LAYER_NORM_EPSILON = 1e-12
#: After so many layers a token's state still tells the word; `Head` reads it beside the last.
MIDDLE = 3
MATMULS = ("qkv", "attention_output", "intermediate", "output")

Array = NDArray[Any]
#: Told the input of each matrix product: (layer, name in `MATMULS`, values of shape (tokens, width)).
Observer = Callable[[int, str, Array], None]


@dataclass(frozen=True, slots=True)
class Affine:
    """`x @ weight + bias`; weight is (inputs, outputs)."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation's gain and shift, (HIDDEN,) each."""

    gain: Array
    shift: Array


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer: its four matrix products by name, and its two normalisations."""

    matmuls: Mapping[str, Affine]
    attention_norm: Norm
    output_norm: Norm


@dataclass(frozen=True, slots=True)
class Head:
    """What late interaction reads of a token: `projection` (2 * HIDDEN, width) of its states after layer `MIDDLE` and
    after the last; and of the last its `weight` (HIDDEN,) and `bias`, through softplus."""

    projection: Array
    weight: Array
    bias: float


@dataclass(frozen=True, slots=True)
class Bert:
    """The encoder's weights. `positions` has the token type 0 added in, which every token has."""

    words: Array
    positions: Array
    norm: Norm
    layers: tuple[Layer, ...]
    head: Head | None = None


def read_bert(tensors: Mapping[str, Array]) -> Bert:
    """Arrange the tensors of a Hugging Face `BertModel` (`model.safetensors`), and those of a head, if it has one."""
    types = tensors["embeddings.token_type_embeddings.weight"][0]
    return Bert(
        words=tensors["embeddings.word_embeddings.weight"],
        positions=tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS] + types,
        norm=_norm(tensors, "embeddings.LayerNorm"),
        layers=tuple(_layer(tensors, f"encoder.layer.{i}") for i in range(LAYERS)),
        head=_head(tensors) if "head.projection.weight" in tensors else None,
    )


def embed(bert: Bert, ids: Sequence[int], observe: Observer | None = None) -> Array:
    """Embed one text given as word-piece ids: float64 (HIDDEN,), mean over the tokens, unit length."""
    x = _normalise(bert.words[list(ids)].astype(np.float64) + bert.positions[: len(ids)], bert.norm)
    for index, layer in enumerate(bert.layers):
        x = _run_layer(index, layer, x, observe)
    mean = x.mean(axis=0)
    unit: Array = mean / np.linalg.norm(mean)
    return unit


def gelu(x: Array) -> Array:
    """Gaussian error linear unit, with erf by Abramowitz and Stegun 7.1.26 (error below 1.5e-7)."""
    z = np.abs(x) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    value: Array = 0.5 * x * (1 + np.sign(x) * (1 - series * np.exp(-z * z)))
    return value


def _run_layer(index: int, layer: Layer, x: Array, observe: Observer | None) -> Array:
    def multiply(name: str, values: Array) -> Array:
        if observe is not None:
            observe(index, name, values)
        affine = layer.matmuls[name]
        return values @ affine.weight.astype(np.float64) + affine.bias

    attended = _attend(multiply("qkv", x))
    x = _normalise(x + multiply("attention_output", attended), layer.attention_norm)
    return _normalise(x + multiply("output", gelu(multiply("intermediate", x))), layer.output_norm)


def _attend(qkv: Array) -> Array:
    tokens = len(qkv)
    q, k, v = (part.reshape(tokens, HEADS, -1).swapaxes(0, 1) for part in np.split(qkv, 3, axis=1))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(HIDDEN / HEADS)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = scores / scores.sum(axis=-1, keepdims=True)
    attended: Array = (weights @ v).swapaxes(0, 1).reshape(tokens, HIDDEN)
    return attended


def _normalise(x: Array, norm: Norm) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + LAYER_NORM_EPSILON)
    normal: Array = centred / deviation * norm.gain + norm.shift
    return normal


def _layer(tensors: Mapping[str, Array], name: str) -> Layer:
    parts = [_affine(tensors, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    qkv = Affine(np.concatenate([p.weight for p in parts], axis=1), np.concatenate([p.bias for p in parts]))
    return Layer(
        matmuls={
            "qkv": qkv,
            "attention_output": _affine(tensors, f"{name}.attention.output.dense"),
            "intermediate": _affine(tensors, f"{name}.intermediate.dense"),
            "output": _affine(tensors, f"{name}.output.dense"),
        },
        attention_norm=_norm(tensors, f"{name}.attention.output.LayerNorm"),
        output_norm=_norm(tensors, f"{name}.output.LayerNorm"),
    )


def _affine(tensors: Mapping[str, Array], name: str) -> Affine:
    return Affine(tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])


def _head(tensors: Mapping[str, Array]) -> Head:
    projection = tensors["head.projection.weight"].T
    return Head(projection, tensors["head.weight.weight"][0], float(tensors["head.weight.bias"][0]))


def _norm(tensors: Mapping[str, Array], name: str) -> Norm:
    return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])
