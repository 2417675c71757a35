from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.graph_check import Port
from sr_batch.importing.net_format import Range
from sr_batch.importing.probe import Measured, probe
from sr_batch.importing.trial import CallFailed

Array = np.ndarray
FREE = Port("x", "float32", (None, 3, None, None))


def repeat(batch: Array, scale: int = 2) -> Array:
    return batch.repeat(scale, axis=2).repeat(scale, axis=3)


def blurred(batch: Array, radius: int) -> Array:
    padded = np.pad(batch, ((0, 0), (0, 0), (radius, radius), (radius, radius)))
    height, width = batch.shape[2:]
    shifts = range(2 * radius + 1)
    total = sum(padded[:, :, i : i + height, i : i + width] for i in shifts)
    mean: Array = batch * 0.8 + 0.2 * total / len(shifts)
    return mean


def measured(
    call: Callable[[Array], Array], port: Port = FREE, given: Range | None = None
) -> Measured:
    return probe(call, port, given, clock=lambda: 0.0)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_finds_the_scale(scale: int) -> None:
    found = measured(lambda x: repeat(x, scale))
    assert (found.scale, found.lacking, found.multiple, found.window) == (scale, 0, 1, 0)
    assert found.likeness > 60
    assert (found.format.layout, found.format.channels) == ("nchw", 3)


@pytest.mark.parametrize("range_", ["0..1", "0..255", "-1..1"])
def test_finds_the_range_of_the_values(range_: Range) -> None:
    low, high = {"0..1": (0, 1), "0..255": (0, 255), "-1..1": (-1, 1)}[range_]
    middle, half = (low + high) / 2, (high - low) / 2

    def call(x: Array) -> Array:
        """Good between the two ends, and dull beyond them and close to the middle."""
        inside = ((x - middle) / half).clip(-1, 1)
        return repeat(np.sign(inside) * np.abs(inside) ** 1.02 * half + middle)

    found = measured(call)
    assert (found.format.range, found.format.range_out) == (range_, range_)


def test_a_given_range_is_not_measured() -> None:
    assert measured(repeat, given="-1..1").format.range == "-1..1"


def test_finds_the_channels_and_their_place() -> None:
    def call(x: Array) -> Array:
        if x.shape[3] != 3:
            raise CallFailed("channels")
        return repeat(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)

    found = measured(call, Port("x", "float32", (None, None, None, None)))
    assert (found.format.layout, found.format.layout_out) == ("nhwc", "nhwc")


def test_finds_a_gray_network() -> None:
    found = measured(repeat, Port("x", "float32", (1, 1, None, None)))
    assert (found.format.channels, found.swap) == (1, None)


def test_finds_bytes() -> None:
    def call(x: Array) -> Array:
        assert x.dtype == np.uint8
        return repeat(x)

    found = measured(call, Port("x", "uint8", (None, 3, None, None)))
    assert (found.format.range, found.format.range_out) == ("0..255", "0..255")


@pytest.mark.parametrize(("lacks", "scale"), [(14, 2), (18, 2), (36, 2), (14, 1), (36, 4)])
def test_finds_the_pixels_that_an_output_lacks(lacks: int, scale: int) -> None:
    def call(x: Array) -> Array:
        return repeat(x, scale)[:, :, lacks:-lacks, lacks:-lacks]

    found = measured(call)
    assert (found.scale, found.lacking) == (scale, 2 * lacks)
    assert found.border.before * scale >= lacks


@pytest.mark.parametrize("multiple", [2, 4, 7, 8, 12, 32])
def test_finds_the_multiple_of_the_sides(multiple: int) -> None:
    def call(x: Array) -> Array:
        if x.shape[2] % multiple or x.shape[3] % multiple:
            raise CallFailed("shape")
        return repeat(x)

    assert measured(call).multiple == multiple


def test_a_network_that_pads_without_cropping_has_a_multiple() -> None:
    def call(x: Array) -> Array:
        down, right = (-side % 4 for side in x.shape[2:])
        return repeat(np.pad(x, ((0, 0), (0, 0), (0, down), (0, right))))

    assert measured(call).multiple == 4


def test_a_declared_size_is_the_only_one() -> None:
    port = Port("x", "float32", (1, 3, 224, 224))
    found = measured(repeat, port)
    assert (found.window, found.window_rows, found.multiple) == (224, 0, 1)
    found = measured(lambda x: blurred(repeat(x), 3), Port("x", "float32", (1, 3, 96, 160)))
    assert (found.window, found.window_rows) == (160, 96)
    assert found.reach and 2 <= found.reach.overlap <= 6


def test_a_size_that_is_built_in_is_found() -> None:
    def call(x: Array) -> Array:
        return repeat(x) if x.shape[2:] == (64, 64) else repeat(x)[:, :, ::-1]

    assert measured(call).window == 64


def test_refuses_a_network_that_is_right_at_some_sizes_only() -> None:
    def call(x: Array) -> Array:
        return repeat(x) if max(x.shape[2:]) <= 50 else repeat(x).transpose(0, 1, 3, 2)[:, :, ::-1]

    with pytest.raises(ImportRefused, match="works at 48x48 and not at"):
        measured(call)


@pytest.mark.parametrize("radius", [0, 3, 12])
def test_finds_how_far_pixels_matter(radius: int) -> None:
    found = measured(lambda x: repeat(blurred(x, radius)))
    assert found.reach is not None
    assert not found.reach.whole
    assert found.reach.levels <= 0.5
    assert radius <= found.reach.overlap + 6
    assert found.reach.overlap <= radius + 4


def test_finds_that_a_network_sees_the_whole_picture() -> None:
    def call(x: Array) -> Array:
        return repeat(x * (0.8 + 0.4 * x.mean(axis=(2, 3), keepdims=True)))

    found = measured(call, given="0..1").reach
    assert found is not None
    assert found.whole
    assert found.levels > 1


def test_a_network_that_is_too_slow_is_not_cut() -> None:
    ticks = iter(range(10**9))
    found = probe(repeat, FREE, clock=lambda: 1e4 * next(ticks))
    assert found.reach is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: repeat(x) * np.nan, "NaN"),
        (lambda x: repeat(x) * 0, "resemble|one color"),
        (lambda x: repeat(x) * 0 + 0.5, "resemble|one color"),
        (lambda x: repeat(x - blurred(x, 2)), "does not resemble its input"),
        (lambda x: repeat(x[:, :1]), "returns 1 channels for a picture of 3"),
        (lambda x: x[:, :, ::2, ::2], "does not resemble"),
        (lambda x: repeat(x, 9), "whole number"),
        (lambda x: x.repeat(2, axis=2), "whole number"),
        (lambda x: x.mean(axis=(2, 3)), "not one picture"),
    ],
)
def test_refuses_what_does_not_enlarge(call: Callable[[Array], Array], words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        measured(call)


def test_refuses_what_changes_from_call_to_call() -> None:
    random = np.random.default_rng(0)

    def call(x: Array) -> Array:
        return repeat(x + random.normal(0, 0.02, x.shape).astype(np.float32))

    with pytest.raises(ImportRefused, match="changes from call to call"):
        measured(call, given="0..1")


def test_refuses_overflow_on_some_pictures() -> None:
    def call(x: Array) -> Array:
        return repeat(x) if 0.01 < x.mean() < 0.99 else np.full_like(repeat(x), np.inf)

    with pytest.raises(ImportRefused, match="NaN or infinite values for some"):
        measured(call, given="0..1")


def test_says_why_it_cannot_run() -> None:
    def call(x: Array) -> Any:
        raise CallFailed("Reshape: 4096 != 4095")

    with pytest.raises(ImportRefused, match="cannot run: Reshape: 4096 != 4095"):
        measured(call)


def test_tells_how_much_the_order_of_colors_matters() -> None:
    found = measured(lambda x: repeat(x * np.array([1, 0.9, 0.8]).reshape(1, 3, 1, 1)))
    assert found.swap is not None
    assert found.swap < 40
    assert measured(repeat).swap == 99
