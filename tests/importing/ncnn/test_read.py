from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import UsageError
from sr_batch.importing.ncnn.read import BadNetwork, read_network
from tests.importing.ncnn.files import Line, convolution, plain_stack, write_network


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_reads_back_what_was_written(tmp_path: Path, channels: int, half: bool) -> None:
    stack = plain_stack(channels, half=half)
    layers = {layer.name: layer for layer in read_network(write_network(tmp_path, stack.lines))}
    assert [*layers] == [line.text.split()[1] for line in stack.lines]
    assert layers["fork"].outputs == ("left", "right")
    assert layers["add"].inputs == ("d", "e")
    assert layers["enlarge"].params == {0: 1, 1: 2.0, 2: 2.0}
    for name, arrays in stack.arrays.items():
        assert layers[name].weights.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(layers[name].weights[key], array)
            assert layers[name].weights[key].dtype == np.float32


def test_pads_an_odd_number_of_halves(tmp_path: Path) -> None:
    odd = {"weight": np.ones((3, 1, 3, 3), np.float32), "bias": np.zeros(3, np.float32)}
    after = {"weight": np.full((1, 3, 1, 1), 2, np.float32), "bias": np.ones(1, np.float32)}
    lines = [convolution("odd", "a", "b", odd, True), convolution("one", "b", "c", after, True)]
    layers = read_network(write_network(tmp_path, lines))
    assert layers[0].weights["weight"].size % 2 == 1
    assert layers[1].weights["weight"].tolist() == [[[[2.0]], [[2.0]], [[2.0]]]]
    assert layers[1].weights["bias"].tolist() == [1.0]


def test_reads_arrays_other_heights_and_missing_biases(tmp_path: Path) -> None:
    weight = np.arange(6, dtype=np.float32).reshape(1, 1, 3, 2)
    text = "Convolution c 1 1 a b 0=1 1=2 11=3 5=0 6=6 -23310=2,0.2,3"
    (layer,) = read_network(write_network(tmp_path, [Line(text, bytes(4) + weight.tobytes())]))
    assert layer.params[10] == (0.2, 3)
    np.testing.assert_array_equal(layer.weights["weight"], weight)
    assert layer.weights["bias"].tolist() == [0.0]


@pytest.mark.parametrize("length", [0, 3, 4, 100, -1])
def test_names_the_layer_at_which_the_weights_end(tmp_path: Path, length: int) -> None:
    path = write_network(tmp_path, plain_stack().lines)
    whole = path.with_suffix(".bin").read_bytes()
    path.with_suffix(".bin").write_bytes(whole[:length])
    layer = "last" if length == -1 else "first"
    with pytest.raises(BadNetwork, match=rf"net\.bin: layer {layer}: needs \d+ bytes"):
        read_network(path)


def test_reads_to_the_last_byte(tmp_path: Path) -> None:
    path = write_network(tmp_path, plain_stack().lines)
    with path.with_suffix(".bin").open("ab") as file:
        file.write(bytes(4))
    with pytest.raises(BadNetwork, match="4 bytes follow the last layer"):
        read_network(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (Line("LSTM memory 1 1 a b 0=4"), "layer memory: layers of type LSTM are not supported"),
        (Line("Convolution c 1 1 a b 0=4 1=3 6=100"), "layer c: 100 weights do not make 4"),
        (Line("Convolution c 1 1 a b 0=0 1=3 6=9"), "layer c: parameter 0 must be a whole"),
        (Line("Convolution c 1 1 a b 0=1 1=3"), "layer c: parameter 6 must be a whole .* None"),
        (Line("Convolution c 1 1 a b 0=1 1=1 6=1 8=1"), "layer c: int8 weights"),
        (Line("Convolution c 1 1 a b 0=1 1=1 6=1", b"abcd1234"), "layer c: its weights are nei"),
        (Line("Convolution c 1 1 a b 0=1 1=1 6=1", bytes(4) + b"\0\0\xc0\x7f"), "its weight has"),
        (Line("PReLU p 1 1 a b 0=1", b"\0\0\x80\x7f"), "layer p: its slope has NaN or inf"),
        (Line("Convolution c 1 1 a"), "layer c: its line cannot be read"),
        (Line("ReLU r 1 -1 a"), "layer r: its line cannot be read"),
        (Line("ReLU r 1 1 a b 0=zero"), "layer r: its line cannot be read"),
        (Line("ReLU r 1 1 a b -23300=2,1"), "layer r: its line cannot be read"),
        (Line("ReLU"), "layer ReLU: its line cannot be read"),
    ],
)
def test_says_which_layer_is_wrong(tmp_path: Path, line: Line, message: str) -> None:
    with pytest.raises(BadNetwork, match=message) as caught:
        read_network(write_network(tmp_path, [Line("Input in 0 1 a"), line]))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a .param file"),
        ("7767516\n0 0\n", "not a .param file"),
        ("\x00\xff\x00", "not a .param file"),
        ("7767517\n", "announces no layers and lists 0"),
        ("7767517\n2 1\nInput in 0 1 a\n", "announces 2 layers and lists 1"),
    ],
)
def test_refuses_other_files(tmp_path: Path, text: str, message: str) -> None:
    path = write_network(tmp_path, [])
    path.write_text(text)
    with pytest.raises(BadNetwork, match=message):
        read_network(path)


def test_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadNetwork, match=r"none\.param: cannot be read: No such file"):
        read_network(tmp_path / "none.param")
    path = write_network(tmp_path, plain_stack().lines)
    path.with_suffix(".bin").rename(tmp_path / "other.bin")
    with pytest.raises(BadNetwork, match=r"net\.bin: cannot be read: No such file"):
        read_network(path)
    assert len(read_network(path, tmp_path / "other.bin")) == len(plain_stack().lines)


def test_is_frozen(tmp_path: Path) -> None:
    layer = read_network(write_network(tmp_path, [Line("Input in 0 1 a")]))[0]
    assert replace(layer, name="other").type == layer.type
    with pytest.raises(AttributeError):
        layer.name = "other"  # type: ignore[misc]
