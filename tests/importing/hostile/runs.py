"""Networks that look harmless until they run: they take all memory, all time, or crash."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from tests.importing.foreign import bomb, doubling, enlarging, model_of, slow
from tests.importing.hostile.case import Case, Make

TOO_MUCH = "memory"


def network(nodes: Sequence[NodeProto], **weights: Any) -> Make:
    def make(folder: Path) -> Path:
        arrays = {name: np.asarray(value) for name, value in weights.items()}
        onnx.save(model_of(nodes, arrays), folder / "net.onnx")
        return folder / "net.onnx"

    return make


def node(kind: str, *inputs: str, out: str = "y", **attributes: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [out], **attributes)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def with_weight(value: float) -> Make:
    """An enlarger one of whose weights is ``value``."""
    nodes, weights = enlarging()
    weights["w"][0, 0, 0, 0] = value
    return network(nodes, **weights)


def foreign(path: Path) -> Path:
    return path / "net.onnx"


ENLARGED = [node("Resize", "x", "", "scales")]
SPREAD = [node("Expand", "x", "shape", out="wide"), node("ReduceMax", "wide", axes=[0])]
COUNTED = [
    node("Range", "zero", "end", "one", out="line"),
    node("ReduceSum", "line", out="sum", keepdims=0),
    node("Cast", "sum", out="float", to=TensorProto.FLOAT),
    node("Add", "x", "float"),
]
PRODUCT = [
    node("ConstantOfShape", "shape", out="zeros"),
    node("MatMul", "zeros", "zeros", out="product"),
    node("ReduceMax", "product", out="most", keepdims=0),
    node("Add", "x", "most"),
]
CRASH = [
    node("Div", "least", "minus", out="whole"),
    node("Cast", "whole", out="float", to=TensorProto.FLOAT),
    node("Add", "x", "float"),
]
PADDED = [node("Pad", "x", "pads")]
OVERFLOW = [node("Mul", "x", "far", out="z"), node("Mul", "z", "far")]

CASES = (
    Case("a constant of 256 GiB", lambda folder: bomb(foreign(folder)), TOO_MUCH, True),
    Case("a value that doubles 40 times", lambda folder: doubling(foreign(folder)), TOO_MUCH, True),
    Case(
        "an enlargement by 100,000",
        network(ENLARGED, scales=np.array([1, 1, 1e5, 1e5], np.float32)),
        TOO_MUCH,
        True,
    ),
    Case("a million pictures", network(SPREAD, shape=numbers(1 << 20, 3, 1, 1)), TOO_MUCH, True),
    Case(
        "a line of 2^40 numbers",
        network(COUNTED, zero=np.int64(0), one=np.int64(1), end=np.int64(1 << 40)),
        TOO_MUCH,
        True,
    ),
    Case(
        "a division that crashes ONNX Runtime",
        network(CRASH, least=np.int64(-1 << 63), minus=np.int64(-1)),
        "SIGFPE",
        True,
    ),
    Case("a padding of 2^40", network(PADDED, pads=numbers(*[0] * 7, 1 << 40)), "memory|run", True),
    Case("a product of hours", network(PRODUCT, shape=numbers(15000, 15000)), "seconds", True),
    Case("convolutions of hours", lambda folder: slow(foreign(folder)), "seconds", True),
    Case("a weight that is NaN", with_weight(float("nan")), "NaN or infinite", True),
    Case("a weight that is infinite", with_weight(float("inf")), "NaN or infinite", True),
    Case("an overflow", network(OVERFLOW, far=np.float32(3e38)), "NaN or infinite", True),
    Case("a residual", network([node("Sub", "x", "x")]), "resemble|one color", True),
)
