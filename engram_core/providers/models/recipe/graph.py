"""The ONNX graph: word pieces in, vectors of unit length out, fused for onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engram_core.providers.models import SHORT
from engram_core.providers.models.recipe.bert import (
    HEADS,
    HIDDEN,
    LAYER_NORM_EPSILON,
    MATMULS,
    MIDDLE,
    Bert,
    Head,
    Norm,
)
from engram_core.providers.models.recipe.quantise import QuantisedAffine, quantise_rows

MICROSOFT = "com.microsoft"  # onnxruntime's own fused operators
OPSET = 18
IR_VERSION = 9


class Graph:
    """Collects nodes and constants. A branch has nodes of its own, and its parent's constants and names."""

    def __init__(self, parent: Graph | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = parent.constants if parent else []
        self._numbers: Iterator[int] = parent._numbers if parent else count()

    def constant(self, value: Any) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> list[str]:
        """Add a node and return the names of its outputs."""
        names = [f"n{next(self._numbers)}" for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names

    def one(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return its name."""
        return self.node(operator, *inputs, domain=domain, **attributes)[0]


@dataclass(frozen=True, slots=True)
class _Product:
    """A matrix product as constants of the graph."""

    smoothing: str
    weight: str
    weight_scale: str
    bias: str
    zero: int


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer as constants of the graph, shared by both branches."""

    products: Mapping[str, _Product]
    attention_norm: tuple[str, str]
    output_norm: tuple[str, str]


def build_graph(bert: Bert, matmuls: Mapping[tuple[int, str], QuantisedAffine]) -> onnx.ModelProto:
    """Build the model: `input_ids` and `attention_mask`, int64 (n, s), to `embedding`, float32 (n, HIDDEN).

    With a head also `tokens`, float32 (n, s, width), unit rows, and `weights`, float32 (n, s).

    Where s is at most `SHORT`, activations are not rounded: over few tokens their errors do not average out.
    """
    graph = Graph()
    mask = graph.one("Cast", "attention_mask", to=TensorProto.INT32)
    x = _embeddings(graph, bert)
    layers = [_layer(graph, bert, index, matmuls) for index in range(len(bert.layers))]
    length = graph.one("Shape", "input_ids", start=1, end=2)
    short = graph.one("LessOrEqual", length, graph.constant(np.array([SHORT])))
    tells_tokens = bert.head is not None
    branches = {
        "then_branch": _branch(graph, layers, x, mask, exact=True, tells_middle=tells_tokens),
        "else_branch": _branch(graph, layers, x, mask, exact=False, tells_middle=tells_tokens),
    }
    states, *middle = graph.node("If", short, outputs=1 + tells_tokens, **branches)
    _pool(graph, states)
    if bert.head is not None:
        _tell_tokens(graph, middle[0], states, bert.head)
    return _model(graph, None if bert.head is None else bert.head.projection.shape[1])


def _embeddings(graph: Graph, bert: Bert) -> str:
    table, scale = quantise_rows(bert.words)
    rows = graph.one("Cast", graph.one("Gather", graph.constant(table), "input_ids"), to=TensorProto.FLOAT)
    words = graph.one("Mul", rows, graph.one("Gather", graph.constant(scale), "input_ids"))
    length = graph.one("Shape", "input_ids", start=1, end=2)
    positions = graph.one("Slice", graph.constant(bert.positions), graph.constant(np.array([0])), length)
    total = graph.one("Add", words, positions)
    return graph.one("LayerNormalization", total, *_norm(graph, bert.norm), axis=-1, epsilon=LAYER_NORM_EPSILON)


def _layer(graph: Graph, bert: Bert, index: int, matmuls: Mapping[tuple[int, str], QuantisedAffine]) -> _Layer:
    layer = bert.layers[index]
    products = {}
    for name in MATMULS:
        matmul = matmuls[index, name]
        products[name] = _Product(
            smoothing=graph.constant(matmul.smoothing),
            weight=graph.constant(matmul.weight),
            weight_scale=graph.constant(matmul.weight_scale),
            bias=graph.constant(matmul.bias),
            zero=matmul.zero,
        )
    return _Layer(products, _norm(graph, layer.attention_norm), _norm(graph, layer.output_norm))


def _norm(graph: Graph, norm: Norm) -> tuple[str, str]:
    return graph.constant(norm.gain), graph.constant(norm.shift)


def _branch(
    parent: Graph, layers: Sequence[_Layer], x: str, mask: str, *, exact: bool, tells_middle: bool
) -> onnx.GraphProto:
    graph = Graph(parent)
    multiply = _multiply_exactly if exact else _multiply_rounded
    states = []
    for layer in layers:
        qkv, attention_output, intermediate, output = (layer.products[name] for name in MATMULS)
        heads = graph.node("Split", multiply(graph, x, qkv), outputs=3, axis=-1, num_outputs=3)
        attended = graph.one("MultiHeadAttention", *heads, qkv.bias, mask, domain=MICROSOFT, num_heads=HEADS)
        attended = multiply(graph, attended, attention_output)
        x = _add_and_normalise(graph, attended, x, layer.attention_norm, attention_output.bias)
        inner = graph.one("BiasGelu", multiply(graph, x, intermediate), intermediate.bias, domain=MICROSOFT)
        x = _add_and_normalise(graph, multiply(graph, inner, output), x, layer.output_norm, output.bias)
        states.append(x)
    told = (x, states[MIDDLE - 1]) if tells_middle else (x,)
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "s", HIDDEN]) for name in told]
    return helper.make_graph(graph.nodes, "exact" if exact else "rounded", [], results)


def _multiply_exactly(graph: Graph, x: str, product: _Product) -> str:
    """Multiply by the rounded weights in floating point, without the bias, which the next fused operator adds."""
    # Cast and Mul, not DequantizeLinear: onnxruntime computes these once, at load.
    weight = graph.one("Mul", graph.one("Cast", product.weight, to=TensorProto.FLOAT), product.weight_scale)
    return graph.one("MatMul", graph.one("Mul", x, product.smoothing), weight)


def _multiply_rounded(graph: Graph, x: str, product: _Product) -> str:
    """Multiply in integers, each token rounded to 8 bits on its own scale; without the bias, as above."""
    smoothed = graph.one("Mul", x, product.smoothing)
    largest = _largest(graph, smoothed, product.zero)
    scale = graph.constant(np.float32(1 / (255 - product.zero)))
    zero = graph.constant(np.uint8(product.zero))
    rounded = graph.one("QuantizeLinear", graph.one("Div", smoothed, largest), scale, zero)
    inputs = (rounded, product.weight, scale, product.weight_scale, zero)
    return graph.one("Mul", graph.one("MatMulIntegerToFloat", *inputs, domain=MICROSOFT), largest)


def _largest(graph: Graph, x: str, zero: int) -> str:
    # Per token: what is divided by, so that x fits above zero into 255 - zero steps and below into zero steps.
    axis = graph.constant(np.array([-1]))
    above = graph.one("ReduceMax", x, axis, keepdims=1)
    below = graph.one("Mul", graph.one("ReduceMin", x, axis, keepdims=1), graph.constant(np.float32(1 - 255 / zero)))
    return graph.one("Max", above, below, graph.constant(np.float32(1e-9)))


def _add_and_normalise(graph: Graph, x: str, skip: str, norm: tuple[str, str], bias: str) -> str:
    inputs = (x, skip, *norm, bias)
    return graph.one("SkipLayerNormalization", *inputs, domain=MICROSOFT, epsilon=LAYER_NORM_EPSILON)


def _pool(graph: Graph, x: str) -> None:
    # The sum over the tokens that are not padding; the length is normalised away, so the mean needs no division.
    axis = graph.constant(np.array([1]))
    weights = graph.one("Unsqueeze", graph.one("Cast", "attention_mask", to=TensorProto.FLOAT), axis)
    total = graph.one("Squeeze", graph.one("MatMul", weights, x), axis)
    graph.nodes.append(helper.make_node("LpNormalization", [total], ["embedding"], axis=-1, p=2))


def _tell_tokens(graph: Graph, middle: str, states: str, head: Head) -> None:
    both = graph.one("Concat", middle, states, axis=-1)
    projected = graph.one("MatMul", both, graph.constant(head.projection.astype(np.float32)))
    graph.nodes.append(helper.make_node("LpNormalization", [projected], ["tokens"], axis=-1, p=2))
    weighed = graph.one("MatMul", states, graph.constant(head.weight.astype(np.float32)))
    weighed = graph.one("Add", weighed, graph.constant(np.float32(head.bias)))
    graph.nodes.append(helper.make_node("Softplus", [weighed], ["weights"]))


def _model(graph: Graph, width: int | None) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "s"]) for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", HIDDEN])]
    if width is not None:
        outputs.append(helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["n", "s", width]))
        outputs.append(helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["n", "s"]))
    proto = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="engram")
