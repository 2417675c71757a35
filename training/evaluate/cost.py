"""What an exported file costs: parameters, multiply-adds, time. All read off the file itself."""

import time
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import shape_inference

from sr_batch.inference.onnx_session import OnnxSession

SIDE = 128  # of the LR image that is timed
_PROBE = 48
_NUMBERS = {
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.INT8,
    onnx.TensorProto.INT32,
}
_OUTPUT_720P = 1280 * 720


def parameters(model: onnx.ModelProto) -> int:
    """Weights and biases: the constants of the graph, but for how int8 ones are to be read."""
    return sum(
        prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type in _NUMBERS and not tensor.name.endswith(("_scale", "_zero_point"))
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
            assert height, f"{node.name}: the size of its output is not known"
            total += channels * height * width * prod(shapes[node.input[1]][1:])
    return total / _PROBE**2 * _OUTPUT_720P / scale**2


def seconds(files: Sequence[Path], repeats: int = 5) -> Mapping[str, float]:
    """Stem of each file -> best time for an LR image of 128 x 128 pixels on one thread.

    All files take turns, so that a machine with other work treats them alike.
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
