from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.graph_check import Port, check_graph
from sr_batch.importing.onnx_file import convert
from tests.importing.foreign import (
    BYTE,
    FLOAT,
    enlarger,
    enlarging,
    external,
    looping,
    model_of,
)

COPY = [helper.make_node("Identity", ["x"], ["y"])]


def node(kind: str, *inputs: str, domain: str = "") -> onnx.NodeProto:
    return helper.make_node(kind, inputs or ["x"], ["y"], domain=domain)


def test_the_input_is_what_is_no_weight() -> None:
    nodes, weights = enlarging()
    listed = [helper.make_tensor_value_info("w", FLOAT, weights["w"].shape)]
    model = model_of(nodes, weights, ["n", 3, 224, 224], inputs=listed)
    assert check_graph(model) == Port("x", "float32", (None, 3, 224, 224))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("RandomNormalLike", "random numbers"),
        ("LSTM", "recurrent"),
        ("SequenceEmpty", "SequenceEmpty is not supported"),
        ("StringNormalizer", "StringNormalizer is not supported"),
    ],
)
def test_names_an_operator_that_is_not_supported(kind: str, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        check_graph(model_of([node(kind)]))


def test_names_an_operator_of_an_unknown_library() -> None:
    with pytest.raises(ImportRefused, match="evil:Run"):
        check_graph(model_of([node("Run", domain="evil")]))


def test_control_flow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"control flow \(Loop\)"):
        check_graph(onnx.load(looping(tmp_path / "a.onnx")))


def test_an_operator_inside_a_function_is_checked() -> None:
    model = model_of([helper.make_node("Mine", ["x"], ["y"], domain="local")])
    opsets = [helper.make_opsetid("", 17)]
    inner = [helper.make_node("RandomNormalLike", ["a"], ["b"])]
    model.functions.append(helper.make_function("local", "Mine", ["a"], ["b"], inner, opsets))
    model.opset_import.append(helper.make_opsetid("local", 1))
    with pytest.raises(ImportRefused, match="random numbers"):
        check_graph(model)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 5, 3, 64, 64), "several frames"),
        (("n", 19, "h", "w"), "takes 19 channels"),
        (("n", 9, 64, 64), "takes 9 channels"),
        (("n", "h", "w", 4), "takes 4 channels"),
        ((4, 3, "h", "w"), "4 pictures at a time"),
        ((3, "h", "w"), "3 dimensions"),
    ],
)
def test_refuses_what_is_not_one_picture(shape: tuple[int | str, ...], words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        check_graph(model_of(COPY, shape=shape))


def test_refuses_several_inputs_and_names_them() -> None:
    noise = helper.make_tensor_value_info("sigma", FLOAT, [1])
    with pytest.raises(ImportRefused, match=r"2 inputs \(x, sigma\)"):
        check_graph(model_of(COPY, inputs=[noise]))


@pytest.mark.parametrize("opset", [9, 10, 17, 23])
def test_accepts_many_opsets(opset: int) -> None:
    assert check_graph(model_of(COPY, kind=BYTE, opset=opset)).dtype == "uint8"


def test_refuses_an_old_opset() -> None:
    with pytest.raises(ImportRefused, match=r"opset 8.*export it again"):
        check_graph(model_of(COPY, opset=8))


def test_weights_beside_the_file_are_folded_in(tmp_path: Path) -> None:
    source = external(tmp_path / "a.onnx", "a.onnx.data")
    convert(source, tmp_path / "whole.onnx")
    (tmp_path / "a.onnx.data").unlink()
    model = onnx.load(tmp_path / "whole.onnx")
    folded = next(each for each in model.graph.initializer if each.name == "w")
    assert np.array_equal(onnx.numpy_helper.to_array(folded), enlarging()[1]["w"])


def test_names_missing_weights(tmp_path: Path) -> None:
    source = external(tmp_path / "a.onnx", "a.data")
    (tmp_path / "a.data").unlink()
    with pytest.raises(ImportRefused, match=r"a\.data.*missing beside it"):
        convert(source, tmp_path / "b.onnx")


def test_names_weights_that_are_too_short(tmp_path: Path) -> None:
    source = external(tmp_path / "a.onnx", "a.data")
    (tmp_path / "a.data").write_bytes(b"123")
    with pytest.raises(ImportRefused, match="too short"):
        convert(source, tmp_path / "b.onnx")


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../secret", "sub/../../secret", "link/secret"]
)
def test_weights_outside_the_folder_are_not_read(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(4000))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(ImportRefused, match="outside its folder"):
        convert(external(tmp_path / "in" / "a.onnx", location), tmp_path / "b.onnx")


def test_says_that_a_file_is_truncated(tmp_path: Path) -> None:
    path = enlarger(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ImportRefused, match="truncated"):
        convert(path, tmp_path / "b.onnx")


def test_claims_of_a_contract_are_dropped(tmp_path: Path) -> None:
    path = enlarger(tmp_path / "a.onnx")
    model = onnx.load(path)
    helper.set_model_props(model, {"sr.schema": "1", "sr.overlap": "0"})
    onnx.save(model, path)
    convert(path, tmp_path / "b.onnx")
    assert not onnx.load(tmp_path / "b.onnx").metadata_props
