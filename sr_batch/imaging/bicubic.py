"""Bicubic enlargement by an integer factor, whose bits do not depend on how windows are cut.

It only sums shifted planes in a fixed order. A matrix product would round differently for each
shape, and would start its own threads beside those of the tiles.
"""

from functools import cache

import numpy as np

from sr_batch.core.arrays import FloatArray
from sr_batch.imaging.keys import keys

REACH = 2
"""The receptive field: pixels on every side of one that its enlargement depends on."""

_BAND = 64  # rows at a time, so that the working set stays in the cache


def add_enlarged(plane: FloatArray, out: FloatArray) -> None:
    """Add ``plane`` (h, w), enlarged to the size of ``out`` (h * factor, w * factor), to ``out``.

    Keys' kernel with a = -0.5, half-pixel centres, mirrored borders: as MATLAB's ``imresize``.
    """
    height, width = plane.shape
    factor = len(out) // height
    padded = np.pad(plane, REACH, mode="symmetric")
    rows = out.reshape(height, factor, width * factor)
    for top in range(0, height, _BAND):
        band = rows[top : top + _BAND]
        wide = _widened(padded[top : top + len(band) + 2 * REACH], factor)
        for phase, taps in enumerate(_taps(factor)):
            band[:, phase] += sum(wide[k : k + len(band)] * weight for k, weight in taps)


def _widened(padded: FloatArray, factor: int) -> FloatArray:
    """(n, w + 4) -> (n, w * factor)."""
    count, width = padded.shape[0], padded.shape[1] - 2 * REACH
    out = np.empty((count, width, factor), np.float32)
    for phase, taps in enumerate(_taps(factor)):
        out[..., phase] = sum(padded[:, k : k + width] * weight for k, weight in taps)
    return out.reshape(count, width * factor)


@cache
def _taps(factor: int) -> list[list[tuple[int, np.float32]]]:
    """For each of the new pixels in an old one: (0 to 4 for the neighbours -2 to 2, weight)."""
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    weights = keys(offsets[:, None] - np.arange(-REACH, REACH + 1)).astype(np.float32)
    return [[(k, weight) for k, weight in enumerate(row) if weight] for row in weights]
