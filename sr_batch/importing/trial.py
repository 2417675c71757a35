"""First trials of a foreign network: which layout, range and size it works with."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import LEAST_CONSISTENCY
from sr_batch.importing.drawn_picture import draw, likeness
from sr_batch.importing.graph_check import Port
from sr_batch.importing.net_format import RANGES, Layout, NetFormat, Range

MOST_SCALE = 8
# Another range than 0..1 must be this much better, in dB.
_CLEARLY = 3.0
# Sides with many divisors between them; the first that works is taken.
_SIDES = (48, 64, 56, 60, 72, 80, 84, 96, 100, 112, 120, 128, 160, 192, 224, 256)
# After so many sizes at which the output resembles nothing, other sizes are not tried.
_PATIENCE = 3
_STARVED = ("Failed to allocate memory", "bad_alloc", "bad allocation")
_BYTES: list[Range] = ["0..255"]  # of uint8
_MOST_LACK = 0.8
_FLAT = 1e-4  # standard deviation
ONE_COLOR = (
    "it returns a picture of one color: if other programs can run it, state the range of its"
    " values with --range; if not, download it again"
)
OVERFLOW = (
    "if it is in fp16, take its fp32 file; if not, state the range of its values with --range"
)

Call = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
"""One call of the network on its own arrays; raises CallFailed."""


class CallFailed(Exception):
    """The network cannot run on this input."""


@dataclass(frozen=True)
class Trial:
    """A size at which the network works, and how.

    Attributes:
        format: How it takes and returns pictures.
        height: Rows of its input.
        width: Columns of its input.
        scale: Output side / input side.
        lacking: Output pixels that are missing in each direction.
        likeness: dB between the reduced output and the input.
    """

    format: NetFormat
    height: int
    width: int
    scale: int
    lacking: int
    likeness: float


def first_trial(call: Call, port: Port, given: Range | None = None) -> Trial:
    """The first size at which the output resembles the input, at the likeliest range.

    Args:
        call: The network.
        port: Its declared input.
        given: The range of its values, if the user knows it.

    Raises:
        ImportRefused: there is none; the message says what comes out instead.
        MemoryError: the first size takes more memory than this process may have.
    """
    best: Trial | None = None
    failure, disappointments = "", 0
    for side in _sides(port):
        for layout, channels in _layouts(port):
            try:
                trial = _try(call, port.dtype, layout, channels, side, given)
            except CallFailed as fault:
                failure = failure or str(fault)
                continue
            if trial.likeness >= LEAST_CONSISTENCY:
                return trial
            if best is None or trial.likeness > best.likeness:
                best = trial
        if best is None and any(each in failure for each in _STARVED):
            raise MemoryError(failure)  # a larger size needs more
        disappointments += best is not None
        if disappointments == _PATIENCE:
            break
    raise ImportRefused(
        _disappointment(best)
        if best
        else f"it cannot run: {failure}; if other programs can run it, export it in another way"
    )


def run(call: Call, form: NetFormat, picture: FloatArray) -> FloatArray:
    """One call on (C, H, W), 0..1. Raises CallFailed, also if the output is no picture."""
    output = call(form.to_net(picture))
    if output.ndim != 4 or output.shape[0] != 1:
        raise CallFailed(f"it returns an array of shape {output.shape}")
    return form.from_net(output)


def _sides(port: Port) -> Iterator[tuple[int, int]]:
    rows, columns = port.sides
    if rows or columns:
        yield (rows or columns or 0, columns or rows or 0)
        return
    yield from ((side, side) for side in _SIDES)


def _layouts(port: Port) -> Sequence[tuple[Layout, int]]:
    if port.shape[1] in (1, 3):
        return [("nchw", port.shape[1] or 3)]
    if port.shape[3] in (1, 3):
        return [("nhwc", port.shape[3] or 3)]
    return [("nchw", 3), ("nchw", 1), ("nhwc", 3), ("nhwc", 1)]


def _try(
    call: Call,
    dtype: str,
    layout: Layout,
    channels: int,
    side: tuple[int, int],
    given: Range | None,
) -> Trial:
    picture = draw(*side, channels)
    known: list[Range] = [given] if given else list(RANGES)
    found: dict[tuple[Range, Range], Trial] = {}
    finite, flat = False, True
    for each in _BYTES if dtype == "uint8" else known:
        form = NetFormat(layout, layout, channels, dtype, each, each)
        output = call(form.to_net(picture))
        form = replace(form, layout_out=_layout_out(output.shape, channels, layout))
        if np.isfinite(output).all():
            finite = True
            flat = flat and float(output.astype(np.float32).std()) < _FLAT
        sizes = _scales(output.shape, form.layout_out, side)
        for other in _BYTES if output.dtype == np.uint8 else known:
            tried = replace(form, range_out=other)
            found[form.range, tried.range_out] = max(
                (_rated(tried, output, picture, *size) for size in sizes),
                key=lambda trial: trial.likeness,
            )
    if not finite:
        raise ImportRefused(f"it returns NaN or infinite values: {OVERFLOW}")
    if flat:
        raise ImportRefused(ONE_COLOR)
    return _likeliest(found)


def _likeliest(found: dict[tuple[Range, Range], Trial]) -> Trial:
    """Equal ranges before mixed ones, and each only if it is clearly better."""
    order = [key for key in product(RANGES, RANGES) if key in found]
    order.sort(key=lambda key: key[0] != key[1])
    best = found[order[0]]
    for key in order[1:]:
        if found[key].likeness > best.likeness + _CLEARLY:
            best = found[key]
    return best


def _layout_out(shape: tuple[int, ...], channels: int, layout: Layout) -> Layout:
    if len(shape) != 4 or shape[0] != 1:
        raise ImportRefused(
            f"it returns an array of shape {shape}, which is not one picture: take another network"
        )
    places: dict[Layout, int] = {"nchw": shape[1], "nhwc": shape[3]}
    if places[layout] == channels:
        return layout
    other: Layout = "nhwc" if layout == "nchw" else "nchw"
    if places[other] == channels:
        return other
    raise ImportRefused(
        f"it returns {places[layout]} channels for a picture of {channels}:"
        " not a network that enlarges or restores pictures; take another network"
    )


def _rated(
    form: NetFormat, output: npt.NDArray[Any], picture: FloatArray, scale: int, lacking: int
) -> Trial:
    alike = likeness(form.from_net(output), picture, scale, lacking)
    side = picture.shape[1], picture.shape[2]
    return Trial(form, *side, scale, lacking, alike if np.isfinite(alike) else -99.0)


def _scales(
    shape: tuple[int, ...], layout: Layout, side: tuple[int, int]
) -> Sequence[tuple[int, int]]:
    """All (scale, lacking) that agree with the size of an output.

    A network whose convolutions have no padding lacks pixels; then a larger scale that lacks more
    is possible, too.
    """
    rows, columns = shape[2:4] if layout == "nchw" else shape[1:3]
    found = [
        (scale, scale * side[0] - rows)
        for scale in range(1, MOST_SCALE + 1)
        if 0 <= scale * side[0] - rows == scale * side[1] - columns < _MOST_LACK * scale * min(side)
    ]
    exact = [each for each in found if each[1] == 0]
    if not found:
        raise ImportRefused(
            f"it makes {columns}x{rows} of {side[1]}x{side[0]}: it must enlarge by a whole number"
            f" from 1 to {MOST_SCALE}; take another network"
        )
    return exact or found


def _disappointment(best: Trial) -> str:
    return (
        f"its output does not resemble its input ({best.likeness:.1f} dB, and"
        f" {LEAST_CONSISTENCY:g} are expected): a part of another network, or for other pictures;"
        " if other programs can run it, state the range of its values with --range"
    )
