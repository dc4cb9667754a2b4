"""The ONNX graph: word pieces in, vectors of unit length out, fused for onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engram_core.providers.models.recipe.bert import HEADS, HIDDEN, LAYER_NORM_EPSILON, Bert, Norm
from engram_core.providers.models.recipe.quantise import QuantisedAffine, quantise_rows

MICROSOFT = "com.microsoft"  # onnxruntime's own fused operators
OPSET = 18
IR_VERSION = 9


class Graph:
    """Collects nodes and constants; values are named by the order of their making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> list[str]:
        """Add a node and return the names of its outputs."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names

    def one(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return its name."""
        return self.node(operator, *inputs, domain=domain, **attributes)[0]


def build_graph(bert: Bert, matmuls: Mapping[tuple[int, str], QuantisedAffine]) -> onnx.ModelProto:
    """Build the model: `input_ids` and `attention_mask`, int64 (n, s), to `embedding`, float32 (n, HIDDEN)."""
    graph = Graph()
    mask = graph.one("Cast", "attention_mask", to=TensorProto.INT32)
    x = _embeddings(graph, bert)
    for index, layer in enumerate(bert.layers):
        part = {name: matmul for (i, name), matmul in matmuls.items() if i == index}
        attended = _attend(graph, x, part["qkv"], mask)
        x = _matmul_add_normalise(graph, attended, part["attention_output"], x, layer.attention_norm)
        inner = _matmul(graph, x, part["intermediate"])
        inner = graph.one("BiasGelu", inner, graph.constant(part["intermediate"].bias), domain=MICROSOFT)
        x = _matmul_add_normalise(graph, inner, part["output"], x, layer.output_norm)
    _pool(graph, x)
    return _model(graph)


def _embeddings(graph: Graph, bert: Bert) -> str:
    table, scale = quantise_rows(bert.words)
    rows = graph.one("Cast", graph.one("Gather", graph.constant(table), "input_ids"), to=TensorProto.FLOAT)
    words = graph.one("Mul", rows, graph.one("Gather", graph.constant(scale), "input_ids"))
    length = graph.one("Shape", "input_ids", start=1, end=2)
    positions = graph.one("Slice", graph.constant(bert.positions), graph.constant(np.array([0])), length)
    gain, shift = graph.constant(bert.norm.gain), graph.constant(bert.norm.shift)
    total = graph.one("Add", words, positions)
    return graph.one("LayerNormalization", total, gain, shift, axis=-1, epsilon=LAYER_NORM_EPSILON)


def _matmul(graph: Graph, x: str, matmul: QuantisedAffine) -> str:
    """Multiply without the bias, which the next fused operator adds."""
    smoothed = graph.one("Mul", x, graph.constant(matmul.smoothing))
    largest = _largest(graph, smoothed, matmul.zero)
    scale = graph.constant(np.float32(1 / (255 - matmul.zero)))
    zero = graph.constant(np.uint8(matmul.zero))
    rounded = graph.one("QuantizeLinear", graph.one("Div", smoothed, largest), scale, zero)
    weight, weight_scale = graph.constant(matmul.weight), graph.constant(matmul.weight_scale)
    product = graph.one("MatMulIntegerToFloat", rounded, weight, scale, weight_scale, zero, domain=MICROSOFT)
    return graph.one("Mul", product, largest)


def _largest(graph: Graph, x: str, zero: int) -> str:
    # Per token: what is divided by, so that x fits above zero into 255 - zero steps and below into zero steps.
    axis = graph.constant(np.array([-1]))
    above = graph.one("ReduceMax", x, axis, keepdims=1)
    below = graph.one("Mul", graph.one("ReduceMin", x, axis, keepdims=1), graph.constant(np.float32(1 - 255 / zero)))
    return graph.one("Max", above, below, graph.constant(np.float32(1e-9)))


def _attend(graph: Graph, x: str, qkv: QuantisedAffine, mask: str) -> str:
    query, key, value = graph.node("Split", _matmul(graph, x, qkv), outputs=3, axis=-1, num_outputs=3)
    bias = graph.constant(qkv.bias)
    return graph.one("MultiHeadAttention", query, key, value, bias, mask, domain=MICROSOFT, num_heads=HEADS)


def _matmul_add_normalise(graph: Graph, x: str, matmul: QuantisedAffine, skip: str, norm: Norm) -> str:
    parameters = [graph.constant(value) for value in (norm.gain, norm.shift, matmul.bias)]
    product = _matmul(graph, x, matmul)
    return graph.one("SkipLayerNormalization", product, skip, *parameters, domain=MICROSOFT, epsilon=LAYER_NORM_EPSILON)


def _pool(graph: Graph, x: str) -> None:
    # The sum over the tokens that are not padding; the length is normalised away, so the mean needs no division.
    axis = graph.constant(np.array([1]))
    weights = graph.one("Unsqueeze", graph.one("Cast", "attention_mask", to=TensorProto.FLOAT), axis)
    total = graph.one("Squeeze", graph.one("MatMul", weights, x), axis)
    graph.nodes.append(helper.make_node("LpNormalization", [total], ["embedding"], axis=-1, p=2))


def _model(graph: Graph) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "s"]) for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", HIDDEN])
    proto = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, [output], graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="engram")
