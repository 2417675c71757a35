"""Measures how far the pixels around a tile matter to a foreign network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.importing.drawn_picture import draw

_HALF_A_LEVEL = 0.5 / 255
_RARE = 1e-5
_MARGIN = 2  # LR pixels on top of what was measured: other pictures reach a little further
# (side of the picture, side of the tile cut from its middle), in LR pixels
_CUTS = ((144, 96), (224, 160))
_PLACES = (0, 1000)  # of the drawn picture
Enlarge = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Reach:
    """How far the pixels around a tile matter.

    Attributes:
        overlap: LR pixels of context per side that a tile needs.
        whole: Whether the network sees the whole picture, so that no context is enough.
        levels: Largest change by tiling in 8-bit levels, with this overlap.
    """

    overlap: int
    whole: bool
    levels: float


def measure_reach(
    enlarge: Enlarge, channels: int, multiple: int, pace: float, seconds: float
) -> Reach | None:
    """Compare a tile from the middle of a picture with the whole picture.

    Args:
        enlarge: The network on (C, H, W), with its border padded.
        channels: 3 or 1.
        multiple: Tiles start and end at multiples of this.
        pace: Seconds for an LR pixel.
        seconds: How long all calls may take.

    Returns:
        None if even the smallest comparison would take too long.
    """
    found: Reach | None = None
    for whole, tile in _CUTS:
        seconds -= pace * len(_PLACES) * (whole * whole + tile * tile)
        if seconds < 0:
            break
        before = found
        found = _by_cut(enlarge, channels, _down(whole, 2 * multiple), tile, multiple)
        if before and found.overlap <= before.overlap:
            # A larger tile needs less context: what it sees is not near, but the whole tile.
            found = Reach(before.overlap, True, max(before.levels, found.levels))
        if not found.whole:
            break
    return found


def _by_cut(enlarge: Enlarge, channels: int, side: int, tile: int, multiple: int) -> Reach:
    first = _down((side - tile) // 2, multiple)
    last = side - first
    errors: list[FloatArray] = []
    for place in _PLACES:
        picture = draw(side, side, channels, place, place)
        known, cut = enlarge(picture), enlarge(_square(picture, first, last))
        scale = known.shape[1] // side
        errors.append(_differences(_square(known, first * scale, last * scale), cut))
    return _judged(errors, scale)


def reach_in_window(enlarge: Enlarge, channels: int, rows: int, columns: int) -> Reach:
    """For a network with one size: compare two windows, a quarter of a side apart."""
    step = min(rows, columns) // 4
    picture = draw(rows + step, columns + step, channels)
    one = enlarge(np.ascontiguousarray(picture[:, :rows, :columns]))
    other = enlarge(np.ascontiguousarray(picture[:, step:, step:]))
    scale = one.shape[1] // rows
    moved = step * scale
    error = _differences(one[:, moved:, moved:], other[:, :-moved, :-moved])
    found = _judged([error], scale)
    return found if found.overlap <= step else Reach(step, found.whole, found.levels)


def _differences(one: FloatArray, other: FloatArray) -> FloatArray:
    changed: FloatArray = np.abs(one.clip(0, 1) - other.clip(0, 1)).max(axis=0)
    return changed


def _judged(errors: list[FloatArray], scale: int) -> Reach:
    """The smallest depth in a tile from which on the change is invisible."""
    height, width = errors[0].shape
    depth = _depths(height, width, scale)
    most = int(depth.max()) * 3 // 4  # so that enough is left to compare
    for overlap in range(most):
        inner = depth >= overlap
        changed = sum(int((error[inner] > _HALF_A_LEVEL).sum()) for error in errors)
        if changed <= _RARE * inner.sum() * len(errors):
            overlap = overlap + _MARGIN + overlap % 2 if overlap else 0
            return Reach(overlap, False, _levels(errors, depth >= overlap))
    return Reach(most, True, _levels(errors, depth >= most))


def _levels(errors: list[FloatArray], inner: npt.NDArray[np.bool_]) -> float:
    if not inner.any():
        return 0.0
    return round(255 * max(float(error[inner].max()) for error in errors), 2)


def _depths(height: int, width: int, scale: int) -> npt.NDArray[np.int64]:
    """For every output pixel of a tile: LR pixels between it and the nearest edge."""
    rows, columns = (np.arange(side) // scale for side in (height, width))
    return np.minimum(
        np.minimum(rows, rows[::-1])[:, None], np.minimum(columns, columns[::-1])[None, :]
    )


def _square(planes: FloatArray, first: int, last: int) -> FloatArray:
    return np.ascontiguousarray(planes[:, first:last, first:last])


def _down(value: int, multiple: int) -> int:
    return max(value // multiple, 1) * multiple
