"""Networks as other projects export them: without a contract, in many types and layouts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT, HALF, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


def model_of(
    nodes: Sequence[NodeProto],
    weights: dict[str, np.ndarray] | None = None,
    shape: Sequence[Any] = ("n", 3, "h", "w"),
    kind: int = FLOAT,
    kind_out: int | None = None,
    opset: int = 17,
    inputs: Sequence[Any] = (),
) -> ModelProto:
    """A model from ``x`` to ``y``."""
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", kind, shape), *inputs],
        [helper.make_tensor_value_info("y", kind_out or kind, None)],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=5 if opset < 13 else 8
    )


def enlarging(
    scale: int = 2,
    channels: int = 3,
    radius: int = 1,
    padded: bool = True,
    dtype: Any = np.float32,
    gain: float = 1.0,
    offset: float = 0.0,
) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """A convolution and a shuffle: a slightly blurred picture, ``scale`` times as large.

    Values in are ``gain`` times the picture's plus ``offset``: at others, the output is cut off.
    """
    side = 2 * radius + 1
    kernel = np.full((side, side), 0.1 / (side * side))
    kernel[radius, radius] += 0.9
    weight = np.zeros((channels * scale**2, channels, side, side), np.float32)
    for channel in range(channels):
        weight[channel * scale**2 : (channel + 1) * scale**2, channel] = kernel
    pads = [radius if padded else 0] * 4
    low, high = sorted((offset, gain + offset))
    nodes = [
        helper.make_node("Max", ["x", "low"], ["above"]),
        helper.make_node("Min", ["above", "high"], ["within"]),
        helper.make_node("Conv", ["within", "w"], ["phases"], pads=pads),
        helper.make_node("DepthToSpace", ["phases"], ["y"], blocksize=scale, mode="CRD"),
    ]
    weights = {
        "w": weight.astype(dtype),
        "low": np.array(low, dtype),
        "high": np.array(high, dtype),
    }
    return nodes, weights


def enlarger(path: Path, shape: Sequence[Any] | None = None, **how: Any) -> Path:
    """A file with the network of :func:`enlarging`."""
    channels = how.get("channels", 3)
    kind = HALF if how.get("dtype") == np.float16 else FLOAT
    nodes, weights = enlarging(**how)
    onnx.save(model_of(nodes, weights, shape or ["n", channels, "h", "w"], kind), path)
    return path


def bytes_enlarger(path: Path) -> Path:
    """uint8 pictures in the order N, H, W, C, in and out."""
    nodes, weights = enlarging(gain=255.0)
    for node in nodes:
        node.input[:] = ["planes" if name == "x" else name for name in node.input]
        node.output[:] = ["enlarged" if name == "y" else name for name in node.output]
    around = [
        helper.make_node("Cast", ["x"], ["floats"], to=FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        *nodes,
        helper.make_node("Transpose", ["enlarged"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["last"], ["y"], to=BYTE),
    ]
    onnx.save(model_of(around, weights, ["n", "h", "w", 3], BYTE), path)
    return path


def looping(path: Path) -> Path:
    """A Loop that never ends."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Identity", ["value"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, None),
        ],
    )
    nodes = [helper.make_node("Loop", ["", "true", "x"], ["y"], body=body)]
    onnx.save(model_of(nodes, {"true": np.array(True)}), path)
    return path


def bomb(path: Path, side: int = 1 << 18) -> Path:
    """A constant of 64 GiB and more in a few bytes."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    onnx.save(model_of(nodes, {"shape": np.array([side, side], np.int64)}), path)
    return path


def doubling(path: Path, times: int = 40) -> Path:
    """A value that doubles ``times`` times in length."""
    nodes = [helper.make_node("Concat", ["a0", "a0"], ["a1"], axis=0)]
    nodes += [
        helper.make_node("Concat", [f"a{n}", f"a{n}"], [f"a{n + 1}"], axis=0)
        for n in range(1, times)
    ]
    nodes.append(helper.make_node("ReduceSum", [f"a{times}"], ["sum"], keepdims=0))
    nodes.append(helper.make_node("Add", ["x", "sum"], ["y"]))
    onnx.save(model_of(nodes, {"a0": np.ones(1024, np.float32)}), path)
    return path


def slow(path: Path) -> Path:
    """A picture that takes hours: ever the same convolution of a large map."""
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["m0"], mode="nearest")]
    nodes += [
        helper.make_node("Conv", [f"m{n}", "w"], [f"m{n + 1}"], pads=[7, 7, 7, 7])
        for n in range(200)
    ]
    nodes.append(
        helper.make_node("AveragePool", ["m200"], ["y"], kernel_shape=[8, 8], strides=[8, 8])
    )
    weights = {
        "scales": np.array([1, 1, 16, 16], np.float32),
        "w": np.full((3, 3, 15, 15), 1 / 675, np.float32),
    }
    onnx.save(model_of(nodes, weights), path)
    return path


def external(path: Path, location: str, length: int | None = None) -> Path:
    """A network whose weights are in another file."""
    nodes, weights = enlarging()
    model = model_of(nodes, weights)
    tensor = next(each for each in model.graph.initializer if each.name == "w")
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": 0, "length": length or len(data)}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    path.write_bytes(model.SerializeToString())
    if "/" not in location:
        (path.parent / location).write_bytes(data)
    return path
