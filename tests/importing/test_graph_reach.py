from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, helper

from sr_batch.importing import onnx_file
from sr_batch.importing.graph_check import check_graph
from sr_batch.importing.graph_reach import Field, field_of
from sr_batch.inference.model_catalog import find_models
from sr_batch.inference.onnx_session import read_spec
from tests.importing.foreign import model_of

node = helper.make_node


def kernel(side: int, n_out: int = 3, n_in: int = 3) -> np.ndarray:
    return np.zeros((n_out, n_in, side, side), np.float32)


def field(nodes: Sequence[NodeProto], shape: Any = ("n", 3, "h", "w"), **weights: Any) -> Any:
    model = model_of(nodes, weights, shape)
    return field_of(model, check_graph(model))


FULL = [model for model in find_models() if model.precision == "fp32"]


@pytest.mark.parametrize("model", FULL, ids=lambda model: model.path.name)
def test_is_never_less_than_the_field_of_our_networks(model: Any) -> None:
    net = onnx_file.read_model(model.path)
    found, known = field_of(net, check_graph(net)), read_spec(model.path).full_overlap
    if found is None:  # pixels that are taken apart by strides
        assert model.name == "srcnn"
    else:
        assert known <= found.reach <= known + 6


@pytest.mark.parametrize(
    ("nodes", "reach"),
    [
        ([node("Conv", ["x", "w"], ["y"], dilations=[3, 3], pads=[6] * 4)], 6),
        ([node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])], 1),
        ([node("MaxPool", ["x"], ["y"], kernel_shape=[7, 7], pads=[3] * 4)], 3),
        ([node("Resize", ["x", "", "twice"], ["y"], mode="cubic")], 2),
        ([node("Resize", ["x", "", "half"], ["y"], mode="linear")], 2),
        # At a quarter of the size, a pixel is four.
        (
            [
                node("SpaceToDepth", ["x"], ["a"], blocksize=4),
                node("Conv", ["a", "deep"], ["b"], pads=[1] * 4),
                node("DepthToSpace", ["b"], ["y"], blocksize=4),
            ],
            8,
        ),
        ([node("Conv", ["x", "w"], ["a"], pads=[2] * 4), node("Add", ["x", "a"], ["y"])], 2),
        ([node("ReduceMean", ["x"], ["a"], axes=[1]), node("Sub", ["x", "a"], ["y"])], 0),
        (
            [
                node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1]),
                node("LayerNormalization", ["a", "ones"], ["b"], axis=-1),
                node("Transpose", ["b"], ["y"], perm=[0, 3, 1, 2]),
            ],
            0,
        ),
        (
            [
                node("Reshape", ["x", "apart"], ["a"]),
                node("Transpose", ["a"], ["b"], perm=[0, 1, 3, 5, 2, 4]),
                node("Reshape", ["b", "deeper"], ["c"]),
                node("Conv", ["c", "twelve"], ["y"], pads=[1] * 4),
            ],
            3,
        ),
    ],
)
def test_adds_up_what_the_layers_see(nodes: Sequence[NodeProto], reach: int) -> None:
    weights = {
        "w": kernel(5),
        "deep": kernel(3, 48, 48),
        "twelve": kernel(3, 3, 12),
        "ones": np.ones(3, np.float32),
        "twice": np.array([1, 1, 2, 2], np.float32),
        "half": np.array([1, 1, 0.5, 0.5], np.float32),
        "apart": np.array([1, 3, 48, 2, 48, 2]),
        "deeper": np.array([1, 12, 48, 48]),
    }
    assert field(nodes, **weights) == Field(reach, False)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("GlobalAveragePool", ["x"], ["a"]), node("Mul", ["x", "a"], ["y"])],
        [node("ReduceMean", ["x"], ["a"], axes=[-1, -2]), node("Mul", ["x", "a"], ["y"])],
        [node("Softmax", ["x"], ["y"], axis=3)],
        [node("MatMul", ["x", "x"], ["y"])],
    ],
)
def test_knows_what_sees_the_whole_picture(nodes: Sequence[NodeProto]) -> None:
    assert field(nodes) == Field(0, True)


def test_does_not_guess() -> None:
    windows = [
        node("Reshape", ["x", "apart"], ["a"]),
        node("Transpose", ["a"], ["b"], perm=[0, 2, 4, 1, 3, 5]),
        node("Reshape", ["b", "pictures"], ["y"]),
    ]
    sizes = {"apart": np.array([1, 3, 12, 8, 12, 8]), "pictures": np.array([144, 3, 8, 8])}
    assert field(windows, **sizes) is None
    assert field([node("GridSample", ["x", "grid"], ["y"])], grid=kernel(2)) is None


def test_channels_may_be_last() -> None:
    nodes = [
        node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        node("Conv", ["a", "w"], ["b"], pads=[2] * 4),
        node("Transpose", ["b"], ["y"], perm=[0, 2, 3, 1]),
    ]
    assert field(nodes, ("n", "h", "w", 3), w=kernel(5)) == Field(2, False)
