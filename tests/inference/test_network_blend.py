from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import ModelSpec, from_metadata
from sr_batch.inference.network_blend import blend
from tests.networks import conv_network, make_spec

WEAK = replace(
    make_spec(receptive_field=5, overlap=2, name="plain"), consistency=17.0, pixel_bytes=90
)
STRONG = replace(
    make_spec(receptive_field=7, overlap=1, name="strong"),
    consistency=19.0,
    pixel_bytes=80,
    partner="plain",
    scores={"Set5": (30.0, 0.9)},
)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return (
        conv_network(tmp_path / "plain_x2.onnx", spec=WEAK, seed=1),
        conv_network(tmp_path / "strong_x2.onnx", spec=STRONG, seed=2),
    )


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}


def contract(model: onnx.ModelProto) -> ModelSpec:
    return from_metadata({each.key: each.value for each in model.metadata_props})


@pytest.mark.parametrize("strength", [0, 0.25, 0.5, 1])
def test_weights_are_interpolated(pair: tuple[Path, Path], strength: float) -> None:
    first, second = (weights(onnx.load(path)) for path in pair)
    mixed = weights(onnx.load_from_string(blend(*pair, strength)))
    assert mixed.keys() == first.keys()
    for name, values in mixed.items():
        expected = first[name] * (1 - strength) + second[name] * strength
        np.testing.assert_allclose(values, expected, atol=1e-7)
        assert values.dtype == np.float32


def test_half_precision_stays_half_precision(pair: tuple[Path, Path]) -> None:
    for path in pair:
        model = onnx.load(path)
        for tensor in model.graph.initializer:
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))
        onnx.save(model, path)
    for values in weights(onnx.load_from_string(blend(*pair, 0.5))).values():
        assert values.dtype == np.float16


def test_the_contract_suits_both(pair: tuple[Path, Path]) -> None:
    spec = contract(onnx.load_from_string(blend(*pair, 0.5)))
    assert spec == replace(
        STRONG,
        name="strong-0.5",
        receptive_field=7,
        overlap=2,
        consistency=17.0,
        pixel_bytes=90,
        scores={},
        partner="",
    )


def test_a_weight_of_another_shape_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    wide = conv_network(tmp_path / "wide.onnx", width=12, spec=STRONG)
    with pytest.raises(UnknownModel) as refused:
        blend(pair[0], wide, 0.5)
    assert "w1 is float32 8x3x3x3 and float32 12x3x3x3" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("change", ["layer", "name", "kind"])
def test_another_structure_is_refused(pair: tuple[Path, Path], change: str) -> None:
    model = onnx.load(pair[1])
    if change == "layer":
        model.graph.node[1].op_type = "Sigmoid"
    elif change == "name":
        model.graph.initializer[0].name = "other"
    else:
        model.graph.node[0].attribute[0].ints[0] = 2
    onnx.save(model, pair[1])
    with pytest.raises(UnknownModel, match=r"plain_x2.onnx and .*strong_x2.onnx cannot be blended"):
        blend(*pair, 0.5)


def test_another_precision_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    other = conv_network(tmp_path / "rounded.onnx", spec=replace(STRONG, precision="int8"))
    with pytest.raises(UnknownModel, match="their precision is fp32 and int8"):
        blend(pair[0], other, 0.5)


def test_what_is_not_onnx_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    (tmp_path / "junk.onnx").write_bytes(b"\xff" * 99)
    for files in ((pair[0], tmp_path / "junk.onnx"), (tmp_path / "none.onnx", pair[1])):
        with pytest.raises(UnknownModel, match="cannot be read as an ONNX file"):
            blend(*files, 0.5)
