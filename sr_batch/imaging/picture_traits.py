"""What a picture has been through, in a few numbers that are measured on its pixels.

Only up to `_MOST` windows of a picture are measured, spread evenly over it, so that a large
picture takes no longer than a small one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sr_batch.core.image import Pixels

Plane = npt.NDArray[np.float32]

_SIDE, _MOST = 128, 16  # pixels a side, windows
_BLOCK = 8  # side of a block of JPEG
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_CLIPPED = 4  # levels from black and white: clipping hides noise there
_QUIET = 0.2  # the share of the areas that are the least textured, where noise is measured
_STEEP = 16.0  # levels: a step that is larger is an edge, and counts as this much
_TINY = 1e-6


@dataclass(frozen=True)
class Traits:
    """Measured traits of a picture. None changes if the picture is flipped or made brighter.

    Attributes:
        blockiness: How much larger steps are at the borders of 8x8 blocks than at any other
            column or row of eight, as a fraction of the mean step.
        noise: Standard deviation of noise, in levels of 255. Fine texture everywhere counts as
            noise, too.
        sharpness: Energy of steps between neighbors over that between every second pixel: 0.25
            for a smooth ramp, about 0.3 for an enlarged picture, 0.5 for detail as fine as the
            pixels, 1 for noise and for a picture without any step.
        flatness: Share of neighbors that are equal: near 0 for noise, near 1 on most screens.
    """

    blockiness: float
    noise: float
    sharpness: float
    flatness: float


def measure(color: Pixels) -> Traits:
    """The traits of a picture (H, W, 1 or 3), uint8 or uint16, of any size."""
    windows = [_gray(color[rows, columns]) for rows, columns in _places(*color.shape[:2])]
    both = [each for window in windows for each in (window, np.ascontiguousarray(window.T))]
    return Traits(_blockiness(both), _noise(windows), _sharpness(both), _flatness(both))


def _places(height: int, width: int) -> list[tuple[slice, slice]]:
    """Windows that begin on the grid of blocks, evenly spread; fewer if they would overlap."""
    per_side = math.isqrt(_MOST)
    tops, lefts = (_starts(length, per_side) for length in (height, width))
    return [(slice(t, t + _SIDE), slice(left, left + _SIDE)) for t in tops for left in lefts]


def _starts(length: int, most: int) -> list[int]:
    count = max(1, min(most, length // _SIDE))
    free = max(0, length - _SIDE)
    return [free * (2 * at + 1) // (2 * count) // _BLOCK * _BLOCK for at in range(count)]


def _gray(window: Pixels) -> Plane:
    """(h, w, C) of any integer type -> luma (h, w), 0..255."""
    levels = window.astype(np.float32) * np.float32(255 / np.iinfo(window.dtype).max)
    if levels.shape[2] == 1:
        return np.asarray(levels[..., 0])
    # Not `levels @ _LUMA`, which may round equal pixels in two ways, by where they lie in memory.
    red, green, blue = (levels[..., at] * weight for at, weight in enumerate(_LUMA))
    return np.asarray(red + green + blue, np.float32)


def _blockiness(windows: Sequence[Plane]) -> float:
    """The excess of the phase of 8 columns, and of 8 rows, whose steps stand out the most.

    As in Wang, Sheikh and Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images", ICIP 2002, steps at borders are compared with those between. Here it is done at all
    phases, so that a cropped picture has the same blocks. The runner-up is subtracted, because a
    picture that was enlarged by 2 has four phases with large steps.
    """
    excess, steps = 0.0, 0.0
    for part in (windows[::2], windows[1::2]):
        phases, mean = _phases(part)
        second, first = np.sort(phases)[-2:]
        excess += float(first - second)
        steps += mean
    return excess / max(steps, _TINY)


def _phases(windows: Sequence[Plane]) -> tuple[npt.NDArray[np.float64], float]:
    """By phase, how far a step exceeds the mean of its two neighbors; and the mean step."""
    sums, counts, total = np.zeros(_BLOCK), np.zeros(_BLOCK), 0.0
    for window in windows:
        steps = np.minimum(np.abs(np.diff(window, axis=1)), _STEEP)
        columns = steps.mean(axis=0, dtype=np.float64)
        total += float(columns.mean()) / len(windows) if columns.size else 0.0
        above = columns[1:-1] - (columns[:-2] + columns[2:]) / 2
        for phase in range(_BLOCK):
            sums[phase] += above[phase::_BLOCK].sum()
            counts[phase] += above[phase::_BLOCK].size
    return sums / np.maximum(counts, 1), total


def _noise(windows: Sequence[Plane]) -> float:
    """The noise of the least textured areas.

    The mask is that of Immerkaer, "Fast noise variance estimation", CVIU 1996, which no ramp of
    brightness passes. He takes the mean of a whole picture; here it is a low quantile over areas
    of 8x8 pixels, because texture passes the mask, too.
    """
    found = [area for window in windows for area in _deviations(window)]
    return float(np.quantile(found, _QUIET)) if found else 0.0


def _deviations(window: Plane) -> Plane:
    """The deviation of noise in each area that is not clipped, as if there were no texture."""
    rows, columns = ((side - 2) // _BLOCK for side in window.shape)
    if rows < 1 or columns < 1:
        return np.zeros(0, np.float32)
    curved = np.diff(np.diff(window, 2, axis=0), 2, axis=1)
    size = np.s_[: rows * _BLOCK, : columns * _BLOCK]
    areas = (rows, _BLOCK, columns, _BLOCK)
    mean = window[1:-1, 1:-1][size].reshape(areas).mean(axis=(1, 3))
    spread = np.abs(curved[size]).reshape(areas).mean(axis=(1, 3)) * math.sqrt(math.pi / 2) / 6
    return np.asarray(spread[(mean > _CLIPPED) & (mean < 255 - _CLIPPED)], np.float32)


def _sharpness(windows: Sequence[Plane]) -> float:
    near = sum(_energy(window, 1) for window in windows)
    far = sum(_energy(window, 2) for window in windows)
    return near / far if far > _TINY else 1.0


def _flatness(windows: Sequence[Plane]) -> float:
    steps = [np.diff(window, axis=1) for window in windows]
    count = sum(each.size for each in steps)
    return sum(each.size - int(np.count_nonzero(each)) for each in steps) / count if count else 1.0


def _energy(window: Plane, distance: int) -> float:
    steps = window[:, distance:] - window[:, :-distance]
    return float(np.square(steps).mean()) if steps.size else 0.0
