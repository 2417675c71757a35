from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from sr_batch.importing.ncnn.read import BadNetwork
from sr_batch.importing.ncnn.to_onnx import convert
from sr_batch.importing.ncnn.weights import SUPPORTED
from tests.importing.ncnn.files import FULL, Line, plain_stack, write_network
from tests.importing.ncnn.reference import REFERENCES, networks, picture

INPUT = Line("Input data 0 1 in")


def run(path: Path, pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {session.get_inputs()[0].name: pixels})
    return np.asarray(result)


def converted(folder: Path, lines: list[Line]) -> Path:
    target = folder / "net.onnx"
    convert(write_network(folder, lines), target)
    return target


@pytest.mark.parametrize("name", networks())
def test_computes_what_ncnn_computes(tmp_path: Path, name: str) -> None:
    target = converted(tmp_path, networks()[name])
    onnx.checker.check_model(onnx.load(target), full_check=True)
    expected = np.load(REFERENCES)[name]
    result = run(target, picture()[None])[0]
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_every_layer_that_can_be_read_has_a_reference() -> None:
    used = {line.text.split()[0] for lines in networks().values() for line in lines}
    assert used == SUPPORTED - {"Dropout", "Noop"}


def test_takes_any_size_and_batch(tmp_path: Path) -> None:
    target = converted(tmp_path, list(plain_stack(scale=2).lines))
    assert run(target, np.zeros((2, 3, 5, 9), np.float32)).shape == (2, 3, 10, 18)


def test_states_the_number_of_channels(tmp_path: Path) -> None:
    model = onnx.load(converted(tmp_path, list(plain_stack().lines)))
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 3


def test_takes_odd_names(tmp_path: Path) -> None:
    lines = [
        Line("Input input 0 1 the"),
        Line("ReLU r/1:0 1 1 the input"),
        Line("ReLU output 1 1 input value"),
        Line("ReLU value 1 1 value ünïcode"),
    ]
    pixels = picture()[None]
    np.testing.assert_array_equal(run(converted(tmp_path, lines), pixels), pixels)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([Line("ReLU r 1 1 in out")], "layer r: no layer before it writes in"),
        ([INPUT, Line("ReLU r 1 1 b a"), Line("ReLU s 1 1 a b")], "layer r: no layer before it"),
        ([INPUT, Line("ReLU r 1 1 in in")], "layer r: writes in once more"),
        ([INPUT, Line("Input more 0 1 b"), Line("BinaryOp a 2 1 in b out")], "has 2 inputs"),
        ([INPUT, Line("Split s 1 2 in a b")], "has 2 outputs; a network for pictures has one"),
        ([], "has 0 inputs"),
        ([INPUT, Line("Pooling p 1 1 in a 0=1 1=2")], r"layer p \(Pooling\): it pools over a win"),
        ([INPUT, Line("Interp i 1 1 in a 0=2 3=10 4=10")], r"layer i \(Interp\): it fixes the si"),
        ([INPUT, Line("Interp i 1 1 in a 0=9 1=2.0")], r"layer i \(Interp\): its parameters make"),
        ([INPUT, Line("BinaryOp b 1 1 in a 0=0")], r"layer b \(BinaryOp\): its parameters make"),
        ([INPUT, Line("BinaryOp b 1 1 in a 0=77 1=1")], r"layer b \(BinaryOp\): its parameters"),
        ([INPUT, Line("Crop c 1 1 in a 3=4 4=4")], r"layer c \(Crop\): it fixes the size"),
        ([INPUT, Line("ReLU r 1 1 in a -23300=1,2")], r"layer r \(ReLU\): parameter 0 must be one"),
        ([INPUT, Line("PixelShuffle p 1 1 in a 0=2.0")], r"parameter 0 must be an integer, not 2"),
        (
            [INPUT, Line("InnerProduct p 1 1 in a 0=1 2=1", FULL + bytes(4))],
            "layer p: reads a whole picture of a fixed size",
        ),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, lines: list[Line], message: str) -> None:
    with pytest.raises(BadNetwork, match=message) as caught:
        converted(tmp_path, lines)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "net.onnx").exists()


@pytest.mark.parametrize("count", ["4000000000000", "1" + "0" * 5000])
def test_allocates_nothing_that_the_file_does_not_have(tmp_path: Path, count: str) -> None:
    line = Line(f"Convolution c 1 1 in out 0=1 1=1 6={count}", FULL)
    with pytest.raises(BadNetwork, match=r"layer c: (needs \d+ bytes|its line cannot be read)"):
        converted(tmp_path, [INPUT, line])
