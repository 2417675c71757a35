"""What users of other programs reported about sizes and scales, with small networks of that defect.

Each works here, or is refused with a message that says what is wrong.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, helper

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.graph_check import Port
from sr_batch.importing.probe import Measured, probe
from sr_batch.importing.trial import Call, CallFailed
from tests.importing.foreign import model_of
from tests.importing.in_process import opened
from tests.importing.test_probe import FREE, repeat

Array = np.ndarray


def measured(call: Call, port: Port = FREE) -> Measured:
    """As if it were too slow to find out how far pixels matter."""
    return probe(call, port, "0..1", seconds=0, clock=iter(range(10**6)).__next__)


def node(kind: str, source: str, out: str, *others: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, [source, *others], [out], **attributes)


def unshuffling(unshuffle: int, shuffle: int) -> list[NodeProto]:
    """As ESRGAN x2 and x1: pixels become channels, and later twice or four times the pixels."""
    channels = 3 * unshuffle * unshuffle
    return [
        node("SpaceToDepth", "x", "deep", blocksize=unshuffle),
        node("Conv", "deep", "wide", f"w{channels}"),
        node("DepthToSpace", "wide", "y", blocksize=shuffle, mode="DCR"),
    ]


def spread(unshuffle: int, shuffle: int) -> dict[str, Array]:
    """Weights that repeat each pixel, so that the output is the enlarged input."""
    times = shuffle // unshuffle
    rows = np.zeros((shuffle, shuffle, 3, unshuffle, unshuffle, 3), np.float32)
    for y in range(shuffle):
        for x in range(shuffle):
            for c in range(3):
                rows[y, x, c, y // times, x // times, c] = 1
    matrix = rows.reshape(3 * shuffle**2, 3 * unshuffle**2, 1, 1)
    return {f"w{3 * unshuffle**2}": matrix}


@pytest.mark.parametrize(("unshuffle", "scale"), [(2, 2), (4, 1)])
def test_a_network_that_unshuffles_gets_sides_that_it_can_divide(
    tmp_path: Path, unshuffle: int, scale: int
) -> None:
    """spandrel#121, spandrel#310: odd sides failed, or were padded and not cropped."""
    shuffle = unshuffle * scale
    model = model_of(unshuffling(unshuffle, shuffle), spread(unshuffle, shuffle))
    found = measured(opened(model, tmp_path))
    assert (found.scale, found.multiple, found.remainder) == (scale, unshuffle, 0)


def test_a_network_that_pads_and_does_not_crop_keeps_its_scale() -> None:
    """chaiNNer#3020: the padding of an unshuffle stayed in the output, at the right and below."""

    def call(x: Array) -> Array:
        down, right = (-side % 2 for side in x.shape[2:])
        return repeat(np.pad(x, ((0, 0), (0, 0), (0, down), (0, right)), "reflect"))

    found = measured(call)
    assert (found.scale, found.multiple, found.lacking) == (2, 2, 0)


@pytest.mark.parametrize("window", [7, 8, 16])
def test_a_network_with_windows_gets_whole_windows(window: int) -> None:
    """SwinIR#145: a side that is no multiple of the window ends in an error of shapes."""

    def call(x: Array) -> Array:
        rows, columns = x.shape[2] // window, x.shape[3] // window
        return repeat(x.reshape(1, 3, rows, window, columns, window).reshape(x.shape))

    assert measured(failing(call)).multiple == window


def failing(call: Call) -> Call:
    """Errors of shapes, as ONNX Runtime would raise them."""

    def called(x: Array) -> Array:
        try:
            return call(x)
        except ValueError as fault:
            raise CallFailed(str(fault)) from fault

    return called


def test_a_size_that_the_exporter_fixed_is_the_only_one(tmp_path: Path) -> None:
    """chaiNNer#2715: free sides are declared, and a traced one is built in."""
    nodes = [
        node("Reshape", "x", "same", "fixed"),
        node("Resize", "same", "y", "", "scales", mode="nearest"),
    ]
    weights: dict[str, Array] = {
        "fixed": np.array([1, 3, 64, 64], np.int64),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    found = measured(opened(model_of(nodes, weights), tmp_path))
    assert (found.window, found.scale) == (64, 2)


def test_a_network_that_fails_at_larger_sizes_is_refused() -> None:
    """chaiNNer#2939: it works on a small picture, and on the next one the output is scrambled."""

    def call(x: Array) -> Array:
        return repeat(x if x.shape[3] <= 64 else np.roll(x, x.shape[3] // 2, axis=3)[:, :, ::-1])

    with pytest.raises(ImportRefused, match=r"works at 48x48 and not at .*: export it with free"):
        measured(call)


@pytest.mark.parametrize("multiple", [20, 64])
def test_a_large_multiple_is_found(multiple: int) -> None:
    """vs-mlrt#129: only the documentation of a network said that its sides are multiples."""

    def call(x: Array) -> Array:
        if x.shape[2] % multiple or x.shape[3] % multiple:
            raise ValueError("shape")
        return repeat(x)

    assert measured(failing(call)).multiple == multiple


def test_a_declared_size_is_the_only_one_that_is_tried() -> None:
    """vs-mlrt#133: tiles of another size than the declared one ended in an error."""

    def call(x: Array) -> Array:
        assert x.shape == (1, 3, 40, 40)
        return repeat(x)

    found = measured(call, Port("x", "float32", (1, 3, 40, 40)))
    assert (found.window, found.scale) == (40, 2)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_the_scale_is_measured_and_not_read_from_the_name(scale: int) -> None:
    """chaiNNer#918: x8 was taken for x4. Real-ESRGAN#355: x2 as x4 scrambled the tiles."""
    assert measured(lambda x: repeat(x, scale)).scale == scale


def test_a_residual_that_needs_its_input_is_refused() -> None:
    """Real-CUGAN x4: what it returns must be added to an enlarged input."""

    def call(x: Array) -> Array:
        large = repeat(x, 4)
        residual: Array = large - np.roll(large, 1, axis=3)
        return residual

    with pytest.raises(ImportRefused, match=r"does not resemble its input .*part of another"):
        measured(call)
