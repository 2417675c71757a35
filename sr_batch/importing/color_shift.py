"""Measures whether a network shifts the colors of a picture as a whole."""

from collections.abc import Callable

import numpy as np

from sr_batch.core.arrays import FloatArray
from sr_batch.importing.drawn_picture import draw

# Mean shifts up to this many 8-bit levels are not seen.
MOST_SHIFT = 1.0
_PLACES = (0, 700)  # of the drawn picture: parts that differ in brightness


def mean_shift(
    enlarge: Callable[[FloatArray], FloatArray], channels: int, height: int, width: int
) -> list[float]:
    """By how many 8-bit levels each channel of a drawn picture gets brighter.

    Args:
        enlarge: The network: (C, H, W) -> (C, H*s, W*s), 0..1.
        channels: 3 or 1.
        height: Of the picture, in LR pixels.
        width: The same.

    Returns:
        The mean over the picture, for each channel; of two pictures, the larger shift.
    """
    shifts = []
    for place in _PLACES:
        picture = draw(height, width, channels, place, place)
        shifts.append(255 * (_mean(enlarge(picture).clip(0, 1)) - _mean(picture)))
    one, other = shifts
    larger = np.where(np.abs(one) >= np.abs(other), one, other)
    return [round(float(each), 1) for each in larger]


def _mean(planes: FloatArray) -> FloatArray:
    """The mean of each channel without an eighth at each border, where networks see no picture."""
    rows, columns = (slice(side // 8, side - side // 8) for side in planes.shape[1:])
    means: FloatArray = planes[:, rows, columns].mean(axis=(1, 2), dtype=np.float64)
    return means


def is_shift(shift: list[float]) -> bool:
    """Whether a shift may be seen."""
    return max(map(abs, shift), default=0.0) > MOST_SHIFT
