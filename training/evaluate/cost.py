"""What an exported file costs: parameters, multiply-adds and time, measured on the file."""

import time
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import shape_inference

from sr_batch.inference.onnx_session import OnnxSession

SIDE = 128  # side of the LR image for timing
_PROBE = 48
_NUMBERS = {
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.INT8,
    onnx.TensorProto.INT32,
}
_OUTPUT_720P = 1280 * 720


def parameters(model: onnx.ModelProto) -> int:
    """Number of weights and biases, without factors of Resize, scales and zero points of int8."""
    factors = {name for node in model.graph.node if node.op_type == "Resize" for name in node.input}
    return sum(
        prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type in _NUMBERS
        and tensor.name not in factors
        and not tensor.name.endswith(("_scale", "_zero_point"))
    )


def multiply_adds_720p(model: onnx.ModelProto, scale: int) -> float:
    """Multiply-adds of all convolutions for one output of 1280x720 pixels."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for dimension, size in zip(_shape(fixed.graph.input[0])[2:], (_PROBE, _PROBE), strict=True):
        dimension.dim_value = size
    _shape(fixed.graph.input[0])[0].dim_value = 1
    del fixed.graph.value_info[:]
    inferred = shape_inference.infer_shapes(fixed, data_prop=True).graph
    shapes = {value.name: [d.dim_value for d in _shape(value)] for value in inferred.value_info}
    shapes |= {value.name: [d.dim_value for d in _shape(value)] for value in inferred.output}
    shapes |= {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    total = 0
    for node in inferred.node:
        if node.op_type == "Conv":
            _, channels, height, width = shapes[node.output[0]]
            assert height, f"{node.name}: shape inference did not find the size of its output"
            total += channels * height * width * prod(shapes[node.input[1]][1:])
    return total / _PROBE**2 * _OUTPUT_720P / scale**2


def seconds(files: Sequence[Path], repeats: int = 5) -> Mapping[str, float]:
    """Stem of each file -> shortest time for an LR image of 128x128 pixels on one thread.

    The files take turns, so that other load on the machine affects all of them.
    """
    sessions = {path.stem: OnnxSession.open(path) for path in files}
    image = np.random.default_rng(0).random((1, 3, SIDE, SIDE), np.float32)
    best = dict.fromkeys(sessions, float("inf"))
    for _ in range(repeats):
        for stem, session in sessions.items():
            start = time.perf_counter()
            session(image[:, : session.spec.channels])
            best[stem] = min(best[stem], time.perf_counter() - start)
    return best


def _shape(value: onnx.ValueInfoProto) -> Sequence[onnx.TensorShapeProto.Dimension]:
    return value.type.tensor_type.shape.dim
