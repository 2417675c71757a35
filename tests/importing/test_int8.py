"""Makes int8 networks of small ones, in this process."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.int8 import candidates, inner_layers
from sr_batch.inference.onnx_runtime import CPU, load_runtime
from tests.importing.foreign import model_of

PICTURES = [np.random.default_rng(n).random((1, 3, 24, 24), np.float32) for n in range(3)]


def chain(count: int = 3, activation: str = "Relu", opset: int = 17) -> ModelProto:
    """Convolutions that keep the picture, with an activation behind each but the last."""
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[range(3), range(3), 1, 1] = 1
    nodes, value = [], "input"
    for number in range(count):
        target = "output" if number == count - 1 else f"conv{number}"
        nodes.append(helper.make_node("Conv", [value, "w"], [target], target, pads=[1] * 4))
        value = target
        if number < count - 1:
            nodes.append(helper.make_node(activation, [value], [f"act{number}"], f"act{number}"))
            value = f"act{number}"
    model = model_of(nodes, {"w": kernel}, opset=opset)
    model.graph.input[0].name, model.graph.output[0].name = "input", "output"
    return model


def run(model: ModelProto, picture: Any) -> Any:
    session = load_runtime().InferenceSession(model.SerializeToString(), providers=[CPU])
    return session.run(None, {"input": picture})[0]


def made(model: ModelProto, folder: Path) -> ModelProto:
    return next(candidates(model, PICTURES, folder, 60))


@pytest.mark.parametrize("activation", ["Relu", "LeakyRelu"])
def test_the_inner_convolutions_compute_on_8_bits(tmp_path: Path, activation: str) -> None:
    model = chain(4, activation)
    small = made(model, tmp_path)
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count("Conv") == 4
    assert "QuantizeLinear" in kinds
    bytes_ = [each for each in small.graph.initializer if each.data_type == onnx.TensorProto.INT8]
    assert [list(each.dims) for each in bytes_ if len(each.dims) == 4] == [[3, 3, 3, 3]]
    assert max(np.abs(numpy_helper.to_array(each)).max() for each in bytes_) <= 64
    apart = np.abs(run(small, PICTURES[0]) - run(model, PICTURES[0])).max()
    assert 0 < apart < 0.02


def test_first_and_last_convolutions_and_others_stay_in_float() -> None:
    model = chain(5)
    skip = helper.make_node("Conv", ["input", "w"], ["skip"], "skip", pads=[1] * 4)
    model.graph.node.insert(0, skip)
    assert inner_layers(model) == ["conv1", "conv2", "conv3", "act1", "act2", "act3"]


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_gained_without_inner_convolutions(tmp_path: Path, count: int) -> None:
    with pytest.raises(ImportRefused, match="no convolutions between its first and its last"):
        made(chain(count), tmp_path)


def test_a_network_in_float16_is_refused(tmp_path: Path) -> None:
    model = chain()
    weight = numpy_helper.to_array(model.graph.initializer[0]).astype(np.float16)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, "w"))
    for port in (model.graph.input[0], model.graph.output[0]):
        port.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    with pytest.raises(ImportRefused, match="float16: int8 is made of a file in float32"):
        made(model, tmp_path)


def test_an_old_opset_is_converted(tmp_path: Path) -> None:
    small = made(chain(opset=10), tmp_path)
    assert small.opset_import[0].version >= 13
    assert np.isfinite(run(small, PICTURES[0])).all()


def test_a_weight_that_is_a_constant_becomes_a_weight(tmp_path: Path) -> None:
    model = chain()
    weight = model.graph.initializer.pop()
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=weight))
    kinds = {node.op_type for node in made(model, tmp_path).graph.node}
    assert "QuantizeLinear" in kinds
    assert "Constant" not in kinds
