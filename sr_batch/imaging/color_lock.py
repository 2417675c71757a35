"""The color lock: it undoes color shifts that a network made over whole areas.

The means of the input over squares of `_SIDE` pixels, less the means of the enlarged picture over
the same areas, are a small picture of the color shift. It is enlarged smoothly and added. Detail
is finer than the squares, so it stays as the network made it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.image import Pixels

_SIDE = 16
_BAND_SAMPLES = 1 << 18

Indices = npt.NDArray[np.intp]


def lock_colors(enlarged: Pixels, source: Pixels) -> Pixels:
    """``enlarged`` (H, W, C) with the mean colors of ``source`` (h, w, C).

    Both have the same type, uint8 or uint16, and so has the result.
    """
    rows, columns = (max(1, round(side / _SIDE)) for side in source.shape[:2])
    shift = _means(source, rows, columns) - _means(enlarged, rows, columns)
    corrected = np.empty_like(enlarged)
    for top, band in _enlarged(shift, enlarged.shape[0], enlarged.shape[1]):
        part = slice(top, top + len(band))
        band += enlarged[part]
        np.rint(band, out=band)
        corrected[part] = np.clip(band, 0, np.iinfo(enlarged.dtype).max, out=band)
    return corrected


def _means(pixels: Pixels, rows: int, columns: int) -> FloatArray:
    """Means (rows, columns, C) over a grid of areas as equal as whole pixels allow."""
    height, width, channels = pixels.shape
    tops, lefts = _edges(height, rows), _edges(width, columns)
    means = np.empty((rows, columns, channels), np.float32)
    for mean, top, bottom in zip(means, tops, tops[1:], strict=False):
        sums = np.add.reduceat(pixels[top:bottom].sum(0, np.uint32), lefts[:-1], dtype=np.float64)
        mean[:] = sums / ((bottom - top) * np.diff(lefts))[:, None]
    return means


def _edges(length: int, count: int) -> Indices:
    return np.arange(count + 1) * length // count


def _enlarged(grid: FloatArray, height: int, width: int) -> Iterator[tuple[int, FloatArray]]:
    """Bands of ``grid``, linearly interpolated to (height, width, C) between its centres."""
    left, right, across = _neighbours(width, grid.shape[1])
    above, below, down = _neighbours(height, grid.shape[0])
    wide = grid[:, left] + (grid[:, right] - grid[:, left]) * across[:, None]
    rows = max(1, _BAND_SAMPLES // wide[0].size)
    for top in range(0, height, rows):
        part = slice(top, top + rows)
        upper, lower = wide[above[part]], wide[below[part]]
        lower -= upper
        lower *= down[part, None, None]
        lower += upper
        yield top, lower


def _neighbours(length: int, count: int) -> tuple[Indices, Indices, FloatArray]:
    """For each of ``length`` places the two of ``count`` centres around it, and how far between."""
    place = np.clip((np.arange(length) + 0.5) * count / length - 0.5, 0, count - 1)
    first = place.astype(np.intp)
    second = np.minimum(first + 1, count - 1)
    return first, second, (place - first).astype(np.float32)
