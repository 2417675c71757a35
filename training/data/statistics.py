"""The mean and the deviation of training pictures, to normalize the input of a network."""

from collections.abc import Iterable

import numpy as np

from sr_batch.core.errors import ImageError
from training.data.pictures import Color, Picture, TooSmall, read_rgb, to_color
from training.data.tiles import Cutting, fit_pixels

_DIGITS = 4


def mean_and_deviation(
    pictures: Iterable[Picture], color: Color, cutting: Cutting
) -> tuple[float, float]:
    """The mean and the standard deviation of all HR samples, 0..1, rounded to four digits.

    Args:
        pictures: Those that cannot be decoded do not count.
        color: Whether the samples are those of luma, or of all three channels.
        cutting: Its square, if it has one, is what counts of a picture.

    Raises:
        TooSmall: none of the pictures can be decoded.
    """
    counts = np.zeros(256, np.int64)
    for picture in pictures:
        try:
            levels = to_color(fit_pixels(read_rgb(picture.hr), cutting), color)
        except ImageError:
            continue  # the corpus names it
        counts += np.bincount(levels.ravel(), minlength=256)
    if not counts.any():
        raise TooSmall("none of the pictures can be decoded")
    levels = np.arange(256) / 255
    mean = np.average(levels, weights=counts)
    deviation = np.average((levels - mean) ** 2, weights=counts) ** 0.5
    return round(float(mean), _DIGITS), round(float(deviation), _DIGITS)
